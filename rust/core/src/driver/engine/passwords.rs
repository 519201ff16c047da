//! Passwords that are asked for: a function of the user's is called on a thread of its own, so that
//! neither the reading of the port nor a callback that waits for the connection stands in its way.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};

use super::Engine;
use super::state::EngineState;
use crate::session::PasswordRequest;
use crate::{Error, ErrorCode, Secret};
use m531x_threads::spawn_thread;

impl Engine {
    /// Where a thread that has asked for a password finds the way back.
    pub(in crate::driver) fn know_itself(self: &Arc<Self>) {
        self.lock().myself = Arc::downgrade(self);
    }

    /// Passes a password on, or why there is none; whether a connect waits for it.
    pub(in crate::driver) fn set_password(
        &self,
        number: Option<u64>,
        password: Result<Secret, Error>,
    ) -> bool {
        let mut state = self.lock();
        if state.end.is_some() {
            return false;
        }
        let now = state.now();
        let taken = state.session.set_password(now, number, password);
        self.drain_session(&mut state, now);
        self.wake_owner(&mut state);
        taken
    }

    /// Has the function called that is to be called now.
    pub(super) fn pass_on_password_request(&self, state: &mut EngineState) {
        let Some(request) = state.session.poll_password_request() else {
            return;
        };
        let number = request.number();
        let engine = state.myself.clone();
        let asked = spawn_thread("m531x-password", move || ask(&engine, &request));
        if let Err(error) = asked {
            let why = format!("no thread can ask for it: {error}");
            let now = state.now();
            let error = Error::new(ErrorCode::Internal, why);
            state.session.set_password(now, Some(number), Err(error));
            self.dispatch_outputs(state);
        }
    }
}

/// No lock is held, and the modem not kept, while the function runs.
fn ask(engine: &Weak<Engine>, request: &PasswordRequest) {
    let called = catch_unwind(AssertUnwindSafe(|| request.call()));
    let Some(engine) = engine.upgrade() else {
        return;
    };
    let password = called.unwrap_or_else(|_| {
        engine.count_callback_panic();
        let why = "the function that gives it panicked";
        Err(Error::new(ErrorCode::Internal, why))
    });
    engine.set_password(Some(request.number()), password);
}
