//! The dialogue with the server while the port is opened.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::Line;
use crate::redacted::redacted;
use crate::{Error, ErrorCode};

/// How soon a wish to cancel is seen.
const SLICE: Duration = Duration::from_millis(40);
/// So many bytes of what a server says are shown.
const LONGEST_QUOTE: usize = 120;

/// Agrees with the server on the control of its port and on the settings: this speed, 8N1, no flow
/// control. `port` is for error texts.
pub(in crate::driver) fn negotiate(
    port: &str,
    mut socket: &TcpStream,
    baudrate: u32,
    timeout: Duration,
    cancelled: &dyn Fn() -> bool,
) -> Result<Line, Error> {
    let failed = |error: io::Error| Error::new(ErrorCode::Port, format!("{port}: {error}"));
    let mut said = Vec::new();
    let began = Instant::now();
    let line = Line::begin(baudrate);
    let mut buffer = [0; 1024];
    while !line.is_ready() {
        let out = line.take_out();
        let left = timeout.saturating_sub(began.elapsed());
        if cancelled() {
            return Err(Error::new(
                ErrorCode::Cancelled,
                "the opening was cancelled",
            ));
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
        socket.set_write_timeout(Some(left)).map_err(failed)?;
        socket.write_all(&out).map_err(failed)?;
        match socket.read(&mut buffer) {
            Ok(0) => {
                let text = format!("the server closed the connection{}", quote(&said));
                return Err(failed(io::Error::other(text)));
            }
            // Data that comes before the port is set up belongs to nobody, unless it says why not.
            Ok(count) => {
                let count = line.receive(&mut buffer[..count]).map_err(failed)?;
                let room = LONGEST_QUOTE - said.len();
                said.extend(buffer[..count].iter().take(room));
            }
            Err(error) if is_slice(&error) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    socket.write_all(&line.take_out()).map_err(failed)?;
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
