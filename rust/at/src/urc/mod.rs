//! Unsolicited result codes: what the module says by itself.

mod acks;
mod publish;

pub use acks::AckNumbers;
pub use publish::Publish;

use crate::profile::Profile;

/// A line the module says by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Urc<'a> {
    /// A message arrived; made by the framer alone, for the payload may hold line ends.
    Publish(Publish<'a>),
    /// How connecting ended, or that the module reconnected by itself.
    Open(OpenOutcome),
    /// The broker answered a subscription.
    SubAck {
        /// The packet id.
        packet_id: u16,
        /// 0 to 2 the granted QoS, 128 refused.
        code: u8,
        /// The filter, if the firmware prints it.
        filter: Option<&'a [u8]>,
    },
    /// The broker answered the end of a subscription.
    UnsubAck {
        /// The packet id.
        packet_id: u16,
        /// The filter, if the firmware prints it.
        filter: Option<&'a [u8]>,
    },
    /// QoS 1: published.
    PubAck(AckNumbers),
    /// QoS 2: received.
    PubRec(AckNumbers),
    /// QoS 2: released.
    PubRel(AckNumbers),
    /// QoS 2: published.
    PubComp(AckNumbers),
    /// The connection ended, for whatever cause.
    Disc,
    /// The module tries to reconnect.
    Rec {
        /// The number of the attempt, from 0.
        attempt: u32,
    },
    /// An ack is late.
    Timeout(TimeoutKind),
    /// The broker answered a ping.
    PingResponse,
    /// A line of the boot banner.
    Boot(&'a [u8]),
    /// `*ATREADY: 1`: booted and ready for commands.
    Ready,
    /// `+CEREG:stat[,...]`.
    Registration(Registration<'a>),
    /// `+CPIN: ...`.
    SimState(&'a [u8]),
    /// `+IP: ...`.
    Ip(&'a [u8]),
    /// `*GOTOSLEEP`.
    Sleep,
    /// `*MATWAKEUP`, `*WAKEUP`.
    Wake,
    /// `+CFUN: n`.
    Functionality(u8),
    /// `+CSCON:n`: whether the radio connection is up.
    RadioConnection {
        /// 1 is connected, 0 idle.
        mode: u8,
    },
    /// `+NPSMR:n`: whether the module is in power saving mode.
    PowerSaving {
        /// 1 is in power saving mode.
        mode: u8,
    },
}

/// How `AT+MQTTOPEN` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenOutcome {
    /// `OK`.
    Accepted,
    /// `FAIL`.
    Failed,
    /// The code of CONNACK: 0 accepted, 1 to 5 refused (MQTT 3.1.1, 3.2.2.3).
    ReturnCode {
        /// The code.
        code: u8,
        /// Whether the broker kept a session.
        session_present: bool,
    },
}

/// Which ack is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutKind {
    /// 1: connecting.
    Connect,
    /// 2: publishing.
    Publish,
    /// 3: subscribing.
    Subscribe,
    /// 4: unsubscribing.
    Unsubscribe,
    /// 5: ping.
    Ping,
    /// 6: other.
    Other,
    /// A number without a meaning.
    Unknown(u32),
}

/// The state of the registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registration<'a> {
    /// 1 home, 5 roaming: registered.
    pub stat: u8,
    /// What follows: area, cell and technology.
    pub rest: Option<&'a [u8]>,
}

impl<'a> Urc<'a> {
    /// Recognises a URC; does not allocate. `+MQTTPUBLISH` is the framer's and never recognised here.
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        let _ = line;
        todo!()
    }

    /// Appends the line as a module of this profile prints it, with the final CR LF and no CR LF in front.
    pub fn encode(&self, profile: &Profile, out: &mut Vec<u8>) {
        let _ = (profile, out);
        todo!()
    }

    /// The name, such as `+MQTTSUBACK`.
    pub fn name(&self) -> &'static str {
        todo!()
    }
}
