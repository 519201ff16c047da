//! The errors of a port that cannot be opened, the same on every system.

use super::ports;
use crate::{Error, ErrorCode};

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

/// The error of an opening that another thread has cancelled.
pub(crate) fn cancelled() -> Error {
    Error::new(ErrorCode::Cancelled, "the opening was cancelled")
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
