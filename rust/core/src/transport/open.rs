//! Opening a port by its name, with an error that says what to do.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::{PORT_EXAMPLE, Stream, Transport, adapter, open_serial, ports, rfc2217};
use crate::{Error, ErrorCode};
use m531x_threads::spawn_thread;

/// Opens a serial device or a serial server; the name's form decides, before anything is touched.
pub(crate) fn open_url(
    port: &str,
    baudrate: u32,
    timeout: Duration,
    cancelled: &dyn Fn() -> bool,
) -> Result<Transport, Error> {
    let failed = |error: io::Error| refused(port, &error);
    let deadline = Instant::now().checked_add(timeout);
    match port.split_once("://") {
        Some(("tcp", address)) => Transport::tcp(connect(port, address, timeout)?).map_err(failed),
        Some(("rfc2217", address)) => {
            let socket = connect(port, address, timeout)?;
            let left = left_until(deadline);
            let line = rfc2217::negotiate(port, &socket, baudrate, left, cancelled)?;
            Transport::remote(socket, Box::new(line)).map_err(failed)
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
            Some(number) => open_serial(&adapter::device_of(port, number)?, baudrate),
            None => open_serial(port, baudrate),
        },
    }
}

fn forms() -> String {
    format!("a device such as {PORT_EXAMPLE}, usb:SERIAL, tcp://host:port or rfc2217://host:port")
}

pub(crate) fn open_stream(stream: Stream) -> Result<Transport, Error> {
    Transport::memory(stream.socket)
        .map_err(|error| Error::new(ErrorCode::Port, format!("stream: {error}")))
}

fn connect(port: &str, address: &str, timeout: Duration) -> Result<TcpStream, Error> {
    let has_port = address
        .rsplit_once(':')
        .is_some_and(|(host, number)| !host.is_empty() && number.parse::<u16>().is_ok());
    if !has_port {
        return Err(Error::new(
            ErrorCode::InvalidArgument,
            format!(
                "port {port:?}: host and port number are needed, as in {}host:port",
                &port[..port.len() - address.len()]
            ),
        ));
    }
    let deadline = Instant::now().checked_add(timeout);
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let addresses = resolve(address, timeout).map_err(|error| refused(port, &error))?;
    for address in addresses {
        match TcpStream::connect_timeout(&address, left_until(deadline)) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(refused(port, &last))
}

/// What is left of the time; something, for no time at all is an error to the system.
fn left_until(deadline: Option<Instant>) -> Duration {
    const FOREVER: Duration = Duration::from_secs(24 * 3600);
    let left = deadline.map_or(FOREVER, |deadline| {
        deadline.saturating_duration_since(Instant::now())
    });
    left.clamp(Duration::from_millis(1), FOREVER)
}

/// The addresses of a name. The system may take its time over that, and cannot be interrupted: a
/// thread waits for it.
fn resolve(address: &str, timeout: Duration) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = address.parse::<SocketAddr>() {
        return Ok(vec![address]);
    }
    let (found, addresses) = mpsc::sync_channel(1);
    let name = address.to_owned();
    spawn_thread("m531x-resolve", move || {
        let addresses = name.to_socket_addrs().map(Iterator::collect);
        // No caller waits any more if it took too long.
        let _ = found.send(addresses);
    })?;
    addresses.recv_timeout(timeout).unwrap_or_else(|_| {
        let what = "the name's address was not found in time";
        Err(io::Error::new(io::ErrorKind::TimedOut, what))
    })
}

fn refused(port: &str, error: &io::Error) -> Error {
    let code = match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => ErrorCode::Timeout,
        _ => ErrorCode::Port,
    };
    Error::new(
        code,
        format!("{port}: {error}; check that the serial server runs there"),
    )
}

pub(crate) fn not_found(port: &str) -> Error {
    Error::new(
        ErrorCode::PortNotFound,
        format!("there is no port {port}{}", existing_ports()),
    )
}

pub(crate) fn not_serial(port: &str) -> Error {
    Error::new(
        ErrorCode::Port,
        format!("{port} is not a serial device{}", existing_ports()),
    )
}

pub(crate) fn in_use(port: &str) -> Error {
    Error::new(
        ErrorCode::PortInUse,
        format!("{port} is in use by another program (or another Modem); close that first"),
    )
}

fn existing_ports() -> String {
    match ports() {
        Ok(ports) if ports.is_empty() => "; this computer has no serial port now".to_owned(),
        Ok(ports) => {
            let names: Vec<_> = ports.into_iter().map(|port| port.name).collect();
            format!("; ports that exist: {}", names.join(", "))
        }
        Err(_) => String::new(),
    }
}
