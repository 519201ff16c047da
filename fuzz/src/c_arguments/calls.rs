//! The calls of a program, and what it was given by them.

use std::ffi::CStr;

use m531x::connection::{m531x_disconnect, m531x_wait_for_network};
use m531x::errors::{m531x_error_name, m531x_error_text};
use m531x::open::{m531x_cancel, m531x_close, m531x_open};
use m531x::options::m531x_set_u32;
use m531x::publish::{m531x_publish_start, m531x_publish_wait};
use m531x::virtual_modem::{m531x_virtual_modem_start, m531x_virtual_modem_stop};
use m531x_core::ErrorCode;

use super::arguments::{Arguments, Text};
use super::{counted, functions};

/// A program in C that means no good, but keeps to the language.
pub(super) struct Caller {
    /// Handles that were given, closed ones included; the first is never valid.
    modems: Vec<u32>,
    virtual_modems: Vec<u32>,
    tokens: Vec<u32>,
}

impl Caller {
    pub(super) fn new() -> Self {
        Self {
            modems: vec![0],
            virtual_modems: Vec::new(),
            tokens: Vec::new(),
        }
    }

    pub(super) fn call(&mut self, act: &[u8]) {
        let [function, handle, arguments @ ..] = act else {
            return;
        };
        let modem = self.handle(*handle);
        let mut arguments = Arguments::new(arguments);
        let status = match function {
            b'o' => self.open(&mut arguments),
            b'v' => self.start_virtual_modem(&mut arguments),
            b'V' => m531x_virtual_modem_stop(modem),
            b'x' => m531x_close(modem),
            b'q' => m531x_cancel(modem),
            b'n' => m531x_set_u32(modem, arguments.i32(), arguments.u32()),
            b'i' => functions::last_modem_error(modem, &mut arguments),
            b's' => functions::set_string(modem, &mut arguments),
            b'w' => m531x_wait_for_network(modem, arguments.timeout(8)),
            b'C' => functions::connect(modem, &mut arguments),
            b'D' => m531x_disconnect(modem, arguments.timeout(20)),
            b'S' => functions::mqtt_state(modem, &mut arguments),
            b'p' => functions::publish(modem, &mut arguments),
            b'P' => self.publish_start(modem, &mut arguments),
            b'W' => self.publish_wait(modem, &mut arguments),
            b'u' => functions::subscribe(modem, &mut arguments),
            b'U' => functions::unsubscribe(modem, &mut arguments),
            b'm' => functions::wait_message(modem, &mut arguments),
            b'e' => functions::wait_event(modem, &mut arguments),
            b'f' => functions::event_fd(modem, &mut arguments),
            b'M' => functions::set_callback(modem, &mut arguments, true),
            b'E' => functions::set_callback(modem, &mut arguments, false),
            b'c' => functions::command(modem, &mut arguments),
            b't' => functions::last_error_text(modem, &mut arguments),
            b'y' => functions::version_string(&mut arguments),
            b'z' => arguments.i32().min(0),
            _ => return,
        };
        check_status(status, *function == b'z');
    }

    /// Closes everything, which releases every callback's user data; tells whether there was anything.
    pub(super) fn close_all(&self) -> bool {
        for modem in &self.modems {
            m531x_close(*modem);
        }
        for virtual_modem in &self.virtual_modems {
            m531x_virtual_modem_stop(*virtual_modem);
        }
        assert_eq!(counted::held(), 0, "user data without a finalizer's call");
        self.modems.len() + self.virtual_modems.len() > 1
    }

    /// A handle that was given for a small digit, of the other kind for a larger, else made up.
    fn handle(&self, digit: u8) -> u32 {
        match digit {
            b'0'..=b'4' => *self.modems.get(usize::from(digit - b'0')).unwrap_or(&0),
            b'5'..=b'7' => *self
                .virtual_modems
                .get(usize::from(digit - b'5'))
                .unwrap_or(&u32::MAX),
            other => u32::from(other).wrapping_mul(0x0100_4001),
        }
    }

    fn open(&mut self, arguments: &mut Arguments<'_>) -> i32 {
        let port = arguments.next();
        // Nothing that could be a device or an address of this machine or another.
        if port != b"virtual://" && port.contains(&b'/') || self.modems.len() > 4 {
            return 0;
        }
        let (port, model) = (Text::new(port), arguments.text());
        let (baudrate, timeout) = (arguments.u32(), arguments.timeout(2000));
        let mut place = arguments.place();
        // SAFETY: NULL or texts, NULL or a place.
        let status = unsafe {
            m531x_open(
                port.pointer(),
                baudrate,
                model.pointer(),
                timeout,
                place.pointer(),
            )
        };
        assert_eq!(status == 0, place.value != 0, "a handle with success only");
        if status == 0 {
            self.modems.push(place.value);
        }
        status
    }

    fn start_virtual_modem(&mut self, arguments: &mut Arguments<'_>) -> i32 {
        let (model, broker) = (arguments.text(), arguments.text());
        let link = match arguments.next() {
            b"~" => Text::new(b"~"),
            b"tcp" => Text::new(b"tcp://127.0.0.1:0"),
            name => Text::new(&link_path(name)),
        };
        let mut place = arguments.place();
        let (mut port, mut needed) = (arguments.buffer(), arguments.place());
        if self.virtual_modems.len() > 2 {
            return 0;
        }
        // SAFETY: NULL or texts, a buffer of its capacity, NULL or places.
        let status = unsafe {
            m531x_virtual_modem_start(
                model.pointer(),
                broker.pointer(),
                link.pointer(),
                place.pointer(),
                port.pointer(),
                port.capacity,
                needed.pointer(),
            )
        };
        port.check_text(status == 0);
        assert_eq!(status == 0, place.value != 0, "a handle with success only");
        if status == 0 {
            self.virtual_modems.push(place.value);
        }
        status
    }

    fn publish_start(&mut self, modem: u32, arguments: &mut Arguments<'_>) -> i32 {
        let (topic, payload) = (arguments.text(), arguments.next());
        let (qos, retain, mut token) = (arguments.u32(), arguments.u32(), arguments.place());
        // SAFETY: NULL or a text, bytes and how many, NULL or a place.
        let status = unsafe {
            m531x_publish_start(
                modem,
                topic.pointer(),
                payload.as_ptr(),
                length(payload),
                qos,
                retain,
                token.pointer(),
            )
        };
        self.tokens.push(token.value);
        status
    }

    fn publish_wait(&mut self, modem: u32, arguments: &mut Arguments<'_>) -> i32 {
        let token = arguments.u32();
        let token = self.tokens.get(token as usize).copied().unwrap_or(token);
        m531x_publish_wait(modem, token, arguments.timeout(20))
    }
}

pub(super) fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// A path of which only the name is the fuzzer's.
fn link_path(name: &[u8]) -> Vec<u8> {
    let folder = std::env::temp_dir();
    let mut path = folder.as_os_str().as_encoded_bytes().to_vec();
    path.extend_from_slice(format!("/m531x-fuzz-{}-", std::process::id()).as_bytes());
    path.extend(name.iter().filter(|byte| **byte != b'/'));
    path
}

/// A status has a name and a text, and is never the one of a defect.
fn check_status(status: i32, made_up: bool) {
    // SAFETY: both are static texts.
    let (name, text) = unsafe {
        (
            CStr::from_ptr(m531x_error_name(status)),
            CStr::from_ptr(m531x_error_text(status)),
        )
    };
    assert!(!name.is_empty() && !text.is_empty());
    if !made_up {
        assert_ne!(name, c"M531X_ERR_UNKNOWN", "{status}");
        assert_ne!(status, ErrorCode::Internal.number());
    }
}
