//! Arguments of a call, out of the bytes of an act. `~` is NULL.

use std::ffi::c_char;
use std::ptr;

use crate::script::number;

/// What an untouched buffer holds.
const UNTOUCHED: u8 = 0xAA;

pub(super) struct Arguments<'a>(&'a [u8]);

impl<'a> Arguments<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn next(&mut self) -> &'a [u8] {
        let (part, rest) = crate::script::pair(self.0);
        self.0 = rest;
        part
    }

    pub(super) fn text(&mut self) -> Text {
        Text::new(self.next())
    }

    pub(super) fn number(&mut self) -> i64 {
        let part = self.next();
        let (negative, digits) = match part {
            [b'-', digits @ ..] => (true, digits),
            digits => (false, digits),
        };
        let number = i64::try_from(number(digits).0).unwrap_or(0);
        if negative { -number } else { number }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "any number will do"
    )]
    pub(super) fn u32(&mut self) -> u32 {
        self.number() as u32
    }

    #[expect(clippy::cast_possible_truncation, reason = "any number will do")]
    pub(super) fn i32(&mut self) -> i32 {
        self.number() as i32
    }

    /// A time limit in milliseconds, in which a fuzzer has the patience to wait.
    pub(super) fn timeout(&mut self, most: i32) -> i32 {
        match self.i32() {
            -1 => most,
            invalid if invalid < 0 => invalid,
            valid => valid % most,
        }
    }

    pub(super) fn buffer(&mut self) -> Buffer {
        let part = self.next();
        let (null, digits) = match part {
            [b'~', digits @ ..] => (true, digits),
            digits => (false, digits),
        };
        Buffer::new(null, u32::try_from(number(digits).0 % 300).unwrap_or(0))
    }

    /// A place for a result, or NULL.
    pub(super) fn place(&mut self) -> Place {
        Place {
            value: 0,
            null: self.next() == b"~",
        }
    }
}

/// A NUL-terminated text of exactly its size, or NULL.
pub(super) struct Text(Option<Box<[u8]>>);

impl Text {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self((bytes != b"~").then(|| bytes.iter().copied().chain([0]).collect()))
    }

    pub(super) fn pointer(&self) -> *const c_char {
        self.0
            .as_ref()
            .map_or(ptr::null(), |text| text.as_ptr().cast())
    }
}

/// A buffer on the heap of exactly its capacity, so that a byte beyond it is seen.
pub(super) struct Buffer {
    bytes: Box<[u8]>,
    null: bool,
    pub(super) capacity: u32,
}

impl Buffer {
    fn new(null: bool, capacity: u32) -> Self {
        Self {
            bytes: vec![UNTOUCHED; capacity as usize].into_boxed_slice(),
            null,
            capacity,
        }
    }

    pub(super) fn pointer<T>(&mut self) -> *mut T {
        if self.null {
            ptr::null_mut()
        } else {
            self.bytes.as_mut_ptr().cast()
        }
    }

    /// After success it holds a text and its final NUL; after a failure nothing.
    pub(super) fn check_text(&self, succeeded: bool) {
        if succeeded {
            assert!(self.bytes.contains(&0), "no final NUL");
        } else {
            self.check_untouched();
        }
    }

    pub(super) fn check_untouched(&self) {
        assert!(self.bytes.iter().all(|byte| *byte == UNTOUCHED));
    }
}

/// A number that a call may write.
pub(super) struct Place {
    pub(super) value: u32,
    null: bool,
}

impl Place {
    pub(super) fn pointer<T>(&mut self) -> *mut T {
        const { assert!(size_of::<T>() == size_of::<u32>()) };
        if self.null {
            ptr::null_mut()
        } else {
            ptr::from_mut(&mut self.value).cast()
        }
    }
}
