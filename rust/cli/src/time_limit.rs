//! `-W`: how long a whole command may take.

use std::process;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::notes::note;

/// Ends the command when its time is over.
pub(crate) struct TimeLimit(Arc<Mutex<Stage>>);

/// What there is to end.
enum Stage {
    /// The opening of the port, which nothing but the end of the process can break off everywhere.
    Opening,
    Working(Interrupt),
    /// Nothing: the work is done.
    Done,
}

impl TimeLimit {
    /// From now on the time runs, if it is limited.
    pub(crate) fn begin(limit: Option<Duration>) -> Result<Self, Failure> {
        let stage = Arc::new(Mutex::new(Stage::Opening));
        if let Some(limit) = limit {
            let watched = Arc::clone(&stage);
            thread::Builder::new()
                .name("m531x-time-limit".to_owned())
                .spawn(move || {
                    thread::sleep(limit);
                    time_is_up(&watched.lock().unwrap_or_else(PoisonError::into_inner));
                })
                .map_err(|error| Failure::no_thread(&error))?;
        }
        Ok(Self(stage))
    }

    /// The port is open: the end of the time interrupts the work.
    pub(crate) fn interrupts(&self, interrupt: &Interrupt) {
        self.enter(Stage::Working(interrupt.clone()));
    }

    /// The work is done in time.
    pub(crate) fn lift(&self) {
        self.enter(Stage::Done);
    }

    fn enter(&self, stage: Stage) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = stage;
    }
}

fn time_is_up(stage: &Stage) {
    match stage {
        Stage::Opening => {
            let failure = Failure::TimedOut("the module did not answer yet".to_owned());
            note(&failure);
            process::exit(failure.exit_code().into());
        }
        Stage::Working(interrupt) => interrupt.time_is_up(),
        Stage::Done => {}
    }
}
