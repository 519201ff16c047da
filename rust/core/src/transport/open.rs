//! Opening a port by its name, with an error that says what to do.

use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::{
    LineSettings, PORT_EXAMPLE, Stream, Transport, adapter, open_serial, refusal, rfc2217,
};
use crate::{Error, ErrorCode};
use m531x_threads::spawn_thread;

/// How soon a wish to cancel is seen.
const CANCEL_SLICE: Duration = Duration::from_millis(20);

/// Opens a serial device or a serial server; the name's form decides, before anything is touched.
pub(crate) fn open_url(
    port: &str,
    line: LineSettings,
    timeout: Duration,
    cancelled: &dyn Fn() -> bool,
) -> Result<Transport, Error> {
    let failed = |error: io::Error| refused(port, &error);
    let deadline = Instant::now().checked_add(timeout);
    match port.split_once("://") {
        Some(("tcp", address)) => {
            Transport::tcp(connect(port, address, timeout, cancelled)?).map_err(failed)
        }
        Some(("rfc2217", address)) => {
            let socket = connect(port, address, timeout, cancelled)?;
            let left = left_until(deadline);
            let remote = rfc2217::negotiate(port, &socket, line, left, cancelled)?;
            Transport::remote(socket, Box::new(remote)).map_err(failed)
        }
        Some((scheme, _)) => Err(Error::new(
            ErrorCode::InvalidArgument,
            format!("port {port:?}: unknown scheme {scheme}://, use {}", forms()),
        )),
        None if port.is_empty() || port.contains('\0') => Err(Error::new(
            ErrorCode::InvalidArgument,
            format!("port {port:?} is not a name, use {}", forms()),
        )),
        None => match port.strip_prefix("usb:") {
            Some(number) => open_serial(&adapter::device_of(port, number)?, line),
            // No device is called so.
            None if is_address(port) && !port.contains('/') => Err(Error::new(
                ErrorCode::InvalidArgument,
                format!(
                    "port {port:?} is the address of a serial server: write tcp://{port}, or rfc2217://{port} \
                     if it lets its port be set up"
                ),
            )),
            None => open_serial(port, line),
        },
    }
}

/// `host:port`.
fn is_address(text: &str) -> bool {
    text.rsplit_once(':')
        .is_some_and(|(host, number)| !host.is_empty() && number.parse::<u16>().is_ok())
}

fn forms() -> String {
    format!(
        "a device such as {PORT_EXAMPLE}, usb:SERIAL, usb:VID:PID, tcp://host:port or rfc2217://host:port"
    )
}

pub(crate) fn open_stream(stream: Stream) -> Result<Transport, Error> {
    Transport::memory(stream.socket)
        .map_err(|error| Error::new(ErrorCode::Port, format!("stream: {error}")))
}

fn connect(
    port: &str,
    address: &str,
    timeout: Duration,
    cancelled: &dyn Fn() -> bool,
) -> Result<TcpStream, Error> {
    if !is_address(address) {
        return Err(Error::new(
            ErrorCode::InvalidArgument,
            format!(
                "port {port:?}: host and port number are needed, as in {}host:port",
                &port[..port.len() - address.len()]
            ),
        ));
    }
    let deadline = Instant::now().checked_add(timeout);
    let (found, socket) = mpsc::sync_channel(1);
    let name = address.to_owned();
    // The system takes its time over names and connections, and cannot be interrupted: a thread waits for it.
    spawn_thread("m531x-connect", move || {
        // If it took too long, the caller has stopped waiting.
        let _ = found.send(connect_one_of(&name, deadline));
    })
    .map_err(|error| Error::of_system(ErrorCode::OutOfResources, port, &error))?;
    loop {
        let slice = left_until(deadline).min(CANCEL_SLICE);
        match socket.recv_timeout(slice) {
            Ok(result) => return result.map_err(|error| refused(port, &error)),
            Err(_) if cancelled() => return Err(refusal::cancelled()),
            Err(_) if deadline.is_some_and(|deadline| deadline <= Instant::now()) => {
                let late = io::Error::new(io::ErrorKind::TimedOut, "it was not reached in time");
                return Err(refused(port, &late));
            }
            Err(_) => {}
        }
    }
}

fn connect_one_of(address: &str, deadline: Option<Instant>) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, left_until(deadline)) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// What is left of the time; something, for no time at all is an error to the system.
fn left_until(deadline: Option<Instant>) -> Duration {
    const FOREVER: Duration = Duration::from_secs(24 * 3600);
    let left = deadline.map_or(FOREVER, |deadline| {
        deadline.saturating_duration_since(Instant::now())
    });
    left.clamp(Duration::from_millis(1), FOREVER)
}

fn refused(port: &str, error: &io::Error) -> Error {
    let code = match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => ErrorCode::Timeout,
        _ => ErrorCode::Port,
    };
    Error::of_system(code, port, error).with_ending("; check that the serial server runs there")
}
