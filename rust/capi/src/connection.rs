//! The MQTT connection.

use std::ffi::c_char;

use m531x_core::operation::{Connect, Delete, Disconnect, Status};

use crate::begin::begin;
use crate::constants::{m531x_modem, m531x_status};
use crate::guard::guard_modem;
use crate::marshal::{Out, optional_text, time_limit};
use crate::wait::run_within;

/// Waits until SIM card, registration, attachment and address are there. Optional before m531x_connect.
///
/// @param modem       [in] An open modem.
/// @param timeout_ms  [in] Milliseconds; -1 is 120 s.
/// @return M531X_OK, M531X_ERR_TIMEOUT (the last error's text names the step that is missing), M531X_ERR_CANCELLED,
///         M531X_ERR_CLOSED, M531X_ERR_PORT, M531X_ERR_STALE_HANDLE, M531X_ERR_INVALID_ARGUMENT.
/// @note Thread-safe. Blocks; m531x_cancel and m531x_close wake it.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn m531x_wait_for_network(modem: m531x_modem, timeout_ms: i32) -> m531x_status {
    guard_modem(modem, |entry| {
        let limit = time_limit(timeout_ms)?;
        entry.modem.wait_for_network(limit)
    })
}

/// Configures the module's MQTT client and connects it to the broker, with the options that were set.
///
/// @param modem       [in] An open modem.
/// @param host        [in] The broker's host name or address, as the module reaches it; NULL is that of M531X_OPTION_CLOUD.
/// @param port        [in] The broker's TCP port; 0 is that of M531X_OPTION_PORT.
/// @param client_id   [in] The MQTT client identifier; NULL is that of M531X_OPTION_CLOUD.
/// @param timeout_ms  [in] Milliseconds; -1 is 50 s more than the ack timeout.
/// @return M531X_OK, M531X_ERR_CONNECT (the text names the broker's return code), M531X_ERR_TIMEOUT, M531X_ERR_COMMAND,
///         M531X_ERR_MODEM_REBOOTED, M531X_ERR_CANCELLED, M531X_ERR_CLOSED, M531X_ERR_PORT, M531X_ERR_STALE_HANDLE,
///         M531X_ERR_INVALID_ARGUMENT.
/// @note Thread-safe. Blocks; m531x_cancel and m531x_close wake it.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_connect(
    modem: m531x_modem,
    host: *const c_char,
    port: u16,
    client_id: *const c_char,
    timeout_ms: i32,
) -> m531x_status {
    guard_modem(modem, |entry| {
        // SAFETY: the caller passes NULL or strings.
        let (host, client_id) = unsafe {
            (
                optional_text(host, "host")?,
                optional_text(client_id, "client_id")?,
            )
        };
        let limit = time_limit(timeout_ms)?;
        let mut options = entry.settings().connect_options(host, port, client_id)?;
        options.timeout = limit;
        entry.modem.connect(options)
    })
}

/// Begins m531x_connect and returns at once; the operation ends as an M531X_EVENT_DONE, within 50 s more than the ack
/// timeout.
///
/// @param modem      [in] An open modem.
/// @param host       [in] As for m531x_connect.
/// @param port       [in] As for m531x_connect.
/// @param client_id  [in] As for m531x_connect.
/// @param token      [out] Names the operation in its event and to m531x_publish_wait; never 0. NULL if there is to be no
///                   event.
/// @return M531X_OK, M531X_ERR_INVALID_ARGUMENT, M531X_ERR_BUSY (65536 tokens were given whose events were not taken),
///         M531X_ERR_QUEUE_FULL, M531X_ERR_CLOSED, M531X_ERR_PORT, M531X_ERR_STALE_HANDLE.
/// @note Thread-safe. Does not block.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_connect_start(
    modem: m531x_modem,
    host: *const c_char,
    port: u16,
    client_id: *const c_char,
    token: *mut u32,
) -> m531x_status {
    guard_modem(modem, |entry| {
        // SAFETY: the caller passes NULL or strings, and NULL or a place.
        let (host, client_id, token) = unsafe {
            (
                optional_text(host, "host")?,
                optional_text(client_id, "client_id")?,
                Out::optional(token),
            )
        };
        let options = entry.settings().connect_options(host, port, client_id)?;
        begin(entry, &token, || entry.modem.start(Connect(options)))
    })
}

/// Ends the MQTT connection; the module's client stays configured.
///
/// Publishes of m531x_publish_start that are not complete end with M531X_ERR_NOT_CONNECTED: wait for them first.
///
/// @param modem       [in] An open modem.
/// @param timeout_ms  [in] Milliseconds; -1 is the library's own limit.
/// @return M531X_OK, M531X_ERR_NOT_CONNECTED, M531X_ERR_TIMEOUT, M531X_ERR_COMMAND, M531X_ERR_MODEM_REBOOTED,
///         M531X_ERR_CANCELLED, M531X_ERR_CLOSED, M531X_ERR_PORT, M531X_ERR_STALE_HANDLE, M531X_ERR_INVALID_ARGUMENT.
/// @note Thread-safe. Blocks; m531x_cancel and m531x_close wake it.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn m531x_disconnect(modem: m531x_modem, timeout_ms: i32) -> m531x_status {
    guard_modem(modem, |entry| {
        let limit = time_limit(timeout_ms)?;
        run_within(&entry.modem, Disconnect, limit)
    })
}

/// Begins m531x_disconnect and returns at once; the operation ends as an M531X_EVENT_DONE.
///
/// @param modem  [in] An open modem.
/// @param token  [out] As for m531x_connect_start.
/// @return As m531x_connect_start.
/// @note Thread-safe. Does not block.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_disconnect_start(
    modem: m531x_modem,
    token: *mut u32,
) -> m531x_status {
    guard_modem(modem, |entry| {
        // SAFETY: the caller passes NULL or a place that may be written.
        let token = unsafe { Out::optional(token) };
        begin(entry, &token, || entry.modem.start(Disconnect))
    })
}

/// The state of the MQTT connection as the library knows it; nothing is sent.
///
/// @param modem  [in] An open modem.
/// @param state  [out] M531X_STATE_...
/// @return M531X_OK, M531X_ERR_STALE_HANDLE, M531X_ERR_INVALID_ARGUMENT.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_mqtt_state(modem: m531x_modem, state: *mut i32) -> m531x_status {
    guard_modem(modem, |entry| {
        // SAFETY: the caller passes NULL or a place that may be written.
        let out = unsafe { Out::required(state, "state") }?;
        out.set(entry.modem.mqtt_state() as i32);
        Ok(())
    })
}

/// Removes the configured client from the module, disconnected before if it is connected.
///
/// @param modem       [in] An open modem.
/// @param timeout_ms  [in] Milliseconds; -1 is the library's own limit.
/// @return M531X_OK, M531X_ERR_MODEM_REBOOTED, M531X_ERR_TIMEOUT, M531X_ERR_COMMAND, M531X_ERR_CANCELLED, M531X_ERR_CLOSED, M531X_ERR_PORT,
///         M531X_ERR_STALE_HANDLE, M531X_ERR_INVALID_ARGUMENT.
/// @note Thread-safe. Blocks; m531x_cancel and m531x_close wake it.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn m531x_delete(modem: m531x_modem, timeout_ms: i32) -> m531x_status {
    guard_modem(modem, |entry| {
        let limit = time_limit(timeout_ms)?;
        run_within(&entry.modem, Delete, limit)
    })
}

/// Asks the module for the state of its MQTT client.
///
/// @param modem       [in] An open modem.
/// @param timeout_ms  [in] Milliseconds; -1 is the library's own limit.
/// @param state       [out] M531X_STATE_...
/// @return M531X_OK, M531X_ERR_TIMEOUT, M531X_ERR_COMMAND, M531X_ERR_MODEM_REBOOTED, M531X_ERR_CANCELLED,
///         M531X_ERR_CLOSED, M531X_ERR_PORT, M531X_ERR_STALE_HANDLE, M531X_ERR_INVALID_ARGUMENT.
/// @note Thread-safe. Blocks; m531x_cancel and m531x_close wake it.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_ask_mqtt_state(
    modem: m531x_modem,
    timeout_ms: i32,
    state: *mut i32,
) -> m531x_status {
    guard_modem(modem, |entry| {
        // SAFETY: the caller passes NULL or a place that may be written.
        let out = unsafe { Out::required(state, "state") }?;
        let limit = time_limit(timeout_ms)?;
        out.set(run_within(&entry.modem, Status, limit)? as i32);
        Ok(())
    })
}
