//! Detects without writing that the reader of the output is gone.

use super::Call;
use crate::failure::Failure;

pub(super) enum Watched {
    Output,
    /// Standard input too, if it is a terminal. A pipe that has ended may still hold something.
    OutputAndTerminal,
}

/// Calls `gone` when a pipe has lost its reader or a terminal was closed; never for a file.
#[cfg(unix)]
pub(super) fn watch(
    what: Watched,
    gone: impl FnOnce(Call) + Send + 'static,
) -> Result<(), Failure> {
    use std::io::{IsTerminal, stdin, stdout};
    use std::thread;

    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::io::Errno;

    let (input, output) = (stdin(), stdout());
    let typed = matches!(what, Watched::OutputAndTerminal) && input.is_terminal();
    let pipe = !output.is_terminal();
    thread::Builder::new()
        .name("m531x-output".to_owned())
        .spawn(move || {
            // No event is requested: poll always reports errors and hang-ups.
            let mut watched = vec![PollFd::new(&output, PollFlags::empty())];
            if typed {
                watched.push(PollFd::new(&input, PollFlags::empty()));
            }
            let polled = loop {
                match poll(&mut watched, None) {
                    Err(Errno::INTR) => {}
                    polled => break polled,
                }
            };
            if polled.is_ok() {
                let reader_gone = pipe && !watched[0].revents().is_empty();
                gone(if reader_gone {
                    Call::ReaderGone
                } else {
                    Call::End
                });
            }
        })
        .map_err(|error| Failure::no_thread(&error))?;
    Ok(())
}

/// Whether the other end of standard input is gone, as it is for a terminal that was closed.
#[cfg(unix)]
pub(super) fn input_hung_up() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    const NOW: Timespec = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let input = std::io::stdin();
    let mut watched = [PollFd::new(&input, PollFlags::empty())];
    poll(&mut watched, Some(&NOW)).is_ok() && watched[0].revents().contains(PollFlags::HUP)
}

/// Windows ends the process with its console.
#[cfg(windows)]
pub(super) fn input_hung_up() -> bool {
    false
}

/// Windows reports it at the next write.
#[cfg(windows)]
#[allow(
    clippy::unnecessary_wraps,
    reason = "a thread may fail to start elsewhere"
)]
pub(super) fn watch(_: Watched, _: impl FnOnce(Call) + Send + 'static) -> Result<(), Failure> {
    Ok(())
}
