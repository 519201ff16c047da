//! What stands here in a build without the feature `outbox`.

use std::sync::Arc;

use super::{Link, OutboxOptions, OutboxStats};
use crate::session::{OperationId, Outcome, Request};
use crate::{Error, ErrorCode};

/// Never made.
pub(in crate::driver) enum Opened {}

impl Opened {
    pub(in crate::driver) fn open(_: &OutboxOptions) -> Result<Self, Error> {
        Err(Error::new(
            ErrorCode::InvalidArgument,
            "this library was built without the outbox: build it with the feature outbox",
        ))
    }

    pub(in crate::driver) fn attach<T>(self, _: &Arc<T>) -> Result<Arc<Outbox>, Error> {
        match self {}
    }
}

/// Never made.
pub(in crate::driver) enum Outbox {}

impl Outbox {
    pub(in crate::driver) fn keep(&self, _: Request, _: bool) -> Result<u64, Error> {
        match *self {}
    }

    pub(in crate::driver) fn ended(&self, _: OperationId, _: Result<Outcome, Error>) {
        match *self {}
    }

    pub(in crate::driver) fn link(&self, _: Link) {
        match *self {}
    }

    pub(in crate::driver) fn stats(&self) -> OutboxStats {
        match *self {}
    }

    pub(in crate::driver) fn stop(&self) {
        match *self {}
    }
}
