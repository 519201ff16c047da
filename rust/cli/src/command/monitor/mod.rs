//! `m531x monitor`: signal, registration and cell over time, to place an antenna.

mod summary;

use std::io::{Write, stdout};
use std::time::{Duration, Instant};

use clap::Args;
use m531x_at::response::RegistrationLine;
use m531x_core::{Error, ErrorCode, Modem, Recovery, Signal, operation};
use serde_json::json;

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::notes::note;
use crate::port::{RecordablePort, seconds};
use crate::progress;

use summary::Summary;

/// Longest wait in one piece: a Ctrl-C that comes between two waits is noticed after it.
const STEP: Duration = Duration::from_millis(200);
/// The weakest and the strongest signal that a module can report, in dBm.
const WEAKEST: i16 = -113;
const STRONGEST: i16 = -51;
/// Characters of the bar for the whole range.
const BAR: usize = 31;

#[derive(Args)]
#[command(after_help = "Examples:\n  \
    m531x monitor --port /dev/ttyUSB0\n  \
    m531x monitor --port /dev/ttyUSB0 --interval 1 -W 60\n\n\
    Move the antenna and watch the bar. Ctrl-C or -W end it with a summary and a plot of the signal over time.")]
pub(crate) struct Arguments {
    /// Ask the module every so many seconds
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds)]
    interval: Duration,
    /// End after so many seconds
    #[arg(short = 'W', value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// Print one JSON object for each look, and no summary
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    port: RecordablePort,
}

/// What the module said at one time.
struct Look {
    at: Duration,
    dbm: Option<i16>,
    /// The state of `+CEREG`, if it was understood.
    registration: Option<u8>,
    cell: Option<String>,
}

impl Arguments {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let port = self.port.open(Recovery::off())?;
        let interrupt = Interrupt::waking(&port.modem)?;
        interrupt.watch_output()?;
        let begun = Instant::now();
        let mut summary = Summary::default();
        let ended = self.watch(&port.modem, &interrupt, begun, &mut summary);
        match ended {
            // A module that fell silent does not take back what was seen until then.
            Ok(()) | Err(Failure::Interrupted | Failure::Failed(_)) if !self.json => {
                write!(stdout(), "{summary}")?;
            }
            _ => {}
        }
        match ended {
            Err(Failure::Interrupted) => Ok(()),
            ended => ended,
        }
    }

    fn watch(
        &self,
        modem: &Modem,
        interrupt: &Interrupt,
        begun: Instant,
        summary: &mut Summary,
    ) -> Result<(), Failure> {
        loop {
            let due = Instant::now() + self.interval;
            let look = look(modem, interrupt, begun)?;
            self.show(&look)?;
            summary.add(look);
            loop {
                interrupt.check()?;
                if self.timeout.is_some_and(|limit| begun.elapsed() >= limit) {
                    return Ok(());
                }
                let left = due.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                interrupt.recv(left.min(STEP))?;
            }
        }
    }

    fn show(&self, look: &Look) -> Result<(), Failure> {
        let mut out = stdout().lock();
        let seconds = look.at.as_secs_f64();
        let cell = look.cell.as_deref();
        if self.json {
            let object = json!({
                "seconds": (seconds * 1000.0).round() / 1000.0,
                "rssi_dbm": look.dbm,
                "registration": look.registration,
                "cell": cell,
            });
            writeln!(out, "{object}")?;
        } else {
            let strength = match look.dbm {
                Some(dbm) => format!("{dbm:>4} dBm"),
                None => "no signal".to_owned(),
            };
            let registration = meaning(look.registration);
            let cell = cell.map_or_else(String::new, |cell| format!(", cell {cell}"));
            writeln!(
                out,
                "{seconds:7.1} s  {strength:<9} {:<BAR$}  {registration}{cell}",
                bar(look.dbm)
            )?;
        }
        Ok(out.flush()?)
    }
}

/// Asks the module; a question that it refuses leaves its answer out.
fn look(modem: &Modem, interrupt: &Interrupt, begun: Instant) -> Result<Look, Failure> {
    let at = begun.elapsed();
    let signal = progress::wait("signal", modem.start(operation::Signal)?, interrupt)?;
    let signal: Option<Signal> = answered(signal)?;
    let registration = lines(modem, interrupt, "AT+CEREG?")?;
    let registration = registration
        .iter()
        .find_map(|line| RegistrationLine::parse(line.as_bytes()));
    let statistics = lines(modem, interrupt, "AT+NUESTATS")?;
    Ok(Look {
        at,
        dbm: signal.and_then(|signal| signal.rssi_dbm),
        registration: registration.map(|line| line.stat),
        cell: statistics.iter().find_map(|line| cell_of(line)),
    })
}

fn lines(modem: &Modem, interrupt: &Interrupt, line: &str) -> Result<Vec<String>, Failure> {
    let pending = modem.start(operation::Command::new(line))?;
    Ok(answered(progress::wait(line, pending, interrupt)?)?.unwrap_or_default())
}

fn answered<T>(answer: Result<T, Error>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.code() == ErrorCode::Command => Ok(None),
        Err(error) if error.code() == ErrorCode::Timeout => {
            note(&error);
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// The cell in a line of `AT+NUESTATS`.
fn cell_of(line: &str) -> Option<String> {
    let (name, value) = line.split_once([':', '='])?;
    let named = name.trim().eq_ignore_ascii_case("cell id");
    named.then(|| value.trim().to_owned())
}

fn meaning(registration: Option<u8>) -> &'static str {
    match registration {
        Some(0) => "not registered",
        Some(1) => "registered",
        Some(2) => "searching",
        Some(3) => "refused by the network",
        Some(5) => "registered, roaming",
        _ => "registration unknown",
    }
}

/// How far along the range a signal is, from 0 to `steps`.
fn level(dbm: i16, steps: usize) -> usize {
    let above = usize::try_from(dbm.clamp(WEAKEST, STRONGEST) - WEAKEST).unwrap_or_default();
    above * steps / usize::from(STRONGEST.abs_diff(WEAKEST))
}

fn bar(dbm: Option<i16>) -> String {
    dbm.map_or_else(String::new, |dbm| "#".repeat(level(dbm, BAR)))
}

#[cfg(test)]
mod tests {
    use super::{bar, cell_of};

    #[test]
    fn the_bar_shows_the_range_of_a_module() {
        assert_eq!(bar(None), "");
        assert_eq!(bar(Some(-113)), "");
        assert_eq!(bar(Some(-51)).len(), 31);
        assert_eq!(bar(Some(-83)).len(), 15);
    }

    #[test]
    fn the_cell_is_found_among_the_statistics() {
        assert_eq!(cell_of("Cell ID:27447553").as_deref(), Some("27447553"));
        assert_eq!(cell_of("Signal power:-790"), None);
    }
}
