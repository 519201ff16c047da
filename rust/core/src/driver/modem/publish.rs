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
        match self
            .engine()
            .keep(publish_request(topic, payload, options), true)?
        {
            Ok(kept) => Pending::new(Arc::clone(self.engine()), kept, receipt).wait(),
            Err(request) => self.run(request, receipt),
        }
    }

    /// Begins to [`publish`](Self::publish); dropping the result gives the publish up.
    pub fn start_publish(
        &self,
        topic: &str,
        payload: &[u8],
        options: PublishOptions,
    ) -> Result<Pending<Receipt>, Error> {
        match self
            .engine()
            .keep(publish_request(topic, payload, options), true)?
        {
            Ok(kept) => Ok(Pending::new(Arc::clone(self.engine()), kept, receipt)),
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
        match self
            .engine()
            .keep(publish_request(topic, payload, options), true)?
        {
            Ok(kept) => Ok(Pending::new(Arc::clone(self.engine()), kept, receipt)),
            Err(request) => self.start_and_wait(request, receipt, slice),
        }
    }

    /// Begins to publish and lets it go on by itself; the result may be asked for, or not.
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
