//! Types of the header. No signature names an enum: the typedefs are plain integers, so that every
//! language can call.

#![allow(non_camel_case_types)]

use std::ffi::{c_char, c_void};

/// 0 is success, below 0 one of M531X_ERR_..., above 0 success with more to say. @since 0.1.0
pub type m531x_status = i32;

/// An open modem; 0 is never one. A handle that was closed is refused, never followed. @since 0.1.0
pub type m531x_modem = u32;

/// Receives a message: topic is NUL-terminated, payload has `length` bytes (and may be NULL if that is 0), flags are
/// M531X_MESSAGE_... with the QoS in M531X_MESSAGE_QOS_MASK. Both are valid until the function returns. @since 0.1.0
pub type m531x_message_callback = Option<
    extern "C-unwind" fn(
        modem: m531x_modem,
        topic: *const c_char,
        payload: *const u8,
        length: u32,
        flags: u32,
        user_data: *mut c_void,
    ),
>;

/// Receives an event: kind is M531X_EVENT_..., text is NUL-terminated and valid until the function returns. @since 0.1.0
pub type m531x_event_callback = Option<
    extern "C-unwind" fn(
        modem: m531x_modem,
        kind: i32,
        value: i32,
        text: *const c_char,
        user_data: *mut c_void,
    ),
>;

/// Receives a line of the log: level is M531X_LOG_..., text is NUL-terminated and valid until the function returns; modem
/// is 0 for a line about the log itself. @since 0.1.0
pub type m531x_log_callback = Option<
    extern "C-unwind" fn(
        modem: m531x_modem,
        level: i32,
        text: *const c_char,
        user_data: *mut c_void,
    ),
>;

/// Releases user data; called once, after the last callback with that user data has returned. @since 0.1.0
pub type m531x_finalizer = Option<extern "C-unwind" fn(user_data: *mut c_void)>;

/// A timeout_ms without a limit of its own. @since 0.1.0
pub const M531X_NO_LIMIT: i32 = -1;

/// A timeout_ms that does not wait. @since 0.1.0
pub const M531X_NO_WAIT: i32 = 0;

/// Success.
pub const M531X_OK: m531x_status = 0;
