//! The answer to `AT+MQTTCFG?` (manual 1.1).

use super::line;
use crate::fields::{Field, Fields, value};
use crate::profile::{CfgFields, Profile};

const NAME: &str = "+MQTTCFG";

/// What the module says it is configured with; the password's text is dropped while parsing.
///
/// The manual shows the password as `"*****"` in the syntax and `***` in its example, firmware
/// prints it in clear: all three only say that one is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigReadback {
    /// The broker; `None` when unset.
    pub host: Option<String>,
    /// Its port.
    pub port: Option<u16>,
    /// The client id.
    pub client_id: Option<String>,
    /// Keep-alive in seconds.
    pub keepalive: Option<u16>,
    /// The user name.
    pub username: Option<String>,
    /// Whether a password is set.
    pub password_set: bool,
    /// Whether the broker forgets the session.
    pub clean_session: Option<bool>,
    /// Whether TLS is used; `None` when the module does not say.
    pub tls: Option<bool>,
}

impl ConfigReadback {
    /// Reads `+MQTTCFG:...` or, as the manual prints it, `AT+MQTTCFG:...`.
    ///
    /// ```
    /// use m531x_at::response::ConfigReadback;
    ///
    /// let line = br#"+MQTTCFG: "broker",1883,"lamp",60,"user",***,1"#;
    /// let config = ConfigReadback::parse(line).unwrap();
    /// assert_eq!(config.host.as_deref(), Some("broker"));
    /// assert!(config.password_set);
    /// assert_eq!(config.tls, None);
    /// ```
    pub fn parse(text: &[u8]) -> Option<Self> {
        let list = value(text.strip_prefix(b"AT").unwrap_or(text), NAME)?;
        if matches!(list.trim_ascii(), b"" | b"null" | b"(null)") {
            // Nothing at all is configured.
            return Some(Self::default());
        }
        let mut fields = Fields::new(list);
        let config = Self {
            host: text_of(fields.next()?),
            port: number_of(fields.next()?).ok()?,
            client_id: text_of(fields.next()?),
            keepalive: number_of(fields.next()?).ok()?,
            username: text_of(fields.next()?),
            password_set: !is_unset(fields.next()?),
            clean_session: flag_of(fields.next()?).ok()?,
            tls: match fields.next() {
                Some(field) => flag_of(field).ok()?,
                None => None,
            },
        };
        let _ninth = fields.next();
        fields.is_done().then_some(config)
    }

    /// The line as a module of this profile prints it, password as stars, unset texts as `null`.
    pub fn encode(&self, profile: &Profile) -> String {
        let text = |text: &Option<String>| match text {
            Some(text) => format!("\"{text}\""),
            None => "null".to_owned(),
        };
        let mut list = format!(
            "{},{},{},{},{},{},{}",
            text(&self.host),
            self.port.unwrap_or_default(),
            text(&self.client_id),
            self.keepalive.unwrap_or_default(),
            text(&self.username),
            if self.password_set {
                "\"*****\""
            } else {
                "null"
            },
            u8::from(self.clean_session.unwrap_or_default()),
        );
        let encrypt = if self.tls == Some(true) { ",1" } else { ",0" };
        list.push_str(match profile.cfg_fields {
            CfgFields::Seven => "",
            CfgFields::Eight | CfgFields::Nine => encrypt,
        });
        list.push_str(if profile.cfg_fields == CfgFields::Nine {
            ",0"
        } else {
            ""
        });
        line(NAME, list, profile)
    }
}

fn is_unset(field: Field<'_>) -> bool {
    field.text.is_empty() || field.text == b"(null)" || (!field.quoted && field.text == b"null")
}

fn text_of(field: Field<'_>) -> Option<String> {
    (!is_unset(field)).then(|| String::from_utf8_lossy(field.text).into_owned())
}

struct Malformed;

fn number_of(field: Field<'_>) -> Result<Option<u16>, Malformed> {
    if is_unset(field) {
        return Ok(None);
    }
    let number = field.number().and_then(|number| u16::try_from(number).ok());
    number.map(Some).ok_or(Malformed)
}

fn flag_of(field: Field<'_>) -> Result<Option<bool>, Malformed> {
    match field.number() {
        Some(0) => Ok(Some(false)),
        Some(1) => Ok(Some(true)),
        _ if is_unset(field) => Ok(None),
        _ => Err(Malformed),
    }
}
