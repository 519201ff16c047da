//! The signals that end a command: Ctrl-C, SIGTERM, SIGHUP, and the loss of the output's reader.

mod output;
mod signals;

use std::io::{self, BufRead, IsTerminal};
use std::process;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use m531x_core::{ErrorCode, Incoming, Modem};

use crate::failure::Failure;
use crate::notes::note;

/// Why a command is to stop.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    windows,
    allow(dead_code, reason = "Windows ends the process with its console")
)]
enum Call {
    /// What goes on is to be given up.
    CtrlC,
    /// The process is to end: SIGTERM, SIGHUP, or its terminal is gone.
    End,
    /// The reader of standard output has closed it.
    ReaderGone,
    /// The command has had its time.
    TimeUp,
}

/// Whether the user wants to stop.
#[derive(Clone)]
pub(crate) struct Interrupt(Arc<State>);

struct State {
    modem: Modem,
    ctrl_c: AtomicBool,
    ending: AtomicBool,
    reader_gone: AtomicBool,
    time_up: AtomicBool,
    /// How many calls there were.
    calls: AtomicUsize,
    /// Input is waited for, which nothing but the end of the process can break off.
    reading: AtomicBool,
    /// Standard input is a terminal; a closed one can no longer be asked.
    typed: bool,
    restore: Box<dyn Fn() + Send + Sync>,
}

impl Interrupt {
    /// From now on the signals wake callers that wait for `modem` instead of ending the process.
    pub(crate) fn waking(modem: &Modem) -> Result<Self, Failure> {
        Self::restoring(modem, || {})
    }

    /// The same; `restore` is called before the process is ended while it waits for input.
    pub(crate) fn restoring(
        modem: &Modem,
        restore: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, Failure> {
        let state = Arc::new(State {
            modem: modem.clone(),
            ctrl_c: AtomicBool::new(false),
            ending: AtomicBool::new(false),
            reader_gone: AtomicBool::new(false),
            time_up: AtomicBool::new(false),
            calls: AtomicUsize::new(0),
            reading: AtomicBool::new(false),
            typed: io::stdin().is_terminal(),
            restore: Box::new(restore),
        });
        let called = Arc::clone(&state);
        signals::install(move |call| called.call(call))?;
        Ok(Self(state))
    }

    /// From now on the loss of the reader of standard output ends the command: otherwise a command
    /// that waits for output would detect it only at the next write.
    pub(crate) fn watch_output(&self) -> Result<(), Failure> {
        let state = Arc::clone(&self.0);
        output::watch(output::Watched::Output, move |call| state.call(call))
    }

    /// The same for the terminal that is typed on.
    pub(crate) fn watch_output_and_terminal(&self) -> Result<(), Failure> {
        let state = Arc::clone(&self.0);
        output::watch(output::Watched::OutputAndTerminal, move |call| {
            state.call(call);
        })
    }

    /// Whether there was any call.
    pub(crate) fn raised(&self) -> bool {
        self.0.ctrl_c.load(Ordering::SeqCst) || self.0.ending.load(Ordering::SeqCst)
    }

    /// Whether there was a call that Ctrl-C cannot take back.
    pub(crate) fn ending(&self) -> bool {
        self.0.ending.load(Ordering::SeqCst)
    }

    /// How many calls there were so far.
    pub(crate) fn calls(&self) -> usize {
        self.0.calls.load(Ordering::SeqCst)
    }

    /// The command has had its time, and ends.
    pub(crate) fn time_is_up(&self) {
        self.0.call(Call::TimeUp);
    }

    /// A Ctrl-C so far was meant for what is over.
    pub(crate) fn forget_ctrl_c(&self) {
        self.0.ctrl_c.store(false, Ordering::SeqCst);
    }

    /// What the command ends with once there was a call.
    pub(crate) fn failure(&self) -> Failure {
        if self.0.reader_gone.load(Ordering::SeqCst) {
            Failure::ReaderGone
        } else if self.0.time_up.load(Ordering::SeqCst) {
            Failure::TimedOut(String::new())
        } else {
            Failure::Interrupted
        }
    }

    /// Fails once there was a call.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.raised() {
            return Err(self.failure());
        }
        Ok(())
    }

    /// What arrives at the modem within this time; a call ends the wait.
    pub(crate) fn recv(&self, time: Duration) -> Result<Option<Incoming>, Failure> {
        match self.0.modem.recv(Some(time)) {
            Err(error) if error.code() == ErrorCode::Cancelled => Err(self.failure()),
            received => Ok(received?),
        }
    }

    /// Reads input; a call ends the process meanwhile.
    pub(crate) fn reading<T>(&self, read: impl FnOnce() -> T) -> Result<T, Failure> {
        self.0.reading.store(true, Ordering::SeqCst);
        // After the mark: a call from here on ends the process by itself.
        self.check()?;
        let read = read();
        self.0.reading.store(false, Ordering::SeqCst);
        Ok(read)
    }

    /// Whether the end of standard input is the user's: a closed terminal reads like Ctrl-D, and its
    /// signal may still be on its way, or be ignored.
    pub(crate) fn end_of_input(&self) -> Result<(), Failure> {
        if self.0.typed && output::input_hung_up() {
            return Err(Failure::Interrupted);
        }
        Ok(())
    }

    /// The lines of standard input, of any bytes, without the line feeds that end them.
    pub(crate) fn input_lines(&self) -> impl Iterator<Item = Result<Vec<u8>, Failure>> {
        std::iter::from_fn(|| {
            let line = self.reading(|| io::stdin().lock().split(b'\n').next());
            match line {
                Ok(None) => self.end_of_input().err().map(Err),
                Ok(line) => line.map(|line| line.map_err(unreadable)),
                Err(failure) => Some(Err(failure)),
            }
        })
    }
}

/// Standard input that gives an error, as a terminal that is gone does.
pub(crate) fn unreadable(error: io::Error) -> Failure {
    Failure::Failed(format!("standard input cannot be read: {error}"))
}

impl State {
    fn call(&self, call: Call) {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let again = match call {
            Call::CtrlC => {
                self.ctrl_c.store(true, Ordering::SeqCst);
                false
            }
            Call::End => self.ending.swap(true, Ordering::SeqCst),
            Call::TimeUp => {
                self.time_up.store(true, Ordering::SeqCst);
                self.ending.store(true, Ordering::SeqCst);
                false
            }
            Call::ReaderGone => {
                self.reader_gone.store(true, Ordering::SeqCst);
                self.ending.store(true, Ordering::SeqCst);
                false
            }
        };
        if again {
            // The second signal: pending work, such as a write to an unread pipe, is abandoned.
            process::exit(1);
        }
        if self.reading.load(Ordering::SeqCst) {
            (self.restore)();
            // The rest of a recording is written.
            let _ = self.modem.close();
            process::exit(match call {
                Call::ReaderGone => 0,
                Call::TimeUp => {
                    let failure = Failure::TimedOut(String::new());
                    note(&failure);
                    i32::from(failure.exit_code())
                }
                Call::CtrlC | Call::End => 1,
            });
        }
        self.modem.cancel();
    }
}

/// Waits for Ctrl-C, SIGTERM or SIGHUP.
pub(crate) struct Termination(mpsc::Receiver<()>);

impl Termination {
    /// From now on the signals no longer end the process.
    pub(crate) fn expect() -> Result<Self, Failure> {
        let (sender, receiver) = mpsc::channel();
        signals::install(move |_| {
            // A second signal finds no waiting caller, and nothing more to do.
            let _ = sender.send(());
        })?;
        Ok(Self(receiver))
    }

    /// Waits for a signal, but not longer than this; returns whether it came.
    pub(crate) fn wait_for(&self, time: Duration) -> bool {
        // The sender lives as long as the process, so this ends by a signal or by the time.
        self.0.recv_timeout(time).is_ok()
    }

    /// Blocks until a signal comes.
    pub(crate) fn wait(self) {
        let _ = self.0.recv();
    }
}
