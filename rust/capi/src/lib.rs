//! The C ABI of m531x.
//!
//! Each function is a thin, hand-written `extern "C"` over [`guard`], so that rustfmt, clippy and
//! cbindgen see it, and no panic crosses the border. The header's opening comment (cbindgen.toml)
//! is the contract that all of them keep. Modules that hold functions are public for the fuzzer, which calls them from
//! Rust (`fuzz/capi`).

#![allow(
    unreachable_pub,
    clippy::doc_markdown,
    clippy::missing_safety_doc,
    reason = "C reaches them, and their comments become Doxygen in the header, conditions included"
)]

mod api_constants;
mod begin;
mod begun;
mod callback;
pub mod command;
pub mod connection;
pub mod constants;
mod deliver;
mod error_constants;
pub mod errors;
mod event_fd;
mod guard;
mod handle;
pub mod inspect;
mod last_error;
pub mod log;
mod marshal;
pub mod module;
pub mod open;
mod open_modem;
mod option_row;
mod option_table;
pub mod options;
pub mod outbox;
mod pin;
pub mod publish;
pub mod record;
pub mod set_callback;
mod settings;
pub mod subscribe;
pub mod version;
#[cfg(feature = "virtual-modem")]
pub mod virtual_modem;
pub mod wait;
