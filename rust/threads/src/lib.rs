//! Threads of the library, for the driver and the virtual modem alike.

mod cancellation;
mod fork;

use std::convert::Infallible;
use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, Builder, JoinHandle};
use std::time::Instant;

pub use cancellation::without_cancellation;
pub use fork::{OfThisProcess, forks, leave_forked_child};

/// Starts a thread on which no signal handler of the application ever runs.
///
/// A signal to the process is handled on any thread that does not block it, and only the application
/// knows which of its own are fit for that. So a thread of the library blocks all signals but those
/// that it can cause itself, from its first instruction on.
pub fn spawn_thread<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    spawn_thread_with(Builder::new().name(name.to_owned()), body)
}

/// As [`spawn_thread`], with what the builder sets.
pub fn spawn_thread_with<T: Send + 'static>(
    builder: Builder,
    body: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let blocked = signals::block();
    let thread = builder.spawn(body);
    drop(blocked);
    thread
}

/// A thread as of [`spawn_thread`] that is waited for with a limit.
pub struct Thread {
    handle: JoinHandle<()>,
    /// Disconnected once it has ended.
    ended: Receiver<Infallible>,
}

impl Thread {
    /// Starts it, with a stack of 2 MiB in any environment: callbacks of the program may run on it.
    pub fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let (alive, ended) = mpsc::channel();
        let builder = Builder::new().name(name.to_owned()).stack_size(2 << 20);
        let handle = spawn_thread_with(builder, move || {
            let _alive = alive;
            body();
        })?;
        Ok(Self { handle, ended })
    }

    /// Whether it is the calling one.
    pub fn is_current(&self) -> bool {
        self.handle.thread().id() == thread::current().id()
    }

    /// Waits for its end, but not longer than until then.
    pub fn join_until(self, deadline: Instant) {
        let left = deadline.saturating_duration_since(Instant::now());
        if self.ended.recv_timeout(left) == Err(RecvTimeoutError::Disconnected) {
            let _ = self.handle.join();
        }
    }
}

#[cfg(unix)]
mod signals {
    use std::mem::MaybeUninit;
    use std::ptr;

    /// What a defect of the thread itself raises.
    const SYNCHRONOUS: [libc::c_int; 6] = [
        libc::SIGSEGV,
        libc::SIGBUS,
        libc::SIGFPE,
        libc::SIGILL,
        libc::SIGTRAP,
        libc::SIGSYS,
    ];

    /// The mask of the calling thread as it was, which is set again when this is dropped.
    pub(super) struct Blocked(Option<libc::sigset_t>);

    /// Blocks them on the calling thread: the next one that it starts inherits that.
    pub(super) fn block() -> Blocked {
        let mut all = MaybeUninit::<libc::sigset_t>::uninit();
        let mut before = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: `sigfillset` fills the set in, which the calls after it change and read;
        // `pthread_sigmask` writes the former mask where it may be written, and keeps no pointer.
        unsafe {
            libc::sigfillset(all.as_mut_ptr());
            for signal in SYNCHRONOUS {
                libc::sigdelset(all.as_mut_ptr(), signal);
            }
            let result = libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), before.as_mut_ptr());
            Blocked((result == 0).then(|| before.assume_init()))
        }
    }

    impl Drop for Blocked {
        fn drop(&mut self) {
            if let Some(before) = &self.0 {
                // SAFETY: the mask is one that the system has given.
                unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before, ptr::null_mut()) };
            }
        }
    }
}

#[cfg(not(unix))]
mod signals {
    /// There are none.
    pub(super) struct Blocked;

    impl Drop for Blocked {
        fn drop(&mut self) {}
    }

    pub(super) fn block() -> Blocked {
        Blocked
    }
}
