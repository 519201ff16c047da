//! Threads that `pthread_cancel` would end in the middle of the library.

/// Runs `body` so that a cancellation of the calling thread waits until it has returned: locks and descriptors of the
/// library must not go with the thread.
pub fn without_cancellation<T>(body: impl FnOnce() -> T) -> T {
    let _restored = system::Disabled::new();
    body()
}

#[cfg(all(unix, not(target_os = "android")))]
mod system {
    use std::ffi::c_int;

    const PTHREAD_CANCEL_DISABLE: c_int = 1;

    unsafe extern "C" {
        fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int;
    }

    /// The state before, which is set again when this is dropped.
    pub(super) struct Disabled(c_int);

    impl Disabled {
        pub(super) fn new() -> Self {
            let mut before = 0;
            // SAFETY: it writes the former state where it may be written, and keeps no pointer.
            unsafe { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &raw mut before) };
            Self(before)
        }
    }

    impl Drop for Disabled {
        fn drop(&mut self) {
            let mut ignored = 0;
            // SAFETY: as above; the state is one that the system has given.
            unsafe { pthread_setcancelstate(self.0, &raw mut ignored) };
        }
    }
}

#[cfg(not(all(unix, not(target_os = "android"))))]
mod system {
    /// There is no such cancellation.
    pub(super) struct Disabled;

    impl Disabled {
        pub(super) fn new() -> Self {
            Self
        }
    }
}
