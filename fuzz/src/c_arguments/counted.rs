//! Callbacks that read all they are given, and count their ends.

use std::ffi::{CStr, c_char, c_void};
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many callbacks still have their user data.
static HELD: AtomicUsize = AtomicUsize::new(0);
/// What the callbacks read, so that reading it is not left out.
static READ: AtomicUsize = AtomicUsize::new(0);

/// User data that [`finalizer`] releases.
pub(super) fn user_data() -> *mut c_void {
    HELD.fetch_add(1, Ordering::SeqCst);
    Box::into_raw(Box::new(0_u64)).cast()
}

pub(super) fn held() -> usize {
    HELD.load(Ordering::SeqCst)
}

pub(super) extern "C-unwind" fn finalizer(user_data: *mut c_void) {
    // SAFETY: it comes from `user_data`, and the library finalizes it once.
    drop(unsafe { Box::from_raw(user_data.cast::<u64>()) });
    HELD.fetch_sub(1, Ordering::SeqCst);
}

pub(super) extern "C-unwind" fn on_message(
    _modem: u32,
    topic: *const c_char,
    payload: *const u8,
    length: u32,
    _flags: u32,
    user_data: *mut c_void,
) {
    read_text(topic);
    if length > 0 {
        // SAFETY: the library gives `length` bytes.
        let payload = unsafe { std::slice::from_raw_parts(payload, length as usize) };
        READ.fetch_add(
            payload.iter().map(|byte| usize::from(*byte)).sum(),
            Ordering::Relaxed,
        );
    }
    count(user_data);
}

pub(super) extern "C-unwind" fn on_event(
    _modem: u32,
    _kind: i32,
    _value: i32,
    text: *const c_char,
    user_data: *mut c_void,
) {
    read_text(text);
    count(user_data);
}

fn read_text(text: *const c_char) {
    // SAFETY: the library gives a NUL-terminated text.
    let text = unsafe { CStr::from_ptr(text) };
    READ.fetch_add(text.count_bytes(), Ordering::Relaxed);
}

fn count(user_data: *mut c_void) {
    // SAFETY: it comes from `user_data` and is not finalized yet; callbacks run one after the other.
    unsafe { *user_data.cast::<u64>() += 1 };
}
