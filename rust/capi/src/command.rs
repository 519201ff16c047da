//! Raw commands.

use std::ffi::c_char;

use crate::api_constants::m531x_option::M531X_OPTION_COMMAND_TIMEOUT_MS;
use crate::constants::{m531x_modem, m531x_status};
use crate::guard::guard_modem;
use crate::marshal::{TextBuffer, text, time_limit};

/// Sends one AT command line and waits for its final result.
///
/// If the buffer is too small the command has been carried out all the same.
///
/// @param modem       [in] An open modem.
/// @param line        [in] The line without its CR, such as "AT+CSQ".
/// @param timeout_ms  [in] Milliseconds; -1 is that of M531X_OPTION_COMMAND_TIMEOUT_MS.
/// @param response    [out] Buffer for the information lines, each ended by LF, NUL-terminated; may be NULL if capacity
///                    is 0.
/// @param capacity    [in] Its size in bytes.
/// @param needed      [out] The size that the response needs, with its final NUL; may be NULL.
/// @return M531X_OK, M531X_ERR_COMMAND (m531x_last_modem_error returns the number), M531X_ERR_TIMEOUT,
///         M531X_ERR_BUFFER_TOO_SMALL, M531X_ERR_INVALID_ARGUMENT (a line that would be more than one command),
///         M531X_ERR_MODEM_REBOOTED, M531X_ERR_CANCELLED, M531X_ERR_CLOSED, M531X_ERR_PORT, M531X_ERR_STALE_HANDLE.
/// @note Thread-safe. Blocks; m531x_cancel and m531x_close wake it.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_command(
    modem: m531x_modem,
    line: *const c_char,
    timeout_ms: i32,
    response: *mut c_char,
    capacity: u32,
    needed: *mut u32,
) -> m531x_status {
    guard_modem(modem, |entry| {
        // SAFETY: the caller passes NULL or a string, NULL or a buffer of that capacity, and NULL or
        // a place.
        let (line, buffer) = unsafe {
            (
                text(line, "line")?,
                TextBuffer::new(response, capacity, needed, "response")?,
            )
        };
        let limit = time_limit(timeout_ms)?.unwrap_or_else(|| {
            entry
                .settings()
                .milliseconds(M531X_OPTION_COMMAND_TIMEOUT_MS)
        });
        let mut answer = String::new();
        for line in entry.modem.command(line, Some(limit))? {
            answer.push_str(&line);
            answer.push('\n');
        }
        if capacity == 0 && response.is_null() {
            buffer.announce(&answer);
            return Ok(());
        }
        buffer.write(&answer)
    })
}
