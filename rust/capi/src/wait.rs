//! Waiting without callbacks.

use std::ffi::c_char;
use std::time::{Duration, SystemTime};

use m531x_core::operation::Operation;
use m531x_core::{Error, ErrorCode, Incoming, Modem};

use crate::begin::take_end;
use crate::constants::{M531X_OK, m531x_modem, m531x_status};
use crate::guard::{guard_modem, guard_wait};
use crate::marshal::{self, Buffer, Out, TextBuffer, length, time_limit, too_small};

/// What m531x_receive returns as the kind of a message. @since 0.1.0
pub const M531X_RECEIVED_MESSAGE: i32 = 0;

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
        let taken = entry.modem.inbox().recv_message(limit, |message| {
            payload_length.set(length(message.payload.len()));
            copy_both(&topic, &message.topic, &payload, &message.payload)?;
            flag_place.set(marshal::flags(message));
            Ok(())
        })?;
        taken.ok_or_else(|| nothing_came("message", limit))
    })
}

/// Waits for the next event and copies it.
///
/// If the buffer is too small, nothing is copied, the size is given, and the event stays the next one. Messages never
/// push out an event. At most 4096 events of the connection wait, and 1024 that lines of the module cause: of more the
/// oldest make room, and an M531X_EVENT_DROPPED counts them.
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
    let no_status = std::ptr::null_mut();
    // SAFETY: as this function's.
    unsafe {
        m531x_wait_event_of(
            modem,
            u32::MAX,
            timeout_ms,
            kind,
            value,
            no_status,
            text,
            text_capacity,
            text_needed,
        )
    }
}

/// Waits for the next event of certain kinds and copies it; those of other kinds wait on. See m531x_wait_event.
///
/// @param modem        [in] An open modem.
/// @param kinds        [in] The kinds: `1u << M531X_EVENT_...` of each, together by `|`; not 0.
/// @param timeout_ms   [in] Milliseconds; 0 does not wait, -1 waits for as long as it takes.
/// @param kind         [out] M531X_EVENT_...; may be NULL.
/// @param value        [out] A number whose meaning the kind defines; may be NULL.
/// @param status       [out] Of an M531X_EVENT_DONE how the operation has ended: an error below 0, and 0 or more for
///                     success, where a subscription has the granted QoS; 0 with all other kinds; may be NULL.
/// @param text         [out] Buffer for the NUL-terminated text; may be NULL if its capacity is 0.
/// @param text_capacity [in] Its size in bytes.
/// @param text_needed  [out] The size that the text needs, with its final NUL; may be NULL.
/// @return As m531x_wait_event.
/// @note Thread-safe; several threads may wait, and each event goes to one of them.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_wait_event_of(
    modem: m531x_modem,
    kinds: u32,
    timeout_ms: i32,
    kind: *mut i32,
    value: *mut i32,
    status: *mut i32,
    text: *mut c_char,
    text_capacity: u32,
    text_needed: *mut u32,
) -> m531x_status {
    guard_wait(modem, |entry| {
        // SAFETY: the caller passes NULL or a buffer of that capacity, and NULL or places.
        let (kind, value_place, status, text) = unsafe {
            (
                Out::optional(kind),
                Out::optional(value),
                Out::optional(status),
                TextBuffer::new(text, text_capacity, text_needed, "text")?,
            )
        };
        let limit = time_limit(timeout_ms)?;
        if kinds == 0 {
            return Err(Error::new(
                ErrorCode::InvalidArgument,
                "kinds is 0: name at least one, as 1u << M531X_EVENT_DONE",
            ));
        }
        let taken = entry.modem.inbox().recv_event(kinds, limit, |event| {
            text.write(&event.text)?;
            kind.set(event.kind as i32);
            value_place.set(marshal::value(event));
            Ok(event.clone())
        })?;
        let event = taken.ok_or_else(|| nothing_came("event", limit))?;
        status.set(take_end(entry, &event));
        Ok(())
    })
}

/// Waits for the next message or event, whichever arrived first, and copies it.
///
/// If a buffer is too small, nothing is copied, the sizes are returned, and it stays the next one.
///
/// @param modem           [in] An open modem.
/// @param timeout_ms      [in] Milliseconds; 0 does not wait, -1 waits for as long as it takes.
/// @param kind            [out] M531X_RECEIVED_MESSAGE or M531X_EVENT_...; may be NULL.
/// @param value           [out] The value of an event, the packet id of a message (0 with QoS 0); may be NULL.
/// @param status          [out] Of an M531X_EVENT_DONE as for m531x_wait_event_of, else 0; may be NULL.
/// @param text            [out] Buffer for the NUL-terminated topic, or the text of an event; may be NULL if its capacity is 0.
/// @param text_capacity   [in] Its size in bytes.
/// @param text_needed     [out] The size that it needs, with its final NUL; may be NULL.
/// @param payload         [out] Buffer for the payload of a message; may be NULL if its capacity is 0.
/// @param payload_capacity [in] Its size in bytes.
/// @param payload_length  [out] The bytes of the payload, 0 for an event; may be NULL.
/// @param flags           [out] The M531X_MESSAGE_... of a message, 0 for an event; may be NULL.
/// @param seconds         [out] When it arrived, in seconds since 1970 by this computer's clock; may be NULL.
/// @param microseconds    [out] And the microseconds, 0 to 999999; may be NULL.
/// @return As m531x_wait_message.
/// @note Thread-safe; several threads may wait, and each message or event goes to one of them.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_receive(
    modem: m531x_modem,
    timeout_ms: i32,
    kind: *mut i32,
    value: *mut i32,
    status: *mut i32,
    text: *mut c_char,
    text_capacity: u32,
    text_needed: *mut u32,
    payload: *mut u8,
    payload_capacity: u32,
    payload_length: *mut u32,
    flags: *mut u32,
    seconds: *mut u32,
    microseconds: *mut u32,
) -> m531x_status {
    guard_wait(modem, |entry| {
        // SAFETY: the caller passes NULL or buffers of these capacities, and NULL or places.
        let (kind, value, status, text, payload, payload_length, flags, seconds, microseconds) = unsafe {
            (
                Out::optional(kind),
                Out::optional(value),
                Out::optional(status),
                TextBuffer::new(text, text_capacity, text_needed, "text")?,
                Buffer::new(payload, payload_capacity, "payload")?,
                Out::optional(payload_length),
                Out::optional(flags),
                Out::optional(seconds),
                Out::optional(microseconds),
            )
        };
        let limit = time_limit(timeout_ms)?;
        let taken = entry.modem.inbox().recv_with(limit, |incoming| {
            let (words, bytes, event) = match incoming {
                Incoming::Message(message) => (&message.topic, &message.payload[..], None),
                Incoming::Event(event) => (&event.text, &[][..], Some(event.clone())),
            };
            payload_length.set(length(bytes.len()));
            copy_both(&text, words, &payload, bytes)?;
            let (number, numbered, bits, at) = match incoming {
                Incoming::Message(message) => (
                    M531X_RECEIVED_MESSAGE,
                    message.packet_id.into(),
                    marshal::flags(message),
                    message.timestamp,
                ),
                Incoming::Event(event) => {
                    (event.kind as i32, marshal::value(event), 0, event.timestamp)
                }
            };
            kind.set(number);
            value.set(numbered);
            flags.set(bits);
            let since = at
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default();
            seconds.set(u32::try_from(since.as_secs()).unwrap_or(u32::MAX));
            microseconds.set(since.subsec_micros());
            Ok(event)
        })?;
        let event = taken.ok_or_else(|| nothing_came("message or event", limit))?;
        status.set(event.map_or(M531X_OK, |event| take_end(entry, &event)));
        Ok(())
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

/// Copies a text and bytes, or nothing if one of the buffers is too small.
fn copy_both(text: &TextBuffer, words: &str, payload: &Buffer, bytes: &[u8]) -> Result<(), Error> {
    let text_fits = text.announce(words);
    if !payload.holds(bytes.len()) {
        return Err(too_small(bytes.len()));
    }
    if !text_fits {
        return Err(too_small(words.len() + 1));
    }
    text.fill(words);
    payload.fill(bytes);
    Ok(())
}

fn nothing_came(what: &str, limit: Option<Duration>) -> Error {
    let limit = limit.unwrap_or_default().as_millis();
    Error::new(
        ErrorCode::Timeout,
        format!("no {what} arrived within {limit} ms"),
    )
}

/// Runs an operation that knows no time limit, and gives it up when the limit is over.
pub(crate) fn run_within<O: Operation>(
    modem: &Modem,
    operation: O,
    limit: Option<Duration>,
) -> Result<O::Output, Error> {
    let Some(limit) = limit else {
        return modem.run(operation);
    };
    let mut pending = modem.start_and_wait(operation, limit)?;
    pending.wait_for(Duration::ZERO).unwrap_or_else(|| {
        Err(Error::new(
            ErrorCode::Timeout,
            format!("not complete within {} ms", limit.as_millis()),
        ))
    })
}
