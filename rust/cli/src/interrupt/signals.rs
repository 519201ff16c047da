//! The signals that end a process, on a thread of their own.

use super::Call;
use crate::failure::Failure;

/// From now on signals call `handler`.
#[cfg(unix)]
pub(super) fn install(mut handler: impl FnMut(Call) + Send + 'static) -> Result<(), Failure> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    let hangup = (!hangup_is_ignored()).then_some(SIGHUP);
    let wanted = hangup.into_iter().chain([SIGINT, SIGTERM]);
    let mut signals = Signals::new(wanted).map_err(uncaught)?;
    std::thread::Builder::new()
        .name("m531x-signals".to_owned())
        .spawn(move || {
            for signal in signals.forever() {
                handler(if signal == SIGINT {
                    Call::CtrlC
                } else {
                    Call::End
                });
            }
        })
        .map_err(uncaught)?;
    Ok(())
}

/// Whether the process was started to outlive its terminal, as by `nohup`. Only Linux reports it
/// without unsafe code.
#[cfg(unix)]
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok());
    // The lowest bit is that of signal 1.
    ignored.is_some_and(|signals| signals & 1 != 0)
}

/// From now on Ctrl-C and the end of the console call `handler`.
#[cfg(windows)]
pub(super) fn install(mut handler: impl FnMut(Call) + Send + 'static) -> Result<(), Failure> {
    ctrlc::set_handler(move || handler(Call::CtrlC)).map_err(uncaught)
}

fn uncaught(error: impl std::fmt::Display) -> Failure {
    Failure::Failed(format!("signals cannot be caught: {error}"))
}
