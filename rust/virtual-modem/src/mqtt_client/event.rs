//! The events that the MQTT client reports to its caller.

/// What the MQTT client wants from the network below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetRequest {
    /// Open a connection; answered by `handle_connected` or `handle_connect_failed`.
    Connect {
        /// Name or address.
        host: String,
        /// TCP port.
        port: u16,
        /// Whether TLS is wanted.
        tls: bool,
    },
    /// Close the connection once everything that `poll_transmit` still gives has been written.
    Close,
}

/// Which acknowledgement is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AckKind {
    /// CONNACK, or the TCP connection itself.
    Connect,
    /// PUBACK, PUBREC or PUBCOMP.
    Publish,
    /// SUBACK.
    Subscribe,
    /// UNSUBACK.
    Unsubscribe,
}

/// What happened on the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// The broker answered CONNECT; any code but 0 is followed by `Closed`.
    ConnAck {
        /// MQTT 3.1.1 return code: 0 accepted, 1 to 5 refused.
        code: u8,
        /// Whether the broker had kept a session.
        session_present: bool,
    },
    /// SUBACK.
    SubAck {
        /// The id the SUBSCRIBE was sent with.
        packet_id: u16,
        /// Granted QoS 0 to 2, or 128 for refused.
        code: u8,
    },
    /// UNSUBACK.
    UnsubAck {
        /// The id the UNSUBSCRIBE was sent with.
        packet_id: u16,
    },
    /// PUBACK: a QoS 1 publish is done.
    PubAck {
        /// The id the PUBLISH was sent with.
        packet_id: u16,
    },
    /// PUBREC: half of a QoS 2 publish; PUBREL has been queued.
    PubRec {
        /// The id the PUBLISH was sent with.
        packet_id: u16,
    },
    /// PUBCOMP: a QoS 2 publish is done.
    PubComp {
        /// The id the PUBLISH was sent with.
        packet_id: u16,
    },
    /// A publish of the broker. QoS 1 and 2 wait for [`MqttClient::acknowledge`](super::MqttClient::acknowledge).
    Message {
        /// The broker may have sent this message before.
        dup: bool,
        /// QoS 0 to 2.
        qos: u8,
        /// A retained message, sent because of a new subscription.
        retain: bool,
        /// 0 for QoS 0.
        packet_id: u16,
        /// Topic name, valid UTF-8.
        topic: Vec<u8>,
        /// Any bytes.
        payload: Vec<u8>,
        /// How many bytes of the payload did not come in time, and are not shown.
        missing: usize,
    },
    /// PINGRESP.
    PingResponse,
    /// A PINGREQ was not answered within the ack timeout; the connection stays open.
    PingTimeout,
    /// Three PINGREQ in a row were not answered (manual 2.4); the connection stays open until the
    /// caller ends it.
    PingsLost,
    /// An acknowledgement is late; the packet stays in flight and its ack still counts when it comes.
    AckTimeout {
        /// Which one.
        kind: AckKind,
        /// 0 for `Connect`.
        packet_id: u16,
    },
    /// The connection is gone: refused, lost, closed by the broker or by a protocol error.
    Closed {
        /// One line, without secrets.
        why: String,
    },
}
