//! From a name to a modem that answers.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use m531x_at::framer::silence_limit;

use super::engine::Engine;
use super::outbox::Opened;
use super::recorder::{Line, RecordedSession, Recorder};
use super::silence::{Failure, Silence};
use super::{ModemOptions, OpenCancel};
use crate::session::{Outcome, Request, RequestKind, Session, SessionConfig};
use crate::transport::{LineSettings, Port, PortReopener, Stream, Transport, open, refusal};
use crate::{Error, ErrorCode, Model, Recovery};

/// Each for a quarter of the time: that of the M5310-A first, then that of the others.
const AUTOMATIC_BAUDRATES: [u32; 4] = [9600, 115_200, 9600, 115_200];

/// How soon a wish to cancel is seen.
const CANCEL_SLICE: Duration = Duration::from_millis(40);

/// How long an opening may take to which no time is given, if something answers: everything is tried once.
const LEAST_TIME: Duration = Duration::from_secs(3);

/// How long such an opening waits for the first answer; a module needs a quarter of it at 9600 baud.
const ONE_TRY: Duration = Duration::from_millis(80);

/// What a stream in memory is called in error texts.
const STREAM: &str = "the stream";

/// `patience` is another one than usual for each speed at which nothing answers.
pub(super) fn open_url(
    port: &str,
    options: &ModemOptions,
    patience: Option<Duration>,
) -> Result<Arc<Engine>, Failure> {
    check(options)?;
    let outbox = outbox(options)?;
    let time = OpenTime::new(options.open_timeout);
    let known = known_baudrate(options);
    let baudrate = known.unwrap_or(AUTOMATIC_BAUDRATES[0]);
    let cancelled = || {
        options
            .open_cancel
            .as_ref()
            .is_some_and(OpenCancel::is_cancelled)
    };
    let transport = open::open_url(port, line(options, baudrate), time.left(), &cancelled)?;
    // Only a real line has a speed: everywhere else one attempt is as good as four.
    let baudrates = if known.is_some() || !transport.is_real_line() {
        &[baudrate][..]
    } else if time.once {
        &AUTOMATIC_BAUDRATES[..2]
    } else {
        &AUTOMATIC_BAUDRATES
    };
    let share = time.patience() / u32::try_from(baudrates.len()).unwrap_or(1);
    let patience = patience.unwrap_or(share);
    let (engine, baudrate) = start(port, transport, options, &time, patience, baudrates)?;
    let again = options.open_timeout.max(LEAST_TIME);
    engine.set_reopener(PortReopener::new(port, line(options, baudrate), again));
    Ok(with_outbox(engine, outbox)?)
}

pub(super) fn open_stream(stream: Stream, options: &ModemOptions) -> Result<Arc<Engine>, Error> {
    check(options)?;
    let outbox = outbox(options)?;
    let time = OpenTime::new(options.open_timeout);
    let transport = open::open_stream(stream)?;
    let baudrate = known_baudrate(options).unwrap_or(AUTOMATIC_BAUDRATES[0]);
    let patience = time.patience();
    let (engine, _) = start(STREAM, transport, options, &time, patience, &[baudrate])?;
    with_outbox(engine, outbox)
}

/// How long an opening may take, all of it.
struct OpenTime {
    began: Instant,
    limit: Duration,
    /// No time at all was given: everything is tried once.
    once: bool,
}

impl OpenTime {
    fn new(open_timeout: Duration) -> Self {
        let once = open_timeout.is_zero();
        Self {
            began: Instant::now(),
            limit: if once { LEAST_TIME } else { open_timeout },
            once,
        }
    }

    fn left(&self) -> Duration {
        self.limit.saturating_sub(self.began.elapsed())
    }

    /// How long a module is asked that answers nothing.
    fn patience(&self) -> Duration {
        if self.once { ONE_TRY } else { self.left() }
    }
}

/// Before the port: a file that cannot be used is reported at once.
fn outbox(options: &ModemOptions) -> Result<Option<Opened>, Error> {
    options.outbox.as_ref().map(Opened::open).transpose()
}

fn with_outbox(engine: Arc<Engine>, outbox: Option<Opened>) -> Result<Arc<Engine>, Error> {
    if let Some(outbox) = outbox {
        match outbox.attach(&engine) {
            Ok(outbox) => drop(engine.set_outbox(Some(outbox))),
            Err(error) => {
                engine.close();
                return Err(error);
            }
        }
    }
    Ok(engine)
}

fn check(options: &ModemOptions) -> Result<(), Error> {
    let refused = |text: &str| Err(Error::new(ErrorCode::InvalidArgument, text));
    if options.queue_size == 0 {
        return refused("queue_size is 0; at least one message has to fit");
    }
    if options.command_timeout.is_zero() {
        return refused("command_timeout is 0; no command is answered within no time");
    }
    options.recovery.check()?;
    if options.baudrate == Some(0) {
        return refused("baudrate is 0; use 9600 or 115200, or None to find out");
    }
    Ok(())
}

fn line(options: &ModemOptions, baudrate: u32) -> LineSettings {
    LineSettings {
        baudrate,
        dtr: options.dtr,
        rts: options.rts,
    }
}

fn known_baudrate(options: &ModemOptions) -> Option<u32> {
    options
        .baudrate
        .or_else(|| options.model.map(|model| model.profile().baudrate))
}

/// Runs the start-up dialogue at each speed in turn until something answers. No thread exists yet:
/// the caller leads, and a failure leaves nothing behind but the closed port. Gives the speed, too.
fn start(
    name: &str,
    transport: Transport,
    options: &ModemOptions,
    time: &OpenTime,
    patience: Duration,
    baudrates: &[u32],
) -> Result<(Arc<Engine>, u32), Failure> {
    let real_line = transport.is_real_line();
    let session = |baudrate: u32| Session::new(config(options, baudrate, real_line, patience));
    let failed = |error: std::io::Error| Error::of_system(ErrorCode::Port, name, &error);

    // A device has a speed, even a pseudo-terminal; what is behind an address has one elsewhere.
    let has_speed = !(name.starts_with("tcp://") || name == STREAM);
    let first = baudrates.first().copied().unwrap_or(9600);
    let line = Line {
        port: name.to_owned(),
        baudrate: has_speed.then_some(first),
    };
    let recorder = match &options.recording {
        None => None,
        Some(recording) => {
            let model = options.model.map_or("auto", Model::name);
            let start = Instant::now();
            Some(Recorder::start(recording, start, line.clone(), model)?)
        }
    };
    let session_at_first = RecordedSession::new(session(first), recorder);
    let engine = Engine::new(transport, line, session_at_first, options).map_err(failed)?;
    let mut silence = Silence::of(name);
    let mut outcome = run(&engine, time.left(), options.open_cancel.as_ref());
    let mut baudrate = first;
    let mut others = baudrates.iter().skip(1);
    let error = loop {
        let Err(error) = outcome else {
            return Ok((Arc::new(engine), baudrate));
        };
        engine.with_session(|session| silence.note(has_speed.then_some(baudrate), session.heard()));
        match others.next() {
            Some(&other) if is_silence(&error) && !silence.answered && !time.left().is_zero() => {
                baudrate = other;
            }
            _ => break error,
        }
        engine
            .replace_session(session(baudrate), baudrate)
            .map_err(failed)?;
        outcome = run(&engine, time.left(), options.open_cancel.as_ref());
    };
    engine.close();
    let tried_once = time.once && !silence.answered;
    let waited = if tried_once { ONE_TRY } else { time.limit };
    Err(silence.failure(error, waited))
}

/// Runs the dialogue once, until it ends or is cancelled.
fn run(engine: &Engine, limit: Duration, cancel: Option<&OpenCancel>) -> Result<Outcome, Error> {
    let request = Request::new(RequestKind::Startup).with_timeout(limit);
    let Some(cancel) = cancel else {
        return engine.run(request);
    };
    let ticket = engine.start(request)?;
    let outcome = loop {
        if cancel.is_cancelled() {
            break Err(refusal::cancelled());
        }
        if let Some(outcome) = engine.wait(ticket, Some(CANCEL_SLICE)) {
            break outcome;
        }
    };
    engine.forget(ticket);
    outcome
}

fn config(
    options: &ModemOptions,
    baudrate: u32,
    real_line: bool,
    patience: Duration,
) -> SessionConfig {
    SessionConfig {
        model: options.model,
        command_timeout: options.command_timeout,
        guard_time: options
            .guard_time
            .or((!real_line).then_some(Duration::ZERO)),
        open_timeout: patience,
        silence_limit: silence_limit(baudrate),
        baudrate,
        max_message: options.max_message,
        deliverable: options.deliverable,
        on_ambiguous: options.on_ambiguous,
        recovery: seeded(options.recovery.clone()),
        line_log: options.trace > 0,
        ..SessionConfig::default()
    }
}

/// With a seed that is another one in every process and for every modem, unless one was given.
pub(super) fn seeded(recovery: Recovery) -> Recovery {
    let chance = || RandomState::new().build_hasher().finish();
    Recovery {
        seed: recovery.seed.or_else(|| Some(chance())),
        ..recovery
    }
}

fn is_silence(error: &Error) -> bool {
    error.code() == ErrorCode::NoAnswer
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::fd::{AsFd, OwnedFd};
    use std::thread;

    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    use super::*;

    #[test]
    fn a_line_of_unknown_speed_is_tried_at_both() {
        let (started, speeds) = start_at_both(115_200, Duration::from_secs(4));
        started.unwrap();
        assert_eq!(speeds.first(), Some(&9600));
        assert_eq!(speeds.last(), Some(&115_200));
    }

    #[test]
    fn every_speed_that_was_tried_is_named() {
        let (started, _) = start_at_both(300, Duration::from_millis(500));
        let text = Error::from(started.unwrap_err()).to_string();
        assert!(text.contains("at 9600 and 115200 baud"), "{text}");
    }

    /// Opens a line whose module answers at one speed; gives the speeds at which it was asked, too.
    fn start_at_both(answers_at: u32, open_timeout: Duration) -> (Result<(), Failure>, Vec<u32>) {
        // A pseudo-terminal has no speed, but it remembers the one that was set.
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let name = name.to_str().unwrap();
        let options = ModemOptions {
            model: Some(crate::Model::M5311),
            open_timeout,
            ..ModemOptions::default()
        };
        let at_first = line(&options, AUTOMATIC_BAUDRATES[0]);
        let transport = open::open_url(name, at_first, open_timeout, &|| false).unwrap();
        let module = thread::spawn(move || answer_at(&master, answers_at));
        let time = OpenTime::new(open_timeout);
        let patience = open_timeout / 4;
        let speeds = &AUTOMATIC_BAUDRATES;
        let started =
            start(name, transport, &options, &time, patience, speeds).map(|(engine, _)| {
                engine.close();
            });
        (started, module.join().unwrap())
    }

    /// Answers what comes at this speed until the host hangs up; gives the speeds it was asked at.
    fn answer_at(master: &OwnedFd, baudrate: u32) -> Vec<u32> {
        let mut speeds = Vec::new();
        let mut buffer = [0; 256];
        while let Ok(count @ 1..) = rustix::io::read(master, &mut buffer) {
            let speed = rustix::termios::tcgetattr(master.as_fd())
                .expect("the terminal is open")
                .output_speed();
            speeds.push(speed);
            if speed == baudrate {
                let answer: &[u8] = if buffer[..count].starts_with(b"AT+MQTTSTAT?") {
                    b"\r\n+MQTTSTAT:0\r\n\r\nOK\r\n"
                } else {
                    b"\r\nOK\r\n"
                };
                rustix::io::write(master, answer).expect("an answer fits");
            }
        }
        speeds
    }
}
