//! A descriptor that is readable while a signal is up.

#[cfg(not(unix))]
pub(crate) use nothing::Descriptor;
#[cfg(unix)]
pub(crate) use socket::Descriptor;

#[cfg(unix)]
mod socket {
    use std::io::{self, Read, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    /// One byte waits in it while the signal is up.
    pub(crate) struct Descriptor {
        receiving: UnixStream,
        sending: UnixStream,
    }

    impl Descriptor {
        pub(crate) fn new() -> io::Result<Self> {
            let (receiving, sending) = UnixStream::pair()?;
            receiving.set_nonblocking(true)?;
            sending.set_nonblocking(true)?;
            Ok(Self { receiving, sending })
        }

        #[expect(clippy::unnecessary_wraps, reason = "there is none on other systems")]
        pub(crate) fn number(&self) -> Option<i32> {
            Some(self.receiving.as_raw_fd())
        }

        pub(crate) fn raise(&self) {
            // It was empty, so it takes a byte.
            let _ = (&self.sending).write(&[1]);
        }

        pub(crate) fn lower(&self) {
            let _ = (&self.receiving).read(&mut [0; 16]);
        }
    }
}

#[cfg(not(unix))]
mod nothing {
    use std::io;

    /// Windows has none that every event loop could watch.
    pub(crate) struct Descriptor;

    impl Descriptor {
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self)
        }

        pub(crate) fn number(&self) -> Option<i32> {
            None
        }

        pub(crate) fn raise(&self) {}

        pub(crate) fn lower(&self) {}
    }
}
