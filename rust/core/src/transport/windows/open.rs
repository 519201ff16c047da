//! Opening a COM port on Windows.

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::Devices::Communication::{
    COMMTIMEOUTS, DCB, GetCommState, NOPARITY, ONESTOPBIT, SetCommState, SetCommTimeouts, SetupComm,
};
use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_BAD_PATHNAME, ERROR_FILE_NOT_FOUND, ERROR_INVALID_NAME,
    ERROR_PATH_NOT_FOUND, ERROR_SHARING_VIOLATION, GENERIC_READ, GENERIC_WRITE,
    INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::Storage::FileSystem::{CreateFileW, FILE_FLAG_OVERLAPPED, OPEN_EXISTING};

use super::Transport;
use super::device::{is, settings};
use super::event::succeeded;
use crate::transport::LineSettings;
use crate::transport::refusal::{in_use, not_found, not_serial};
use crate::{Error, ErrorCode};

pub(crate) const PORT_EXAMPLE: &str = "COM5";

/// What the driver must keep while the port is not read: messages that wait for room in the mailbox.
const INPUT_QUEUE: u32 = 64 * 1024;
const OUTPUT_QUEUE: u32 = 4 * 1024;

/// The bits of a DCB: binary mode, DTR and RTS on (many USB modems are silent without DTR) unless they
/// are to be off, no flow control, and no stop at the first framing error.
fn flags(line: LineSettings) -> u32 {
    let on = |wish: Option<bool>| u32::from(wish.unwrap_or(true));
    1 | (on(line.dtr) << 4) | (on(line.rts) << 12)
}

pub(crate) fn open_serial(port: &str, line: LineSettings) -> Result<Transport, Error> {
    let handle = open(&device_path(port)).map_err(|error| explain(port, &error))?;
    if state(&handle).is_err() {
        return Err(not_serial(port));
    }
    set_up(&handle, line)
        .and_then(|()| Transport::serial(handle))
        .map_err(|error| explain(port, &error))
}

/// `COM5` is a device only below `\\.\`, where every number works and no file is meant.
fn device_path(port: &str) -> String {
    if port.starts_with(r"\\.\") {
        port.to_owned()
    } else {
        format!(r"\\.\{port}")
    }
}

fn open(path: &str) -> io::Result<OwnedHandle> {
    let path: Vec<u16> = path.encode_utf16().chain([0]).collect();
    // SAFETY: `path` ends with 0; the attributes may be null, and so may the template. Sharing is
    // off, so that a second program is refused.
    let handle = unsafe {
        CreateFileW(
            path.as_ptr(),
            GENERIC_READ | GENERIC_WRITE,
            0,
            ptr::null(),
            OPEN_EXISTING,
            FILE_FLAG_OVERLAPPED,
            ptr::null_mut(),
        )
    };
    if handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, and no one else has the handle.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

fn state(port: &OwnedHandle) -> io::Result<DCB> {
    let mut state = settings();
    // SAFETY: the handle is open, and `state` is a DCB that carries its size.
    succeeded(unsafe { GetCommState(port.as_raw_handle(), &raw mut state) })?;
    Ok(state)
}

fn set_up(port: &OwnedHandle, line: LineSettings) -> io::Result<()> {
    // SAFETY: the handle is open. A driver may refuse the sizes; then it keeps its own.
    unsafe { SetupComm(port.as_raw_handle(), INPUT_QUEUE, OUTPUT_QUEUE) };
    let state = DCB {
        BaudRate: line.baudrate,
        _bitfield: flags(line),
        ByteSize: 8,
        Parity: NOPARITY,
        StopBits: ONESTOPBIT,
        ..state(port)?
    };
    // SAFETY: the handle is open, and `state` is a DCB that carries its size.
    succeeded(unsafe { SetCommState(port.as_raw_handle(), &raw const state) })?;
    // All zero: a read ends when it has what it asked for, and never by time.
    let limits = COMMTIMEOUTS::default();
    // SAFETY: the handle is open, and `limits` is alive.
    succeeded(unsafe { SetCommTimeouts(port.as_raw_handle(), &raw const limits) })
}

fn explain(port: &str, error: &io::Error) -> Error {
    let is_one_of = |codes: &[u32]| codes.iter().any(|&code| is(error, code));
    if is_one_of(&[
        ERROR_FILE_NOT_FOUND,
        ERROR_PATH_NOT_FOUND,
        ERROR_INVALID_NAME,
        ERROR_BAD_PATHNAME,
    ]) {
        not_found(port)
    } else if is_one_of(&[ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION]) {
        in_use(port)
    } else {
        Error::new(ErrorCode::Port, format!("{port}: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_a_device_by_either_name() {
        assert_eq!(device_path("COM5"), r"\\.\COM5");
        assert_eq!(device_path(r"\\.\COM12"), r"\\.\COM12");
    }

    #[test]
    fn dtr_and_rts_are_on_unless_they_are_to_be_off() {
        let line = LineSettings::of_speed(9600);
        assert_eq!(flags(line), 1 | (1 << 4) | (1 << 12));
        let line = LineSettings {
            dtr: Some(false),
            ..line
        };
        assert_eq!(flags(line), 1 | (1 << 12));
    }

    #[test]
    fn a_port_that_does_not_exist_is_not_found() {
        let error = open_serial("COM211", LineSettings::of_speed(9600)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::PortNotFound);
        assert!(error.to_string().contains("COM211"), "{error}");
    }

    #[test]
    fn a_file_is_not_a_serial_device() {
        let error = open_serial("NUL", LineSettings::of_speed(9600)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Port);
        assert!(error.to_string().contains("not a serial device"), "{error}");
    }
}
