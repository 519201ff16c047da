//! The socket below the MQTT client: names, refusals, cuts.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use m531x_virtual_modem::mqtt_client::{Socket, SocketState};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Waits for the socket once, as a runner would.
fn turn(socket: &mut Socket) {
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, socket.wants_read());
    flags.set(PollFlags::OUT, socket.wants_write());
    let mut fds: Vec<PollFd<'_>> = socket
        .fd()
        .map(|fd| PollFd::from_borrowed_fd(fd, flags))
        .into_iter()
        .collect();
    let timeout = Timespec {
        tv_sec: 0,
        tv_nsec: 100_000_000,
    };
    poll(&mut fds, Some(&timeout)).unwrap();
    socket.handle_ready();
}

fn until(socket: &mut Socket, mut done: impl FnMut(&mut Socket) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(15);
    while !done(socket) {
        assert!(Instant::now() < deadline, "{socket:?}");
        turn(socket);
    }
}

fn is_closed(socket: &mut Socket) -> bool {
    matches!(socket.state(), SocketState::Closed(_))
}

fn is_open(socket: &mut Socket) -> bool {
    *socket.state() == SocketState::Open
}

/// A listener, and a socket connected to it with its peer's end.
fn pair() -> (Socket, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut socket = Socket::start("127.0.0.1", port, None);
    let (peer, _) = listener.accept().unwrap();
    peer.set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    until(&mut socket, is_open);
    (socket, peer)
}

/// Whether the peer sees neither bytes nor an end.
fn is_silent(peer: &mut TcpStream) -> bool {
    match peer.peek(&mut [0; 16]) {
        Ok(_) => false,
        Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

#[test]
fn a_refused_connection_says_where() {
    let port = {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.local_addr().unwrap().port()
    };
    for host in ["127.0.0.1", "localhost"] {
        let mut socket = Socket::start(host, port, None);
        until(&mut socket, is_closed);
        let shown = format!("{:?}", socket.state());
        assert!(
            shown.contains(&format!("{host}:{port}")) && shown.contains("refused"),
            "{shown}"
        );
        assert!(socket.fd().is_none());
    }
}

#[test]
fn localhost_reaches_a_listener_on_either_family() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    until(&mut Socket::start("LOCALHOST", port, None), is_open);
    // Without IPv6 in this machine there is nothing to look at.
    if let Ok(listener) = TcpListener::bind("[::1]:0") {
        let port = listener.local_addr().unwrap().port();
        until(&mut Socket::start("[::1]", port, None), is_open);
        until(&mut Socket::start("localhost", port, None), is_open);
    }
}

#[test]
fn a_name_that_is_none_is_refused_without_blocking() {
    let begin = Instant::now();
    let mut socket = Socket::start("no.such.host.invalid", 1883, None);
    assert!(
        begin.elapsed() < Duration::from_secs(2),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(*socket.state(), SocketState::Connecting);
    until(&mut socket, is_closed);
    assert!(format!("{:?}", socket.state()).contains("no.such.host.invalid:1883"));
}

#[test]
fn bytes_before_the_end_are_still_read() {
    use std::io::Write;
    let (mut socket, mut peer) = pair();
    peer.write_all(b"last words").unwrap();
    drop(peer);
    until(&mut socket, is_closed);
    assert_eq!(socket.read(), b"last words");
}

#[test]
fn more_than_the_kernel_takes_is_sent_as_it_takes_it() {
    let (mut socket, mut peer) = pair();
    let bytes: Vec<u8> = (0..=255_u8).cycle().take(16 << 20).collect();
    socket.write(&bytes);
    assert!(socket.has_unsent());
    let expected = bytes.len();
    let reader = std::thread::spawn(move || {
        let mut received = vec![0; expected];
        peer.read_exact(&mut received).map(|()| received)
    });
    until(&mut socket, |socket| !socket.has_unsent());
    assert!(reader.join().unwrap().unwrap() == bytes);
}

#[test]
fn a_cut_lets_nothing_pass_and_a_restored_network_everything() {
    use std::io::Write;
    let (mut socket, mut peer) = pair();
    socket.set_cut(true);
    assert!(socket.fd().is_none());
    socket.write(b"up");
    peer.write_all(b"down").unwrap();
    turn(&mut socket);
    assert!(is_silent(&mut peer));
    assert_eq!(socket.read(), b"");
    socket.set_cut(false);
    until(&mut socket, |socket| !socket.has_unsent());
    let mut received = [0; 2];
    peer.read_exact(&mut received).unwrap();
    assert_eq!(&received, b"up");
    let mut down = Vec::new();
    until(&mut socket, |socket| {
        down.extend(socket.read());
        down == b"down"
    });
}

#[test]
fn an_abandoned_connection_ends_in_silence() {
    let (mut socket, mut peer) = pair();
    socket.set_cut(true);
    let held = socket.abandon();
    assert!(held.is_some() && is_silent(&mut peer));
    drop(held);
    assert_eq!(peer.read(&mut [0; 16]).unwrap(), 0);
}

#[test]
fn a_start_on_a_cut_network_connects_once_it_is_restored() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut socket = Socket::start_cut("127.0.0.1", port, None);
    turn(&mut socket);
    assert_eq!(*socket.state(), SocketState::Connecting);
    assert!(listener.accept().is_err());
    socket.set_cut(false);
    until(&mut socket, is_open);
    assert!(listener.accept().is_ok());
}

#[test]
fn closing_ends_the_peers_reading_in_order() {
    let (mut socket, mut peer) = pair();
    socket.write(b"bye");
    socket.close();
    let mut all = Vec::new();
    peer.read_to_end(&mut all).unwrap();
    assert_eq!(all, b"bye");
    socket.write(b"more");
    assert!(!socket.has_unsent() && is_closed(&mut socket));
}
