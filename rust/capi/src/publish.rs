//! Publishing.

use std::ffi::c_char;

use m531x_core::operation::Publish;
use m531x_core::{Error, PublishOptions, QoS};

use crate::begin::{begin, finish};
use crate::constants::{m531x_modem, m531x_status};
use crate::guard::{guard_modem, guard_wait};
use crate::marshal::{Out, bytes, invalid, text, time_limit};

/// Publishes, and waits until that is complete: the module's OK for QoS 0, the broker's PUBACK for 1, PUBCOMP for 2.
///
/// With M531X_OPTION_OUTBOX and QoS 1 or 2, an error after the message was accepted says that it stays in the outbox: it is
/// sent later, so do not publish it again. M531X_ERR_NOT_CONNECTED then comes at once if no connection is being made.
///
/// @param modem       [in] A modem that is connected.
/// @param topic       [in] The topic name, UTF-8.
/// @param payload     [in] Any bytes; may be NULL if length is 0.
/// @param length      [in] Bytes of the payload. The module's command line limits it: about 900 bytes of plain text, 450
///                    of anything else.
/// @param qos         [in] Quality of service, 0 to 2.
/// @param retain      [in] 1 has the broker keep it for later subscribers, 0 not.
/// @param timeout_ms  [in] Milliseconds; -1 follows the ack timeout.
/// @return M531X_OK, M531X_ERR_INVALID_ARGUMENT, M531X_ERR_NOT_CONNECTED, M531X_ERR_PUBLISH_FAILED, M531X_ERR_TIMEOUT,
///         M531X_ERR_REPEATED_LOSS,
///         M531X_ERR_RESULT_UNKNOWN, M531X_ERR_COMMAND, M531X_ERR_MODEM_REBOOTED, M531X_ERR_CANCELLED,
///         M531X_ERR_CLOSED, M531X_ERR_PORT, M531X_ERR_STALE_HANDLE; with an outbox M531X_ERR_OUTBOX_FULL,
///         M531X_ERR_OUTBOX_FAILED.
/// @note Thread-safe. Blocks; m531x_cancel and m531x_close wake it.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_publish(
    modem: m531x_modem,
    topic: *const c_char,
    payload: *const u8,
    length: u32,
    qos: u32,
    retain: u32,
    timeout_ms: i32,
) -> m531x_status {
    guard_modem(modem, |entry| {
        // SAFETY: the caller passes NULL or a string, and NULL or `length` bytes.
        let (topic, payload) =
            unsafe { (text(topic, "topic")?, bytes(payload, length, "payload")?) };
        let limit = time_limit(timeout_ms)?;
        let options = PublishOptions {
            qos: quality(qos)?,
            retain: switch(retain, "retain")?,
            timeout: limit,
        };
        entry.modem.publish(topic, payload, options).map(|_| ())
    })
}

/// Begins to publish and returns at once; the publish goes on by itself, and ends as an M531X_EVENT_DONE.
///
/// With M531X_OPTION_OUTBOX and QoS 1 or 2 it returns once the message is on the disk, connected or not: from then on it
/// is sent until the broker has acknowledged it, by this process or a later one.
///
/// @param modem    [in] A modem that is connected.
/// @param topic    [in] The topic name, UTF-8.
/// @param payload  [in] Any bytes; may be NULL if length is 0.
/// @param length   [in] Bytes of the payload.
/// @param qos      [in] Quality of service, 0 to 2.
/// @param retain   [in] 1 has the broker keep it for later subscribers, 0 not.
/// @param token    [out] Names the publish in its M531X_EVENT_DONE and to m531x_publish_wait; never 0, and written before
///                 the event. NULL if the program does not want to know: then there is no event.
/// @return M531X_OK (the event has how it ends, M531X_ERR_NOT_CONNECTED included), M531X_ERR_INVALID_ARGUMENT,
///         M531X_ERR_BUSY (65536 tokens were given whose events were not taken),
///         M531X_ERR_QUEUE_FULL (as many wait as M531X_OPTION_MAX_WAITING allows), M531X_ERR_CLOSED, M531X_ERR_PORT, M531X_ERR_STALE_HANDLE; with an outbox M531X_ERR_OUTBOX_FULL, M531X_ERR_OUTBOX_FAILED.
/// @note Thread-safe. Does not block; with an outbox it waits for the disk.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_publish_start(
    modem: m531x_modem,
    topic: *const c_char,
    payload: *const u8,
    length: u32,
    qos: u32,
    retain: u32,
    token: *mut u32,
) -> m531x_status {
    guard_modem(modem, |entry| {
        // SAFETY: the caller passes NULL or a string, NULL or `length` bytes, and NULL or a place.
        let (topic, payload, out) = unsafe {
            (
                text(topic, "topic")?,
                bytes(payload, length, "payload")?,
                Out::optional(token),
            )
        };
        let options = PublishOptions {
            qos: quality(qos)?,
            retain: switch(retain, "retain")?,
            timeout: None,
        };
        begin(entry, &out, || {
            entry
                .modem
                .start_nowait(Publish::new(topic, payload, options))
        })
    })
}

/// Waits for the end of a publish begun by m531x_publish_start, or of another operation that has a token.
///
/// Once it has returned the end, the token is used up and has no event; after M531X_ERR_TIMEOUT and M531X_ERR_CANCELLED it
/// stays valid. It also gives the status of the last 1024 operations whose M531X_EVENT_DONE was taken.
///
/// @param modem       [in] The modem.
/// @param token       [in] The token.
/// @param timeout_ms  [in] Milliseconds; 0 asks without waiting, -1 waits for the end.
/// @return M531X_OK when complete, M531X_ERR_TIMEOUT while it goes on, M531X_ERR_INVALID_ARGUMENT for a token that is
///         not known, else as m531x_publish.
/// @note Thread-safe. Blocks; m531x_cancel and m531x_close wake it.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn m531x_publish_wait(
    modem: m531x_modem,
    token: u32,
    timeout_ms: i32,
) -> m531x_status {
    guard_wait(modem, |entry| {
        let limit = time_limit(timeout_ms)?;
        finish(entry, token, limit).map(|_| ())
    })
}

/// Reads a quality of service.
pub(crate) fn quality(number: u32) -> Result<QoS, Error> {
    u8::try_from(number)
        .ok()
        .and_then(|number| QoS::try_from(number).ok())
        .ok_or_else(|| invalid(format!("qos is {number}: use 0, 1 or 2")))
}

/// Reads a switch.
pub(crate) fn switch(number: u32, name: &str) -> Result<bool, Error> {
    match number {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(invalid(format!("{name} is {number}: use 0 or 1"))),
    }
}
