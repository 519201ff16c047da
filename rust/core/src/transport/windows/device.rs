//! A COM port or a socket, both of which take overlapped calls.

use std::io;
use std::net::TcpStream;
use std::os::windows::io::{AsRawHandle, AsRawSocket, OwnedHandle};
use std::ptr;

use windows_sys::Win32::Devices::Communication::{
    COMSTAT, ClearCommError, DCB, GetCommState, PURGE_RXABORT, PURGE_RXCLEAR, PURGE_TXABORT,
    PURGE_TXCLEAR, PurgeComm, SetCommState,
};
use windows_sys::Win32::Foundation::{ERROR_IO_PENDING, HANDLE};
use windows_sys::Win32::Networking::WinSock::{WSABUF, WSAGetOverlappedResult, WSARecv, WSASend};
use windows_sys::Win32::Storage::FileSystem::{ReadFile, WriteFile};
use windows_sys::Win32::System::IO::{GetOverlappedResult, OVERLAPPED};

use super::event::succeeded;

#[derive(Debug)]
pub(super) enum Device {
    /// Opened for overlapped I/O, with all time limits of the driver off.
    Serial(OwnedHandle),
    Tcp(TcpStream),
}

impl Device {
    pub(super) fn handle(&self) -> HANDLE {
        match self {
            Self::Serial(port) => port.as_raw_handle(),
            // A socket of Windows' own protocols is a file handle.
            Self::Tcp(socket) => socket.as_raw_socket() as HANDLE,
        }
    }

    /// How many bytes to ask for so that the read ends as soon as there is anything.
    ///
    /// A read of a COM port ends when it has all it asked for: one byte, unless more is there
    /// already. The driver's way to say "what is there, but at least one byte" (all limits
    /// `MAXDWORD`) waits for the whole buffer under wine 8.
    pub(super) fn read_size(&self, capacity: usize) -> usize {
        match self {
            Self::Serial(_) => self.queued().clamp(1, capacity),
            Self::Tcp(_) => capacity,
        }
    }

    /// Starts to read.
    ///
    /// # Safety
    ///
    /// `buffer` (of that length) and `overlapped` (whose event is alive) must stay where they are,
    /// and no one else may touch them, until the operation has ended.
    pub(super) unsafe fn start_read(
        &self,
        buffer: *mut u8,
        length: u32,
        overlapped: *mut OVERLAPPED,
    ) -> io::Result<()> {
        started(match self {
            Self::Serial(port) => {
                let port = port.as_raw_handle();
                // SAFETY: the handle is open; the caller answers for the pointers.
                unsafe { ReadFile(port, buffer, length, ptr::null_mut(), overlapped) != 0 }
            }
            Self::Tcp(socket) => {
                let mut flags = 0;
                let part = WSABUF {
                    len: length,
                    buf: buffer,
                };
                // SAFETY: the socket is open; `part` and `flags` are needed during the call only;
                // the caller answers for what they point to.
                unsafe {
                    WSARecv(
                        raw(socket),
                        &raw const part,
                        1,
                        ptr::null_mut(),
                        &raw mut flags,
                        overlapped,
                        None,
                    ) == 0
                }
            }
        })
    }

    /// Starts to write.
    ///
    /// # Safety
    ///
    /// As for [`start_read`](Self::start_read).
    pub(super) unsafe fn start_write(
        &self,
        buffer: *mut u8,
        length: u32,
        overlapped: *mut OVERLAPPED,
    ) -> io::Result<()> {
        started(match self {
            Self::Serial(port) => {
                let port = port.as_raw_handle();
                // SAFETY: the handle is open; the caller answers for the pointers.
                unsafe { WriteFile(port, buffer, length, ptr::null_mut(), overlapped) != 0 }
            }
            Self::Tcp(socket) => {
                let part = WSABUF {
                    len: length,
                    buf: buffer,
                };
                // SAFETY: the socket is open; `part` is needed during the call only; the caller
                // answers for what it points to.
                unsafe {
                    WSASend(
                        raw(socket),
                        &raw const part,
                        1,
                        ptr::null_mut(),
                        0,
                        overlapped,
                        None,
                    ) == 0
                }
            }
        })
    }

    /// How the operation ended, and how many bytes it moved; `ERROR_IO_INCOMPLETE` if it has not.
    ///
    /// # Safety
    ///
    /// `overlapped` must have been given to a start that succeeded.
    pub(super) unsafe fn result(&self, overlapped: *const OVERLAPPED) -> (usize, io::Result<()>) {
        let mut count = 0;
        let done = match self {
            Self::Serial(port) => {
                let port = port.as_raw_handle();
                // SAFETY: the handle is open, the caller answers for `overlapped`.
                unsafe { GetOverlappedResult(port, overlapped, &raw mut count, 0) }
            }
            Self::Tcp(socket) => {
                let (count, mut flags) = (&raw mut count, 0);
                // SAFETY: the socket is open, the caller answers for `overlapped`.
                unsafe { WSAGetOverlappedResult(raw(socket), overlapped, count, 0, &raw mut flags) }
            }
        };
        (count as usize, succeeded(done))
    }

    /// Whether a read of no bytes is the end; a COM port has none.
    pub(super) fn has_end(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }

    pub(super) fn set_baudrate(&self, baudrate: u32) -> io::Result<()> {
        let Self::Serial(port) = self else {
            return Ok(());
        };
        let mut settings = settings();
        // SAFETY: the handle is open, and `settings` is a DCB that carries its size.
        succeeded(unsafe { GetCommState(port.as_raw_handle(), &raw mut settings) })?;
        settings.BaudRate = baudrate;
        // SAFETY: as above.
        succeeded(unsafe { SetCommState(port.as_raw_handle(), &raw const settings) })
    }

    /// Drops what arrived and was not read, without ending the read under way.
    pub(super) fn clear_input(&self) {
        self.purge(PURGE_RXCLEAR);
    }

    /// Drops everything and ends every operation, so that closing the port does not wait for bytes
    /// that flow control or a stuck adapter holds back.
    pub(super) fn abort(&self) {
        self.purge(PURGE_RXABORT | PURGE_RXCLEAR | PURGE_TXABORT | PURGE_TXCLEAR);
    }

    fn queued(&self) -> usize {
        let mut state = COMSTAT::default();
        // Framing and overrun errors, which this also clears, show as missing bytes.
        // SAFETY: the handle is open and `state` is alive; the errors' place may be null.
        unsafe { ClearCommError(self.handle(), ptr::null_mut(), &raw mut state) };
        state.cbInQue as usize
    }

    fn purge(&self, what: u32) {
        if let Self::Serial(port) = self {
            // SAFETY: the handle is open.
            unsafe { PurgeComm(port.as_raw_handle(), what) };
        }
    }
}

/// An empty DCB that carries its size, as the calls want it.
pub(super) fn settings() -> DCB {
    DCB {
        #[expect(clippy::cast_possible_truncation, reason = "28 bytes")]
        DCBlength: size_of::<DCB>() as u32,
        ..DCB::default()
    }
}

fn raw(socket: &TcpStream) -> usize {
    usize::try_from(socket.as_raw_socket()).unwrap_or(usize::MAX)
}

fn started(at_once: bool) -> io::Result<()> {
    if at_once {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    if is(&error, ERROR_IO_PENDING) {
        Ok(())
    } else {
        Err(error)
    }
}

/// Whether it is this error of the operating system.
pub(super) fn is(error: &io::Error, code: u32) -> bool {
    error.raw_os_error() == i32::try_from(code).ok()
}
