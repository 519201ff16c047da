//! Two connected streams within this process: socketpair on Unix, loopback TCP on Windows.

use std::io;
#[cfg(windows)]
pub(crate) use std::net::TcpStream as LocalStream;
#[cfg(unix)]
pub(crate) use std::os::unix::net::UnixStream as LocalStream;

#[cfg(unix)]
pub(crate) fn pair() -> io::Result<(LocalStream, LocalStream)> {
    LocalStream::pair()
}

#[cfg(windows)]
pub(crate) fn pair() -> io::Result<(LocalStream, LocalStream)> {
    let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
    let ours = LocalStream::connect(listener.local_addr()?)?;
    let address = ours.local_addr()?;
    loop {
        let (theirs, peer) = listener.accept()?;
        // Any program on this computer can connect to the listener while it is there.
        if peer == address {
            ours.set_nodelay(true)?;
            theirs.set_nodelay(true)?;
            return Ok((ours, theirs));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::pair;

    #[test]
    fn the_ends_are_connected_with_each_other() {
        let (mut one, mut other) = pair().unwrap();
        one.write_all(b"AT").unwrap();
        let mut heard = [0; 2];
        other.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"AT");
        drop(one);
        assert_eq!(other.read(&mut heard).unwrap(), 0);
    }
}
