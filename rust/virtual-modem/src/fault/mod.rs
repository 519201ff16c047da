//! What can go wrong on purpose.
//!
//! A [`Fault`] is written `NAME` or `NAME=VALUE`, the same on the command line, in Python and here;
//! [`Fault::HELP`] lists them. Every decision of a fault is drawn from the modem's seed, so a run with
//! the same seed and the same input goes wrong in the same places.
//!
//! ```
//! use m531x_virtual_modem::Fault;
//!
//! let fault: Fault = "lost-ack=puback:1/3".parse()?;
//! assert_eq!(fault.to_string(), "lost-ack=puback:1/3");
//! assert_eq!(
//!     "split-writes=0".parse::<Fault>().unwrap_err().to_string(),
//!     "fault \"split-writes=0\": give the largest piece in bytes, 1 to 65535, such as split-writes=3"
//! );
//! # Ok::<(), m531x_virtual_modem::fault::ParseFaultError>(())
//! ```

mod injector;
mod parse;
mod rate;

use std::fmt;
use std::time::Duration;

use m531x_at::QoS;

use crate::firmware::Trait;

pub(crate) use injector::{AckFate, Injector, Mishap};
pub use parse::ParseFaultError;
pub use rate::Rate;

/// Something that goes wrong on purpose.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Output leaves in pieces of at most this many bytes, a few milliseconds apart.
    SplitWrites(u16),
    /// Output is held up to this long, then leaves in one write with all later output.
    MergeWrites(Duration),
    /// Everything the module says comes later, by a time drawn between the two.
    Delay(Duration, Duration),
    /// A URC stands in front of the final result.
    UrcInResponse(Rate),
    /// An acknowledgement of the broker does not arrive: `+MQTTTO` follows in its time.
    LostAck(Ack, Rate),
    /// An acknowledgement of the broker arrives this much later, after its `+MQTTTO` if need be.
    LateAck(Ack, Duration),
    /// The module reboots, once.
    RebootAt(Moment),
    /// The network is cut, once.
    CutNetworkAt(Moment),
    /// `+MQTTPUBLISH` declares this many bytes more than it delivers.
    DeclaredLonger(u16, Rate),
    /// `+MQTTPUBLISH` ends without CR LF, as before manual v1.1.
    NoFinalCrlf(Rate),
    /// One to eight bytes of line noise stand in front of what the module says.
    Garbage(Rate),
    /// Single bytes from the module are lost.
    DropBytes(Rate),
    /// Subscriptions to this filter (any when `None`) are refused with 128.
    RefuseSubscription(Option<String>),
    /// Subscriptions are granted this QoS at most.
    DowngradeSubscription(QoS),
    /// A module of any model falls asleep after this much silence on the serial port.
    Sleep(Duration),
    /// The SIM card cannot be used.
    Sim(Sim),
    /// `+CEREG` reports this state, independent of the network; only 1 and 5 are attached.
    Registration(u8),
    /// `+CSQ` reports this signal strength, 0 to 31, or 99 if unknown.
    Signal(u8),
    /// What the broker sends comes later, by a time drawn between the two, and long messages in pieces.
    SlowNetwork(Duration, Duration),
    /// The module answers nothing.
    Silent,
    /// One trait of the firmware is other than its lineage has it; no fault, but tried like one.
    Trait(Trait),
}

/// What is wrong with the SIM card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sim {
    /// There is none.
    Absent,
    /// It asks for its PIN.
    Pin,
    /// It is blocked and asks for its PUK.
    Puk,
}

impl Sim {
    const NAMES: [(&'static str, Self); 3] = [
        ("absent", Self::Absent),
        ("pin", Self::Pin),
        ("puk", Self::Puk),
    ];
}

impl Fault {
    /// Every fault with an example, one a line, for `--help`.
    pub const HELP: &'static str = "\
split-writes[=N]            output leaves in pieces of at most N (8) bytes      split-writes=3
merge-writes[=MS]           output is held up to MS (50), then leaves at once   merge-writes=50
delay=MS | delay=MIN-MAX    everything the module says comes later              delay=20-200
urc-in-response[=RATE]      a URC in front of the final result                  urc-in-response
lost-ack[=ACK[:RATE]]       an ack of the broker is lost, +MQTTTO follows       lost-ack=puback:1/3
late-ack=ACK:MS             an ack of the broker comes MS later                 late-ack=suback:12000
reboot-at=MOMENT            the module reboots, once                            reboot-at=AT+MQTTPUB
cut-network-at=MOMENT       the network is cut, once                            cut-network-at=5s
declared-longer[=N[:RATE]]  +MQTTPUBLISH declares N (4) bytes too many          declared-longer=4
no-final-crlf[=RATE]        +MQTTPUBLISH ends without CR LF                     no-final-crlf=0.5
garbage[=RATE]              line noise in front of what the module says         garbage=0.1
drop-bytes=RATE             single bytes from the module are lost               drop-bytes=0.001
refuse-subscription[=FILTER]  the subscription is refused with 128              refuse-subscription=alarm/#
downgrade-subscription=QOS  subscriptions are granted QOS at most               downgrade-subscription=0
sleep=SECONDS               asleep after this much silence; first bytes lost    sleep=10
sim=absent|pin|puk          the SIM card cannot be used                         sim=absent
registration=STAT           +CEREG reports this state; attached with 1 and 5    registration=3
signal=RSSI                 +CSQ reports this, 0 to 31, or 99 if unknown        signal=2
slow-network[=MS|MIN-MAX]   data from the broker comes later, in pieces         slow-network=500-4000
silent                      the module answers nothing                          silent
One trait of the firmware, on or off in either lineage:
qos0-takes-id[=on|off]      a publish of QoS 0 takes a packet id too            qos0-takes-id
id-zero[=on|off]            after packet id 65535 comes 0                       id-zero
ack-order=id-dup|dup-id     the order of the numbers of an acknowledgement      ack-order=dup-id
silent-suback[=on|off]      a refused or lower SUBACK prints nothing            silent-suback
refused-double-sub[=on|off|N]  subscribing again is refused (606)               refused-double-sub=606
late-disc[=on|off]          +MQTTDISC comes late, commands are refused till then  late-disc
fin-without-rec[=on|off]    no own reconnect after the broker closed            fin-without-rec
stray-615[=on|off]          +CME ERROR: 615 unasked when the module gives up    stray-615
short-message[=on|off]      what arrives slowly is printed in part              short-message
repeated-qos2[=on|off]      a QoS 2 message sent again is printed again         repeated-qos2=off
hex-in-bytes[=on|off]       hex delivery declares bytes, not digits             hex-in-bytes
ACK: puback, pubrec, pubcomp, suback, unsuback or any.
RATE: a probability (0.25) or every n-th (1/3); always when left out.
MOMENT: a command's name (AT+MQTTPUB: when it arrives), a time from the start (5s, 1500ms),
or bytes:N (after N bytes to the host).";
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SplitWrites(most) => write!(f, "split-writes={most}"),
            Self::MergeWrites(hold) => write!(f, "merge-writes={}", hold.as_millis()),
            Self::Delay(least, most) if least == most => write!(f, "delay={}", least.as_millis()),
            Self::Delay(least, most) => {
                write!(f, "delay={}-{}", least.as_millis(), most.as_millis())
            }
            Self::UrcInResponse(rate) => optional(f, "urc-in-response", *rate),
            Self::LostAck(ack, Rate::Always) => write!(f, "lost-ack={ack}"),
            Self::LostAck(ack, rate) => write!(f, "lost-ack={ack}:{rate}"),
            Self::LateAck(ack, late) => write!(f, "late-ack={ack}:{}", late.as_millis()),
            Self::RebootAt(moment) => write!(f, "reboot-at={moment}"),
            Self::CutNetworkAt(moment) => write!(f, "cut-network-at={moment}"),
            Self::DeclaredLonger(bytes, Rate::Always) => write!(f, "declared-longer={bytes}"),
            Self::DeclaredLonger(bytes, rate) => write!(f, "declared-longer={bytes}:{rate}"),
            Self::NoFinalCrlf(rate) => optional(f, "no-final-crlf", *rate),
            Self::Garbage(rate) => optional(f, "garbage", *rate),
            Self::DropBytes(rate) => write!(f, "drop-bytes={rate}"),
            Self::RefuseSubscription(None) => f.write_str("refuse-subscription"),
            Self::RefuseSubscription(Some(filter)) => write!(f, "refuse-subscription={filter}"),
            Self::DowngradeSubscription(qos) => write!(f, "downgrade-subscription={qos}"),
            Self::Sleep(after) => write!(f, "sleep={}", after.as_secs_f64()),
            Self::Sim(sim) => {
                let named = Sim::NAMES.iter().find(|(_, known)| known == sim);
                write!(f, "sim={}", named.map_or("", |(name, _)| name))
            }
            Self::Registration(stat) => write!(f, "registration={stat}"),
            Self::Signal(rssi) => write!(f, "signal={rssi}"),
            Self::SlowNetwork(least, most) => {
                write!(f, "slow-network={}-{}", least.as_millis(), most.as_millis())
            }
            Self::Silent => f.write_str("silent"),
            Self::Trait(one) => one.fmt(f),
        }
    }
}

fn optional(f: &mut fmt::Formatter<'_>, name: &str, rate: Rate) -> fmt::Result {
    match rate {
        Rate::Always => f.write_str(name),
        rate => write!(f, "{name}={rate}"),
    }
}

/// Which acknowledgement of the broker a fault is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ack {
    /// PUBACK.
    PubAck,
    /// PUBREC.
    PubRec,
    /// PUBCOMP.
    PubComp,
    /// SUBACK.
    SubAck,
    /// UNSUBACK.
    UnsubAck,
    /// Each of them.
    Any,
}

impl Ack {
    const NAMES: [(&'static str, Self); 6] = [
        ("puback", Self::PubAck),
        ("pubrec", Self::PubRec),
        ("pubcomp", Self::PubComp),
        ("suback", Self::SubAck),
        ("unsuback", Self::UnsubAck),
        ("any", Self::Any),
    ];

    fn covers(self, ack: Self) -> bool {
        self == Self::Any || self == ack
    }
}

impl fmt::Display for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES
            .iter()
            .find(|(_, ack)| ack == self)
            .map_or("any", |(name, _)| name);
        f.write_str(name)
    }
}

/// When a fault that happens once happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moment {
    /// When this command arrives, before its answer; the name with `AT`, such as `AT+MQTTPUB`.
    Command(String),
    /// This long after the start.
    After(Duration),
    /// After this many bytes to the host, so in the middle of a line too.
    Bytes(u64),
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(name) => f.write_str(name),
            Self::After(time) => write!(f, "{}ms", time.as_millis()),
            Self::Bytes(bytes) => write!(f, "bytes:{bytes}"),
        }
    }
}
