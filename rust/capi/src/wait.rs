//! Waiting without callbacks.

use std::ffi::c_char;
use std::time::Duration;

use m531x_core::{Error, ErrorCode, Pending};

use crate::constants::{m531x_modem, m531x_status};
use crate::guard::{guard_modem, guard_wait};
use crate::marshal::{self, Buffer, Out, TextBuffer, length, time_limit, too_small};

/// Waits for the next message and copies it.
///
/// If a buffer is too small, nothing is copied, the sizes are returned, and the message stays the next one.
///
/// @param modem           [in] An open modem.
/// @param timeout_ms      [in] Milliseconds; 0 does not wait, -1 waits for as long as it takes.
/// @param topic           [out] Buffer for the NUL-terminated topic; may be NULL if its capacity is 0.
/// @param topic_capacity  [in] Its size in bytes.
/// @param topic_needed    [out] The size that the topic needs, with its final NUL; may be NULL.
/// @param payload         [out] Buffer for the payload; may be NULL if its capacity is 0.
/// @param payload_capacity [in] Its size in bytes.
/// @param payload_length  [out] The bytes of the payload; may be NULL.
/// @param flags           [out] M531X_MESSAGE_..., with the QoS in M531X_MESSAGE_QOS_MASK; may be NULL.
/// @return M531X_OK, M531X_ERR_TIMEOUT, M531X_ERR_BUFFER_TOO_SMALL, M531X_ERR_CANCELLED, M531X_ERR_CLOSED,
///         M531X_ERR_PORT (the port is gone for good, and all that had arrived was taken), M531X_ERR_STALE_HANDLE,
///         M531X_ERR_INVALID_ARGUMENT.
/// @note Thread-safe; several threads may wait, and each message goes to one of them.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_wait_message(
    modem: m531x_modem,
    timeout_ms: i32,
    topic: *mut c_char,
    topic_capacity: u32,
    topic_needed: *mut u32,
    payload: *mut u8,
    payload_capacity: u32,
    payload_length: *mut u32,
    flags: *mut u32,
) -> m531x_status {
    guard_wait(modem, |entry| {
        // SAFETY: the caller passes NULL or buffers of these capacities, and NULL or places.
        let (topic, payload, payload_length, flag_place) = unsafe {
            (
                TextBuffer::new(topic, topic_capacity, topic_needed, "topic")?,
                Buffer::new(payload, payload_capacity, "payload")?,
                Out::optional(payload_length),
                Out::optional(flags),
            )
        };
        let limit = time_limit(timeout_ms)?;
        let taken = entry.modem.recv_message(limit, |message| {
            let topic_fits = topic.announce(&message.topic);
            payload_length.set(length(message.payload.len()));
            if !payload.holds(message.payload.len()) {
                return Err(too_small(message.payload.len()));
            }
            if !topic_fits {
                return Err(too_small(message.topic.len() + 1));
            }
            topic.fill(&message.topic);
            payload.fill(&message.payload);
            flag_place.set(marshal::flags(message));
            Ok(())
        })?;
        taken.ok_or_else(|| nothing_came("message", limit))
    })
}

/// Waits for the next event and copies it.
///
/// If the buffer is too small, nothing is copied, the size is given, and the event stays the next one. Events of the
/// connection are never dropped. Of those that lines of the module cause 1024 wait: the oldest make room, and an
/// M531X_EVENT_DROPPED counts them.
///
/// @param modem        [in] An open modem.
/// @param timeout_ms   [in] Milliseconds; 0 does not wait, -1 waits for as long as it takes.
/// @param kind         [out] M531X_EVENT_...; may be NULL.
/// @param value        [out] A number whose meaning the kind defines; may be NULL.
/// @param text         [out] Buffer for the NUL-terminated text; may be NULL if its capacity is 0.
/// @param text_capacity [in] Its size in bytes.
/// @param text_needed  [out] The size that the text needs, with its final NUL; may be NULL.
/// @return M531X_OK, M531X_ERR_TIMEOUT, M531X_ERR_BUFFER_TOO_SMALL, M531X_ERR_CANCELLED, M531X_ERR_CLOSED,
///         M531X_ERR_PORT (the port is gone for good, and all that had arrived was taken), M531X_ERR_STALE_HANDLE,
///         M531X_ERR_INVALID_ARGUMENT.
/// @note Thread-safe; several threads may wait, and each event goes to one of them.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_wait_event(
    modem: m531x_modem,
    timeout_ms: i32,
    kind: *mut i32,
    value: *mut i32,
    text: *mut c_char,
    text_capacity: u32,
    text_needed: *mut u32,
) -> m531x_status {
    guard_wait(modem, |entry| {
        // SAFETY: the caller passes NULL or a buffer of that capacity, and NULL or places.
        let (kind, value_place, text) = unsafe {
            (
                Out::optional(kind),
                Out::optional(value),
                TextBuffer::new(text, text_capacity, text_needed, "text")?,
            )
        };
        let limit = time_limit(timeout_ms)?;
        let taken = entry.modem.recv_event(limit, |event| {
            text.write(&event.text)?;
            kind.set(event.kind as i32);
            value_place.set(marshal::value(event));
            Ok(())
        })?;
        taken.ok_or_else(|| nothing_came("event", limit))
    })
}

/// A descriptor that is readable while a message or an event waits, for poll and epoll. Linux only.
///
/// It belongs to the modem: do not read, write or close it. After it became readable, call m531x_wait_message and
/// m531x_wait_event with a timeout of 0 until both return M531X_ERR_TIMEOUT. m531x_close closes it.
///
/// @param modem  [in] An open modem.
/// @param fd     [out] The descriptor, the same each time.
/// @return M531X_OK, M531X_ERR_INVALID_ARGUMENT (also where the system has no such descriptors),
///         M531X_ERR_STALE_HANDLE, M531X_ERR_OUT_OF_RESOURCES.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_event_fd(modem: m531x_modem, fd: *mut i32) -> m531x_status {
    guard_modem(modem, |entry| {
        // SAFETY: the caller passes NULL or a place that may be written.
        let out = unsafe { Out::required(fd, "fd") }?;
        out.set(entry.event_fd()?);
        Ok(())
    })
}

fn nothing_came(what: &str, limit: Option<Duration>) -> Error {
    let limit = limit.unwrap_or_default().as_millis();
    Error::new(
        ErrorCode::Timeout,
        format!("no {what} arrived within {limit} ms"),
    )
}

/// Waits for the end of an operation that knows no time limit, and gives it up when the limit is over.
pub(crate) fn finish_within<T>(
    mut pending: Pending<T>,
    limit: Option<Duration>,
) -> Result<(), Error> {
    let Some(limit) = limit else {
        return pending.wait().map(|_| ());
    };
    match pending.wait_for(limit) {
        Some(result) => result.map(|_| ()),
        None => Err(Error::new(
            ErrorCode::Timeout,
            format!("not complete within {} ms", limit.as_millis()),
        )),
    }
}
