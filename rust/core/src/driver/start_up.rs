//! From a name to a modem that answers.

use std::sync::Arc;
use std::time::Duration;

use m531x_at::framer::silence_limit;

use super::engine::Engine;
use super::io::{Port, Transport};
use super::{ModemOptions, Stream, unix};
use crate::session::{RequestKind, Session, SessionConfig};
use crate::{Error, ErrorCode};

/// Each for a quarter of the time: that of the M5310-A first, then that of the others.
const AUTOMATIC_BAUDRATES: [u32; 4] = [9600, 115_200, 9600, 115_200];

pub(super) fn open_url(port: &str, options: &ModemOptions) -> Result<Arc<Engine>, Error> {
    check(options)?;
    let known = known_baudrate(options);
    let baudrate = known.unwrap_or(AUTOMATIC_BAUDRATES[0]);
    let transport = unix::open_url(port, baudrate, options.open_timeout)?;
    // Only a real line has a speed: everywhere else one attempt is as good as four.
    if known.is_some() || !transport.is_real_line() {
        start(port, transport, options, &[baudrate])
    } else {
        start(port, transport, options, &AUTOMATIC_BAUDRATES)
    }
}

pub(super) fn open_stream(stream: Stream, options: &ModemOptions) -> Result<Arc<Engine>, Error> {
    check(options)?;
    let transport = unix::open_stream(stream)?;
    let baudrate = known_baudrate(options).unwrap_or(AUTOMATIC_BAUDRATES[0]);
    start("the stream", transport, options, &[baudrate])
}

fn check(options: &ModemOptions) -> Result<(), Error> {
    let refused = |text: &str| Err(Error::new(ErrorCode::InvalidArgument, text));
    if options.queue_size == 0 {
        return refused("queue_size is 0; at least one message has to fit");
    }
    if options.baudrate == Some(0) {
        return refused("baudrate is 0; use 9600 or 115200, or None to find out");
    }
    Ok(())
}

fn known_baudrate(options: &ModemOptions) -> Option<u32> {
    options
        .baudrate
        .or_else(|| options.model.map(|model| model.profile().baudrate))
}

/// Runs the start-up dialogue at each speed in turn until something answers. No thread exists yet:
/// the caller leads, and a failure leaves nothing behind but the closed port.
fn start(
    name: &str,
    transport: Transport,
    options: &ModemOptions,
    baudrates: &[u32],
) -> Result<Arc<Engine>, Error> {
    let real_line = transport.is_real_line();
    let share = u32::try_from(baudrates.len()).unwrap_or(1);
    let open_timeout = options.open_timeout / share.max(1);
    let session = |baudrate: u32| Session::new(config(options, baudrate, real_line, open_timeout));
    let failed = |error: std::io::Error| Error::new(ErrorCode::Port, format!("{name}: {error}"));

    let first = baudrates.first().copied().unwrap_or(9600);
    let engine = Engine::new(
        transport,
        session(first),
        options.queue_size,
        options.overflow,
    )
    .map_err(failed)?;
    let mut outcome = engine.run(RequestKind::Startup.into());
    for &baudrate in baudrates.iter().skip(1) {
        if !outcome.as_ref().is_err_and(is_silence) {
            break;
        }
        engine
            .replace_session(session(baudrate), baudrate)
            .map_err(failed)?;
        outcome = engine.run(RequestKind::Startup.into());
    }
    match outcome {
        Ok(_) => Ok(Arc::new(engine)),
        Err(error) => {
            engine.close();
            Err(if is_silence(&error) {
                silence(name, baudrates, options.open_timeout)
            } else {
                error
            })
        }
    }
}

fn config(
    options: &ModemOptions,
    baudrate: u32,
    real_line: bool,
    open_timeout: Duration,
) -> SessionConfig {
    SessionConfig {
        model: options.model,
        command_timeout: options.command_timeout,
        guard_time: options
            .guard_time
            .or((!real_line).then_some(Duration::ZERO)),
        open_timeout,
        silence_limit: silence_limit(baudrate),
        max_message: options.max_message,
        on_ambiguous: options.on_ambiguous,
        ..SessionConfig::default()
    }
}

fn is_silence(error: &Error) -> bool {
    error.code() == ErrorCode::NoAnswer
}

fn silence(name: &str, baudrates: &[u32], waited: Duration) -> Error {
    let mut tried: Vec<String> = baudrates.iter().map(ToString::to_string).collect();
    tried.sort();
    tried.dedup();
    Error::new(
        ErrorCode::NoAnswer,
        format!(
            "{name}: nothing answers AT within {:.1} s at {} baud; check power, wiring (TX to RX) and baud rate",
            waited.as_secs_f64(),
            tried.join(" or "),
        ),
    )
}
