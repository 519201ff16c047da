//! A name and `key=value` pairs in one line; texts are in quotes.

use std::fmt::{Display, Write as _};
use std::str::FromStr;
use std::time::Duration;

use m531x_at::recording::{EscapedBytes, seconds};

/// A line of fields, while it is written.
pub(crate) struct Writer(String);

impl Writer {
    pub(crate) fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    #[must_use]
    pub(crate) fn value(mut self, key: &str, value: impl Display) -> Self {
        // Writing to a string does not fail.
        let _ = write!(self.0, " {key}={value}");
        self
    }

    #[must_use]
    pub(crate) fn value_if(self, key: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.value(key, value),
            None => self,
        }
    }

    #[must_use]
    pub(crate) fn flag(self, key: &str, set: bool) -> Self {
        self.value(key, u8::from(set))
    }

    #[must_use]
    pub(crate) fn time(self, key: &str, time: Duration) -> Self {
        let text = format!("{}.{:09}", time.as_secs(), time.subsec_nanos());
        let text = text.trim_end_matches('0').trim_end_matches('.').to_owned();
        self.value(key, text)
    }

    #[must_use]
    pub(crate) fn time_if(self, key: &str, time: Option<Duration>) -> Self {
        match time {
            Some(time) => self.time(key, time),
            None => self,
        }
    }

    /// A text; passwords and PINs in it are hidden.
    #[must_use]
    pub(crate) fn text(self, key: &str, text: impl AsRef<[u8]>) -> Self {
        self.quoted(key, &EscapedBytes::redacted(text.as_ref()))
    }

    /// Any bytes whose number counts.
    #[must_use]
    pub(crate) fn payload(self, key: &str, payload: &[u8]) -> Self {
        self.quoted(key, &EscapedBytes::redacted_alike(payload))
    }

    #[must_use]
    pub(crate) fn text_if(self, key: &str, text: Option<impl AsRef<[u8]>>) -> Self {
        match text {
            Some(text) => self.text(key, text),
            None => self,
        }
    }

    pub(crate) fn line(self) -> String {
        self.0
    }

    fn quoted(self, key: &str, bytes: &EscapedBytes) -> Self {
        let shown = bytes.to_string().replace('"', "\\x22");
        self.value(key, format_args!("\"{shown}\""))
    }
}

/// The fields of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    /// What stands without a key, the name first.
    pub(crate) names: Vec<String>,
    fields: Vec<(String, Vec<u8>)>,
}

impl Fields {
    pub(crate) fn read(line: &str) -> Result<Self, String> {
        let mut fields = Self::default();
        let mut rest = line.trim();
        while !rest.is_empty() {
            let end = rest.find([' ', '=']).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            if let Some(quoted) = after.strip_prefix("=\"") {
                let (text, after) = quoted
                    .split_once('"')
                    .ok_or_else(|| format!("{name}: the quote at the end is missing"))?;
                fields.fields.push((name.to_owned(), unescaped(text)?));
                rest = after.trim_start();
            } else if let Some(value) = after.strip_prefix('=') {
                let end = value.find(' ').unwrap_or(value.len());
                let (value, after) = value.split_at(end);
                fields
                    .fields
                    .push((name.to_owned(), value.as_bytes().to_vec()));
                rest = after.trim_start();
            } else {
                fields.names.push(name.to_owned());
                rest = after.trim_start();
            }
        }
        Ok(fields)
    }

    pub(crate) fn bytes(&self, key: &str) -> Result<Vec<u8>, String> {
        self.find(key)
            .map(<[u8]>::to_vec)
            .ok_or_else(|| format!("{key}= is missing"))
    }

    pub(crate) fn text(&self, key: &str) -> Result<String, String> {
        String::from_utf8(self.bytes(key)?).map_err(|_| format!("{key} is no text"))
    }

    pub(crate) fn text_if(&self, key: &str) -> Result<Option<String>, String> {
        self.find(key).map(|_| self.text(key)).transpose()
    }

    pub(crate) fn value<T: FromStr>(&self, key: &str) -> Result<T, String> {
        let text = self.text(key)?;
        text.parse()
            .map_err(|_| format!("{key}={text} cannot be read"))
    }

    pub(crate) fn value_if<T: FromStr>(&self, key: &str) -> Result<Option<T>, String> {
        self.find(key).map(|_| self.value(key)).transpose()
    }

    pub(crate) fn flag(&self, key: &str) -> Result<bool, String> {
        Ok(self.value_if::<u8>(key)?.unwrap_or(0) != 0)
    }

    pub(crate) fn time_if(&self, key: &str) -> Result<Option<Duration>, String> {
        self.find(key).map(|_| self.time(key)).transpose()
    }

    pub(crate) fn time(&self, key: &str) -> Result<Duration, String> {
        let text = self.text(key)?;
        seconds(&text).ok_or_else(|| format!("{key}={text} is no time in seconds"))
    }

    fn find(&self, key: &str) -> Option<&[u8]> {
        let found = self.fields.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_slice())
    }
}

fn unescaped(text: &str) -> Result<Vec<u8>, String> {
    let bytes: EscapedBytes = text.parse()?;
    Ok(bytes.bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let payload = b"\x00 \"a\"=b \\ \xff\r\n";
        let line = Writer::new("publish")
            .text("topic", "a b=\"c\"")
            .value("qos", 1)
            .flag("retain", true)
            .time("timeout", Duration::from_micros(1_500_001))
            .payload("payload", payload)
            .line();
        let fields = Fields::read(&line).unwrap();
        assert_eq!(fields.names, ["publish"]);
        assert_eq!(fields.text("topic").unwrap(), "a b=\"c\"");
        assert_eq!(fields.value::<u8>("qos"), Ok(1));
        assert_eq!(fields.flag("retain"), Ok(true));
        assert_eq!(fields.flag("absent"), Ok(false));
        assert_eq!(fields.time("timeout"), Ok(Duration::from_micros(1_500_001)));
        assert_eq!(fields.bytes("payload").unwrap(), payload);
        assert!(fields.text("payload").is_err());
        assert!(fields.value::<u8>("topic").is_err());
    }

    #[test]
    fn a_quote_without_end_and_a_time_that_is_none_are_refused() {
        assert!(Fields::read("a b=\"c").is_err());
        for bad in ["x", "-1", "", "1e3"] {
            assert!(
                Fields::read(&format!("a t={bad}"))
                    .unwrap()
                    .time("t")
                    .is_err(),
                "{bad}"
            );
        }
    }
}
