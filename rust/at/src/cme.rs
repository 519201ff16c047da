//! The numbers of `+CME ERROR` and what they mean on which module.
//!
//! A number means different things on different chips, and some models use numbers that no
//! document explains. [`text`] answers with words only where a source has them.
//!
//! ```
//! use m531x_at::cme::{CmeFamily, text};
//!
//! assert_eq!(text(CmeFamily::Hi21xx, 50), Some("incorrect parameters"));
//! assert_eq!(text(CmeFamily::Ml302, 615), Some("reconnect failed"));
//! assert_eq!(text(CmeFamily::Mt2625, 615), Some("packet domain or PPP error"));
//! assert_eq!(text(CmeFamily::Hi21xx, 615), None);
//! ```

/// Which table of `+CME ERROR` numbers a module uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CmeFamily {
    /// The numbers of 3GPP TS 27.007 alone (M5312 and M5313, unverified).
    General,
    /// General and those of the Hi21xx chips (M5310-A).
    Hi21xx,
    /// General and those of the MT2625 (M5311).
    Mt2625,
    /// General and the MQTT numbers of the ML302.
    Ml302,
    /// General and the number of the MN316.
    Mn316,
}

/// What the number means on this family; `None` when no source explains it.
pub fn text(family: CmeFamily, number: u16) -> Option<&'static str> {
    let special = match family {
        CmeFamily::General => None,
        CmeFamily::Hi21xx => lookup(HI21XX, number),
        CmeFamily::Mt2625 => {
            lookup(MT2625, number).or((577..=656).contains(&number).then_some(PACKET_DOMAIN))
        }
        CmeFamily::Ml302 => lookup(ML302, number),
        CmeFamily::Mn316 => lookup(MN316, number),
    };
    special.or_else(|| lookup(GENERAL, number))
}

type Table = &'static [(u16, &'static str)];

fn lookup(table: Table, number: u16) -> Option<&'static str> {
    let index = table
        .binary_search_by_key(&number, |(number, _)| *number)
        .ok()?;
    Some(table[index].1)
}

/// 3GPP TS 27.007, 9.2, as both chip families use it.
const GENERAL: Table = &[
    (0, "phone failure"),
    (1, "no connection to phone"),
    (3, "operation not allowed"),
    (4, "operation not supported"),
    (5, "PH-SIM PIN required"),
    (10, "SIM not inserted"),
    (11, "SIM PIN required"),
    (12, "SIM PUK required"),
    (13, "SIM failure"),
    (14, "SIM busy"),
    (15, "SIM wrong"),
    (16, "incorrect password"),
    (17, "SIM PIN2 required"),
    (18, "SIM PUK2 required"),
    (20, "memory full"),
    (21, "invalid index"),
    (22, "not found"),
    (23, "memory failure"),
    (24, "text string too long"),
    (25, "invalid characters in text string"),
    (26, "dial string too long"),
    (27, "invalid characters in dial string"),
    (30, "no network service"),
    (31, "network timeout"),
    (32, "emergency calls only"),
    (40, "network personalisation PIN required"),
    (41, "network personalisation PUK required"),
    (42, "network subset personalisation PIN required"),
    (43, "network subset personalisation PUK required"),
    (44, "service provider personalisation PIN required"),
    (45, "service provider personalisation PUK required"),
    (46, "corporate personalisation PIN required"),
    (47, "corporate personalisation PUK required"),
    (48, "hidden key required"),
    (50, "incorrect parameters"),
    (100, "unknown"),
    (103, "illegal MS"),
    (106, "illegal ME"),
    (107, "PS services not allowed"),
    (111, "PLMN not allowed"),
    (148, "unspecified GPRS error"),
    (149, "PDP authentication failure"),
];

/// The Hi21xx's own (its AT specification).
const HI21XX: Table = &[
    (51, "command disabled"),
    (52, "command aborted"),
    (159, "uplink busy"),
    (256, "required parameter not configured"),
    (257, "TUP not registered"),
    (500, "unknown"),
    (512, "required parameter not configured"),
    (513, "TUP not registered"),
    (514, "AT internal error"),
    (515, "CID active"),
];

/// The M5311 specification lists 577 to 656 for the packet domain and PPP.
const PACKET_DOMAIN: &str = "packet domain or PPP error";

/// The MT2625's own (M5311 AT specification 2.4).
const MT2625: Table = &[
    (765, "invalid input value"),
    (766, "unsupported value"),
    (767, "operation failed"),
    (769, "required module not available"),
    (846, "in PSM"),
];

/// The MQTT client's own (firmware of the ML302).
const ML302: Table = &[
    (600, "GPRS not active"),
    (601, "bad parameter"),
    (602, "already connected"),
    (603, "connect failed"),
    (604, "connect timeout"),
    (605, "SUBACK failed"),
    (606, "already subscribed"),
    (607, "unknown data"),
    (608, "send failed"),
    (609, "publish failed"),
    (610, "PUBREC failed"),
    (611, "PUBCOMP failed"),
    (612, "PUBACK failed"),
    (613, "socket failed"),
    (614, "wrong user name or password"),
    (615, "reconnect failed"),
    (616, "ack timeout"),
    (617, "connection broken"),
    (618, "UNSUBACK failed"),
    (619, "PUBREL failed"),
    (620, "already disconnected"),
    (621, "UNSUB error"),
];

/// `AT+MQTTCFG` while a client is still configured (host programs of the MN316).
const MN316: Table = &[(8002, "still configured")];
