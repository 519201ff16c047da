//! Callbacks: an addition for programs that can take them.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use m531x_core::Error;

use crate::callback::Registration;
use crate::constants::{
    m531x_event_callback, m531x_finalizer, m531x_message_callback, m531x_modem, m531x_status,
};
use crate::deliver::{deliver_events, deliver_messages};
use crate::guard::guard_modem;
use crate::marshal::text;
use crate::open_modem::OpenModem;

/// Has every message given to `callback` instead of queueing it for m531x_wait_message.
///
/// The callback runs on a thread of the library, one message after the other in the order of arrival, with no lock
/// held: it may call any function, m531x_close included. Messages that wait already stay in the queue. Setting it
/// again replaces it; NULL removes it. A callback that runs meanwhile is waited for, unless the caller is a callback
/// itself: do not hold a lock that the callback takes.
///
/// @param modem      [in] An open modem.
/// @param callback   [in] The function; NULL for none, and then user_data and finalizer are not used.
/// @param user_data  [in] Handed to the callback; may be NULL.
/// @param finalizer  [in] Called once with user_data, once no callback can get it: after it was replaced or
///                   the modem was closed. May be NULL. It is not called if this function fails.
/// @return M531X_OK, M531X_ERR_STALE_HANDLE, M531X_ERR_CLOSED, M531X_ERR_OUT_OF_RESOURCES.
/// @note Thread-safe; the callback is called on a thread of the library.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn m531x_set_message_callback(
    modem: m531x_modem,
    callback: m531x_message_callback,
    user_data: *mut c_void,
    finalizer: m531x_finalizer,
) -> m531x_status {
    guard_modem(modem, |entry| {
        let called = callback.is_some();
        if called {
            deliver_messages(entry, modem, true)?;
        }
        // Only now: what fails before must not call the finalizer.
        let new = callback.map(|function| Registration::new(function, user_data, finalizer));
        entry.callbacks.message.replace(new);
        end_delivery(entry, modem, called)
    })
}

/// Has every message that matches a topic filter given to `callback`, before that of m531x_set_message_callback and instead
/// of it. It subscribes to nothing: m531x_subscribe does, before or after it, or an earlier session that the broker has kept.
///
/// A message that matches several filters goes to the callback of each. For the rest the rules of
/// m531x_set_message_callback hold.
///
/// @param modem      [in] An open modem.
/// @param filter     [in] The topic filter, UTF-8; + and # are wildcards.
/// @param callback   [in] The function; NULL removes that of this filter.
/// @param user_data  [in] Handed to the callback; may be NULL.
/// @param finalizer  [in] Called once with user_data, once no callback can get it; may be NULL.
/// @return M531X_OK, M531X_ERR_INVALID_ARGUMENT, M531X_ERR_STALE_HANDLE, M531X_ERR_CLOSED, M531X_ERR_OUT_OF_RESOURCES.
/// @note Thread-safe; the callback is called on a thread of the library.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_subscribe_callback(
    modem: m531x_modem,
    filter: *const c_char,
    callback: m531x_message_callback,
    user_data: *mut c_void,
    finalizer: m531x_finalizer,
) -> m531x_status {
    guard_modem(modem, |entry| {
        // SAFETY: the caller passes NULL or a string.
        let filter = unsafe { text(filter, "filter") }?;
        let called = callback.is_some();
        if called {
            deliver_messages(entry, modem, true)?;
        }
        let cell = entry.callbacks.of_filter(filter);
        cell.replace(callback.map(|function| Registration::new(function, user_data, finalizer)));
        if !called {
            entry.callbacks.forget_filter(filter);
        }
        end_delivery(entry, modem, called)
    })
}

/// Has messages wait again once no callback is left for them.
fn end_delivery(entry: &Arc<OpenModem>, modem: m531x_modem, called: bool) -> Result<(), Error> {
    if called || entry.callbacks.take_messages() {
        return Ok(());
    }
    deliver_messages(entry, modem, false)
}

/// Has every event given to `callback` instead of queueing it for m531x_wait_event.
///
/// The same rules as for m531x_set_message_callback; both callbacks run on the same thread, in the order of the wire.
///
/// @param modem      [in] An open modem.
/// @param callback   [in] The function; NULL for none, and then user_data and finalizer are not used.
/// @param user_data  [in] Handed to the callback; may be NULL.
/// @param finalizer  [in] Called once with user_data, once no callback can get it; may be NULL.
/// @return M531X_OK, M531X_ERR_STALE_HANDLE, M531X_ERR_CLOSED, M531X_ERR_OUT_OF_RESOURCES.
/// @note Thread-safe; the callback is called on a thread of the library.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn m531x_set_event_callback(
    modem: m531x_modem,
    callback: m531x_event_callback,
    user_data: *mut c_void,
    finalizer: m531x_finalizer,
) -> m531x_status {
    guard_modem(modem, |entry| {
        let called = callback.is_some();
        if called || entry.callbacks.event.is_set() {
            deliver_events(entry, modem, called)?;
        }
        // Only now: what fails before must not call the finalizer.
        let new = callback.map(|function| Registration::new(function, user_data, finalizer));
        entry.callbacks.event.replace(new);
        Ok(())
    })
}
