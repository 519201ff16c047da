//! What the application asks for.

use m531x_core::session::RequestKind;
use m531x_core::{ConnectOptions, QoS};

use super::CLIENT;

pub fn connect(clean_session: bool) -> RequestKind {
    let mut options = ConnectOptions::new("broker", CLIENT);
    options.clean_session = clean_session;
    RequestKind::Connect(options)
}

pub fn publish(topic: &str, payload: &[u8], qos: QoS) -> RequestKind {
    RequestKind::Publish {
        topic: topic.to_owned(),
        payload: payload.to_vec(),
        qos,
        retain: false,
    }
}

pub fn subscribe(filter: &str, qos: QoS) -> RequestKind {
    RequestKind::Subscribe {
        filter: filter.to_owned(),
        qos,
        hex: false,
    }
}

pub fn unsubscribe(filter: &str) -> RequestKind {
    RequestKind::Unsubscribe {
        filter: filter.to_owned(),
    }
}
