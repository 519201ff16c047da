//! Opening a serial device on Unix.

use std::fs;
use std::io;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use serialport::{DataBits, FlowControl, Parity, SerialPort, StopBits, TTYPort};

use super::Transport;
use crate::transport::LineSettings;
use crate::transport::refusal::{in_use, not_found, not_serial};
use crate::{Error, ErrorCode};

#[cfg(not(target_vendor = "apple"))]
pub(crate) const PORT_EXAMPLE: &str = "/dev/ttyUSB0";
#[cfg(target_vendor = "apple")]
pub(crate) const PORT_EXAMPLE: &str = "/dev/cu.usbserial-1";

pub(crate) fn open_serial(port: &str, line: LineSettings) -> Result<Transport, Error> {
    let path = fs::canonicalize(port).map_err(|error| explain(port, &error))?;
    let builder = serialport::new(port, line.baudrate)
        .data_bits(DataBits::Eight)
        .parity(Parity::None)
        .stop_bits(StopBits::One)
        .flow_control(FlowControl::None);
    let mut tty = TTYPort::open(&builder).map_err(|error| match error.kind {
        // The crate that opens it does not pass the system's number on.
        _ if no_descriptor_left() => Error::new(
            ErrorCode::OutOfResources,
            format!("{port}: {error}; the limit of open files is reached (ulimit -n)"),
        ),
        serialport::ErrorKind::NoDevice => in_use(port),
        serialport::ErrorKind::Io(kind) => explain(port, &io::Error::new(kind, error.description)),
        _ if !is_terminal(&path) => not_serial(port),
        _ => Error::new(ErrorCode::Port, format!("{port}: {error}")),
    })?;
    let real = !is_pseudo_terminal(&path);
    if real {
        set_lines(&mut tty, line).map_err(|(name, error)| {
            Error::new(
                ErrorCode::Port,
                format!("{port}: {name} cannot be set ({error}): leave it as it is"),
            )
        })?;
    }
    Transport::serial(tty, real).map_err(|error| explain(port, &error))
}

/// A pseudo-terminal has none.
fn set_lines(
    tty: &mut TTYPort,
    line: LineSettings,
) -> Result<(), (&'static str, serialport::Error)> {
    if let Some(dtr) = line.dtr {
        let set = tty.write_data_terminal_ready(dtr);
        set.map_err(|error| ("DTR", error))?;
    }
    if let Some(rts) = line.rts {
        let set = tty.write_request_to_send(rts);
        set.map_err(|error| ("RTS", error))?;
    }
    Ok(())
}

fn explain(port: &str, error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::NotFound => not_found(port),
        io::ErrorKind::PermissionDenied => Error::new(
            ErrorCode::Port,
            format!(
                "{port}: permission denied; add the user to the group that owns the port \
                 (usually dialout: sudo usermod -aG dialout $USER) and log in again"
            ),
        ),
        io::ErrorKind::ResourceBusy => in_use(port),
        _ => Error::of_system(ErrorCode::Port, port, error),
    }
}

fn no_descriptor_left() -> bool {
    let any = rustix::fs::open("/", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
    matches!(any, Err(Errno::MFILE | Errno::NFILE))
}

/// Asked only once opening it as a serial port has failed.
fn is_terminal(path: &Path) -> bool {
    let flags = OFlags::RDONLY | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).is_ok_and(rustix::termios::isatty)
}

fn is_pseudo_terminal(path: &Path) -> bool {
    if cfg!(target_vendor = "apple") {
        return path.to_string_lossy().starts_with("/dev/ttys");
    }
    path.starts_with("/dev/pts")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file system cannot give this error to a test that root may run.
    #[test]
    fn a_denied_port_names_the_group_to_join() {
        let error = explain("/dev/ttyUSB0", &io::ErrorKind::PermissionDenied.into());
        assert_eq!(error.code(), ErrorCode::Port);
        assert!(error.to_string().contains("dialout"), "{error}");
    }
}
