//! The serial side: bytes of the host in, answers and URCs out.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use m531x_at::profile::Profile;
use m531x_at::urc::Urc;

use super::Module;
use super::input::{Input, LineReader};
use super::output::{SerialOut, time_on_line};
use crate::transcript::Direction;

/// How long a URC waits while a user types a command with echo on, from the last key.
const TYPING: Duration = Duration::from_millis(500);

/// The serial port and what the host set about it.
#[derive(Debug)]
pub(super) struct Serial {
    pub(super) out: SerialOut,
    pub(super) echo: bool,
    pub(super) echo_at_boot: bool,
    reader: LineReader,
    baudrate: Option<u32>,
    /// Bytes of the host on a paced line, with the instant at which they have arrived.
    arriving: VecDeque<(Instant, Vec<u8>)>,
    /// Bytes of all that arrives, and of all that waits.
    pending: usize,
    /// URCs that wait for the end of an answer or of a half-typed command.
    waiting: VecDeque<Vec<u8>>,
    typing_until: Option<Instant>,
    pub(super) answering: bool,
    /// The last thing said was a final result.
    pub(super) after_result: bool,
    /// Bytes handed out by `poll_serial`.
    sent: u64,
}

impl Serial {
    pub(super) fn new(
        now: Instant,
        profile: &Profile,
        echo: Option<bool>,
        baudrate: Option<u32>,
    ) -> Self {
        let echo = echo.unwrap_or(profile.echo_at_boot);
        Self {
            out: SerialOut::new(now, baudrate),
            echo,
            echo_at_boot: echo,
            reader: LineReader::new(profile.line_limit),
            baudrate,
            arriving: VecDeque::new(),
            pending: 0,
            waiting: VecDeque::new(),
            typing_until: None,
            answering: false,
            after_result: false,
            sent: 0,
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let arriving = self.arriving.front().map(|(at, _)| *at);
        let waiting = self.typing_until.filter(|_| !self.waiting.is_empty());
        [self.out.poll_timeout(), arriving, waiting]
            .into_iter()
            .flatten()
            .min()
    }

    /// Bytes that wait on their way in either direction.
    pub(super) fn backlog(&self) -> usize {
        self.out.queued() + self.pending
    }

    /// What a power cut does to the port: nothing half-said or half-heard survives.
    pub(super) fn reset(&mut self, now: Instant) {
        self.out.clear(now);
        self.reader.clear();
        self.arriving.clear();
        self.waiting.clear();
        self.pending = 0;
        self.typing_until = None;
        self.after_result = false;
        self.echo = self.echo_at_boot;
    }
}

impl Module {
    /// Bytes came from the host.
    pub fn handle_serial(&mut self, now: Instant, bytes: &[u8]) {
        if self.faults.silent {
            return;
        }
        let Some(baudrate) = self.serial.baudrate.filter(|baudrate| *baudrate > 0) else {
            self.hear(now, bytes);
            return;
        };
        let line_free = self.serial.arriving.back().map_or(now, |(at, _)| *at);
        let at = line_free.max(now) + time_on_line(baudrate, bytes.len());
        self.serial.pending += bytes.len();
        self.serial.arriving.push_back((at, bytes.to_vec()));
    }

    /// Bytes for the host, for one write; more may follow at once.
    pub fn poll_serial(&mut self, now: Instant) -> Option<Vec<u8>> {
        let mut bytes = self.serial.out.poll(now)?;
        if let Some(left) = self.faults.bytes_left(self.serial.sent) {
            let left = usize::try_from(left).unwrap_or(usize::MAX);
            if left <= bytes.len() {
                bytes.truncate(left);
                self.serial.sent += left as u64;
                let mishaps = self.faults.at_bytes(self.serial.sent);
                self.suffer(now, mishaps);
                return Some(bytes);
            }
        }
        self.serial.sent += bytes.len() as u64;
        Some(bytes)
    }

    /// Gives the host these bytes as if the module had said them.
    pub fn inject(&mut self, now: Instant, bytes: &[u8]) {
        self.serial.after_result = false;
        self.transcript.record(now, Direction::FromModule, bytes);
        self.serial.out.push(now, bytes.to_vec(), &mut self.faults);
    }

    pub(super) fn handle_serial_timeout(&mut self, now: Instant) {
        while self
            .serial
            .arriving
            .front()
            .is_some_and(|(at, _)| *at <= now)
        {
            if let Some((_, bytes)) = self.serial.arriving.pop_front() {
                self.serial.pending -= bytes.len();
                self.hear(now, &bytes);
            }
        }
        if self.serial.typing_until.is_some_and(|until| until <= now) {
            self.serial.typing_until = None;
            self.say_waiting(now);
        }
    }

    /// Says a URC, as soon as nothing else is being said.
    pub(super) fn urc(&mut self, now: Instant, urc: &Urc<'_>) {
        let mut bytes = Vec::new();
        urc.encode(self.profile, &mut bytes);
        self.urc_bytes(now, bytes);
    }

    /// Says a URC that is encoded already, with its final CR LF, as soon as nothing else is being said.
    pub(super) fn urc_bytes(&mut self, now: Instant, bytes: Vec<u8>) {
        if self.serial.answering || self.serial.typing_until.is_some_and(|until| until > now) {
            self.serial.pending += bytes.len();
            self.serial.waiting.push_back(bytes);
            return;
        }
        self.wake_to_speak(now);
        let mut unit = Vec::with_capacity(bytes.len() + 2);
        // Captured from an M5311: a URC straight after OK has no CR LF in front.
        if !self.serial.after_result {
            unit.extend_from_slice(b"\r\n");
        }
        unit.extend_from_slice(&bytes);
        self.serial.after_result = false;
        let line = bytes.strip_suffix(b"\r\n").unwrap_or(&bytes);
        self.transcript.record(now, Direction::FromModule, line);
        self.say(now, unit);
    }

    /// Puts what is to be said on the line, and into the transcript.
    pub(super) fn say(&mut self, now: Instant, unit: Vec<u8>) {
        self.power.last_traffic = now;
        self.serial.out.push(now, unit, &mut self.faults);
    }

    fn hear(&mut self, now: Instant, bytes: &[u8]) {
        let Some(mut bytes) = self.awake_to_hear(now, bytes) else {
            return;
        };
        while !bytes.is_empty() {
            // A line with its CR, and the LF if it came along: echoed before it is obeyed.
            let end = bytes
                .iter()
                .position(|byte| *byte == b'\r')
                .map_or(bytes.len(), |cr| {
                    cr + 1 + usize::from(bytes.get(cr + 1) == Some(&b'\n'))
                });
            let (part, rest) = bytes.split_at(end);
            bytes = rest;
            self.hear_part(now, part);
            if self.power.is_deaf() {
                return;
            }
        }
    }

    fn hear_part(&mut self, now: Instant, part: &[u8]) {
        let input = part
            .iter()
            .fold(None, |input, byte| self.serial.reader.push(*byte).or(input));
        if self.serial.echo && part != b"\n" {
            self.serial.after_result = false;
            self.transcript
                .record(now, Direction::FromModule, part.trim_ascii_end());
            self.say(now, part.to_vec());
        }
        match input {
            None => {
                self.serial.typing_until =
                    (self.serial.echo && self.serial.reader.is_partial()).then(|| now + TYPING);
            }
            Some(input) => {
                self.serial.typing_until = None;
                self.serial.answering = true;
                match input {
                    Input::Line(line) => self.obey(now, &line),
                    Input::TooLong => self.refuse_long_line(now),
                }
                self.serial.answering = false;
            }
        }
        if self.serial.typing_until.is_none() {
            self.say_waiting(now);
        }
    }

    fn say_waiting(&mut self, now: Instant) {
        while let Some(bytes) = self.serial.waiting.pop_front() {
            self.serial.pending -= bytes.len();
            self.urc_bytes(now, bytes);
        }
    }
}
