//! Publishing and subscribing.

use std::sync::Arc;
use std::time::Duration;

use super::Modem;
use crate::driver::convert::{done, granted, receipt};
use crate::driver::{Delivery, Pending, PublishOptions, SubscribeOptions};
use crate::session::{Request, RequestKind, Session};
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
        match self.keep(topic, payload, options, true)? {
            Ok(kept) => kept.wait(),
            Err(request) => self.run(request, receipt),
        }
    }

    /// Begins to [`publish`](Self::publish); dropping the result gives the publish up, unless an
    /// outbox keeps it.
    pub fn start_publish(
        &self,
        topic: &str,
        payload: &[u8],
        options: PublishOptions,
    ) -> Result<Pending<Receipt>, Error> {
        match self.keep(topic, payload, options, true)? {
            Ok(kept) => Ok(kept),
            Err(request) => self.start(request, receipt),
        }
    }

    /// Begins to publish as [`publish_nowait`](Self::publish_nowait) does, and returns a
    /// [`Pending`]: what an outbox keeps is pending also while no connection is being made.
    pub fn start_publish_nowait(
        &self,
        topic: &str,
        payload: &[u8],
        options: PublishOptions,
    ) -> Result<Pending<Receipt>, Error> {
        match self.keep(topic, payload, options, false)? {
            Ok(kept) => Ok(kept),
            Err(request) => self.start(request, receipt),
        }
    }

    /// Begins to [`publish`](Self::publish) and waits up to `slice` for its completion; see
    /// [`start_command_and_wait`](Self::start_command_and_wait).
    pub fn start_publish_and_wait(
        &self,
        topic: &str,
        payload: &[u8],
        options: PublishOptions,
        slice: Duration,
    ) -> Result<Pending<Receipt>, Error> {
        match self.keep(topic, payload, options, true)? {
            Ok(kept) => Ok(kept),
            Err(request) => self.start_and_wait(request, receipt, slice),
        }
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
        let id = match engine.keep(publish_request(topic, payload, options), false)? {
            Ok(kept) => kept,
            Err(request) => engine.start(request)?,
        };
        Ok(Delivery::new(
            Arc::clone(engine),
            Arc::clone(&self.handle.dispatcher),
            id,
        ))
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
        self.run(subscribe_request(filter, options), granted)
    }

    /// Begins to [`subscribe`](Self::subscribe).
    pub fn start_subscribe(
        &self,
        filter: &str,
        options: SubscribeOptions,
    ) -> Result<Pending<QoS>, Error> {
        self.start(subscribe_request(filter, options), granted)
    }

    /// Unsubscribes.
    pub fn unsubscribe(&self, filter: &str) -> Result<(), Error> {
        self.run(unsubscribe_request(filter), done)
    }

    /// Begins to [`unsubscribe`](Self::unsubscribe).
    pub fn start_unsubscribe(&self, filter: &str) -> Result<Pending<()>, Error> {
        self.start(unsubscribe_request(filter), done)
    }

    /// The live subscriptions, oldest first; nothing is sent.
    pub fn subscriptions(&self) -> Vec<String> {
        self.engine().with_session(Session::subscriptions)
    }
}

impl Modem {
    /// Has the outbox keep the message, or gives the request back.
    fn keep(
        &self,
        topic: &str,
        payload: &[u8],
        options: PublishOptions,
        needs_connection: bool,
    ) -> Result<Result<Pending<Receipt>, Request>, Error> {
        let engine = self.engine();
        let request = publish_request(topic, payload, options);
        let kept = engine.keep(request, needs_connection)?;
        Ok(kept.map(|id| Pending::new(Arc::clone(engine), id, receipt)))
    }
}

fn publish_request(topic: &str, payload: &[u8], options: PublishOptions) -> Request {
    let kind = RequestKind::Publish {
        topic: topic.to_owned(),
        payload: payload.to_vec(),
        qos: options.qos,
        retain: options.retain,
    };
    Request {
        kind,
        timeout: options.timeout,
    }
}

fn subscribe_request(filter: &str, options: SubscribeOptions) -> Request {
    let kind = RequestKind::Subscribe {
        filter: filter.to_owned(),
        qos: options.qos,
        hex: options.hex,
    };
    Request {
        kind,
        timeout: options.timeout,
    }
}

fn unsubscribe_request(filter: &str) -> Request {
    Request::new(RequestKind::Unsubscribe {
        filter: filter.to_owned(),
    })
}
