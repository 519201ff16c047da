//! Passwords that are asked for: a function of the user's is called on a thread of its own, so that
//! neither the reading of the port nor a callback that waits for the connection stands in its way.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};

use super::Engine;
use super::shared::Shared;
use crate::driver::thread::spawn_thread;
use crate::session::PasswordRequest;
use crate::{Error, ErrorCode, Secret};

impl Engine {
    /// Where a thread that has asked for a password finds the way back.
    pub(in crate::driver) fn know_itself(self: &Arc<Self>) {
        self.lock().myself = Arc::downgrade(self);
    }

    /// Passes a password on, or why there is none; whether somebody waits for it.
    pub(in crate::driver) fn set_password(
        &self,
        number: Option<u64>,
        password: Result<Secret, Error>,
    ) -> bool {
        let mut shared = self.lock();
        if shared.end.is_some() {
            return false;
        }
        let now = shared.now();
        let taken = shared.session.set_password(now, number, password);
        self.settle(&mut shared, now);
        self.tell_whoever_reads(&mut shared);
        taken
    }

    /// Has the function called that is to be called now.
    pub(super) fn pass_on_password_request(&self, shared: &mut Shared) {
        let Some(request) = shared.session.poll_password_request() else {
            return;
        };
        let number = request.number();
        let engine = shared.myself.clone();
        let asked = spawn_thread("m531x-password", move || ask(&engine, &request));
        if let Err(error) = asked {
            let why = format!("no thread can ask for it: {error}");
            let now = shared.now();
            let error = Error::new(ErrorCode::Internal, why);
            shared.session.set_password(now, Some(number), Err(error));
            self.hand_on(shared);
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
