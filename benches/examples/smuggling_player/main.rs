//! The host's side of `make scoreboard` for libraries in Rust: `smuggling_player atat | m531x [--wide]`.
//!
//! It speaks as the players in `system-tests/smuggling/players` do: a JSON object a line, each answered by one.

mod atat;
mod m531x;

use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};

use serde_json::{Value, json};

/// What a player can be asked to do.
trait Host {
    /// Sends a command; its answer's lines without the final OK.
    fn ask(&mut self, command: &str) -> Result<Vec<String>, Box<dyn Error>>;

    /// Frees the port.
    fn end(self: Box<Self>) -> Seen;
}

/// What a library reported on its own.
#[derive(Default)]
struct Seen {
    events: Vec<String>,
    /// Lines that it flagged.
    doubtful: Vec<String>,
    /// `None` if it knows no messages.
    messages: Option<Vec<Value>>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let wide = arguments.iter().any(|argument| argument == "--wide");
    let open = |port: &str, topic: &str| -> Result<Box<dyn Host>, Box<dyn Error>> {
        if arguments.first().is_some_and(|name| name == "atat") {
            return Ok(Box::new(atat::Client::open(port)?));
        }
        let filter = if wide { "#" } else { topic };
        Ok(Box::new(m531x::Client::open(port, filter)?))
    };
    let mut host = None;
    for line in stdin().lock().lines() {
        let order: Value = serde_json::from_str(&line?)?;
        let said = if let Some(port) = order["open"].as_str() {
            open(port, order["topic"].as_str().unwrap_or_default()).map(|opened| {
                host = Some(opened);
                json!({ "done": true })
            })
        } else if let Some(command) = order["ask"].as_str() {
            let host = host.as_mut().ok_or("nothing is open")?;
            host.ask(command).map(|lines| json!({ "lines": lines }))
        } else {
            let seen = host.take().ok_or("nothing is open")?.end();
            Ok(json!({
                "events": seen.events,
                "doubtful": seen.doubtful,
                "messages": seen.messages,
            }))
        };
        let said = said.unwrap_or_else(|error| json!({ "error": error.to_string() }));
        writeln!(stdout(), "{said}")?;
    }
    Ok(())
}
