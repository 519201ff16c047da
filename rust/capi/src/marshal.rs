//! Arguments from C, and results for it: pointers are checked before they are used, and
//! results are written only when there is nothing left that can fail.

use std::ffi::c_char;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use m531x_core::{Error, ErrorCode, Event, Message};

use crate::api_constants::m531x_message_flag;

/// The longest text and payload that is looked at. The module's command line takes far less; a larger
/// number is a mistake of the caller's, and following it would read memory that is not there.
pub(crate) const LONGEST: u32 = 65_536;

/// An error about an argument.
pub(crate) fn invalid(text: impl Into<String>) -> Error {
    Error::new(ErrorCode::InvalidArgument, text)
}

/// Reads a text that must be there.
///
/// # Safety
///
/// `pointer` is NULL or points at a NUL-terminated string that lives through `'a`.
pub(crate) unsafe fn text<'a>(pointer: *const c_char, name: &str) -> Result<&'a str, Error> {
    // SAFETY: the same condition.
    unsafe { optional_text(pointer, name) }?.ok_or_else(|| invalid(format!("{name} is NULL")))
}

/// Reads a text for which NULL means none.
///
/// # Safety
///
/// As for [`text`].
pub(crate) unsafe fn optional_text<'a>(
    pointer: *const c_char,
    name: &str,
) -> Result<Option<&'a str>, Error> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, so every byte up to the final NUL may be read, and none after it is.
    let end = (0..LONGEST as usize).find(|&at| unsafe { pointer.add(at).read() } == 0);
    let Some(length) = end else {
        return Err(invalid(format!(
            "{name} has no final NUL within {LONGEST} bytes"
        )));
    };
    // SAFETY: these bytes were just read, and they live through 'a.
    let text = unsafe { std::slice::from_raw_parts(pointer.cast::<u8>(), length) };
    match std::str::from_utf8(text) {
        Ok(text) => Ok(Some(text)),
        Err(error) => Err(invalid(format!(
            "{name} is not UTF-8: byte {} is wrong",
            error.valid_up_to()
        ))),
    }
}

/// Reads bytes; NULL is allowed for none.
///
/// # Safety
///
/// `pointer` is NULL or points at `length` readable bytes that live through `'a`.
pub(crate) unsafe fn bytes<'a>(
    pointer: *const u8,
    length: u32,
    name: &str,
) -> Result<&'a [u8], Error> {
    if length == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() {
        return Err(invalid(format!(
            "{name} is NULL, but its length is {length}"
        )));
    }
    if length > LONGEST {
        return Err(invalid(format!(
            "{name} cannot be {length} bytes long: {LONGEST} is the most"
        )));
    }
    // SAFETY: not NULL, and the caller vouches for `length` bytes.
    Ok(unsafe { std::slice::from_raw_parts(pointer, length as usize) })
}

/// Reads what a text means, such as a model.
pub(crate) fn parsed<T: FromStr<Err: Display>>(text: &str) -> Result<T, Error> {
    text.parse()
        .map_err(|error: T::Err| invalid(error.to_string()))
}

/// A place for one result.
pub(crate) struct Out<T>(*mut T);

impl<T> Out<T> {
    /// A place that must be there.
    ///
    /// # Safety
    ///
    /// `pointer` is NULL or may be written while the value lives.
    pub(crate) unsafe fn required(pointer: *mut T, name: &str) -> Result<Self, Error> {
        if pointer.is_null() {
            return Err(invalid(format!("{name} is NULL")));
        }
        Ok(Self(pointer))
    }

    /// A place that may be left out.
    ///
    /// # Safety
    ///
    /// As for [`required`](Self::required).
    pub(crate) unsafe fn optional(pointer: *mut T) -> Self {
        Self(pointer)
    }

    pub(crate) fn is_null(&self) -> bool {
        self.0.is_null()
    }

    pub(crate) fn set(&self, value: T) {
        if !self.0.is_null() {
            // SAFETY: not NULL, and the constructor's caller vouches that it may be written. It need
            // not be aligned: some tools pass a place inside a packed cluster.
            unsafe { self.0.write_unaligned(value) }
        }
    }
}

/// A caller's buffer.
pub(crate) struct Buffer {
    pointer: *mut u8,
    capacity: u32,
}

impl Buffer {
    /// A buffer; NULL goes with a capacity of 0 only.
    ///
    /// # Safety
    ///
    /// `pointer` is NULL or points at `capacity` bytes that may be written while the value lives.
    pub(crate) unsafe fn new(pointer: *mut u8, capacity: u32, name: &str) -> Result<Self, Error> {
        if pointer.is_null() && capacity > 0 {
            return Err(invalid(format!(
                "{name} is NULL, but its capacity is {capacity}"
            )));
        }
        Ok(Self { pointer, capacity })
    }

    /// Whether `size` bytes fit.
    pub(crate) fn holds(&self, size: usize) -> bool {
        size <= self.capacity as usize
    }

    /// Copies `content`, which fits.
    pub(crate) fn fill(&self, content: &[u8]) {
        if content.is_empty() || !self.holds(content.len()) {
            return;
        }
        // SAFETY: the buffer holds `content`, is not NULL as its capacity is not 0, and is not ours.
        unsafe { std::ptr::copy_nonoverlapping(content.as_ptr(), self.pointer, content.len()) }
    }
}

/// A caller's buffer for a NUL-terminated text, and where to return the size it needs.
pub(crate) struct TextBuffer {
    buffer: Buffer,
    needed: Out<u32>,
}

impl TextBuffer {
    /// A text buffer; `needed` may be NULL.
    ///
    /// # Safety
    ///
    /// As for [`Buffer::new`] and [`Out::optional`].
    pub(crate) unsafe fn new(
        pointer: *mut c_char,
        capacity: u32,
        needed: *mut u32,
        name: &str,
    ) -> Result<Self, Error> {
        Ok(Self {
            // SAFETY: the same condition.
            buffer: unsafe { Buffer::new(pointer.cast(), capacity, name) }?,
            // SAFETY: the same condition.
            needed: unsafe { Out::optional(needed) },
        })
    }

    /// Returns the size that `text` needs to the caller, its final NUL included, and whether it fits.
    pub(crate) fn announce(&self, text: &str) -> bool {
        self.needed.set(length(text.len() + 1));
        self.buffer.holds(text.len() + 1)
    }

    /// Copies a text that fits; a NUL inside it, which only a damaged line can hold, becomes `?`.
    pub(crate) fn fill(&self, text: &str) {
        let mut content: Vec<u8> = text
            .bytes()
            .map(|b| if b == 0 { b'?' } else { b })
            .collect();
        content.push(0);
        self.buffer.fill(&content);
    }

    /// Announces and copies, or says that the buffer is too small.
    pub(crate) fn write(&self, text: &str) -> Result<(), Error> {
        if !self.announce(text) {
            return Err(too_small(text.len() + 1));
        }
        self.fill(text);
        Ok(())
    }
}

/// The error for a buffer that does not hold `needed` bytes.
pub(crate) fn too_small(needed: usize) -> Error {
    Error::new(
        ErrorCode::BufferTooSmall,
        format!("the buffer is too small: {needed} bytes are needed"),
    )
}

/// A length for the other side.
pub(crate) fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Reads a time limit: -1 is none, 0 does not wait.
pub(crate) fn time_limit(timeout_ms: i32) -> Result<Option<Duration>, Error> {
    match timeout_ms {
        -1 => Ok(None),
        milliseconds => u64::try_from(milliseconds)
            .map(|milliseconds| Some(Duration::from_millis(milliseconds)))
            .map_err(|_| {
                invalid(format!(
                    "timeout_ms is {timeout_ms}: use -1 for no limit, or 0 and more"
                ))
            }),
    }
}

/// The flags of a message.
pub(crate) fn flags(message: &Message) -> u32 {
    use m531x_message_flag::{
        M531X_MESSAGE_AMBIGUOUS, M531X_MESSAGE_DUP, M531X_MESSAGE_RETAIN, M531X_MESSAGE_TRUNCATED,
    };
    [
        (message.retain, M531X_MESSAGE_RETAIN),
        (message.dup, M531X_MESSAGE_DUP),
        (message.truncated, M531X_MESSAGE_TRUNCATED),
        (message.ambiguous, M531X_MESSAGE_AMBIGUOUS),
    ]
    .into_iter()
    .filter(|(set, _)| *set)
    .fold(u32::from(u8::from(message.qos)), |flags, (_, flag)| {
        flags | flag as u32
    })
}

/// An event's number, at the ends of the range if it is beyond them.
pub(crate) fn value(event: &Event) -> i32 {
    i32::try_from(event.value).unwrap_or(if event.value < 0 { i32::MIN } else { i32::MAX })
}
