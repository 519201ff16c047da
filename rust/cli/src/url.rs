//! `-L`: broker, login and topic in one word.

use std::fmt;
use std::str::FromStr;

use m531x_core::Secret;

/// `mqtt[s]://[user[:password]@]host[:port][/topic]`.
#[derive(Clone)]
pub(crate) struct Url {
    pub(crate) tls: bool,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    pub(crate) topic: Option<String>,
}

const FORM: &str = "give mqtt://[USER[:PASSWORD]@]HOST[:PORT]/TOPIC, or mqtts:// for TLS";

/// The text may hold a password, so no error repeats it.
#[derive(Debug)]
pub(crate) struct NoUrl(&'static str);

impl fmt::Display for NoUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {FORM}", self.0)
    }
}

impl std::error::Error for NoUrl {}

impl FromStr for Url {
    type Err = NoUrl;

    fn from_str(text: &str) -> Result<Self, NoUrl> {
        let (tls, rest) = match text.split_once("://") {
            Some(("mqtt", rest)) => (false, rest),
            Some(("mqtts", rest)) => (true, rest),
            _ => return Err(NoUrl("it does not begin with mqtt:// or mqtts://")),
        };
        let (place, topic) = match rest.split_once('/') {
            Some((place, topic)) => (place, Some(topic)),
            None => (rest, None),
        };
        let (login, address) = match place.rsplit_once('@') {
            Some((login, address)) => (Some(login), address),
            None => (None, place),
        };
        let (username, password) = match login.map(|login| login.split_once(':').ok_or(login)) {
            None => (None, None),
            Some(Ok((name, password))) => (Some(name), Some(Secret::new(password))),
            Some(Err(name)) => (Some(name), None),
        };
        let (host, port) =
            host_and_port(address).ok_or(NoUrl("its port is no number of 1 to 65535"))?;
        if host.is_empty() {
            return Err(NoUrl("it has no host"));
        }
        Ok(Self {
            tls,
            username: username.map(str::to_owned),
            password,
            host: host.to_owned(),
            port,
            topic: topic.filter(|topic| !topic.is_empty()).map(str::to_owned),
        })
    }
}

/// Splits `HOST` or `HOST:PORT`; `None` where the port is no number of 1 to 65535.
pub(crate) fn host_and_port(text: &str) -> Option<(&str, Option<u16>)> {
    match text.rsplit_once(':') {
        None => Some((text, None)),
        Some((host, port)) => {
            let port = port.parse().ok().filter(|port| *port > 0)?;
            Some((host, Some(port)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Url;

    #[test]
    fn every_part_is_read() {
        let url: Url = "mqtts://me:a:b@host:99/a/b".parse().unwrap();
        assert!(url.tls);
        assert_eq!(url.username.as_deref(), Some("me"));
        assert_eq!(url.password, Some("a:b".into()));
        assert_eq!((url.host.as_str(), url.port), ("host", Some(99)));
        assert_eq!(url.topic.as_deref(), Some("a/b"));
        let url: Url = "mqtt://host".parse().unwrap();
        assert_eq!((url.tls, url.port, url.topic), (false, None, None));
    }

    #[test]
    fn an_error_does_not_repeat_what_may_be_a_password() {
        for wrong in [
            "secret",
            "http://secret@h/",
            "mqtt://u:secret@h:secret/",
            "mqtt://u:secret@/t",
        ] {
            let error = wrong.parse::<Url>().err().unwrap().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
