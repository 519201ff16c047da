//! `m531x doctor --self-test`: docs/windows-checklist.md, filled in.

mod report;

use std::fmt;
use std::io::{Write, stdout};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use m531x_core::doctor::{CheckResult, Diagnosis, DoctorOptions, diagnose};
use m531x_core::{ErrorCode, Model, Modem, ModemOptions};
use m531x_virtual_modem::{LinkChoice, VirtualModem, VirtualModemOptions};

use self::report::{Outcome, Report};
use super::demo;
use crate::failure::Failure;

/// How long a speed is tried at which nothing may answer.
const SPEED_PATIENCE: Duration = Duration::from_secs(4);
/// How soon a port that is in use must be refused, and a waiting call end, on a machine that is busy.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Without a port only what needs no adapter is tried.
pub(super) fn run(port: Option<&str>, options: &DoctorOptions, json: bool) -> Result<(), Failure> {
    let diagnosis = port.map(|port| diagnose(port, options, |_| {}));
    let outcomes = [
        passed_if(
            demo::round_trip(),
            "what was published came back, byte for byte",
        ),
        virtual_modem_over_tcp(),
        a_wait_ends(),
        ports(port),
        module(diagnosis.as_ref()),
        with_adapter(port, |port| in_use(port, &options.modem)),
        by_hand(""),
        with_adapter(port, |port| speeds(port, &options.modem)),
        broker(diagnosis.as_ref()),
        by_hand(""),
        by_hand(""),
        by_hand(""),
    ];
    let report = Report {
        system: system(),
        adapter: port.map_or_else(String::new, adapter),
        module: diagnosis.as_ref().map_or_else(String::new, identity),
        outcomes,
    };
    let mut out = stdout().lock();
    if json {
        writeln!(out, "{}", report.object())?;
    } else {
        write!(out, "{report}")?;
    }
    match report.numbers("failed").as_str() {
        "" => Ok(()),
        failed => Err(Failure::Failed(format!("failed steps: {failed}"))),
    }
}

fn by_hand(text: &str) -> Outcome {
    Outcome::ByHand(text.to_owned())
}

fn passed_if(done: Result<(), impl fmt::Display>, text: &str) -> Outcome {
    match done {
        Ok(()) => Outcome::Passed(text.to_owned()),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

fn or_failed(outcome: Result<Outcome, Failure>) -> Outcome {
    outcome.unwrap_or_else(|failure| Outcome::Failed(failure.to_string()))
}

fn started(link: LinkChoice) -> Result<VirtualModem, Failure> {
    Ok(VirtualModem::start(VirtualModemOptions {
        model: Model::M5310A,
        link,
        ..VirtualModemOptions::default()
    })?)
}

fn over_tcp() -> Result<(VirtualModem, Modem), Failure> {
    let link = LinkChoice::tcp("127.0.0.1:0").unwrap_or(LinkChoice::Memory);
    let virtual_modem = started(link)?;
    let modem = Modem::open(&virtual_modem.port(), ModemOptions::default())?;
    Ok((virtual_modem, modem))
}

fn virtual_modem_over_tcp() -> Outcome {
    or_failed(over_tcp().and_then(|(_virtual_modem, modem)| {
        let answer = modem.command("AT+CSQ", None)?.join(" ");
        modem.close()?;
        Ok(Outcome::Passed(answer))
    }))
}

/// What Ctrl-C does, but for the key.
fn a_wait_ends() -> Outcome {
    or_failed(over_tcp().and_then(|(_virtual_modem, modem)| {
        let waiting = modem.clone();
        let waiter = thread::Builder::new()
            .spawn(move || {
                loop {
                    match waiting.recv(None) {
                        Ok(_) => {}
                        Err(error) => return error.code(),
                    }
                }
            })
            .map_err(|error| Failure::no_thread(&error))?;
        thread::sleep(Duration::from_millis(100));
        let begun = Instant::now();
        // Again and again: the first may come before the wait.
        while !waiter.is_finished() && begun.elapsed() < AT_ONCE {
            modem.cancel();
            thread::sleep(Duration::from_millis(1));
        }
        if !waiter.is_finished() {
            return Ok(Outcome::Failed("a wait did not end when cancelled".into()));
        }
        modem.close()?;
        Ok(by_hand(
            "a wait ends at once when cancelled; Ctrl-C itself was not pressed",
        ))
    }))
}

fn ports(port: Option<&str>) -> Outcome {
    let found = match m531x_core::ports() {
        Ok(found) => found,
        Err(error) => return Outcome::Failed(error.to_string()),
    };
    let names: Vec<String> = found
        .iter()
        .map(|port| {
            format!("{} {}", port.name, port.description)
                .trim_end()
                .to_owned()
        })
        .collect();
    let listed = if names.is_empty() {
        "none is listed".to_owned()
    } else {
        names.join(", ")
    };
    if port.is_some_and(|port| found.iter().any(|found| found.name == port)) {
        return Outcome::Passed(listed);
    }
    Outcome::ByHand(format!("{listed}; compare with the device manager"))
}

fn module(diagnosis: Option<&Diagnosis>) -> Outcome {
    let Some(diagnosis) = diagnosis else {
        return no_port();
    };
    match diagnosis.failure() {
        // The broker is a step of its own.
        Some(finding) if finding.step != "broker" => {
            Outcome::Failed(format!("{}: {}", finding.step, finding.text))
        }
        _ => Outcome::Passed(format!(
            "{}, {}",
            identity(diagnosis),
            found(diagnosis, "signal")
        )),
    }
}

fn identity(diagnosis: &Diagnosis) -> String {
    format!(
        "{} {}",
        found(diagnosis, "model"),
        found(diagnosis, "firmware")
    )
    .trim()
    .to_owned()
}

fn found<'a>(diagnosis: &'a Diagnosis, step: &str) -> &'a str {
    diagnosis
        .findings
        .iter()
        .find(|finding| finding.step == step && finding.verdict != CheckResult::Skipped)
        .map_or("", |finding| &finding.text)
}

fn broker(diagnosis: Option<&Diagnosis>) -> Outcome {
    let finding = diagnosis.and_then(|diagnosis| {
        diagnosis
            .findings
            .iter()
            .find(|finding| finding.step == "broker")
    });
    match finding {
        Some(finding) if finding.verdict == CheckResult::Ok => {
            Outcome::Passed(finding.text.clone())
        }
        Some(finding) if finding.verdict == CheckResult::Failed => {
            Outcome::Failed(finding.text.clone())
        }
        _ => by_hand("give --broker to try it"),
    }
}

fn no_port() -> Outcome {
    by_hand("give --port to try it")
}

/// A step that is about a serial port of this computer.
fn with_adapter(port: Option<&str>, step: impl FnOnce(&str) -> Outcome) -> Outcome {
    match port {
        None => no_port(),
        Some(port) if port.contains("://") => by_hand("not for an address"),
        Some(port) => step(port),
    }
}

fn in_use(port: &str, options: &ModemOptions) -> Outcome {
    let holder = match Modem::open(port, options.clone()) {
        Ok(holder) => holder,
        Err(error) => return Outcome::Failed(error.to_string()),
    };
    let once = ModemOptions {
        open_timeout: Duration::ZERO,
        ..options.clone()
    };
    let begun = Instant::now();
    let second = Modem::open(port, once);
    let took = begun.elapsed();
    // It was in use for long enough.
    let _ = holder.close();
    match second {
        Err(error) if error.code() == ErrorCode::PortInUse && took < AT_ONCE => {
            Outcome::Passed(error.to_string())
        }
        Err(error) => Outcome::Failed(format!("{error}, after {took:.1?}")),
        Ok(modem) => {
            let _ = modem.close();
            Outcome::Failed("the port can be opened twice".into())
        }
    }
}

fn speeds(port: &str, options: &ModemOptions) -> Outcome {
    let mut answers = 0;
    let mut texts = Vec::new();
    for baudrate in [115_200, 9600] {
        let at = ModemOptions {
            baudrate: Some(baudrate),
            open_timeout: SPEED_PATIENCE,
            ..options.clone()
        };
        match Modem::open(port, at) {
            Ok(modem) => {
                answers += 1;
                texts.push(format!("{baudrate}: answers"));
                let _ = modem.close();
            }
            Err(error) => texts.push(format!("{baudrate}: {error}")),
        }
    }
    let text = texts.join("; ");
    if answers == 0 {
        Outcome::Failed(text)
    } else {
        Outcome::Passed(text)
    }
}

/// What `ports` knows of it.
fn adapter(port: &str) -> String {
    let all = m531x_core::ports().unwrap_or_default();
    let Some(known) = all.into_iter().find(|known| known.name == port) else {
        return String::new();
    };
    let usb = known
        .usb
        .map(|(vendor, product)| format!(" {vendor:04x}:{product:04x}"));
    known.description + &usb.unwrap_or_default()
}

/// The operating system's word for itself.
fn system() -> String {
    let mut command = if cfg!(windows) {
        let mut command = Command::new("cmd");
        command.args(["/c", "ver"]);
        command
    } else {
        let mut command = Command::new("uname");
        command.arg("-srm");
        command
    };
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output();
    output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
