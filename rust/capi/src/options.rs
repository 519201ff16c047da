//! Options: of an open modem, or of one to be opened.

use std::ffi::c_char;
use std::sync::{Arc, MutexGuard};

use m531x_core::{Error, ErrorCode};

use crate::api_constants::m531x_option as name;
use crate::constants::{m531x_modem, m531x_status};
use crate::guard::{guard, guard_modem, guard_opening};
use crate::handle::{OptionSet, option_sets};
use crate::marshal::{Out, TextBuffer, bytes, invalid, optional_text};
use crate::open_modem::OpenModem;
use crate::settings::{Settings, find, place};

/// Makes a set of options for m531x_open_with; all have their defaults.
///
/// @param options  [out] The set: a handle for m531x_set_u32 and its like, m531x_open_with and m531x_options_free.
/// @return M531X_OK, M531X_ERR_INVALID_ARGUMENT, M531X_ERR_BUSY (16384 sets are there).
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_options_new(options: *mut u32) -> m531x_status {
    guard_opening(|| {
        // SAFETY: the caller passes NULL or a place that may be written.
        let out = unsafe { Out::required(options, "options") }?;
        out.set(option_sets().insert(Arc::new(OptionSet::default()))?);
        Ok(())
    })
}

/// Frees a set of options; modems that were opened with it are not concerned.
///
/// @param options  [in] The set; freeing it twice is harmless.
/// @return M531X_OK, M531X_ERR_STALE_HANDLE.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn m531x_options_free(options: u32) -> m531x_status {
    guard(|| option_sets().remove(options).map(|_| ()))
}

/// Sets an option that is a number. Those of the connection take effect with the next m531x_connect, the others at
/// once.
///
/// @param modem   [in] An open modem, or options of m531x_options_new.
/// @param option  [in] M531X_OPTION_...
/// @param value   [in] The value, in the unit and range that the option names.
/// @return M531X_OK, M531X_ERR_INVALID_ARGUMENT (unknown option, one that is a string, a value out of range, or one that
///         has to be set before opening), M531X_ERR_STALE_HANDLE.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn m531x_set_u32(modem: m531x_modem, option: i32, value: u32) -> m531x_status {
    change(modem, option, |settings| settings.set_number(option, value))
}

/// Sets an option that is a text. It takes effect with the next m531x_connect, that of the outbox at once, and so does a
/// password that an M531X_EVENT_PASSWORD_WANTED has asked for.
///
/// @param modem   [in] An open modem, or options of m531x_options_new.
/// @param option  [in] M531X_OPTION_...
/// @param text    [in] The text, UTF-8, which is copied; NULL is the option's default.
/// @return M531X_OK, M531X_ERR_INVALID_ARGUMENT (unknown option, one that is a number, one that has to be set before
///         opening, or not UTF-8), M531X_ERR_STALE_HANDLE; M531X_OPTION_OUTBOX also M531X_ERR_OUTBOX_IN_USE,
///         M531X_ERR_OUTBOX_CORRUPT, M531X_ERR_OUTBOX_FAILED, M531X_ERR_CLOSED.
/// @note Thread-safe. M531X_OPTION_OUTBOX reads the whole file.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_set_string(
    modem: m531x_modem,
    option: i32,
    text: *const c_char,
) -> m531x_status {
    change(modem, option, |settings| {
        // SAFETY: the caller passes NULL or a string.
        let text = unsafe { optional_text(text, "text") }?;
        settings.set_text(option, text.map(str::as_bytes), false)
    })
}

/// Sets an option to any bytes: M531X_OPTION_WILL_PAYLOAD.
///
/// @param modem   [in] An open modem, or options of m531x_options_new.
/// @param option  [in] M531X_OPTION_...
/// @param value   [in] The bytes, which are copied; may be NULL if length is 0.
/// @param length  [in] How many.
/// @return M531X_OK, M531X_ERR_INVALID_ARGUMENT (unknown option, or one that takes no bytes), M531X_ERR_STALE_HANDLE.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_set_bytes(
    modem: m531x_modem,
    option: i32,
    value: *const u8,
    length: u32,
) -> m531x_status {
    change(modem, option, |settings| {
        // SAFETY: the caller passes NULL or `length` bytes.
        let value = unsafe { bytes(value, length, "value") }?;
        settings.set_text(option, Some(value), true)
    })
}

/// Returns an option that is a number: what was set, or the default.
///
/// @param modem   [in] An open modem, or options of m531x_options_new.
/// @param option  [in] M531X_OPTION_...
/// @param value   [out] The value.
/// @return M531X_OK, M531X_ERR_INVALID_ARGUMENT (unknown option, or one that is no number), M531X_ERR_STALE_HANDLE.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_get_u32(
    modem: m531x_modem,
    option: i32,
    value: *mut u32,
) -> m531x_status {
    read(modem, |settings| {
        // SAFETY: the caller passes NULL or a place that may be written.
        let out = unsafe { Out::required(value, "value") }?;
        out.set(settings.get_number(option)?);
        Ok(())
    })
}

/// Returns an option that is a text: what was set, or an empty text. M531X_OPTION_PASSWORD and M531X_OPTION_CLOUD_KEY
/// are refused.
///
/// @param modem     [in] An open modem, or options of m531x_options_new.
/// @param option    [in] M531X_OPTION_...
/// @param text      [out] Buffer for the NUL-terminated text; may be NULL if capacity is 0.
/// @param capacity  [in] Its size in bytes.
/// @param needed    [out] The size that the text needs, with its final NUL; may be NULL.
/// @return M531X_OK, M531X_ERR_BUFFER_TOO_SMALL, M531X_ERR_INVALID_ARGUMENT (unknown option, a number, a password or key, or bytes
///         that are no text), M531X_ERR_STALE_HANDLE.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_get_string(
    modem: m531x_modem,
    option: i32,
    text: *mut c_char,
    capacity: u32,
    needed: *mut u32,
) -> m531x_status {
    read(modem, |settings| {
        // SAFETY: the caller passes NULL or a buffer of that capacity, and NULL or a place.
        let buffer = unsafe { TextBuffer::new(text, capacity, needed, "text") }?;
        buffer.write(&settings.get_text(option)?)
    })
}

/// Changes the settings of an open modem or of a set, all or nothing.
fn change(
    handle: u32,
    option: i32,
    change: impl FnOnce(&mut Settings) -> Result<(), Error>,
) -> m531x_status {
    let changed = |mut settings: MutexGuard<'_, Settings>| {
        let mut new = settings.clone();
        change(&mut new)?;
        *settings = new.clone();
        Ok(new)
    };
    if let Ok(set) = option_sets().get(handle) {
        return guard(|| set.keep_error(handle, changed(set.settings()).map(|_: Settings| ())));
    }
    guard_modem(handle, |entry| {
        let (index, row) = find(option)?;
        if row.opening {
            return Err(invalid(format!(
                "{} has to be set before opening, see m531x_open_with",
                row.name
            )));
        }
        let settings = changed(entry.settings())?;
        // Nothing of the modem may be waited for with the settings locked.
        apply(entry, index, &settings)
    })
}

fn read(handle: u32, look: impl FnOnce(&Settings) -> Result<(), Error>) -> m531x_status {
    if let Ok(set) = option_sets().get(handle) {
        return guard(|| set.keep_error(handle, look(&set.settings())));
    }
    guard_modem(handle, |entry| look(&entry.settings()))
}

/// Has an option of an open modem take effect, if it does so at once.
fn apply(entry: &OpenModem, index: usize, settings: &Settings) -> Result<(), Error> {
    const OVERFLOW: usize = place(name::M531X_OPTION_OVERFLOW);
    const QUEUE_SIZE: usize = place(name::M531X_OPTION_QUEUE_SIZE);
    const QUEUE_BYTES: usize = place(name::M531X_OPTION_QUEUE_BYTES);
    const MAX_WAITING: usize = place(name::M531X_OPTION_MAX_WAITING);
    const PASSWORD: usize = place(name::M531X_OPTION_PASSWORD);
    const OUTBOX: usize = place(name::M531X_OPTION_OUTBOX);
    const RECOVERY: usize = place(name::M531X_OPTION_RECOVERY);
    const MAX_ATTEMPTS: usize = place(name::M531X_OPTION_RECOVERY_MAX_ATTEMPTS);
    const HEALTH_CHECK: usize = place(name::M531X_OPTION_HEALTH_CHECK_S);
    const LOSS_BUDGET: usize = place(name::M531X_OPTION_RECOVERY_LOSS_BUDGET);
    const JITTER: usize = place(name::M531X_OPTION_RECOVERY_JITTER_PERCENT);
    match index {
        OVERFLOW | QUEUE_SIZE | QUEUE_BYTES => {
            let (messages, bytes, overflow) = settings.queue_limits();
            entry
                .modem
                .inbox()
                .set_queue_limits(messages, bytes, overflow);
        }
        MAX_WAITING => entry.modem.set_max_waiting(settings.max_waiting()),
        PASSWORD => {
            // For a connect that waits for one.
            let none = || Error::new(ErrorCode::Connect, "M531X_OPTION_PASSWORD was set to NULL");
            entry
                .modem
                .set_password(None, settings.password().ok_or_else(none));
        }
        OUTBOX => return entry.modem.set_outbox(settings.outbox()),
        RECOVERY..=MAX_ATTEMPTS | HEALTH_CHECK..=LOSS_BUDGET | JITTER => {
            return entry.modem.set_recovery(settings.recovery());
        }
        _ => {}
    }
    Ok(())
}
