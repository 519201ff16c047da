//! `m531x at`.

use std::io::{IsTerminal, Write, stderr, stdin, stdout};
use std::time::Duration;

use clap::Args;
use m531x_core::operation::Command;
use m531x_core::{ErrorCode, Modem, Recovery};
use serde_json::json;

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::port::{RecordablePort, seconds};
use crate::progress;
use crate::redacted::without_password;

#[derive(Args)]
#[command(after_help = "Examples:\n  \
    m531x at --port /dev/ttyUSB0 AT+CSQ AT+CEREG?\n  \
    m531x at --port virtual:// < commands.txt\n\n\
    The exit code is 1 if the module refused any of the commands.")]
pub(crate) struct Arguments {
    /// Longest wait for each answer, in seconds [default: that of --command-timeout]
    #[arg(short = 'W', long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// Print one JSON object for each command
    #[arg(long)]
    json: bool,
    /// The command lines; with none given they are read from standard input
    #[arg(value_name = "COMMAND")]
    commands: Vec<String>,
    #[command(flatten)]
    port: RecordablePort,
}

impl Arguments {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let port = self.port.open(Recovery::off())?;
        let interrupt = Interrupt::waking(&port.modem)?;
        let mut refused = 0;
        if self.commands.is_empty() {
            if stdin().is_terminal() {
                writeln!(stderr(), "one AT command a line, Ctrl-D to end:")?;
            }
            for line in interrupt.input_lines() {
                let line = String::from_utf8(line?)
                    .map_err(|_| Failure::Usage("a line of the input is not text".into()))?;
                if !line.trim().is_empty() {
                    refused += self.send(line.trim(), &port.modem, &interrupt)?;
                }
            }
        } else {
            for line in &self.commands {
                refused += self.send(line, &port.modem, &interrupt)?;
            }
        }
        match refused {
            0 => Ok(()),
            1 => Err(Failure::Failed("the module refused a command".into())),
            n => Err(Failure::Failed(format!("the module refused {n} commands"))),
        }
    }

    /// Sends one line and prints its answer; returns 1 if the module refused it.
    fn send(&self, line: &str, modem: &Modem, interrupt: &Interrupt) -> Result<u32, Failure> {
        let pending = modem.start(Command::new(line).with_timeout(self.timeout))?;
        // What the user typed, and what a read-back says, may hold a password.
        let shown = without_password(line);
        let (lines, error) = match progress::wait(&shown, pending, interrupt)? {
            Ok(lines) => {
                let lines = lines.iter().map(|line| without_password(line)).collect();
                (lines, None)
            }
            Err(error) if error.code() == ErrorCode::Command => (Vec::<String>::new(), Some(error)),
            Err(error) => return Err(error.into()),
        };
        let refused = u32::from(error.is_some());
        let mut out = stdout().lock();
        if self.json {
            let error = error.map(
                |error| json!({ "text": error.to_string(), "modem_code": error.modem_code() }),
            );
            writeln!(
                out,
                "{}",
                json!({ "command": shown, "lines": lines, "error": error })
            )?;
        } else {
            for line in &lines {
                writeln!(out, "{line}")?;
            }
            match error {
                None => writeln!(out, "OK")?,
                Some(error) => writeln!(out, "{error}")?,
            }
        }
        out.flush()?;
        Ok(refused)
    }
}
