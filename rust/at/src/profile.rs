//! What differs between the modules: one [`Profile`] for each [`Model`].
//!
//! Each fact names where it comes from: the MQTT manual 1.4 ("manual"), the M5311 AT specification
//! 2.4 ("M5311 specification"), lines captured from modules ("captured"), the public firmware of
//! the client family ("firmware"), or programs that drive the modules ("host programs"). No capture
//! of an M5312 or M5313 is public, so their profiles are the base dialect and not
//! [`verified`](Profile::verified).
//!
//! ```
//! use m531x_at::profile::Model;
//!
//! let model = Model::from_identification("Revision:M5311-MBRH0S02")?.expect("a known model");
//! assert_eq!(model.profile().baudrate, 115_200);
//! assert_eq!("M5310-A".parse::<Model>(), Ok(Model::M5310A));
//! # Ok::<(), m531x_at::profile::UnsupportedModel>(())
//! ```

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::cme::CmeFamily;

/// A module this crate knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Model {
    /// M5310-A, chip Hi2115: 9600 baud, no space after colons, no TLS.
    M5310A,
    /// M5311, chip MT2625: 115 200 baud, echo, sleeps when left alone.
    M5311,
    /// M5312, chip RDA8908A: unverified, no public capture exists.
    M5312,
    /// M5313, chip RDA8909B: unverified, no public capture exists.
    M5313,
    /// MN316, a relative with the same dialect: encoder and error numbers only.
    Mn316,
    /// ML302, a relative whose encoder and order of acks differ: no more than these is known.
    Ml302,
}

impl Model {
    /// Every model, in the order of the manual, relatives last.
    pub const ALL: [Self; 6] = [
        Self::M5310A,
        Self::M5311,
        Self::M5312,
        Self::M5313,
        Self::Mn316,
        Self::Ml302,
    ];

    /// Finds the model in the answer to `AT+CGMM` or `ATI`; `None` when no known name is in it.
    pub fn from_identification(text: &str) -> Result<Option<Self>, UnsupportedModel> {
        let upper = text.to_ascii_uppercase();
        if let Some(at) = upper.find("ML307") {
            let name: String = upper[at..]
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
                .collect();
            return Err(UnsupportedModel { name });
        }
        let known = [
            ("M5310-A", Self::M5310A),
            ("M5310A", Self::M5310A),
            ("M5311", Self::M5311),
            ("M5312", Self::M5312),
            ("M5313", Self::M5313),
            ("MN316", Self::Mn316),
            ("ML302", Self::Ml302),
        ];
        Ok(known
            .into_iter()
            .find(|(name, _)| upper.contains(name))
            .map(|(_, model)| model))
    }

    /// The facts about this model.
    pub fn profile(self) -> &'static Profile {
        match self {
            Self::M5310A => &M5310A,
            Self::M5311 => &M5311,
            Self::M5312 => &M5312,
            Self::M5313 => &M5313,
            Self::Mn316 => &MN316,
            Self::Ml302 => &ML302,
        }
    }

    /// The name as printed on the module, such as `M5310-A`.
    pub fn name(self) -> &'static str {
        match self {
            Self::M5310A => "M5310-A",
            Self::M5311 => "M5311",
            Self::M5312 => "M5312",
            Self::M5313 => "M5313",
            Self::Mn316 => "MN316",
            Self::Ml302 => "ML302",
        }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Model {
    type Err = UnknownModel;

    fn from_str(text: &str) -> Result<Self, UnknownModel> {
        let wanted = text.trim();
        Self::ALL
            .into_iter()
            .find(|model| {
                model.name().eq_ignore_ascii_case(wanted)
                    || model.name().replace('-', "").eq_ignore_ascii_case(wanted)
            })
            .ok_or_else(|| UnknownModel {
                name: wanted.to_owned(),
            })
    }
}

/// A module with another command set answered; it cannot be driven by this crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsupportedModel {
    /// The name found in the identification.
    pub name: String,
}

impl fmt::Display for UnsupportedModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the module {} speaks another command set: connect an M5310-A, M5311, M5312 or M5313",
            self.name
        )
    }
}

impl std::error::Error for UnsupportedModel {}

/// A text that names no model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownModel {
    /// The text that was given.
    pub name: String,
}

impl fmt::Display for UnknownModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown model {:?}: use one of", self.name)?;
        for (index, model) in Model::ALL.into_iter().enumerate() {
            write!(f, "{} {model}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownModel {}

/// How the topic of `+MQTTPUBLISH` stands on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TopicQuoting {
    /// Without quotes, so it ends at one of the `,<digits>,` that follow.
    Bare,
    /// Between double quotes.
    Quoted,
    /// Not known, or both were seen.
    Either,
}

/// Which number comes first in `+MQTTPUBACK`, `+MQTTPUBREC`, `+MQTTPUBREL` and `+MQTTPUBCOMP`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AckOrder {
    /// `packId,dup`.
    IdFirst,
    /// `dup,packId`.
    DupFirst,
}

/// How many fields `AT+MQTTCFG=` has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CfgFields {
    /// Host to clean session.
    Seven,
    /// The seven, then `encrypt`.
    Eight,
    /// The nine of the ML302.
    Nine,
}

/// How many fields `AT+MQTTPUB=` has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PubFields {
    /// Topic, QoS, retain, dup, length, message.
    Six,
    /// Topic, QoS, retain, dup, message: no length, so text only.
    Five,
}

/// The command that reads the SIM's serial number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IccidForm {
    /// `AT+NCCID`.
    Nccid,
    /// `AT+ICCID`.
    Iccid,
}

/// The facts about one model that the wire depends on.
///
/// Plain data: clone one and change a field for a module that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The model described.
    pub model: Model,
    /// Whether lines captured from this very model stand behind the facts.
    pub verified: bool,
    /// Bits per second after power-on, 8N1: 9600 on M5310-A, 115 200 on M5311 (captured); 115 200
    /// on M5312 and M5313 is inferred from their chips.
    pub baudrate: u32,
    /// Whether a space follows the colon of a URC: yes on M5311, no on M5310-A (captured). Only for
    /// printing: one firmware can mix both, so every parser accepts both.
    pub colon_space: bool,
    /// Whether commands are echoed after boot: yes on M5311 (captured), no on M5310-A (inferred).
    pub echo_at_boot: bool,
    /// Least pause between a final result and the next command on a real line: 300 ms on M5310-A
    /// (host programs), none elsewhere.
    pub guard_time: Duration,
    /// Whether `AT+MQTTCFG` takes TLS: not on M5310-A (manual 1.1).
    pub encrypt_field: bool,
    /// The shape of `AT+MQTTCFG=`: 7 fields on M5310-A (manual 1.1), 8 on M5311 and MN316 (host
    /// programs), 9 on ML302 (firmware).
    pub cfg_fields: CfgFields,
    /// The shape of `AT+MQTTPUB=`: 6 fields since manual 1.4, 5 on ML302 (host programs).
    pub pub_fields: PubFields,
    /// How topics stand in `+MQTTPUBLISH`: bare on M5310-A and M5311, quoted on ML302 (captured).
    pub publish_topic: TopicQuoting,
    /// The order of the two numbers of an ack: id first (manual 1.11), dup first on ML302
    /// (firmware). A hint only: the manual contradicts itself.
    pub ack_order: AckOrder,
    /// Whether `AT+MQTTSUB=...,1` delivers payloads as hex: on M5311 (M5311 specification); the
    /// manual knows index 0 alone.
    pub hex_delivery: bool,
    /// Whether `AT+MQTTREC=` exists: in firmware of 2016 and in a host program of the M5310-A, in
    /// no manual.
    pub reconnect_switch: bool,
    /// Longest command line in bytes, CR included: 1024 (firmware). Some versions may take more.
    pub line_limit: usize,
    /// Longest topic in bytes: 512 (firmware).
    pub topic_limit: usize,
    /// Longest CONNECT packet in bytes: 256 (firmware).
    pub connect_limit: usize,
    /// Longest PUBLISH packet in bytes: 2048 (firmware).
    pub publish_limit: usize,
    /// What the module prints when it boots, line by line (captured); the cause of a reboot stands
    /// for itself on M5310-A, and the last line there is a stray `OK`.
    pub boot_banner: &'static [&'static str],
    /// The command that reboots the module: `AT+NRB` on Hi21xx chips, `AT+CMRB` on M5311 (host
    /// programs).
    pub reboot_command: &'static str,
    /// The command that reads the SIM's serial number: `AT+NCCID` on M5310-A, `AT+ICCID` on M5311
    /// (host programs).
    pub iccid_command: IccidForm,
    /// The command that keeps the module awake until it reboots (M5311 specification).
    pub wake_lock: Option<&'static str>,
    /// How long after the last AT traffic the module falls asleep: about 10 s on M5311 (M5311
    /// specification).
    pub sleep_after: Option<Duration>,
    /// Which numbers of `+CME ERROR` it uses.
    pub cme_family: CmeFamily,
}

/// The manual's facts about the whole family; also the profile of models without a capture.
const BASE: Profile = Profile {
    model: Model::M5312,
    verified: false,
    baudrate: 115_200,
    colon_space: false,
    echo_at_boot: false,
    guard_time: Duration::ZERO,
    encrypt_field: true,
    cfg_fields: CfgFields::Eight,
    pub_fields: PubFields::Six,
    publish_topic: TopicQuoting::Either,
    ack_order: AckOrder::IdFirst,
    hex_delivery: false,
    reconnect_switch: true,
    line_limit: 1024,
    topic_limit: 512,
    connect_limit: 256,
    publish_limit: 2048,
    boot_banner: &[],
    reboot_command: "AT+NRB",
    iccid_command: IccidForm::Iccid,
    wake_lock: None,
    sleep_after: None,
    cme_family: CmeFamily::General,
};

static M5310A: Profile = Profile {
    model: Model::M5310A,
    verified: true,
    baudrate: 9600,
    guard_time: Duration::from_millis(300),
    encrypt_field: false,
    cfg_fields: CfgFields::Seven,
    publish_topic: TopicQuoting::Bare,
    boot_banner: &[
        "Boot: Unsigned",
        "Security B.. Verified",
        "Protocol A.. Verified",
        "Apps A...... Verified",
        "",
        "REBOOT_CAUSE_APPLICATION_AT",
        "Neul",
        "OK",
    ],
    iccid_command: IccidForm::Nccid,
    cme_family: CmeFamily::Hi21xx,
    ..BASE
};

static M5311: Profile = Profile {
    model: Model::M5311,
    verified: true,
    colon_space: true,
    echo_at_boot: true,
    publish_topic: TopicQuoting::Bare,
    hex_delivery: true,
    reconnect_switch: false,
    boot_banner: &["REBOOTING..", "*ATREADY: 1", "+CFUN: 1", "+CPIN: READY"],
    reboot_command: "AT+CMRB",
    wake_lock: Some("AT+SM=LOCK"),
    sleep_after: Some(Duration::from_secs(10)),
    cme_family: CmeFamily::Mt2625,
    ..BASE
};

static M5312: Profile = BASE;

static M5313: Profile = Profile {
    model: Model::M5313,
    ..BASE
};

// Only what encoding and the order of acks need is known of the relatives.
static MN316: Profile = Profile {
    model: Model::Mn316,
    reconnect_switch: false,
    cme_family: CmeFamily::Mn316,
    ..BASE
};

static ML302: Profile = Profile {
    model: Model::Ml302,
    colon_space: true,
    cfg_fields: CfgFields::Nine,
    pub_fields: PubFields::Five,
    publish_topic: TopicQuoting::Quoted,
    ack_order: AckOrder::DupFirst,
    reconnect_switch: false,
    cme_family: CmeFamily::Ml302,
    ..BASE
};
