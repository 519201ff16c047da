//! A module that says what a recorded one said.
//!
//! The [`Player`] waits for each command that was recorded, and then says what the recorded module said
//! until the next one, with the recorded pauses. Where a password was hidden, anything may stand. A host
//! that sends something else is noted, and answered as well as can be.

mod script;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

pub(crate) use script::Script;

use crate::transcript::{Direction, Transcript, TranscriptEntry};
use script::{Kind, Step};

/// How many commands of the recording a host may leave out before it is taken to be lost.
const REACH: usize = 4;
/// A line that is longer is none.
const LONGEST: usize = 64 * 1024;
const ERROR: &[u8] = b"\r\nERROR\r\n";

/// Plays a recording to a host; time is an argument everywhere.
#[derive(Debug)]
pub(crate) struct Player {
    script: Script,
    /// The step that comes next.
    next: usize,
    /// When the last recorded command came from this host, and when it was recorded.
    heard: Option<(Instant, Duration)>,
    input: Vec<u8>,
    /// What is to be said apart from the recording.
    extra: VecDeque<Vec<u8>>,
    differences: Vec<String>,
    /// It was said that the recording has ended.
    end_reported: bool,
    transcript: Transcript,
}

impl Player {
    pub(crate) fn new(now: Instant, script: Script) -> Self {
        Self {
            script,
            next: 0,
            heard: None,
            input: Vec::new(),
            extra: VecDeque::new(),
            differences: Vec::new(),
            end_reported: false,
            transcript: Transcript::new(now),
        }
    }

    /// Begins anew for the next host.
    pub(crate) fn rewind(&mut self) {
        self.next = 0;
        self.heard = None;
        self.input.clear();
        self.extra.clear();
        self.end_reported = false;
    }

    /// Takes bytes from the host.
    pub(crate) fn handle_serial(&mut self, now: Instant, bytes: &[u8]) {
        for &byte in bytes {
            match byte {
                b'\r' | b'\n' => {
                    let line = std::mem::take(&mut self.input);
                    if !line.is_empty() {
                        self.hear(now, &line);
                    }
                }
                _ if self.input.len() < LONGEST => self.input.push(byte),
                _ => {}
            }
        }
    }

    /// The next bytes for the host, if it is time for them.
    pub(crate) fn poll_serial(&mut self, now: Instant) -> Option<Vec<u8>> {
        if let Some(extra) = self.extra.pop_front() {
            self.note_said(now, &extra);
            return Some(extra);
        }
        let due = self.poll_timeout()?;
        let Kind::Say(bytes) = &self.script.steps.get(self.next)?.kind else {
            return None;
        };
        if due > now {
            return None;
        }
        let bytes = bytes.clone();
        self.next += 1;
        self.note_said(now, &bytes);
        Some(bytes)
    }

    /// When there is something to say by itself.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let (since, recorded) = self.heard?;
        match self.script.steps.get(self.next)? {
            Step {
                at,
                kind: Kind::Say(_),
                ..
            } => since.checked_add(at.saturating_sub(recorded)),
            _ => None,
        }
    }

    /// Says this in between.
    pub(crate) fn inject(&mut self, bytes: &[u8]) {
        self.extra.push_back(bytes.to_vec());
    }

    /// Where the host did not do as recorded.
    pub(crate) fn differences(&self) -> Vec<String> {
        self.differences.clone()
    }

    pub(crate) fn transcript(&self) -> Vec<TranscriptEntry> {
        self.transcript.entries()
    }

    /// A line of the host, without its end.
    fn hear(&mut self, now: Instant, line: &[u8]) {
        self.transcript.record(now, Direction::ToModule, line);
        let mut expected = (self.next..self.script.steps.len())
            .filter(|&index| matches!(self.script.steps[index].kind, Kind::Expect(_)))
            .take(REACH);
        let Some(first) = expected.next() else {
            self.note_end(line);
            return;
        };
        let is_it = |index: &usize| self.script.steps[*index].matches(line);
        if is_it(&first) {
            self.say_what_is_due_before(first);
            self.go_on_after(now, first);
            return;
        }
        let later = expected.find(is_it);
        let Step { line: number, .. } = self.script.steps[first];
        let wanted = self.script.steps[first].shown();
        let came = script::shown(line);
        let then = if let Some(later) = later {
            let line = self.script.steps[later].line;
            self.go_on_after(now, later);
            format!("the recording goes on at line {line}")
        } else {
            self.extra.push_back(ERROR.to_vec());
            "answered ERROR".to_owned()
        };
        self.differences.push(format!(
            "line {number}: recorded: {wanted}, the host sent: {came}; {then}"
        ));
    }

    /// What the recorded module said before this command, the host will have heard before it too.
    fn say_what_is_due_before(&mut self, step: usize) {
        for step in &self.script.steps[self.next..step] {
            if let Kind::Say(bytes) = &step.kind {
                self.extra.push_back(bytes.clone());
            }
        }
    }

    fn go_on_after(&mut self, now: Instant, step: usize) {
        self.heard = Some((now, self.script.steps[step].at));
        self.next = step + 1;
    }

    fn note_end(&mut self, line: &[u8]) {
        if !std::mem::replace(&mut self.end_reported, true) {
            self.differences.push(format!(
                "the recording holds no more commands, the host sent: {}; it is not answered from here on",
                script::shown(line)
            ));
        }
    }

    fn note_said(&mut self, now: Instant, bytes: &[u8]) {
        for line in bytes.split(|byte| matches!(byte, b'\r' | b'\n')) {
            if !line.is_empty() {
                self.transcript.record(now, Direction::FromModule, line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDING: &str = "# m531x recording 1\n\
        0.000 ? 0 startup\n\
        0.000 > AT\\r\n\
        0.005 < \\r\\nOK\\r\\n\n\
        1.000 > AT+MQTTCFG=\"h\",1,\"c\",60,\"u\",\"\\*\\*\\*\",1\\r\n\
        1.010 < \\r\\nOK\\r\\n\n\
        1.500 < +CEREG: 1\\r\\n\n\
        2.000 > AT+CSQ\\r\n\
        2.100 < \\r\\n+CSQ: 20,99\\r\\n\\r\\n\n\
        2.200 < OK\\r\\n\n";

    fn player(now: Instant) -> Player {
        Player::new(now, Script::read(RECORDING).unwrap())
    }

    /// What is said at once.
    fn said(player: &mut Player, now: Instant) -> String {
        let mut all = Vec::new();
        while let Some(bytes) = player.poll_serial(now) {
            all.extend(bytes);
        }
        String::from_utf8(all).unwrap()
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn each_command_is_answered_as_recorded_and_after_the_same_time() {
        let now = Instant::now();
        let mut player = player(now);
        assert_eq!(said(&mut player, now), "");
        player.handle_serial(now, b"A");
        player.handle_serial(now, b"T\r");
        assert_eq!(said(&mut player, now), "");
        assert_eq!(player.poll_timeout(), Some(now + ms(5)));
        assert_eq!(said(&mut player, now + ms(5)), "\r\nOK\r\n");
        let later = now + ms(60_000);
        player.handle_serial(
            later,
            b"AT+MQTTCFG=\"h\",1,\"c\",60,\"u\",\"another\",1\r\n",
        );
        assert_eq!(said(&mut player, later + ms(10)), "\r\nOK\r\n");
        // The next command comes earlier than recorded: what was said before it is not lost.
        player.handle_serial(later + ms(20), b"AT+CSQ\r");
        assert_eq!(said(&mut player, later + ms(20)), "+CEREG: 1\r\n");
        assert_eq!(
            said(&mut player, later + ms(220)),
            "\r\n+CSQ: 20,99\r\n\r\nOK\r\n"
        );
        assert_eq!(player.differences(), [""; 0]);
        let shown = format!("{:?}", player.transcript());
        assert!(
            shown.contains("CSQ: 20,99") && !shown.contains("another"),
            "{shown}"
        );
    }

    #[test]
    fn another_command_is_noted_with_line_and_difference_and_answered() {
        let now = Instant::now();
        let mut player = player(now);
        player.handle_serial(now, b"ATE0\r");
        assert_eq!(said(&mut player, now), "\r\nERROR\r\n");
        // One was left out.
        player.handle_serial(now, b"AT+CSQ\r");
        assert_eq!(
            said(&mut player, now + ms(200)),
            "\r\n+CSQ: 20,99\r\n\r\nOK\r\n"
        );
        player.handle_serial(now, b"AT\r");
        player.handle_serial(now, b"AT\r");
        assert_eq!(said(&mut player, now + ms(9000)), "");
        assert_eq!(
            player.differences(),
            [
                r"line 3: recorded: AT\r, the host sent: ATE0\r; answered ERROR",
                r"line 3: recorded: AT\r, the host sent: AT+CSQ\r; the recording goes on at line 8",
                r"the recording holds no more commands, the host sent: AT\r; it is not answered from here on",
            ]
        );
        player.rewind();
        player.handle_serial(now, b"AT\r");
        assert_eq!(said(&mut player, now + ms(5)), "\r\nOK\r\n");
    }
}
