//! The questions for passwords that are open.

use super::password::{AskPassword, PasswordRequest};
use super::request::OperationId;

/// Who waits for a password, and what has not been passed on yet.
#[derive(Debug, Default)]
pub(super) struct Passwords {
    /// How many questions there have been: the number of the last one.
    asked: u64,
    asking: Option<OperationId>,
    unasked: Option<AskPassword>,
}

impl Passwords {
    /// This operation wants one; the number of the question.
    pub(super) fn ask(&mut self, operation: OperationId, ask: &AskPassword) -> u64 {
        self.asked += 1;
        self.asking = Some(operation);
        self.unasked = Some(ask.clone()).filter(AskPassword::is_function);
        self.asked
    }

    /// It no longer wants one.
    pub(super) fn forget(&mut self, operation: OperationId) {
        if self.asking == Some(operation) {
            self.asking = None;
            self.unasked = None;
        }
    }

    /// Whose question an answer to this one is, or to any; from now on no connect waits.
    pub(super) fn take_asking(&mut self, number: Option<u64>) -> Option<OperationId> {
        if number.is_some_and(|number| number != self.asked) {
            return None;
        }
        self.unasked = None;
        self.asking.take()
    }

    /// Whether a connect waits.
    pub(super) fn is_asking(&self) -> bool {
        self.asking.is_some()
    }

    /// The function that is to be called, once.
    pub(super) fn take_unasked(&mut self) -> Option<PasswordRequest> {
        let ask = self.unasked.take()?;
        Some(PasswordRequest::new(ask, self.asked))
    }
}
