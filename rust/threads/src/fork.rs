//! What a fork leaves in the child: one thread, and locks that may be held forever.

use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

static FORKS: AtomicU32 = AtomicU32::new(0);

/// How often this process and its parents were forked since the first call.
pub fn forks() -> u32 {
    system::register();
    FORKS.load(Ordering::SeqCst)
}

/// Ends a process that was forked on a thread of the library, which has nothing to go back to there. Nothing else of the
/// process runs: its exit handlers are the parent's.
pub fn leave_forked_child() -> ! {
    system::leave()
}

/// A static value of this process. A forked child makes its own, and neither looks at the parent's nor drops it.
pub struct OfThisProcess<T: 'static> {
    current: AtomicPtr<Made<T>>,
    make: fn(Option<&T>) -> T,
}

struct Made<T> {
    value: T,
    forks: u32,
}

impl<T> OfThisProcess<T> {
    /// A value that `make` makes when it is first asked for; in a child from the parent's.
    pub const fn new(make: fn(Option<&T>) -> T) -> Self {
        Self {
            current: AtomicPtr::new(std::ptr::null_mut()),
            make,
        }
    }

    /// The value of this process.
    pub fn get(&'static self) -> &'static T {
        let forks = forks();
        let found = self.current.load(Ordering::Acquire);
        // SAFETY: what is once there is never freed nor changed.
        let before = unsafe { found.as_ref() };
        if let Some(made) = before.filter(|made| made.forks == forks) {
            return &made.value;
        }
        let value = (self.make)(before.map(|made| &made.value));
        let new = Box::into_raw(Box::new(Made { value, forks }));
        let exchanged =
            self.current
                .compare_exchange(found, new, Ordering::AcqRel, Ordering::Acquire);
        let current = exchanged.map_or_else(
            |other| {
                // SAFETY: it was just made here, and no other thread has seen it.
                drop(unsafe { Box::from_raw(new) });
                other
            },
            |_| new,
        );
        // SAFETY: as above; it is not null, for it was exchanged or another thread's.
        unsafe { &(*current).value }
    }
}

// SAFETY: the value is shared as a static is.
unsafe impl<T: Send + Sync> Sync for OfThisProcess<T> {}

#[cfg(unix)]
mod system {
    use std::sync::atomic::{AtomicBool, Ordering};

    static REGISTERED: AtomicBool = AtomicBool::new(false);

    pub(super) fn register() {
        if REGISTERED.load(Ordering::Relaxed) || REGISTERED.swap(true, Ordering::SeqCst) {
            return;
        }
        // SAFETY: the handler only adds to an atomic number, which any state of the process allows.
        unsafe { libc::pthread_atfork(None, None, Some(note_fork)) };
    }

    extern "C" fn note_fork() {
        super::FORKS.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn leave() -> ! {
        // SAFETY: it ends the process and has no conditions.
        unsafe { libc::_exit(0) }
    }
}

#[cfg(not(unix))]
mod system {
    /// No process is ever forked.
    pub(super) fn register() {}

    pub(super) fn leave() -> ! {
        std::process::exit(0)
    }
}
