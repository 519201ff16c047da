//! The native module of the Python package `m531x`: the modem, the virtual modem and the message.
//!
//! It is thin and private. The public API, its documentation and the running of callbacks are Python
//! (`python/m531x`). No thread of Rust ever calls into Python; every wait lets the interpreter go.
//!
//! It declares that it needs no global interpreter lock: every class is frozen, and what changes
//! inside one is behind a lock or an atomic.

mod arguments;
mod clouds;
mod command_line;
mod delivery;
mod descriptor;
mod ended;
mod errors;
mod fork;
mod message;
mod modem;
mod opening;
mod operation;
mod options;
mod outbox;
mod readouts;
mod ready;
mod recording;
mod requests;
mod virtual_modem;
mod wait;

use pyo3::prelude::*;

#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use crate::arguments::{
        check_filter, check_text, checked_timeout, leak, payload_bytes, topic_matches,
    };
    #[pymodule_export]
    use crate::clouds::CloudLogin;
    #[pymodule_export]
    use crate::command_line::command_line;
    #[pymodule_export]
    use crate::delivery::Delivery;
    #[pymodule_export]
    use crate::fork::note_fork;
    #[pymodule_export]
    use crate::message::Message;
    #[pymodule_export]
    use crate::modem::Modem;
    #[pymodule_export]
    use crate::operation::Operation;
    #[pymodule_export]
    use crate::options::ModemOptions;
    #[pymodule_export]
    use crate::outbox::{outbox_clear, outbox_messages, outbox_retry};
    #[pymodule_export]
    use crate::readouts::{event_kinds, log_level, log_line, mqtt_states, ports};
    #[pymodule_export]
    use crate::ready::Ready;
    #[pymodule_export]
    use crate::recording::{Recording, Replay, diagnose, diagnose_open};
    #[pymodule_export]
    use crate::requests::ConnectOptions;
    #[pymodule_export]
    use crate::virtual_modem::VirtualModem;

    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "the name is Python's")]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_export]
    const FORKED: &str = crate::fork::FORKED;
}
