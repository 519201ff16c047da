//! What happens to a connection that is made again when it is lost.

use std::sync::{Arc, Mutex, PoisonError};

use m531x_core::{Event, EventKind};

use crate::failure::Failure;
use crate::notes::note;
use crate::session::Connection;

/// Reports what happens to the connection, and keeps why it will not be made again.
pub(crate) struct ConnectionWatch(Arc<Mutex<Option<String>>>);

impl ConnectionWatch {
    pub(crate) fn begin(connection: &Connection) -> Result<Self, Failure> {
        let given_up = Arc::new(Mutex::new(None));
        let kept = Arc::clone(&given_up);
        let mut losses = LossNotes::default();
        connection.modem.on_events(Some(move |event: Event| {
            losses.note(&event);
            if event.kind == EventKind::RecoveryFailed {
                *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(event.text);
            }
            None
        }))?;
        Ok(Self(given_up))
    }

    /// Why there will be no further connection, if that is so.
    pub(crate) fn failure(&self, connection: &Connection) -> Option<Failure> {
        let given_up = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match given_up.clone() {
            Some(why) => Some(Failure::Failed(why)),
            None => connection.modem.ended().map(Failure::from),
        }
    }
}

/// Notes for the user about the losses of a connection.
#[derive(Default)]
pub(crate) struct LossNotes {
    lost: bool,
}

impl LossNotes {
    /// Reports that the connection is lost, or that it is made again.
    pub(crate) fn note(&mut self, event: &Event) {
        match event.kind {
            EventKind::Disconnected => {
                note(format!("connection lost: {}", event.text));
                self.lost = true;
            }
            EventKind::Connected if self.lost => {
                note("connected again");
                self.lost = false;
            }
            _ => {}
        }
    }
}
