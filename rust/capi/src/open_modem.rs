//! What is behind the handle of a modem.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use m531x_core::{Delivery, Error, ErrorCode, Modem};

use crate::callback::Callbacks;
use crate::event_fd::EventFd;
use crate::last_error::LastError;
use crate::settings::Settings;

/// One open modem.
pub(crate) struct OpenModem {
    pub(crate) modem: Modem,
    event_fd: Mutex<Option<Arc<EventFd>>>,
    pub(crate) callbacks: Callbacks,
    pub(crate) last_error: LastError,
    settings: Mutex<Settings>,
    deliveries: Mutex<Deliveries>,
    /// The virtual modem of a `virtual://` port, which lives as long as this.
    #[cfg(feature = "virtual-modem")]
    _virtual_modem: Option<m531x_virtual_modem::VirtualModem>,
}

/// How many tokens may be out at once.
const TOKENS: usize = 65_536;

/// The publishes that go on, by their tokens.
#[derive(Default)]
pub(crate) struct Deliveries {
    last_token: u32,
    pub(crate) by_token: HashMap<u32, Delivery>,
}

impl OpenModem {
    pub(crate) fn new(
        modem: Modem,
        #[cfg(feature = "virtual-modem")] virtual_modem: Option<m531x_virtual_modem::VirtualModem>,
    ) -> Self {
        Self {
            modem,
            event_fd: Mutex::default(),
            callbacks: Callbacks::default(),
            last_error: LastError::default(),
            settings: Mutex::default(),
            deliveries: Mutex::default(),
            #[cfg(feature = "virtual-modem")]
            _virtual_modem: virtual_modem,
        }
    }

    /// The descriptor that is readable while something waits; made with the first call.
    pub(crate) fn event_fd(&self) -> Result<i32, Error> {
        let mut place = self.event_fd.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = place.as_ref() {
            return Ok(made.descriptor());
        }
        let made = Arc::new(EventFd::new()?);
        let raised = Arc::clone(&made);
        self.modem.on_readable(move |readable| {
            if readable {
                raised.raise();
            } else {
                raised.clear();
            }
        });
        Ok(place.insert(made).descriptor())
    }

    pub(crate) fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn deliveries(&self) -> MutexGuard<'_, Deliveries> {
        self.deliveries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deliveries {
    /// A program that never waits for its tokens gets an error before they use up the memory.
    pub(crate) fn check_room(&self) -> Result<(), Error> {
        if self.by_token.len() < TOKENS {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::Busy,
            format!("{TOKENS} tokens wait for m531x_publish_wait: call it, or pass NULL for token"),
        ))
    }

    /// Keeps a delivery under a new token, which is never 0 and not in use.
    pub(crate) fn keep(&mut self, delivery: Delivery) -> u32 {
        loop {
            self.last_token = self.last_token.wrapping_add(1);
            if self.last_token != 0 && !self.by_token.contains_key(&self.last_token) {
                break;
            }
        }
        self.by_token.insert(self.last_token, delivery);
        self.last_token
    }
}
