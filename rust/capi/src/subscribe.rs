//! Subscribing.

use std::ffi::c_char;

use m531x_core::SubscribeOptions;
use m531x_core::operation::{Subscribe, Unsubscribe};

use crate::api_constants::m531x_option::M531X_OPTION_HEX_DELIVERY;
use crate::begin::begin;
use crate::constants::{m531x_modem, m531x_status};
use crate::guard::guard_modem;
use crate::marshal::{Out, text, time_limit};
use crate::publish::quality;
use crate::wait::run_within;

/// Subscribes to a topic filter.
///
/// @param modem        [in] A modem that is connected.
/// @param topic        [in] The topic filter, UTF-8; + and # are wildcards.
/// @param qos          [in] Highest quality of service wanted, 0 to 2.
/// @param timeout_ms   [in] Milliseconds; -1 follows the ack timeout.
/// @param granted_qos  [out] What the broker granted, which may be lower; may be NULL.
/// @return M531X_OK, M531X_ERR_SUBSCRIBE (refused, or never acknowledged), M531X_ERR_INVALID_ARGUMENT,
///         M531X_ERR_NOT_CONNECTED, M531X_ERR_TIMEOUT, M531X_ERR_COMMAND, M531X_ERR_MODEM_REBOOTED,
///         M531X_ERR_REPEATED_LOSS,
///         M531X_ERR_CANCELLED, M531X_ERR_CLOSED, M531X_ERR_PORT, M531X_ERR_STALE_HANDLE.
/// @note Thread-safe. Blocks; m531x_cancel and m531x_close wake it.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_subscribe(
    modem: m531x_modem,
    topic: *const c_char,
    qos: u32,
    timeout_ms: i32,
    granted_qos: *mut u32,
) -> m531x_status {
    guard_modem(modem, |entry| {
        // SAFETY: the caller passes NULL or a string, and NULL or a place that may be written.
        let (filter, out) = unsafe { (text(topic, "topic")?, Out::optional(granted_qos)) };
        let limit = time_limit(timeout_ms)?;
        let options = SubscribeOptions {
            qos: quality(qos)?,
            hex: entry.settings().is_on(M531X_OPTION_HEX_DELIVERY),
            timeout: limit,
        };
        let granted = entry.modem.subscribe(filter, options)?;
        out.set(u32::from(u8::from(granted)));
        Ok(())
    })
}

/// Begins m531x_subscribe and returns at once; the operation ends as an M531X_EVENT_DONE, whose status is the granted QoS
/// or an error.
///
/// @param modem  [in] A modem that is connected.
/// @param topic  [in] The topic filter, UTF-8; + and # are wildcards.
/// @param qos    [in] Highest quality of service wanted, 0 to 2.
/// @param token  [out] As for m531x_connect_start.
/// @return As m531x_connect_start.
/// @note Thread-safe. Does not block.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_subscribe_start(
    modem: m531x_modem,
    topic: *const c_char,
    qos: u32,
    token: *mut u32,
) -> m531x_status {
    guard_modem(modem, |entry| {
        // SAFETY: the caller passes NULL or a string, and NULL or a place that may be written.
        let (filter, token) = unsafe { (text(topic, "topic")?, Out::optional(token)) };
        let options = SubscribeOptions {
            qos: quality(qos)?,
            hex: entry.settings().is_on(M531X_OPTION_HEX_DELIVERY),
            timeout: None,
        };
        begin(entry, &token, || {
            entry.modem.start(Subscribe::new(filter, options))
        })
    })
}

/// Begins m531x_unsubscribe and returns at once; the operation ends as an M531X_EVENT_DONE.
///
/// @param modem  [in] A modem that is connected.
/// @param topic  [in] The filter, as it was subscribed.
/// @param token  [out] As for m531x_connect_start.
/// @return As m531x_connect_start.
/// @note Thread-safe. Does not block.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_unsubscribe_start(
    modem: m531x_modem,
    topic: *const c_char,
    token: *mut u32,
) -> m531x_status {
    guard_modem(modem, |entry| {
        // SAFETY: the caller passes NULL or a string, and NULL or a place that may be written.
        let (filter, token) = unsafe { (text(topic, "topic")?, Out::optional(token)) };
        begin(entry, &token, || {
            entry.modem.start(Unsubscribe::new(filter))
        })
    })
}

/// Unsubscribes from a topic filter.
///
/// @param modem       [in] A modem that is connected.
/// @param topic       [in] The filter, as it was subscribed.
/// @param timeout_ms  [in] Milliseconds; -1 follows the ack timeout.
/// @return M531X_OK, M531X_ERR_INVALID_ARGUMENT, M531X_ERR_NOT_CONNECTED, M531X_ERR_TIMEOUT, M531X_ERR_COMMAND,
///         M531X_ERR_REPEATED_LOSS,
///         M531X_ERR_MODEM_REBOOTED, M531X_ERR_CANCELLED, M531X_ERR_CLOSED, M531X_ERR_PORT, M531X_ERR_STALE_HANDLE.
/// @note Thread-safe. Blocks; m531x_cancel and m531x_close wake it.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_unsubscribe(
    modem: m531x_modem,
    topic: *const c_char,
    timeout_ms: i32,
) -> m531x_status {
    guard_modem(modem, |entry| {
        // SAFETY: the caller passes NULL or a string.
        let filter = unsafe { text(topic, "topic") }?;
        let limit = time_limit(timeout_ms)?;
        run_within(&entry.modem, Unsubscribe::new(filter), limit)
    })
}
