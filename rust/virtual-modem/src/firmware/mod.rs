//! What firmware does where the manual is silent.
//!
//! Two lineages are known, and both obey the manual where it is explicit. A [`Firmware`] is a set of
//! [`Traits`]; a [`Trait`] switches one of them, so that mixes can be tried. The module and its MQTT
//! client consult the traits and know no lineage.
//!
//! ```
//! use m531x_virtual_modem::{Fault, Firmware, Model};
//!
//! let traits = Firmware::Vendor.traits(Model::M5310A.profile());
//! assert!(traits.qos0_takes_id);
//! let mix: Fault = "qos0-takes-id=off".parse()?;
//! assert_eq!(mix.to_string(), "qos0-takes-id=off");
//! # Ok::<(), m531x_virtual_modem::fault::ParseFaultError>(())
//! ```

mod switch;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use m531x_at::profile::{AckOrder, Model, Profile};

pub use switch::{Switch, Trait};

/// A lineage of firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Firmware {
    /// The MQTT client of the module vendor, as it was measured.
    Vendor,
    /// The manual, read kindly: what it does not mention goes the way MQTT has it.
    Manual,
}

impl Firmware {
    /// Both lineages.
    pub const ALL: [Self; 2] = [Self::Vendor, Self::Manual];

    /// The lineage of this model where none is named; `docs/dialect.md` gives the reasons.
    pub fn of(_model: Model) -> Self {
        Self::Manual
    }

    /// What this lineage does.
    pub fn traits(self, profile: &Profile) -> Traits {
        match self {
            Self::Vendor => Traits::VENDOR,
            Self::Manual => Traits {
                ack_order: profile.ack_order,
                ..Traits::MANUAL
            },
        }
    }

    /// The name, as options take it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vendor => "vendor",
            Self::Manual => "manual",
        }
    }
}

impl fmt::Display for Firmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Firmware {
    type Err = ParseFirmwareError;

    fn from_str(text: &str) -> Result<Self, ParseFirmwareError> {
        Self::ALL
            .into_iter()
            .find(|firmware| firmware.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| ParseFirmwareError(text.to_owned()))
    }
}

/// A text that names no firmware.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseFirmwareError(String);

impl fmt::Display for ParseFirmwareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown firmware {:?}: use vendor or manual", self.0)
    }
}

impl std::error::Error for ParseFirmwareError {}

/// Everything in which lineages differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Traits {
    // ---- packet ids and acknowledgements
    /// A publish of QoS 0 takes a packet id too, although it is sent without one.
    pub qos0_takes_id: bool,
    /// After 65535 comes 0, and ids in flight are not skipped.
    pub id_zero: bool,
    /// Which number of an acknowledgement is the packet id.
    pub ack_order: AckOrder,
    /// What is late is forgotten with its `+MQTTTO`: its acknowledgement then prints nothing, a late
    /// PUBREC gets no PUBREL, and one timer counts for both halves of QoS 2.
    pub forgets_late: bool,
    /// How often the client looks at its timers: reports are late by as much at most.
    pub tick: Duration,
    /// A SUBACK that grants less than was asked for, or refuses, prints nothing; `+MQTTTO:3` follows.
    pub silent_suback: bool,

    // ---- refusals
    /// The error number for subscribing to what the topic table holds; `None` subscribes again.
    pub refused_double_sub: Option<u16>,
    /// The error number for unsubscribing from what the table does not hold; `None` unsubscribes.
    pub refused_unsub: Option<u16>,
    /// The error number for publishing on a dead link that has not been reported yet.
    pub dead_link: u16,
    /// Largest UNSUBSCRIBE packet in bytes; `None` has the topic's limit alone.
    pub unsub_limit: Option<usize>,
    /// A client that connects or reconnects refuses DEL, and only CFG breaks in.
    pub busy: bool,

    // ---- the connection
    /// A TCP connection or a CONNACK that fails is tried again by the module itself, as the manual has
    /// it; otherwise it fails at once.
    pub insists: bool,
    /// OPEN itself counts as the first attempt: the next one is `+MQTTREC:1`, after a longer wait.
    pub open_counts: bool,
    /// `+MQTTDISC` comes a while after what caused it; until then most commands are refused.
    pub late_disc: bool,
    /// A connection that the broker closed is not made again by the module.
    pub fin_without_rec: bool,
    /// Giving up prints `+CME ERROR: 615`, unasked.
    pub stray_615: bool,
    /// Every attempt to reconnect that gets no CONNACK prints `+MQTTTO:1`.
    pub reports_attempts: bool,
    /// Topic table and publishes in flight survive a reconnect if the broker kept the session.
    pub keeps_session: bool,
    /// `AT+MQTTSTAT?` reports 1 once disconnected, 3 between attempts, 7 for a moment.
    pub fine_states: bool,
    /// A PINGREQ goes out one keep-alive after the last byte either way and is lost after another.
    pub lazy_pings: bool,
    /// `AT+MQTTCFG` with keep-alive 0 sends PINGREQ without pause instead of none.
    pub pings_at_zero: bool,

    // ---- what the broker sends
    /// A payload whose rest is late is printed as far as it came, and acknowledged.
    pub short_message: bool,
    /// A message of QoS 2 that the broker sends again is printed again.
    pub repeated_qos2: bool,
    /// Hex delivery declares the payload's bytes and puts the digits on a line of their own; otherwise it
    /// declares the digits.
    pub hex_in_bytes: bool,
    /// What no client can use is ignored: a second CONNACK, unknown packets, packet id 0.
    pub tolerant: bool,
}

impl Traits {
    const VENDOR: Self = Self {
        qos0_takes_id: true,
        id_zero: true,
        ack_order: AckOrder::DupFirst,
        forgets_late: true,
        tick: Duration::from_millis(1500),
        silent_suback: true,
        refused_double_sub: Some(606),
        refused_unsub: Some(621),
        dead_link: 608,
        unsub_limit: Some(256),
        busy: true,
        insists: false,
        open_counts: true,
        late_disc: true,
        fin_without_rec: true,
        stray_615: true,
        reports_attempts: true,
        keeps_session: false,
        fine_states: true,
        lazy_pings: true,
        pings_at_zero: true,
        short_message: true,
        repeated_qos2: true,
        hex_in_bytes: true,
        tolerant: true,
    };

    const MANUAL: Self = Self {
        qos0_takes_id: false,
        id_zero: false,
        ack_order: AckOrder::IdFirst,
        forgets_late: false,
        tick: Duration::ZERO,
        silent_suback: false,
        refused_double_sub: None,
        refused_unsub: None,
        dead_link: 3,
        unsub_limit: None,
        busy: false,
        insists: true,
        open_counts: false,
        late_disc: false,
        fin_without_rec: false,
        stray_615: false,
        reports_attempts: false,
        keeps_session: true,
        fine_states: false,
        lazy_pings: false,
        pings_at_zero: false,
        short_message: false,
        repeated_qos2: false,
        hex_in_bytes: false,
        tolerant: false,
    };

    /// These with some of them switched; of two that exclude each other the later one counts.
    #[must_use]
    pub fn with<'a>(mut self, switched: impl IntoIterator<Item = &'a Trait>) -> Self {
        for one in switched {
            one.apply(&mut self);
        }
        self
    }
}
