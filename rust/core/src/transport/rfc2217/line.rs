//! The open port behind a Telnet server: bytes as if there were no Telnet.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::com_port::Control;
use super::telnet::{Decoder, escape};
use crate::transport::LineSettings;

/// How many reads without data are made in a row: the reading thread does other work as well.
const MOST_READS: usize = 8;

/// So many bytes for a server may wait that takes none; one that asks more is given up.
pub(super) const MOST_OUT: usize = 64 * 1024;

/// What belongs to the connection besides its socket, which the caller reads and writes.
#[derive(Debug)]
pub(crate) struct Line(Mutex<State>);

#[derive(Debug)]
struct State {
    decoder: Decoder,
    control: Control,
    /// As it goes over the wire, not taken by the socket yet.
    out: Vec<u8>,
    /// The caller's bytes that are in `out`: they come again until they are written.
    promised: Vec<u8>,
}

impl Line {
    /// A negotiation that has only begun.
    pub(super) fn begin(settings: LineSettings) -> Self {
        let mut out = Vec::new();
        let control = Control::begin(settings, &mut out);
        Self(Mutex::new(State {
            decoder: Decoder::default(),
            control,
            out,
            promised: Vec::new(),
        }))
    }

    /// Reads by `read`, which must not block, and answers the server by `write`. Not one byte of
    /// data is `WouldBlock`, for none at all is the end.
    pub(in crate::transport) fn read(
        &self,
        buffer: &mut [u8],
        mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
        mut write: impl FnMut(&[u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut state = self.state();
        for _ in 0..MOST_READS {
            let count = read(buffer)?;
            if count == 0 {
                return Ok(0);
            }
            let data = state.receive(&mut buffer[..count])?;
            // An answer that finds no room goes with the next bytes in either direction.
            match state.flush(&mut write) {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
            if data > 0 {
                return Ok(data);
            }
        }
        Err(io::ErrorKind::WouldBlock.into())
    }

    /// Says that bytes are written only when all of them are: until then it is `WouldBlock`, and the
    /// same bytes come again.
    pub(in crate::transport) fn write(
        &self,
        bytes: &[u8],
        mut write: impl FnMut(&[u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut state = self.state();
        state.flush(&mut write)?;
        if state.promised.is_empty() || !bytes.starts_with(&state.promised) {
            escape(bytes, &mut state.out);
            state.promised = bytes.to_vec();
            state.flush(&mut write)?;
        }
        Ok(std::mem::take(&mut state.promised).len())
    }

    pub(in crate::transport) fn set_baudrate(
        &self,
        baudrate: u32,
        mut write: impl FnMut(&[u8]) -> io::Result<usize>,
    ) -> io::Result<()> {
        let mut state = self.state();
        let State { control, out, .. } = &mut *state;
        control.set_baudrate(baudrate, out);
        match state.flush(&mut write) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }

    /// What is to be sent now; during the negotiation only.
    pub(super) fn take_out(&self) -> Vec<u8> {
        std::mem::take(&mut self.state().out)
    }

    /// Takes note of what arrived during the negotiation, and returns how much of it is data.
    pub(super) fn receive(&self, bytes: &mut [u8]) -> io::Result<usize> {
        self.state().receive(bytes)
    }

    pub(super) fn is_ready(&self) -> bool {
        self.state().control.is_ready()
    }

    pub(super) fn missing(&self) -> &'static str {
        self.state().control.missing()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn receive(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let Self {
            decoder,
            control,
            out,
            ..
        } = self;
        let data = decoder.decode(bytes, |signal| control.on_signal(signal, out));
        if out.len() > MOST_OUT {
            return Err(io::Error::other(format!(
                "the server asks and reads no answer: {} bytes wait for it",
                out.len()
            )));
        }
        match control.refusal() {
            Some(why) => Err(io::Error::other(why.to_owned())),
            None => Ok(data),
        }
    }

    fn flush(&mut self, write: &mut impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<()> {
        while !self.out.is_empty() {
            let count = write(&self.out)?;
            self.out.drain(..count);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::telnet::IAC;
    use super::*;

    fn silent() -> Line {
        let line = Line::begin(LineSettings::of_speed(9600));
        line.take_out();
        line
    }

    /// A socket that takes so many bytes and then blocks, again and again.
    fn taking(most: usize, wire: &mut Vec<u8>) -> impl FnMut(&[u8]) -> io::Result<usize> + '_ {
        let mut room = most;
        move |bytes| {
            if room == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let count = bytes.len().min(room);
            room -= count;
            wire.extend_from_slice(&bytes[..count]);
            Ok(count)
        }
    }

    #[test]
    fn bytes_go_out_once_however_little_the_socket_takes() {
        let bytes: Vec<u8> = [IAC, b'A', IAC, IAC, b'T', b'\r'].repeat(3);
        let mut expected = Vec::new();
        escape(&bytes, &mut expected);
        for most in 1..9 {
            let line = silent();
            let mut wire = Vec::new();
            let mut unsent = bytes.clone();
            let mut attempts = 0;
            while !unsent.is_empty() {
                attempts += 1;
                assert!(attempts < 1000);
                match line.write(&unsent, taking(most, &mut wire)) {
                    Ok(count) => drop(unsent.drain(..count)),
                    Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
                }
                if attempts == 2 {
                    // More of the caller's bytes come behind those that wait.
                    unsent.extend(b"more\r");
                }
            }
            let mut whole = expected.clone();
            if attempts >= 2 {
                whole.extend(b"more\r");
            }
            assert_eq!(wire, whole, "{most} at a time");
        }
    }

    #[test]
    fn a_server_that_asks_and_reads_nothing_is_given_up() {
        let line = silent();
        // DO and DONT of an option that we do not mind.
        let toggled = [IAC, 253, 3, IAC, 254, 3].repeat(100);
        let mut passed = 0;
        let error = loop {
            let read = |buffer: &mut [u8]| {
                buffer[..toggled.len()].copy_from_slice(&toggled);
                passed += toggled.len();
                Ok(toggled.len())
            };
            let full = |_: &[u8]| Err(io::ErrorKind::WouldBlock.into());
            match line.read(&mut [0; 1024], read, full) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => break result.unwrap_err(),
            }
            assert!(passed < 5_000_000, "its answers are kept forever");
        };
        assert!(error.to_string().contains("reads no answer"), "{error}");
    }

    #[test]
    fn a_read_without_data_is_not_the_end() {
        let line = silent();
        let mut reads = 0;
        let nothing = |buffer: &mut [u8]| {
            reads += 1;
            buffer[..2].copy_from_slice(&[IAC, 241]);
            Ok(2)
        };
        let result = line.read(&mut [0; 16], nothing, |bytes| Ok(bytes.len()));
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert_eq!(reads, MOST_READS);
    }
}
