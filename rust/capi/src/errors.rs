//! Errors in words.

use std::ffi::{CStr, c_char};

use m531x_core::Error;

use crate::constants::{M531X_OK, m531x_modem, m531x_status};
use crate::error_constants::{STATIC_NAMES, STATIC_TEXTS};
use crate::guard::guard;
use crate::handle;
use crate::last_error::{Kept, of_openings};
use crate::marshal::{Out, TextBuffer};

/// The name of a status, such as "M531X_ERR_TIMEOUT".
///
/// @param status  [in] What a function returned.
/// @return A static text that is never freed; "M531X_OK" for 0 and above, "M531X_ERR_UNKNOWN" for a number this version
///         does not know.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn m531x_error_name(status: m531x_status) -> *const c_char {
    find(STATIC_NAMES, status, c"M531X_ERR_UNKNOWN").as_ptr()
}

/// A status as a sentence: what is wrong and what to do.
///
/// @param status  [in] What a function returned.
/// @return A static text that is never freed.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn m531x_error_text(status: m531x_status) -> *const c_char {
    find(
        STATIC_TEXTS,
        status,
        c"a status that this version does not know",
    )
    .as_ptr()
}

/// The text of the last error of a modem, with the thing and the number in question.
///
/// If the calling thread's last call of this modem failed, it is that call's text, which no other thread overwrites;
/// else the text of the last call of this modem that failed on any thread, so that tools that change threads between two
/// calls find it. A wait whose time ran out counts as no call. With the handle 0 the same holds for m531x_open,
/// m531x_open_with and m531x_virtual_modem_start.
///
/// @param modem   [in] A modem, or 0.
/// @param text    [out] Buffer for the NUL-terminated text; may be NULL if capacity is 0.
/// @param capacity [in] Size of the buffer in bytes.
/// @param needed  [out] Size that the text needs, with its final NUL; may be NULL.
/// @return M531X_OK (the text is empty if there was no error), M531X_ERR_BUFFER_TOO_SMALL, M531X_ERR_STALE_HANDLE,
///         M531X_ERR_INVALID_ARGUMENT.
/// @note Thread-safe. Does not change the last error.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_last_error_text(
    modem: m531x_modem,
    text: *mut c_char,
    capacity: u32,
    needed: *mut u32,
) -> m531x_status {
    guard(|| {
        // SAFETY: the caller passes NULL or a buffer of that capacity, and NULL or a place.
        let buffer = unsafe { TextBuffer::new(text, capacity, needed, "text") }?;
        buffer.write(&last_error(modem)?.text)
    })
}

/// The number of the module's +CME ERROR behind the last error of a modem.
///
/// @param modem   [in] A modem, or 0 as for m531x_last_error_text.
/// @param number  [out] The number, or -1 if the module gave none.
/// @return M531X_OK, M531X_ERR_STALE_HANDLE, M531X_ERR_INVALID_ARGUMENT.
/// @note Thread-safe. Does not change the last error.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_last_modem_error(
    modem: m531x_modem,
    number: *mut i32,
) -> m531x_status {
    guard(|| {
        // SAFETY: the caller passes NULL or a place that may be written.
        let out = unsafe { Out::required(number, "number") }?;
        out.set(last_error(modem)?.modem_code.map_or(-1, i32::from));
        Ok(())
    })
}

fn last_error(modem: m531x_modem) -> Result<Kept, Error> {
    if modem == 0 {
        return Ok(of_openings().get(0));
    }
    if let Ok(set) = handle::option_sets().get(modem) {
        return Ok(set.last_error.get(modem));
    }
    Ok(handle::modems().get(modem)?.last_error.get(modem))
}

fn find(
    table: &'static [(m531x_status, &'static CStr)],
    status: m531x_status,
    otherwise: &'static CStr,
) -> &'static CStr {
    // Above 0 is success with more to say.
    let status = status.min(M531X_OK);
    table
        .iter()
        .find(|(number, _)| *number == status)
        .map_or(otherwise, |(_, text)| text)
}
