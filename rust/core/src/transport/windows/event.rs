//! Events and timers of the operating system, and waiting for several.

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{HANDLE, WAIT_FAILED, WAIT_OBJECT_0};
use windows_sys::Win32::System::Threading::{
    CancelWaitableTimer, CreateEventW, CreateWaitableTimerW, INFINITE, SetEvent, SetWaitableTimer,
    WaitForMultipleObjects,
};

/// Something to wait for.
#[derive(Debug)]
pub(super) struct Event(OwnedHandle);

impl Event {
    /// Ends one wait, and is reset by that.
    pub(super) fn for_one_wait() -> io::Result<Self> {
        Self::new(false, false)
    }

    /// Set until its user resets it.
    pub(super) fn lasting() -> io::Result<Self> {
        Self::new(true, true)
    }

    pub(super) fn set(&self) {
        // SAFETY: the handle is an event that `self` owns. It cannot fail on one.
        unsafe { SetEvent(self.handle()) };
    }

    pub(super) fn handle(&self) -> HANDLE {
        self.0.as_raw_handle()
    }

    fn new(manual_reset: bool, set: bool) -> io::Result<Self> {
        // SAFETY: both pointers may be null, for no attributes and no name.
        let handle =
            unsafe { CreateEventW(ptr::null(), manual_reset.into(), set.into(), ptr::null()) };
        Ok(Self(own(handle)?))
    }
}

/// Ends one wait when its time has come; moving it wakes no thread.
#[derive(Debug)]
pub(super) struct Timer(OwnedHandle);

impl Timer {
    pub(super) fn new() -> io::Result<Self> {
        // SAFETY: both pointers may be null, for no attributes and no name.
        let handle = unsafe { CreateWaitableTimerW(ptr::null(), 0, ptr::null()) };
        Ok(Self(own(handle)?))
    }

    pub(super) fn set(&self, after: Duration) -> io::Result<()> {
        // Negative is relative, in steps of 100 ns.
        let steps = i64::try_from(after.as_nanos().div_ceil(100)).unwrap_or(i64::MAX);
        let due = -steps.max(1);
        // SAFETY: the handle is a timer that `self` owns, and `due` is alive during the call. There
        // is no completion routine.
        let done =
            unsafe { SetWaitableTimer(self.handle(), &raw const due, 0, None, ptr::null(), 0) };
        succeeded(done)
    }

    pub(super) fn clear(&self) {
        // SAFETY: the handle is a timer that `self` owns.
        unsafe { CancelWaitableTimer(self.handle()) };
    }

    pub(super) fn handle(&self) -> HANDLE {
        self.0.as_raw_handle()
    }
}

/// Waits until one of them is set and returns its index, or `None` when the deadline has passed.
pub(super) fn wait_any(handles: &[HANDLE], deadline: Option<Instant>) -> io::Result<Option<usize>> {
    let limit = deadline.map_or(INFINITE, |deadline| {
        milliseconds(deadline.saturating_duration_since(Instant::now()))
    });
    let count = u32::try_from(handles.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: the pointer and the count are those of a slice, whose handles the caller keeps open.
    let result = unsafe { WaitForMultipleObjects(count, handles.as_ptr(), 0, limit) };
    if result == WAIT_FAILED {
        return Err(io::Error::last_os_error());
    }
    let index = result.wrapping_sub(WAIT_OBJECT_0);
    Ok((index < count).then_some(index as usize))
}

pub(super) fn succeeded(result: i32) -> io::Result<()> {
    if result == 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

fn own(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call that gave this handle succeeded, and no one else has it.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// Rounded up, or a wait would spin through the last millisecond; never `INFINITE`.
fn milliseconds(duration: Duration) -> u32 {
    let milliseconds = duration.as_nanos().div_ceil(1_000_000);
    u32::try_from(milliseconds)
        .unwrap_or(INFINITE)
        .min(INFINITE - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_limit_is_rounded_up_and_never_infinite() {
        assert_eq!(milliseconds(Duration::ZERO), 0);
        assert_eq!(milliseconds(Duration::from_nanos(1)), 1);
        assert_eq!(milliseconds(Duration::from_micros(1001)), 2);
        assert_eq!(milliseconds(Duration::MAX), INFINITE - 1);
    }

    #[test]
    fn a_wait_names_the_one_that_was_set() {
        let events = [
            Event::for_one_wait().unwrap(),
            Event::for_one_wait().unwrap(),
        ];
        let handles = [events[0].handle(), events[1].handle()];
        events[1].set();
        assert_eq!(wait_any(&handles, None).unwrap(), Some(1));
        assert_eq!(wait_any(&handles, Some(Instant::now())).unwrap(), None);
    }

    #[test]
    fn a_timer_can_be_moved_and_cleared() {
        let timer = Timer::new().unwrap();
        timer.set(Duration::from_secs(3600)).unwrap();
        timer.set(Duration::from_millis(1)).unwrap();
        assert_eq!(wait_any(&[timer.handle()], None).unwrap(), Some(0));
        timer.set(Duration::from_millis(1)).unwrap();
        timer.clear();
        let soon = Instant::now() + Duration::from_millis(50);
        assert_eq!(wait_any(&[timer.handle()], Some(soon)).unwrap(), None);
    }
}
