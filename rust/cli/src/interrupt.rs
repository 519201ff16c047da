//! Ctrl-C and SIGTERM.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use m531x_core::Modem;

use crate::failure::Failure;

/// Tells whether the user wants to stop.
#[derive(Clone)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on Ctrl-C and SIGTERM wake whoever waits for `modem` instead of ending the process.
    pub(crate) fn waking(modem: &Modem) -> Result<Self, Failure> {
        Self::waking_after(modem, || {})
    }

    /// The same for a process that may also wait for something that cannot be woken: `first` is called
    /// first, and ends it then.
    pub(crate) fn waking_after(
        modem: &Modem,
        mut first: impl FnMut() + Send + 'static,
    ) -> Result<Self, Failure> {
        let raised = Arc::new(AtomicBool::new(false));
        let (flag, modem) = (Arc::clone(&raised), modem.clone());
        install(move || {
            first();
            flag.store(true, Ordering::SeqCst);
            modem.cancel();
        })?;
        Ok(Self(raised))
    }

    /// Whether the signal came since this was asked last.
    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }

    /// Whether the signal came.
    pub(crate) fn raised(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Waits for Ctrl-C or SIGTERM.
pub(crate) struct Termination(mpsc::Receiver<()>);

impl Termination {
    /// From now on the signals no longer end the process.
    pub(crate) fn expect() -> Result<Self, Failure> {
        let (sender, receiver) = mpsc::channel();
        install(move || {
            // A second signal finds nobody waiting, and nothing more to do.
            let _ = sender.send(());
        })?;
        Ok(Self(receiver))
    }

    /// Waits for a signal, but not longer than this; tells whether it came.
    pub(crate) fn wait_for(&self, time: Duration) -> bool {
        // The sender lives as long as the process, so this ends by a signal or by the time.
        self.0.recv_timeout(time).is_ok()
    }

    /// Blocks until a signal comes.
    pub(crate) fn wait(self) {
        let _ = self.0.recv();
    }
}

fn install(handler: impl FnMut() + Send + 'static) -> Result<(), Failure> {
    ctrlc::set_handler(handler)
        .map_err(|error| Failure::Failed(format!("signals cannot be caught: {error}")))
}
