//! Callbacks: an addition for those who can take them.

use std::cell::Cell;
use std::ffi::{CString, c_void};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use m531x_core::{Event, EventKind, Incoming, Message};

use crate::border::length;
use crate::constants::{
    m531x_event_callback, m531x_finalizer, m531x_message_callback, m531x_modem, m531x_status,
};
use crate::entry::Entry;
use crate::guard::guard_modem;
use crate::wait::{flags, value};

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
/// @param finalizer  [in] Called once with user_data, when no callback can get it any more: after it was replaced or
///                   the modem was closed. May be NULL. It is not called if this function fails.
/// @return M531X_OK, M531X_ERR_STALE_HANDLE.
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
        let new = callback.map(|function| Registration::new(function, user_data, finalizer));
        let takes = new.is_some();
        entry.callbacks.message.replace(new);
        if takes {
            entry.inbox.let_through();
        }
        Ok(())
    })
}

/// Has every event given to `callback` instead of queueing it for m531x_wait_event.
///
/// The same rules as for m531x_set_message_callback; both callbacks run on the same thread, in the order of the wire.
///
/// @param modem      [in] An open modem.
/// @param callback   [in] The function; NULL for none, and then user_data and finalizer are not used.
/// @param user_data  [in] Handed to the callback; may be NULL.
/// @param finalizer  [in] Called once with user_data, when no callback can get it any more; may be NULL.
/// @return M531X_OK, M531X_ERR_STALE_HANDLE.
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
        let new = callback.map(|function| Registration::new(function, user_data, finalizer));
        entry.callbacks.event.replace(new);
        Ok(())
    })
}

type MessageFunction =
    extern "C" fn(m531x_modem, *const std::ffi::c_char, *const u8, u32, u32, *mut c_void);
type EventFunction = extern "C" fn(m531x_modem, i32, i32, *const std::ffi::c_char, *mut c_void);

/// The callbacks of one modem.
#[derive(Default)]
pub(crate) struct Callbacks {
    message: Slot<MessageFunction>,
    event: Slot<EventFunction>,
}

impl Callbacks {
    /// No callback begins after this, and none runs, unless a callback calls it.
    pub(crate) fn clear(&self) {
        self.message.replace(None);
        self.event.replace(None);
    }
}

/// Gives what arrived to its callback, or queues it.
pub(crate) fn deliver(entry: &Arc<Entry>, modem: m531x_modem, incoming: Incoming) {
    match incoming {
        Incoming::Message(message) => {
            let called = entry.callbacks.message.call(|function, user_data| {
                call_with_message(function, modem, &message, user_data);
            });
            if !called {
                entry.inbox.push_message(message);
            }
        }
        Incoming::Event(event) => {
            let ends = event.kind == EventKind::PortLost;
            let called = entry
                .callbacks
                .event
                .call(|function, user_data| call_with_event(function, modem, &event, user_data));
            if !called {
                entry.inbox.push_event(event);
            }
            // A wait ends when all that arrived was taken, this event included. A port that is looked
            // for is no end.
            if let Some(end) = entry.modem.ended().filter(|_| ends) {
                entry.inbox.finish(end);
            }
        }
    }
}

fn call_with_message(
    function: MessageFunction,
    modem: m531x_modem,
    message: &Message,
    user_data: *mut c_void,
) {
    let topic = terminated(&message.topic);
    let payload = &message.payload;
    function(
        modem,
        topic.as_ptr(),
        payload.as_ptr(),
        length(payload.len()),
        flags(message),
        user_data,
    );
}

fn call_with_event(
    function: EventFunction,
    modem: m531x_modem,
    event: &Event,
    user_data: *mut c_void,
) {
    let text = terminated(&event.text);
    function(
        modem,
        event.kind as i32,
        value(event),
        text.as_ptr(),
        user_data,
    );
}

/// A text with its final NUL; one inside it, which only a damaged line can hold, becomes `?`.
fn terminated(text: &str) -> CString {
    CString::new(text.replace('\0', "?")).unwrap_or_default()
}

thread_local! {
    /// Set on a thread that runs a callback. It waits for no other: two callbacks that close each
    /// other's modem would wait for ever.
    static IN_CALLBACK: Cell<bool> = const { Cell::new(false) };
}

/// A place for one callback.
struct Slot<F> {
    state: Mutex<SlotState<F>>,
    idle: Condvar,
}

struct SlotState<F> {
    registration: Option<Arc<Registration<F>>>,
    running: bool,
}

impl<F: Copy> Slot<F> {
    /// Calls the callback, if there is one.
    fn call(&self, with: impl FnOnce(F, *mut c_void)) -> bool {
        let registration = {
            let mut state = self.lock();
            let Some(registration) = state.registration.clone() else {
                return false;
            };
            state.running = true;
            registration
        };
        IN_CALLBACK.set(true);
        with(registration.function, registration.user_data.0);
        // If it was replaced meanwhile, this was the last use of it.
        drop(registration);
        IN_CALLBACK.set(false);
        self.lock().running = false;
        self.idle.notify_all();
        true
    }

    fn replace(&self, new: Option<Registration<F>>) {
        let mut state = self.lock();
        let old = std::mem::replace(&mut state.registration, new.map(Arc::new));
        while state.running && !IN_CALLBACK.get() {
            state = self
                .idle
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        // Outside the lock: the finalizer may call anything.
        drop(old);
    }

    fn lock(&self) -> MutexGuard<'_, SlotState<F>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F> Default for Slot<F> {
    fn default() -> Self {
        Self {
            state: Mutex::new(SlotState {
                registration: None,
                running: false,
            }),
            idle: Condvar::new(),
        }
    }
}

/// A callback, its user data, and what to do with that in the end.
struct Registration<F> {
    function: F,
    user_data: UserData,
    finalizer: m531x_finalizer,
}

impl<F> Registration<F> {
    fn new(function: F, user_data: *mut c_void, finalizer: m531x_finalizer) -> Self {
        Self {
            function,
            user_data: UserData(user_data),
            finalizer,
        }
    }
}

impl<F> Drop for Registration<F> {
    fn drop(&mut self) {
        if let Some(finalizer) = self.finalizer {
            finalizer(self.user_data.0);
        }
    }
}

struct UserData(*mut c_void);

// SAFETY: the pointer is never followed here, only handed to callback and finalizer, one call at a
// time; the header says that they run on a thread of the library.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}
