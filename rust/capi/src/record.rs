//! Recording the session.

use std::ffi::c_char;

use crate::constants::{m531x_modem, m531x_status};
use crate::guard::guard_modem;
use crate::marshal::optional_text;

/// Records everything that passes from now on into a file, for `m531x replay` and for reading: the bytes in both
/// directions with their times, what was asked for and how it ended.
///
/// Passwords and PINs are not in it; topics, payloads and the numbers of module and SIM are. The file is readable by its
/// owner only; a recording that is there is kept under the same name with ".1" added. At about 64 MiB it is put aside as
/// ".1" and a new one begun. It ends with another call, with NULL for the path, or with m531x_close. If the file
/// becomes impossible to write, an M531X_EVENT_RECORDING_STOPPED reports why.
///
/// @param modem [in] An open modem.
/// @param path  [in] The file's name, UTF-8, which is copied; NULL ends a recording that is under way.
/// @return M531X_OK, M531X_ERR_RECORDING (the file cannot be created, or when ended, was not written; another file that
///         is no recording stands there), M531X_ERR_BUSY (there is a recording under way), M531X_ERR_CLOSED,
///         M531X_ERR_INVALID_ARGUMENT, M531X_ERR_STALE_HANDLE.
/// @note Thread-safe. Waits for the disk.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_record(modem: m531x_modem, path: *const c_char) -> m531x_status {
    guard_modem(modem, |entry| {
        // SAFETY: the caller passes NULL or a string.
        let path = unsafe { optional_text(path, "path") }?;
        match (path, entry.modem.recording()) {
            (Some(path), _) => entry.modem.record(path).map(|_| ()),
            (None, Some(recording)) => recording.finish().map(|_| ()),
            (None, None) => Ok(()),
        }
    })
}
