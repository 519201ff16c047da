//! Gives messages and events to their callbacks, or queues them.

use std::ffi::{CString, c_void};
use std::sync::Arc;

use m531x_core::{Event, EventKind, Incoming, Message};

use crate::callback::{EventFunction, MessageFunction};
use crate::constants::m531x_modem;
use crate::marshal::{flags, length, value};
use crate::open_modem::OpenModem;

/// Gives what arrived to its callback, or queues it.
pub(crate) fn deliver(entry: &Arc<OpenModem>, modem: m531x_modem, incoming: Incoming) {
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
