//! The module itself.

use std::ffi::c_char;
use std::fmt::Write as _;

use m531x_core::operation::{Info, Reboot, Signal, Wake};

use crate::constants::{m531x_modem, m531x_status};
use crate::guard::guard_modem;
use crate::marshal::{Out, TextBuffer, time_limit};
use crate::wait::run_within;

/// Asks the module who it is.
///
/// If the buffer is too small the module has been asked all the same.
///
/// @param modem       [in] An open modem.
/// @param timeout_ms  [in] Milliseconds; -1 is the library's own limit.
/// @param text        [out] Buffer for the NUL-terminated lines `model=`, `name=` (the module's own words), `firmware=`,
///                    `imei=`, `imsi=` and `iccid=`, each ended by LF, with nothing after the `=` of what is not known; may
///                    be NULL if capacity is 0.
/// @param capacity    [in] Its size in bytes; 512 is enough.
/// @param needed      [out] The size that the lines need, with their final NUL; may be NULL.
/// @return M531X_OK, M531X_ERR_BUFFER_TOO_SMALL, M531X_ERR_TIMEOUT, M531X_ERR_MODEM_REBOOTED, M531X_ERR_CANCELLED,
///         M531X_ERR_CLOSED, M531X_ERR_PORT, M531X_ERR_STALE_HANDLE, M531X_ERR_INVALID_ARGUMENT.
/// @note Thread-safe. Blocks; m531x_cancel and m531x_close wake it.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_info(
    modem: m531x_modem,
    timeout_ms: i32,
    text: *mut c_char,
    capacity: u32,
    needed: *mut u32,
) -> m531x_status {
    guard_modem(modem, |entry| {
        // SAFETY: the caller passes NULL or a buffer of that capacity, and NULL or a place.
        let buffer = unsafe { TextBuffer::new(text, capacity, needed, "text") }?;
        let limit = time_limit(timeout_ms)?;
        let info = run_within(&entry.modem, Info, limit)?;
        let mut lines = String::new();
        for (name, value) in [
            ("model", info.model.map(|model| model.name().to_owned())),
            ("name", Some(info.model_text)),
            ("firmware", info.firmware),
            ("imei", info.imei),
            ("imsi", info.imsi),
            ("iccid", info.iccid),
        ] {
            let _ = writeln!(lines, "{name}={}", value.unwrap_or_default());
        }
        buffer.write(&lines)
    })
}

/// Asks the module for the strength of the signal.
///
/// @param modem       [in] An open modem.
/// @param timeout_ms  [in] Milliseconds; -1 is the library's own limit.
/// @param rssi_dbm    [out] The received signal strength in dBm, -113 to -51; 0 when not known; may be NULL.
/// @param ber         [out] The class of the bit error rate, 0 to 7; -1 when not known; may be NULL.
/// @return M531X_OK, M531X_ERR_COMMAND, M531X_ERR_TIMEOUT, M531X_ERR_MODEM_REBOOTED, M531X_ERR_CANCELLED,
///         M531X_ERR_CLOSED, M531X_ERR_PORT, M531X_ERR_STALE_HANDLE, M531X_ERR_INVALID_ARGUMENT.
/// @note Thread-safe. Blocks; m531x_cancel and m531x_close wake it.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_signal(
    modem: m531x_modem,
    timeout_ms: i32,
    rssi_dbm: *mut i32,
    ber: *mut i32,
) -> m531x_status {
    guard_modem(modem, |entry| {
        // SAFETY: the caller passes NULL or places that may be written.
        let (rssi_dbm, ber) = unsafe { (Out::optional(rssi_dbm), Out::optional(ber)) };
        let limit = time_limit(timeout_ms)?;
        let signal = run_within(&entry.modem, Signal, limit)?;
        rssi_dbm.set(signal.rssi_dbm.map_or(0, i32::from));
        ber.set(signal.ber.map_or(-1, i32::from));
        Ok(())
    })
}

/// Wakes a module that sleeps.
///
/// @param modem       [in] An open modem.
/// @param timeout_ms  [in] Milliseconds; -1 is the library's own limit.
/// @return M531X_OK, M531X_ERR_TIMEOUT, M531X_ERR_COMMAND, M531X_ERR_CANCELLED, M531X_ERR_CLOSED, M531X_ERR_PORT,
///         M531X_ERR_STALE_HANDLE, M531X_ERR_INVALID_ARGUMENT.
/// @note Thread-safe. Blocks; m531x_cancel and m531x_close wake it.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn m531x_wake(modem: m531x_modem, timeout_ms: i32) -> m531x_status {
    guard_modem(modem, |entry| {
        let limit = time_limit(timeout_ms)?;
        run_within(&entry.modem, Wake, limit)
    })
}

/// Restarts the module, and waits until it answers again.
///
/// @param modem       [in] An open modem.
/// @param timeout_ms  [in] Milliseconds; -1 is the library's own limit.
/// @return M531X_OK, M531X_ERR_TIMEOUT, M531X_ERR_COMMAND, M531X_ERR_CANCELLED, M531X_ERR_CLOSED, M531X_ERR_PORT,
///         M531X_ERR_STALE_HANDLE, M531X_ERR_INVALID_ARGUMENT.
/// @note Thread-safe. Blocks; m531x_cancel and m531x_close wake it.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn m531x_reboot(modem: m531x_modem, timeout_ms: i32) -> m531x_status {
    guard_modem(modem, |entry| {
        let limit = time_limit(timeout_ms)?;
        run_within(&entry.modem, Reboot, limit)
    })
}
