//! `m531x doctor`.

use std::io::{Write, stdout};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use clap::Args;
use clap::builder::ArgPredicate;
use colorchoice_clap::Color;
use m531x_core::doctor::{CheckResult, Diagnosis, DoctorOptions, Finding, News, diagnose};
use m531x_core::{ConnectOptions, Recovery, Secret};
use serde_json::json;

use super::self_test;
use crate::client_id;
use crate::failure::Failure;
use crate::port::PortArguments;
use crate::progress::Line;
use crate::url::host_and_port;

/// How long the first speed is tried.
const PATIENCE: Duration = Duration::from_secs(4);
/// The port of a self-test without an adapter.
const NO_PORT: &str = "none";

#[derive(Args)]
#[command(after_help = "Examples:\n  \
    m531x doctor --port /dev/ttyUSB0\n  \
    m531x doctor --port /dev/ttyUSB0 --broker broker.example:1883 -u me\n\n\
    It looks at port, answer, model, firmware, radio, SIM, signal, registration, attachment, address, MQTT state and, if \
    asked to, a broker, and says what to do at the first that fails. Exit codes: 0 nothing has failed (there may be \
    warnings), 1 something has, 2 wrong usage.\n\n\
    --self-test fills in docs/windows-checklist.md: what this program does on this computer, as a table to send in.")]
#[command(mut_arg("port", |port| port.required(false).required_unless_present("self_test").default_value_if(
    "self_test", ArgPredicate::IsPresent, NO_PORT)))]
pub(crate) struct Arguments {
    /// Connect to this broker too, and send a message there and back
    #[arg(long, value_name = "HOST[:PORT]", value_parser = broker)]
    broker: Option<(String, u16)>,
    /// The MQTT client identifier for the broker [default: m531x- and a random number]
    #[arg(short = 'i', long = "id", value_name = "ID", requires = "broker")]
    client_id: Option<String>,
    /// The user name for the broker
    #[arg(short = 'u', long, requires = "broker")]
    username: Option<String>,
    /// The password for the broker; better given in the environment
    #[arg(
        short = 'P',
        long = "pw",
        value_name = "PASSWORD",
        env = "M531X_PASSWORD",
        hide_env_values = true
    )]
    password: Option<String>,
    /// Encrypt the connection to the broker, where the model can
    #[arg(long, requires = "broker")]
    tls: bool,
    /// Try m531x itself on this computer, with --port on that adapter too, and print the checklist for
    /// Windows filled in
    #[arg(long)]
    self_test: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    color: Color,
    #[command(flatten)]
    port: PortArguments,
}

impl Arguments {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let mut modem = self.port.options(Recovery::off());
        modem.open_timeout = PATIENCE;
        let options = DoctorOptions {
            modem,
            broker: self.connect_options(),
        };
        let (port, _virtual_modem) = self.port.name()?;
        if self.self_test {
            let port = (port != NO_PORT).then_some(port.as_str());
            return self_test::run(port, &options, self.json);
        }
        self.color.write_global();
        let mut line = Line::new();
        let mut written = Ok(());
        let diagnosis = diagnose(&port, &options, |news| match news {
            News::Trying(what) => line.show(&format!("trying {what} ...")),
            News::Found(_) if self.json => {}
            News::Found(finding) => {
                line.clear();
                let shown = writeln!(anstream::stdout(), "{}", shown(finding));
                written = std::mem::replace(&mut written, Ok(())).and(shown);
            }
        });
        drop(line);
        written?;
        if self.json {
            writeln!(stdout(), "{}", object(&diagnosis))?;
        }
        match diagnosis.failure() {
            None => Ok(()),
            Some(finding) => Err(Failure::Failed(format!(
                "{}: {}",
                finding.step, finding.text
            ))),
        }
    }

    fn connect_options(&self) -> Option<ConnectOptions> {
        let (host, port) = self.broker.as_ref()?;
        let client_id = self
            .client_id
            .clone()
            .unwrap_or_else(|| client_id::unique("m531x-"));
        let mut options = ConnectOptions::new(host, client_id);
        options.port = *port;
        options.username.clone_from(&self.username);
        options.password = self.password.as_deref().map(Secret::new);
        options.tls = self.tls;
        Some(options)
    }
}

fn shown(finding: &Finding) -> String {
    let text = finding.to_string();
    let colour = match finding.verdict {
        CheckResult::Ok => AnsiColor::Green,
        CheckResult::Warning => AnsiColor::Yellow,
        CheckResult::Failed => AnsiColor::Red,
        CheckResult::Skipped => AnsiColor::BrightBlack,
    };
    let style = Style::new().fg_color(Some(colour.into()));
    let word = finding.verdict.name();
    text.replacen(word, &format!("{style}{word}{style:#}"), 1)
}

fn object(diagnosis: &Diagnosis) -> serde_json::Value {
    let steps: Vec<_> = diagnosis
        .findings
        .iter()
        .map(|finding| {
            json!({
                "step": finding.step,
                "verdict": finding.verdict.name(),
                "text": finding.text,
                "remedy": finding.remedy,
            })
        })
        .collect();
    json!({ "healthy": diagnosis.failure().is_none(), "steps": steps })
}

/// Reads `HOST` or `HOST:PORT`.
fn broker(text: &str) -> Result<(String, u16), String> {
    match host_and_port(text) {
        Some((host, port)) if !host.is_empty() => Ok((host.to_owned(), port.unwrap_or(1883))),
        _ => Err(format!("{text:?} is no HOST or HOST:PORT")),
    }
}
