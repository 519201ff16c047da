//! Topic names, topic filters and which name matches which filter (MQTT 3.1.1, chapter 4.7).

use std::fmt;

/// Why a text is not a topic name or filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopicError {
    /// It has no character.
    Empty,
    /// It is longer than the module's limit.
    TooLong {
        /// The limit in bytes.
        limit: usize,
        /// The length in bytes.
        actual: usize,
    },
    /// A `+` or `#` stands in a topic name.
    WildcardInName {
        /// Where, in bytes.
        offset: usize,
    },
    /// A `+` or `#` of a filter does not fill its level, or `#` is not the last level.
    MisplacedWildcard {
        /// Where, in bytes.
        offset: usize,
    },
    /// A NUL stands in it.
    Nul {
        /// Where, in bytes.
        offset: usize,
    },
}

impl fmt::Display for TopicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for TopicError {}

/// Checks a name to publish to: not empty, no wildcard, no NUL, at most `limit` bytes.
pub fn validate_name(name: &[u8], limit: usize) -> Result<(), TopicError> {
    let _ = (name, limit);
    todo!()
}

/// Checks a filter to subscribe to: wildcards only where MQTT allows them, at most `limit` bytes.
pub fn validate_filter(filter: &[u8], limit: usize) -> Result<(), TopicError> {
    let _ = (filter, limit);
    todo!()
}

/// Whether a topic name matches a filter by the rules of MQTT 3.1.1, on bytes, without allocating.
pub fn matches(filter: &[u8], name: &[u8]) -> bool {
    let _ = (filter, name);
    todo!()
}

/// The filters subscribed to, compiled for many questions.
#[derive(Clone, Debug, Default)]
pub struct FilterSet {
    unknown: bool,
    exact: Vec<Box<[u8]>>,
    wildcard: Vec<Box<[u8]>>,
}

impl FilterSet {
    /// The set while the subscriptions are not known: it matches as `#` with `$`-topics does.
    pub fn unknown() -> Self {
        Self {
            unknown: true,
            ..Self::default()
        }
    }

    /// The set of these filters.
    pub fn new<T: AsRef<[u8]>>(filters: impl IntoIterator<Item = T>) -> Self {
        let _ = filters.into_iter().count();
        todo!()
    }

    /// Whether the subscriptions are not known.
    pub fn is_unknown(&self) -> bool {
        self.unknown
    }

    /// Whether no filter is in the (known) set.
    pub fn is_empty(&self) -> bool {
        !self.unknown && self.exact.is_empty() && self.wildcard.is_empty()
    }

    /// Whether the name matches a filter of the set; always when the set is unknown.
    pub fn matches(&self, name: &[u8]) -> bool {
        let _ = name;
        todo!()
    }
}
