//! `rfc2217://host:port`: a serial port behind a Telnet server that lets its settings be changed
//! (RFC 2217, COM-PORT-CONTROL).
//!
//! [`telnet`] takes the stream apart and escapes what is sent, [`options`] answers the offers of the
//! server, [`com_port`] knows the settings of the port. None of them does I/O: [`negotiate`] drives
//! them while the port is opened, [`Line`] from then on.

mod com_port;
mod line;
mod negotiation;
mod options;
mod telnet;

use crate::transport::LineSettings;

pub(in crate::transport) use line::Line;
pub(in crate::transport) use negotiation::negotiate;
