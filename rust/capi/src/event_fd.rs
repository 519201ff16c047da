//! A descriptor that is readable while a message or an event waits.

pub(crate) use system::EventFd;

#[cfg(target_os = "linux")]
mod system {
    use std::os::fd::{AsRawFd, OwnedFd};

    use m531x_core::{Error, ErrorCode};
    use rustix::event::{EventfdFlags, eventfd};
    use rustix::io::{read, write};

    /// An eventfd: readable while raised.
    pub(crate) struct EventFd(OwnedFd);

    impl EventFd {
        pub(crate) fn new() -> Result<Self, Error> {
            eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)
                .map(Self)
                .map_err(|error| {
                    Error::new(
                        ErrorCode::OutOfResources,
                        format!("no event descriptor available: {error}"),
                    )
                })
        }

        pub(crate) fn descriptor(&self) -> i32 {
            self.0.as_raw_fd()
        }

        pub(crate) fn raise(&self) {
            // It fails only when the counter is full, and then it is raised.
            let _ = write(&self.0, &1u64.to_ne_bytes());
        }

        pub(crate) fn clear(&self) {
            // It fails only when it was not raised.
            let _ = read(&self.0, &mut [0; 8]);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::convert::Infallible;

    use m531x_core::{Error, ErrorCode};

    /// There is no such descriptor on this system, so there is never a value of this type.
    pub(crate) struct EventFd(Infallible);

    impl EventFd {
        pub(crate) fn new() -> Result<Self, Error> {
            Err(Error::new(
                ErrorCode::InvalidArgument,
                "m531x_event_fd exists on Linux only: wait with m531x_wait_message here",
            ))
        }

        pub(crate) fn descriptor(&self) -> i32 {
            match self.0 {}
        }

        pub(crate) fn raise(&self) {
            match self.0 {}
        }

        pub(crate) fn clear(&self) {
            match self.0 {}
        }
    }
}
