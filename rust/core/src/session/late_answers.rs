//! Answers that are still expected, and the probe that finds the way back into step.
//!
//! A module executes its commands in order. So when the answer to a command did not come in time,
//! a probe is sent before the next command: its information line is recognisable, every final
//! result before that line belongs to something older, and the one after it is the probe's.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use m531x_at::command::{Command, General, Grammar};
use m531x_at::profile::Profile;
use m531x_at::urc::Urc;

use super::echo::Echo;
use super::prepared_command::PreparedCommand;

/// How long a lone error, which may be the probe's own, is given to be followed by another result.
pub(super) const GRACE: Duration = Duration::from_millis(700);
/// The first probe is given this long, each further one twice as long as the last; but a module that
/// falls asleep is asked again before it does, or each probe would wake it and be lost.
const FIRST_PROBE: Duration = Duration::from_secs(2);
/// Then every other probe is given this long only: when a module falls asleep is not always known.
const QUICK_PROBE: Duration = Duration::from_secs(1);
/// How long the answer of a lost probe is still recognised.
const MEMORY: Duration = Duration::from_secs(120);
/// More lines than this of one expected answer are not reported.
const MOST_LATE: u32 = 1000;
/// More expected answers than this are not distinguished.
const MOST_OWED: usize = 64;

/// Commands whose answers are expected.
#[derive(Debug, Default)]
pub(super) struct LateAnswers {
    expected: VecDeque<Late>,
    /// Probes that were not answered in time: should their information line come after all, the
    /// final result behind it is theirs.
    lost_probes: VecDeque<(Late, Instant)>,
    /// Commands that something younger was answered before. No module that keeps its order still
    /// answers them; one that does not is believed by the name on its line.
    superseded: VecDeque<(Late, Instant)>,
    /// The information line of one of these two has come.
    final_of_lost_due: bool,
    tries: u32,
    /// Information lines since an expected answer ended last.
    late_lines: u32,
}

#[derive(Debug)]
struct Late {
    name: String,
    echo: Echo,
    grammar: Grammar,
}

/// A probe in flight.
#[derive(Debug)]
pub(super) struct Probe {
    pub prepared: PreparedCommand,
    pub echo: Echo,
    /// Its information line has come; the next final result is its own.
    pub recognised: bool,
    pub deadline: Instant,
    /// When the answer has to have come; the deadline is later while bytes are held back.
    pub due: Instant,
    /// An OK without an information line came: an older command's, or that of a module which
    /// accepts everything.
    pub accepted: bool,
    /// A lone error came; silence until then means that it was the probe's own.
    pub grace_until: Option<Instant>,
}

impl LateAnswers {
    /// Whether every final result that comes belongs to the command that is sent next.
    pub(super) fn is_synchronised(&self) -> bool {
        self.expected.is_empty()
    }

    /// The answer of this command is expected from now on.
    pub(super) fn expect(&mut self, prepared: &PreparedCommand, echo: Echo) {
        self.push(Late {
            name: prepared.name.clone(),
            echo,
            grammar: prepared.grammar.clone(),
        });
    }

    fn push(&mut self, late: Late) {
        if self.expected.len() == MOST_OWED {
            self.expected.pop_front();
        }
        self.expected.push_back(late);
    }

    /// Whether the line that was just taken is reported; an answer without an end has more.
    pub(super) fn reports(&self) -> bool {
        self.late_lines <= MOST_LATE
    }

    /// A final result came that belongs to the oldest expected command; whether there was one.
    pub(super) fn settle(&mut self) -> bool {
        self.late_lines = 0;
        self.expected.pop_front().is_some()
    }

    /// A probe was answered: nothing older should follow.
    pub(super) fn settled(&mut self, now: Instant) {
        self.late_lines = 0;
        self.superseded.retain(|(_, until)| *until > now);
        let expected = self.expected.drain(..).map(|late| (late, now + MEMORY));
        self.superseded.extend(expected);
        let surplus = self.superseded.len().saturating_sub(MOST_OWED);
        self.superseded.drain(..surplus);
        self.tries = 0;
    }

    /// Whether so many probes have been sent that a module which answers none is nothing new.
    pub(super) fn has_tried(&self) -> bool {
        self.tries >= 3
    }

    /// Forgets everything, as a rebooted module does.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Whether the line is the echo of a command whose answer is expected.
    pub(super) fn takes_echo(&mut self, line: &[u8]) -> bool {
        self.expected
            .iter_mut()
            .chain(self.lost_probes.iter_mut().map(|(late, _)| late))
            .any(|late| late.echo.takes(line))
    }

    /// Whether the line is an information line of an expected answer.
    pub(super) fn takes_information(&mut self, line: &[u8]) -> bool {
        let expected = |late: &Late| late.grammar.accepts(line);
        if let Some(index) = self.lost_probes.iter().position(|(late, _)| expected(late)) {
            self.lost_probes.remove(index);
            self.final_of_lost_due = true;
            return true;
        }
        if self.expected.iter().any(expected) {
            self.late_lines = self.late_lines.saturating_add(1);
            return true;
        }
        // Bare text and what the module also says by itself would be believed too easily.
        let named = line.starts_with(b"+") && Urc::parse(line).is_none();
        let superseded = |(late, _): &(Late, Instant)| named && expected(late);
        if let Some(index) = self.superseded.iter().position(superseded) {
            self.superseded.remove(index);
            self.final_of_lost_due = true;
            return true;
        }
        false
    }

    /// Whether the final result that just came belongs to a lost probe or an superseded command.
    pub(super) fn takes_final(&mut self) -> bool {
        std::mem::take(&mut self.final_of_lost_due)
    }

    /// The next probe: one whose information line cannot be mistaken for that of `pending` or of
    /// anything expected.
    pub(super) fn probe(
        &mut self,
        now: Instant,
        pending: Option<&str>,
        profile: &Profile,
    ) -> Option<Probe> {
        self.lost_probes.retain(|(_, until)| *until > now);
        let commands = [
            Command::MqttStatRead,
            Command::General(General::CmeeRead),
            Command::General(General::SignalQuality),
            Command::General(General::AttachRead),
            Command::General(General::RegistrationRead),
        ];
        let mut probes = Vec::with_capacity(commands.len());
        for command in &commands {
            probes.extend(PreparedCommand::new(command, profile, FIRST_PROBE).ok());
        }
        let free = |prepared: &PreparedCommand| {
            pending != Some(prepared.name.as_str())
                && self.expected.iter().all(|late| late.name != prepared.name)
                && self
                    .lost_probes
                    .iter()
                    .all(|(late, _)| late.name != prepared.name)
        };
        let index = probes.iter().position(free).or_else(|| {
            // Every kind is expected: take the one that was lost first, it is the least likely to come.
            let (oldest, _) = self.lost_probes.pop_front()?;
            probes
                .iter()
                .position(|prepared| prepared.name == oldest.name)
        });
        let mut prepared = probes.swap_remove(index.unwrap_or(0).min(probes.len().checked_sub(1)?));
        let longest = profile
            .sleep_after
            .map_or(Duration::MAX, |time| time * 3 / 4);
        prepared.timeout = match self.tries {
            0 => FIRST_PROBE.min(longest),
            tries if tries % 2 == 0 => QUICK_PROBE,
            tries => (FIRST_PROBE * 2_u32.pow((tries / 2 + 1).min(4))).min(longest),
        };
        self.tries += 1;
        Some(Probe {
            echo: Echo::new(prepared.line.as_bytes()),
            recognised: false,
            accepted: false,
            deadline: now + prepared.timeout,
            due: now + prepared.timeout,
            grace_until: None,
            prepared,
        })
    }

    /// The probe was not answered in time.
    pub(super) fn lose(&mut self, now: Instant, probe: Probe) {
        self.lost_probes.push_back((
            Late {
                name: probe.prepared.name,
                echo: probe.echo,
                grammar: probe.prepared.grammar,
            },
            now + MEMORY,
        ));
    }
}
