//! Opening a port by its name, with an error that says what to do.

use std::fs;
use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use serialport::{DataBits, FlowControl, Parity, StopBits, TTYPort};

use super::Transport;
use crate::driver::{Stream, ports};
use crate::{Error, ErrorCode};

/// Opens `/dev/...` or `tcp://host:port`; the name's form decides, before anything is touched.
pub(crate) fn open_url(port: &str, baudrate: u32, timeout: Duration) -> Result<Transport, Error> {
    match port.split_once("://") {
        Some(("tcp", address)) => open_tcp(port, address, timeout),
        Some((scheme, _)) => Err(Error::new(
            ErrorCode::InvalidArgument,
            format!(
                "port {port:?}: unknown scheme {scheme}://, use a device such as /dev/ttyUSB0 or tcp://host:port"
            ),
        )),
        None if port.is_empty() || port.contains('\0') => Err(Error::new(
            ErrorCode::InvalidArgument,
            format!(
                "port {port:?} is not a name, use a device such as /dev/ttyUSB0 or tcp://host:port"
            ),
        )),
        None => open_serial(port, baudrate),
    }
}

pub(crate) fn open_stream(stream: Stream) -> Result<Transport, Error> {
    Transport::memory(stream.socket)
        .map_err(|error| Error::new(ErrorCode::Port, format!("stream: {error}")))
}

fn open_tcp(port: &str, address: &str, timeout: Duration) -> Result<Transport, Error> {
    let has_port = address
        .rsplit_once(':')
        .is_some_and(|(host, number)| !host.is_empty() && number.parse::<u16>().is_ok());
    if !has_port {
        return Err(Error::new(
            ErrorCode::InvalidArgument,
            format!("port {port:?}: host and port number are needed, as in tcp://host:port"),
        ));
    }
    let refused = |error: io::Error| {
        let code = match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => ErrorCode::Timeout,
            _ => ErrorCode::Port,
        };
        Error::new(
            code,
            format!("{port}: {error}; check that the serial server runs there"),
        )
    };
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in address.to_socket_addrs().map_err(refused)? {
        match TcpStream::connect_timeout(&address, timeout.max(Duration::from_millis(1))) {
            Ok(socket) => return Transport::tcp(socket).map_err(refused),
            Err(error) => last = error,
        }
    }
    Err(refused(last))
}

fn open_serial(port: &str, baudrate: u32) -> Result<Transport, Error> {
    let path = fs::canonicalize(port).map_err(|error| explain(port, &error))?;
    let builder = serialport::new(port, baudrate)
        .data_bits(DataBits::Eight)
        .parity(Parity::None)
        .stop_bits(StopBits::One)
        .flow_control(FlowControl::None);
    let tty = TTYPort::open(&builder).map_err(|error| match error.kind {
        serialport::ErrorKind::NoDevice => in_use(port),
        serialport::ErrorKind::Io(kind) => explain(port, &io::Error::new(kind, error.description)),
        _ if !is_terminal(&path) => Error::new(
            ErrorCode::Port,
            format!("{port} is not a serial device{}", existing_ports()),
        ),
        _ => Error::new(ErrorCode::Port, format!("{port}: {error}")),
    })?;
    Transport::serial(tty, !is_pseudo_terminal(&path)).map_err(|error| explain(port, &error))
}

fn explain(port: &str, error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::NotFound => Error::new(
            ErrorCode::PortNotFound,
            format!("there is no port {port}{}", existing_ports()),
        ),
        io::ErrorKind::PermissionDenied => Error::new(
            ErrorCode::Port,
            format!(
                "{port}: permission denied; add the user to the group that owns the port \
                 (usually dialout: sudo usermod -aG dialout $USER) and log in again"
            ),
        ),
        io::ErrorKind::ResourceBusy => in_use(port),
        _ => Error::new(ErrorCode::Port, format!("{port}: {error}")),
    }
}

fn in_use(port: &str) -> Error {
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

/// Asked only once opening it as a serial port has failed.
fn is_terminal(path: &Path) -> bool {
    let flags = OFlags::RDONLY | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).is_ok_and(rustix::termios::isatty)
}

fn is_pseudo_terminal(path: &Path) -> bool {
    path.starts_with("/dev/pts")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not to be had from the file system by a test that root may run.
    #[test]
    fn a_denied_port_names_the_group_to_join() {
        let error = explain("/dev/ttyUSB0", &io::ErrorKind::PermissionDenied.into());
        assert_eq!(error.code(), ErrorCode::Port);
        assert!(error.to_string().contains("dialout"), "{error}");
    }
}
