//! Gives messages and events to their callbacks.

use std::ffi::{CString, c_void};
use std::sync::Arc;

use m531x_core::{Error, Event, Message};

use crate::begin::take_end;
use crate::callback::{EventFunction, MessageFunction};
use crate::constants::m531x_modem;
use crate::marshal::{flags, length, value};
use crate::open_modem::OpenModem;

/// Has messages from now on given to the callback of the modem, or wait.
pub(crate) fn deliver_messages(
    entry: &Arc<OpenModem>,
    modem: m531x_modem,
    called: bool,
) -> Result<(), Error> {
    // The dispatcher must not keep the modem open by itself.
    let weak = Arc::downgrade(entry);
    let callback = called.then_some(move |message: Message| {
        let entry = weak.upgrade()?;
        let call = |function, user_data| call_with_message(function, modem, &message, user_data);
        let mut taken = false;
        for cell in entry.callbacks.matching(&message.topic) {
            taken |= cell.call(call);
        }
        taken |= !taken && entry.callbacks.message.call(call);
        (!taken).then_some(message)
    });
    entry.modem.on_messages(callback)
}

/// As [`deliver_messages`], for events.
pub(crate) fn deliver_events(
    entry: &Arc<OpenModem>,
    modem: m531x_modem,
    called: bool,
) -> Result<(), Error> {
    let weak = Arc::downgrade(entry);
    let callback = called.then_some(move |event: Event| {
        let entry = weak.upgrade()?;
        // The callback may ask for its status.
        take_end(&entry, &event);
        let call = |function, user_data| call_with_event(function, modem, &event, user_data);
        (!entry.callbacks.event.call(call)).then_some(event)
    });
    entry.modem.on_events(callback)
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
