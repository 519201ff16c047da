//! Publishing and subscribing.

use std::sync::Arc;

use super::Modem;
use crate::driver::operation::{Operation, Publish, Subscribe, Unsubscribe};
use crate::driver::{Delivery, Pending, PublishOptions, SubscribeOptions};
use crate::session::Session;
use crate::{Error, QoS, Receipt};

impl Modem {
    /// Publishes and waits until that is complete: for QoS 0 the module's OK, for QoS 1 the broker's
    /// PUBACK, for QoS 2 its PUBCOMP.
    ///
    /// With an [outbox](crate::OutboxOptions) and QoS 1 or 2, an error after the message was accepted
    /// says that it stays in the outbox: it is sent later, so do not publish it again. It comes at
    /// once if no connection is there or being made.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::NotConnected`](crate::ErrorCode::NotConnected), [`ErrorCode::PublishFailed`](crate::ErrorCode::PublishFailed) if the broker does not acknowledge,
    /// [`ErrorCode::InvalidArgument`](crate::ErrorCode::InvalidArgument) for a topic or payload the module cannot take.
    pub fn publish(
        &self,
        topic: &str,
        payload: &[u8],
        options: PublishOptions,
    ) -> Result<Receipt, Error> {
        self.run(Publish::new(topic, payload, options))
    }

    /// Begins to publish and lets it go on by itself; the result may be asked for, or not.
    ///
    /// With an [outbox](crate::OutboxOptions) and QoS 1 or 2 it returns once the message is on the
    /// disk, connected or not: from then on it is sent until the broker has acknowledged it, by this
    /// process or a later one.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::InvalidArgument`](crate::ErrorCode::InvalidArgument), [`ErrorCode::Closed`](crate::ErrorCode::Closed), [`ErrorCode::Port`](crate::ErrorCode::Port);
    /// with an outbox [`ErrorCode::OutboxFull`](crate::ErrorCode::OutboxFull), [`ErrorCode::OutboxFailed`](crate::ErrorCode::OutboxFailed).
    /// The message was not accepted then.
    pub fn publish_nowait(
        &self,
        topic: &str,
        payload: &[u8],
        options: PublishOptions,
    ) -> Result<Delivery, Error> {
        let engine = self.engine();
        let publish = Publish::new(topic, payload, options);
        let ticket = engine.deliver(publish.into_request())?;
        Ok(Delivery::new(
            Arc::clone(engine),
            Arc::clone(&self.handle.dispatcher),
            ticket,
        ))
    }

    /// Begins to publish as [`publish_nowait`](Self::publish_nowait) does, and returns a [`Pending`]: what an
    /// outbox keeps is pending also while no connection is there or being made.
    ///
    /// # Errors
    ///
    /// As for `publish_nowait`.
    pub fn start_nowait(&self, publish: Publish) -> Result<Pending<Receipt>, Error> {
        let engine = self.engine();
        let ticket = engine.deliver(publish.into_request())?;
        Ok(Pending::new(Arc::clone(engine), ticket))
    }

    /// Changes how many operations may wait or be under way; see
    /// [`ModemOptions::max_waiting`](crate::ModemOptions::max_waiting).
    pub fn set_max_waiting(&self, most: usize) {
        self.engine().set_max_waiting(most);
    }

    /// Subscribes and returns the QoS that the broker granted, which may be lower than asked.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Subscribe`](crate::ErrorCode::Subscribe) if the broker refuses or does not answer, [`ErrorCode::NotConnected`](crate::ErrorCode::NotConnected),
    /// [`ErrorCode::InvalidArgument`](crate::ErrorCode::InvalidArgument).
    pub fn subscribe(&self, filter: &str, options: SubscribeOptions) -> Result<QoS, Error> {
        self.run(Subscribe::new(filter, options))
    }

    /// Unsubscribes.
    pub fn unsubscribe(&self, filter: &str) -> Result<(), Error> {
        self.run(Unsubscribe::new(filter))
    }

    /// The live subscriptions, oldest first; nothing is sent.
    pub fn subscriptions(&self) -> Vec<String> {
        self.engine().with_session(Session::subscriptions)
    }
}
