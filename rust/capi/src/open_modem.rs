//! What is behind the handle of a modem.

use std::ffi::c_void;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use m531x_core::{Error, Modem};

use crate::begun::Begun;
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
    begun: Mutex<Begun>,
    user_data: AtomicPtr<c_void>,
    /// The virtual modem of a `virtual://` port, which lives as long as this.
    #[cfg(feature = "virtual-modem")]
    _virtual_modem: Option<m531x_virtual_modem::VirtualModem>,
}

impl OpenModem {
    pub(crate) fn new(
        modem: Modem,
        settings: Settings,
        #[cfg(feature = "virtual-modem")] virtual_modem: Option<m531x_virtual_modem::VirtualModem>,
    ) -> Self {
        Self {
            modem,
            event_fd: Mutex::default(),
            callbacks: Callbacks::default(),
            last_error: LastError::default(),
            settings: Mutex::new(settings),
            begun: Mutex::default(),
            user_data: AtomicPtr::default(),
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
        self.modem.inbox().on_readable(move |readable| {
            if readable {
                raised.raise();
            } else {
                raised.clear();
            }
        });
        Ok(place.insert(made).descriptor())
    }

    pub(crate) fn set_user_data(&self, user_data: *mut c_void) {
        self.user_data.store(user_data, Ordering::SeqCst);
    }

    pub(crate) fn user_data(&self) -> *mut c_void {
        self.user_data.load(Ordering::SeqCst)
    }

    pub(crate) fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn begun(&self) -> MutexGuard<'_, Begun> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
