//! The AT wire of China Mobile's M531x NB-IoT modules (M5310-A, M5311, M5312, M5313), without I/O.
//!
//! These modules hold an MQTT client that a computer drives with AT commands over a serial port.
//! This crate turns commands into bytes and bytes into answers, events and messages, and the other
//! way round: a driver is one side of the wire, a virtual modem the other. It opens no port, reads
//! no clock, starts no thread; time is an argument where time matters.
//!
//! # Sending
//!
//! A [`Command`](command::Command) holds its arguments as values. Encoding it checks everything
//! first, against the rules of MQTT and the [limits](profile::Profile) of the model, so that what
//! cannot arrive is refused with a reason before a byte exists:
//!
//! ```
//! use m531x_at::QoS;
//! use m531x_at::command::{Command, MqttPub};
//! use m531x_at::profile::Model;
//!
//! let profile = Model::M5310A.profile();
//! let say = |topic: &str, payload: &[u8]| {
//!     let publish = MqttPub {
//!         topic: topic.into(),
//!         qos: QoS::AtLeastOnce,
//!         retain: false,
//!         payload: payload.to_vec(),
//!     };
//!     Command::MqttPub(publish).encode(profile)
//! };
//!
//! // Plain text travels as text, anything else as hex.
//! assert_eq!(say("lamp", b"on")?.as_bytes(), br#"AT+MQTTPUB="lamp",1,0,0,0,"on""#);
//! assert_eq!(say("lamp", b"on\r\n")?.as_bytes(), br#"AT+MQTTPUB="lamp",1,0,0,4,6F6E0D0A"#);
//!
//! // No topic smuggles a second command.
//! let refused = say("lamp\rAT+NRB", b"on").unwrap_err();
//! assert!(refused.to_string().starts_with("topic holds a carriage return at offset 4"));
//! # Ok::<(), m531x_at::command_line::ArgumentError>(())
//! ```
//!
//! # Receiving
//!
//! A [`Framer`](framer::Framer) cuts the stream of bytes into lines and messages; a payload may hold
//! any byte, `OK` and line ends included, so nothing else may look for lines. A line is then one of
//! three things, asked in this order:
//!
//! 1. part of the answer, if the pending command's [`Grammar`](command::Grammar) accepts it;
//! 2. the end of the answer, if it is a [`FinalResult`](response::FinalResult);
//! 3. an event otherwise: a [`Urc`](urc::Urc), or an unknown line.
//!
//! ```
//! use m531x_at::command::{Command, General};
//! use m531x_at::response::{FinalResult, RegistrationLine};
//! use m531x_at::urc::Urc;
//!
//! let pending = Command::General(General::RegistrationRead);
//! let mut answer = None;
//! let mut events = Vec::new();
//! for line in ["+CEREG:1", "+CEREG:0,1", "+MQTTREC:0", "OK"].map(str::as_bytes) {
//!     if pending.accepts(line) {
//!         answer = RegistrationLine::parse(line);
//!     } else if FinalResult::parse(line) == Some(FinalResult::Ok) {
//!         break;
//!     } else if let Some(urc) = Urc::parse(line) {
//!         events.push(urc.name());
//!     }
//! }
//! assert!(answer.unwrap().is_registered());
//! assert_eq!(events, ["+CEREG", "+MQTTREC"]);
//! ```
//!
//! # Being the module
//!
//! [`Command::decode`](command::Command::decode) understands what hosts send, and every answer and
//! URC has an `encode` that prints it as the model does:
//!
//! ```
//! use m531x_at::command::Command;
//! use m531x_at::profile::Model;
//! use m531x_at::response::MqttStat;
//! use m531x_at::urc::Urc;
//!
//! assert_eq!(Command::decode(b"at+mqttstat?"), Ok(Command::MqttStatRead));
//! let profile = Model::M5311.profile();
//! assert_eq!(MqttStat::Connected.encode(profile), "+MQTTSTAT: 5");
//! let mut bytes = Vec::new();
//! Urc::Disc.encode(profile, &mut bytes);
//! assert_eq!(bytes, b"+MQTTDISC: OK\r\n");
//! ```
//!
//! # Secrets
//!
//! A [`Secret`](command::Secret) never shows in `Debug`, a [`Line`](command_line::Line) prints without
//! the password it carries, [`ConfigReadback`](response::ConfigReadback) drops the password it
//! reads, and [`redact`](redact::redact) cleans raw bytes for logs and transcripts.
//!
//! # Modules
//!
//! | module | holds |
//! |---|---|
//! | [`profile`] | the models and what differs between them, each fact with its source |
//! | [`command`] | host to module: commands, their grammar, redaction |
//! | [`command_line`] | the injection-proof builder, and the reasons of refusals |
//! | [`response`] | module to host: answers and final results |
//! | [`urc`] | module to host: what comes unasked |
//! | [`framer`] | bytes to lines and messages |
//! | [`recording`] | the text format of a recorded session |
//! | [`topic`] | names, filters, matching |
//! | [`cme`] | what `+CME ERROR` numbers mean on which model |
//! | [`hex`] | hex digits |
//! | [`printable`] | bytes as one line of text |
//!
//! Manual, specification, firmware and captures disagree in places; `docs/dialect.md` of the
//! repository lists where, and what this crate does about it.

#![forbid(unsafe_code)]

pub mod calendar;
pub mod cme;
pub mod command;
pub mod command_line;
pub mod framer;
pub mod hex;
pub mod printable;
pub mod profile;
pub mod recording;
pub mod redact;
pub mod response;
pub mod topic;
pub mod urc;

mod fields;
mod qos;

pub use qos::{InvalidQoS, QoS};
