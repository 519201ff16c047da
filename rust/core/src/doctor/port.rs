//! From a name to a module that answers.

use std::time::Duration;

use super::News;
use super::examination::Examination;
use crate::driver::{Failure, Noise};
use crate::{Error, ErrorCode, Modem, ModemOptions};

/// Speeds that a module may have been set to, after those it is delivered with.
const COMMON_BAUDRATES: [u32; 6] = [57_600, 38_400, 19_200, 4800, 230_400, 460_800];
/// How long each speed is tried: three commands, and a little more.
const PATIENCE: Duration = Duration::from_millis(1300);

/// Opens the port, at another speed than asked for if need be.
pub(super) fn open<F: FnMut(News<'_>)>(
    examination: &mut Examination<F>,
    port: &str,
    options: &ModemOptions,
) -> Option<Modem> {
    examination.trying("the port");
    let Failure { error, noise } = match Modem::open_for_doctor(port, options, None) {
        Ok(modem) => {
            examination.ok("port", format!("{port} can be opened"));
            examination.ok("answer", "the module answers AT");
            return Some(modem);
        }
        Err(failure) => failure,
    };
    match error.code() {
        ErrorCode::NoAnswer => {
            examination.ok("port", format!("{port} can be opened"));
            try_other_speeds(examination, port, options, &error, noise)
        }
        ErrorCode::UnsupportedModel => {
            examination.ok("port", format!("{port} can be opened"));
            examination.ok("answer", "something answers AT");
            examination.fail(
                "model",
                error.to_string(),
                "use a module of the M531x family, or give --model if it speaks their dialect",
            );
            None
        }
        _ => {
            explain_port(examination, port, &error);
            None
        }
    }
}

fn try_other_speeds<F: FnMut(News<'_>)>(
    examination: &mut Examination<F>,
    port: &str,
    options: &ModemOptions,
    silence: &Error,
    mut noise: Vec<Noise>,
) -> Option<Modem> {
    let mut tried = tried_already(options);
    // What is behind an address has its speed set elsewhere; that of rfc2217 could be set, but a
    // network is no line to be tried out.
    let others: &[u32] = if port.contains("://") {
        &[]
    } else {
        &COMMON_BAUDRATES
    };
    let delivered = [9600, 115_200];
    for &baudrate in delivered.iter().chain(others) {
        if port.contains("://") || tried.contains(&baudrate) {
            continue;
        }
        tried.push(baudrate);
        examination.trying(&format!("{baudrate} baud"));
        let attempt = ModemOptions {
            baudrate: Some(baudrate),
            ..options.clone()
        };
        match Modem::open_for_doctor(port, &attempt, Some(PATIENCE)) {
            Ok(modem) => {
                examination.warn(
                    "answer",
                    format!("the module answers at {baudrate} baud only"),
                    &format!(
                        "give the speed: --baudrate {baudrate}, baudrate={baudrate} in Python"
                    ),
                );
                return Some(modem);
            }
            Err(failure) if failure.error.code() == ErrorCode::NoAnswer => {
                noise.extend(failure.noise);
            }
            Err(failure) => {
                let text = failure.error.to_string();
                examination.fail("answer", text, "look at the port again");
                return None;
            }
        }
    }
    let (text, remedy) = if port.contains("://") {
        (
            silence.to_string(),
            "see that the serial server's line has the module's speed (M5310-A 9600, the others 115200), \
             and that the module has power"
                .to_owned(),
        )
    } else {
        tried.sort_unstable();
        let tried: Vec<String> = tried.iter().map(ToString::to_string).collect();
        (
            format!(
                "nothing answers AT at {} baud{}",
                tried.join(", "),
                heard(&noise)
            ),
            if noise.is_empty() {
                "check power and wiring: TX of the one to RX of the other, a common ground, the right voltage; \
                 after power-on wait 10 s"
                    .to_owned()
            } else {
                "something sends: see which device it is, and at which speed; if it is the module, check its RX: \
                 TX of the one to RX of the other, a common ground, the right voltage"
                    .to_owned()
            },
        )
    };
    examination.fail("answer", text, remedy);
    None
}

/// What came although nothing answered.
fn heard(noise: &[Noise]) -> String {
    let one = |noise: &Noise| {
        let speed = noise
            .baudrate
            .map(|baudrate| format!(" at {baudrate} baud"));
        let speed = speed.unwrap_or_default();
        format!("{} bytes{speed} ({})", noise.bytes, noise.shown)
    };
    let all: Vec<String> = noise.iter().map(one).collect();
    if all.is_empty() {
        return String::new();
    }
    format!("; received {}", all.join(", "))
}

/// What the opening itself has tried.
fn tried_already(options: &ModemOptions) -> Vec<u32> {
    let known = options
        .baudrate
        .or_else(|| options.model.map(|model| model.profile().baudrate));
    known.into_iter().collect()
}

fn explain_port<F: FnMut(News<'_>)>(examination: &mut Examination<F>, port: &str, error: &Error) {
    let text = error.to_string();
    let remedy = match error.code() {
        ErrorCode::PortNotFound => {
            let who = if cfg!(windows) {
                "the device manager shows whether its driver is there"
            } else {
                "dmesg shows what the kernel made of it"
            };
            format!("plug the adapter in and take a name that `m531x ports` lists; {who}")
        }
        ErrorCode::PortInUse => match users(port).as_slice() {
            [] if cfg!(windows) => "close the program that has it open".to_owned(),
            [] => "close the program that has it open (lsof names it to root)".to_owned(),
            users => format!("close {}", users.join(", ")),
        },
        ErrorCode::Port if text.contains("permission denied") => {
            "sudo usermod -aG dialout $USER, then log in again (the group is the one that ls -l shows \
             for the port)"
                .to_owned()
        }
        ErrorCode::InvalidArgument => "give a name as m531x --help shows them".to_owned(),
        _ if port.contains("://") => {
            "see that the serial server runs there and that no firewall is between".to_owned()
        }
        _ => "take a serial port that `m531x ports` lists".to_owned(),
    };
    examination.fail("port", text, remedy);
}

/// The processes that have the port open, as far as this user may know.
#[cfg(target_os = "linux")]
fn users(port: &str) -> Vec<String> {
    use std::fs;

    let Ok(device) = fs::canonicalize(port) else {
        return Vec::new();
    };
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let mut users = Vec::new();
    for process in processes.flatten() {
        let Ok(number) = process.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        let Ok(descriptors) = fs::read_dir(process.path().join("fd")) else {
            continue;
        };
        let has_it = descriptors
            .flatten()
            .any(|entry| fs::read_link(entry.path()).is_ok_and(|target| target == device));
        if has_it {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            users.push(format!("{} (process {number})", name.trim()));
        }
    }
    users
}

#[cfg(not(target_os = "linux"))]
fn users(_: &str) -> Vec<String> {
    Vec::new()
}
