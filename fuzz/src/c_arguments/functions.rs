//! One call of a function, its arguments and what must hold afterwards.

use m531x::command::m531x_command;
use m531x::connection::{m531x_connect, m531x_mqtt_state};
use m531x::errors::{m531x_last_error_text, m531x_last_modem_error};
use m531x::options::m531x_set_string;
use m531x::publish::m531x_publish;
use m531x::set_callback::{m531x_set_event_callback, m531x_set_message_callback};
use m531x::subscribe::{m531x_subscribe, m531x_unsubscribe};
use m531x::version::m531x_version_string;
use m531x::wait::{m531x_event_fd, m531x_wait_event, m531x_wait_message};

use super::arguments::Arguments;
use super::calls::length;
use super::counted;

pub(super) fn set_string(modem: u32, arguments: &mut Arguments<'_>) -> i32 {
    let (option, text) = (arguments.i32(), arguments.text());
    // SAFETY: NULL or a text.
    unsafe { m531x_set_string(modem, option, text.pointer()) }
}

pub(super) fn connect(modem: u32, arguments: &mut Arguments<'_>) -> i32 {
    let (host, client_id) = (arguments.text(), arguments.text());
    let port = u16::try_from(arguments.u32() & 0xFFFF).unwrap_or(0);
    // SAFETY: NULL or texts.
    unsafe {
        m531x_connect(
            modem,
            host.pointer(),
            port,
            client_id.pointer(),
            arguments.timeout(200),
        )
    }
}

pub(super) fn mqtt_state(modem: u32, arguments: &mut Arguments<'_>) -> i32 {
    let mut place = arguments.place();
    // SAFETY: NULL or a place.
    let status = unsafe { m531x_mqtt_state(modem, place.pointer()) };
    assert!(place.value <= 5);
    status
}

pub(super) fn publish(modem: u32, arguments: &mut Arguments<'_>) -> i32 {
    let topic = arguments.text();
    let (payload, extra) = (arguments.next(), arguments.u32());
    // NULL goes with any length; otherwise there are as many bytes as are told.
    let (pointer, length) = match payload {
        b"~" => (std::ptr::null(), extra),
        bytes => (bytes.as_ptr(), length(bytes)),
    };
    let (qos, retain, timeout) = (arguments.u32(), arguments.u32(), arguments.timeout(50));
    // SAFETY: NULL or a text, NULL or `length` bytes.
    unsafe {
        m531x_publish(
            modem,
            topic.pointer(),
            pointer,
            length,
            qos,
            retain,
            timeout,
        )
    }
}

pub(super) fn subscribe(modem: u32, arguments: &mut Arguments<'_>) -> i32 {
    let (filter, qos) = (arguments.text(), arguments.u32());
    let (timeout, mut granted) = (arguments.timeout(50), arguments.place());
    // SAFETY: NULL or a text, NULL or a place.
    let status =
        unsafe { m531x_subscribe(modem, filter.pointer(), qos, timeout, granted.pointer()) };
    assert!(granted.value <= 2);
    status
}

pub(super) fn unsubscribe(modem: u32, arguments: &mut Arguments<'_>) -> i32 {
    let filter = arguments.text();
    // SAFETY: NULL or a text.
    unsafe { m531x_unsubscribe(modem, filter.pointer(), arguments.timeout(50)) }
}

pub(super) fn wait_message(modem: u32, arguments: &mut Arguments<'_>) -> i32 {
    let timeout = arguments.timeout(8);
    let (mut topic, mut topic_needed) = (arguments.buffer(), arguments.place());
    let (mut payload, mut payload_length) = (arguments.buffer(), arguments.place());
    let mut flags = arguments.place();
    // SAFETY: NULL or buffers of their capacity, NULL or places.
    let status = unsafe {
        m531x_wait_message(
            modem,
            timeout,
            topic.pointer(),
            topic.capacity,
            topic_needed.pointer(),
            payload.pointer(),
            payload.capacity,
            payload_length.pointer(),
            flags.pointer(),
        )
    };
    topic.check_text(status == 0);
    if status != 0 {
        payload.check_untouched();
    }
    status
}

pub(super) fn wait_event(modem: u32, arguments: &mut Arguments<'_>) -> i32 {
    let timeout = arguments.timeout(8);
    let (mut kind, mut value) = (arguments.place(), arguments.place());
    let (mut text, mut needed) = (arguments.buffer(), arguments.place());
    // SAFETY: NULL or a buffer of its capacity, NULL or places.
    let status = unsafe {
        m531x_wait_event(
            modem,
            timeout,
            kind.pointer(),
            value.pointer(),
            text.pointer(),
            text.capacity,
            needed.pointer(),
        )
    };
    text.check_text(status == 0);
    status
}

pub(super) fn event_fd(modem: u32, arguments: &mut Arguments<'_>) -> i32 {
    let mut place = arguments.place();
    // SAFETY: NULL or a place.
    unsafe { m531x_event_fd(modem, place.pointer()) }
}

pub(super) fn set_callback(modem: u32, arguments: &mut Arguments<'_>, message: bool) -> i32 {
    let none = arguments.next() == b"~";
    let user_data = if none {
        std::ptr::null_mut()
    } else {
        counted::user_data()
    };
    let finalizer = (!none).then_some(counted::finalizer as extern "C-unwind" fn(_));
    let status = if message {
        let callback =
            (!none).then_some(counted::on_message as extern "C-unwind" fn(_, _, _, _, _, _));
        m531x_set_message_callback(modem, callback, user_data, finalizer)
    } else {
        let callback = (!none).then_some(counted::on_event as extern "C-unwind" fn(_, _, _, _, _));
        m531x_set_event_callback(modem, callback, user_data, finalizer)
    };
    if status != 0 && !none {
        // The library has not taken it over.
        counted::finalizer(user_data);
    }
    status
}

pub(super) fn command(modem: u32, arguments: &mut Arguments<'_>) -> i32 {
    let (line, timeout) = (arguments.text(), arguments.timeout(20));
    let (mut response, mut needed) = (arguments.buffer(), arguments.place());
    // SAFETY: NULL or a text, NULL or a buffer of its capacity, NULL or a place.
    let status = unsafe {
        m531x_command(
            modem,
            line.pointer(),
            timeout,
            response.pointer(),
            response.capacity,
            needed.pointer(),
        )
    };
    // Without a buffer the answer is thrown away.
    if response.capacity > 0 || status != 0 {
        response.check_text(status == 0);
    }
    status
}

pub(super) fn last_error_text(modem: u32, arguments: &mut Arguments<'_>) -> i32 {
    let (mut text, mut needed) = (arguments.buffer(), arguments.place());
    // SAFETY: NULL or a buffer of its capacity, NULL or a place.
    let status =
        unsafe { m531x_last_error_text(modem, text.pointer(), text.capacity, needed.pointer()) };
    text.check_text(status == 0);
    status
}

pub(super) fn last_modem_error(modem: u32, arguments: &mut Arguments<'_>) -> i32 {
    let mut place = arguments.place();
    // SAFETY: NULL or a place.
    unsafe { m531x_last_modem_error(modem, place.pointer()) }
}

pub(super) fn version_string(arguments: &mut Arguments<'_>) -> i32 {
    let (mut text, mut needed) = (arguments.buffer(), arguments.place());
    // SAFETY: NULL or a buffer of its capacity, NULL or a place.
    let status = unsafe { m531x_version_string(text.pointer(), text.capacity, needed.pointer()) };
    text.check_text(status == 0);
    status
}
