//! The dialogue with the server while the port is opened.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::Line;
use super::line::MOST_OUT;
use crate::redacted::redacted;
use crate::transport::{LineSettings, refusal};
use crate::{Error, ErrorCode};

/// How soon a wish to cancel is seen.
const SLICE: Duration = Duration::from_millis(40);
/// So many bytes of what a server says are shown.
const LONGEST_QUOTE: usize = 120;

/// Agrees with the server on the control of its port and on these settings, 8N1, and no flow
/// control. `port` is for error texts.
pub(in crate::transport) fn negotiate(
    port: &str,
    mut socket: &TcpStream,
    settings: LineSettings,
    timeout: Duration,
    cancelled: &dyn Fn() -> bool,
) -> Result<Line, Error> {
    let failed = |error: io::Error| Error::new(ErrorCode::Port, format!("{port}: {error}"));
    let mut said = Vec::new();
    let began = Instant::now();
    let line = Line::begin(settings);
    let mut buffer = [0; 1024];
    // What the server has not taken; as much as may wait later on.
    let mut out = Vec::new();
    loop {
        out.extend(line.take_out());
        if line.is_ready() && out.is_empty() {
            break;
        }
        if out.len() > MOST_OUT {
            let why = "the server asks and reads no answer";
            return Err(failed(io::Error::other(why)));
        }
        let left = timeout.saturating_sub(began.elapsed());
        if cancelled() {
            return Err(refusal::cancelled());
        }
        if left.is_zero() {
            let text = format!(
                "{port}: no answer within {:.1} s: {}{}",
                timeout.as_secs_f64(),
                line.missing(),
                quote(&said)
            );
            return Err(Error::new(ErrorCode::Timeout, text));
        }
        // No time limit at all would be an error here, and a zero one means none.
        let slice = left.clamp(Duration::from_millis(1), SLICE);
        socket.set_read_timeout(Some(slice)).map_err(failed)?;
        socket.set_write_timeout(Some(slice)).map_err(failed)?;
        if !out.is_empty() {
            match socket.write(&out) {
                Ok(count) => drop(out.drain(..count)),
                Err(error) if is_slice(&error) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        if line.is_ready() {
            continue;
        }
        match socket.read(&mut buffer) {
            Ok(0) => {
                let text = format!("the server closed the connection{}", quote(&said));
                return Err(failed(io::Error::other(text)));
            }
            // Data that comes before the port is set up belongs to no one, unless it says why not.
            Ok(count) => {
                let count = line.receive(&mut buffer[..count]).map_err(failed)?;
                let room = LONGEST_QUOTE - said.len();
                said.extend(buffer[..count].iter().take(room));
            }
            Err(error) if is_slice(&error) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    socket.set_read_timeout(None).map_err(failed)?;
    socket.set_write_timeout(None).map_err(failed)?;
    Ok(line)
}

/// What a server said in words before it gave up, such as that its port is in use.
fn quote(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() {
        return String::new();
    }
    format!("; it said \"{}\"", redacted(words.join(" ")).escape_debug())
}

fn is_slice(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}
