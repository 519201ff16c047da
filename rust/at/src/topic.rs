//! Topic names, topic filters and which name matches which filter (MQTT 3.1.1, chapter 4.7).
//!
//! Everything works on bytes: a topic is UTF-8 on the wire, and no rule of matching depends on
//! more than `/`, `+`, `#` and `$`.
//!
//! ```
//! use m531x_at::topic::{FilterSet, matches};
//!
//! assert!(matches(b"lamp/+/state", b"lamp/7/state"));
//! assert!(matches(b"lamp/#", b"lamp"));
//! assert!(!matches(b"#", b"$SYS/uptime"), "wildcards do not reach $-topics");
//!
//! let subscriptions = FilterSet::new(["lamp/+/state", "door"]);
//! assert!(subscriptions.matches(b"door"));
//! assert!(!subscriptions.matches(b"window"));
//! ```

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
        match self {
            Self::Empty => f.write_str("is empty: give at least one character"),
            Self::TooLong { limit, actual } => {
                write!(f, "has {actual} bytes and the limit is {limit}: shorten it")
            }
            Self::WildcardInName { offset } => write!(
                f,
                "has a wildcard at offset {offset}: + and # are for subscriptions only, remove it"
            ),
            Self::MisplacedWildcard { offset } => write!(
                f,
                "has a misplaced wildcard at offset {offset}: + and # fill a whole level, \
                 and # is the last"
            ),
            Self::Nul { offset } => write!(f, "holds a NUL at offset {offset}: remove it"),
        }
    }
}

impl std::error::Error for TopicError {}

/// Checks a name to publish to: not empty, no wildcard, no NUL, at most `limit` bytes.
pub fn validate_name(name: &[u8], limit: usize) -> Result<(), TopicError> {
    validate_common(name, limit)?;
    match memchr::memchr2(b'+', b'#', name) {
        Some(offset) => Err(TopicError::WildcardInName { offset }),
        None => Ok(()),
    }
}

/// Checks a filter to subscribe to: wildcards only where MQTT allows them, at most `limit` bytes.
pub fn validate_filter(filter: &[u8], limit: usize) -> Result<(), TopicError> {
    validate_common(filter, limit)?;
    for offset in memchr::memchr2_iter(b'+', b'#', filter) {
        let opens_level = offset == 0 || filter[offset - 1] == b'/';
        let closes_level = match filter.get(offset + 1) {
            None => true,
            Some(next) => *next == b'/' && filter[offset] == b'+',
        };
        if !opens_level || !closes_level {
            return Err(TopicError::MisplacedWildcard { offset });
        }
    }
    Ok(())
}

/// The filter by which a subscription's messages are chosen: what stands behind `$share/<group>/`,
/// `$queue/` or `$exclusive/`, by which brokers share them out.
///
/// ```
/// use m531x_at::topic::{matches, shared_filter};
///
/// assert_eq!(shared_filter(b"$share/meters/a/+"), b"a/+");
/// assert_eq!(shared_filter(b"a/+"), b"a/+");
/// assert!(matches(b"$share/meters/a/+", b"a/1"));
/// ```
pub fn shared_filter(filter: &[u8]) -> &[u8] {
    if filter.first() != Some(&b'$') {
        return filter;
    }
    let rest = if let Some(rest) = filter.strip_prefix(b"$share/") {
        memchr::memchr(b'/', rest).and_then(|end| {
            let group = &rest[..end];
            let named = end > 0 && memchr::memchr2(b'+', b'#', group).is_none();
            named.then_some(&rest[end + 1..])
        })
    } else {
        let rest = filter.strip_prefix(b"$queue/");
        rest.or_else(|| filter.strip_prefix(b"$exclusive/"))
    };
    rest.filter(|rest| !rest.is_empty()).unwrap_or(filter)
}

/// Whether a topic name matches a filter by the rules of MQTT 3.1.1, on bytes, without allocating.
/// A shared subscription matches by its filter.
///
/// A misplaced wildcard in the filter is taken for an ordinary byte.
pub fn matches(filter: &[u8], name: &[u8]) -> bool {
    let filter = shared_filter(filter);
    // [MQTT-4.7.2-1]: a wildcard at the first level does not match a name that starts with $.
    if name.first() == Some(&b'$') && matches!(filter.first(), Some(b'+' | b'#')) {
        return false;
    }
    let mut filter_levels = filter.split(|&byte| byte == b'/').peekable();
    let mut name_levels = name.split(|&byte| byte == b'/');
    while let Some(level) = filter_levels.next() {
        // [MQTT-4.7.1-2]: # also matches the level above it.
        if level == b"#" && filter_levels.peek().is_none() {
            return true;
        }
        match name_levels.next() {
            Some(found) if level == b"+" || level == found => {}
            _ => return false,
        }
    }
    name_levels.next().is_none()
}

/// The filters subscribed to, compiled for many questions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterSet {
    unknown: bool,
    /// Sorted, so that a name is found by bisection.
    exact: Vec<Box<[u8]>>,
    wildcard: Vec<Box<[u8]>>,
}

impl FilterSet {
    /// The set while the subscriptions are not known: every name matches, `$`-topics included.
    pub fn unknown() -> Self {
        Self {
            unknown: true,
            ..Self::default()
        }
    }

    /// The set of these filters.
    pub fn new<T: AsRef<[u8]>>(filters: impl IntoIterator<Item = T>) -> Self {
        let mut set = Self::default();
        for filter in filters {
            let filter: Box<[u8]> = shared_filter(filter.as_ref()).into();
            if memchr::memchr2(b'+', b'#', &filter).is_some() {
                set.wildcard.push(filter);
            } else {
                set.exact.push(filter);
            }
        }
        set.exact.sort_unstable();
        set.exact.dedup();
        set
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
        self.unknown
            || self
                .exact
                .binary_search_by(|filter| filter.as_ref().cmp(name))
                .is_ok()
            || self.wildcard.iter().any(|filter| matches(filter, name))
    }
}

fn validate_common(topic: &[u8], limit: usize) -> Result<(), TopicError> {
    if topic.is_empty() {
        return Err(TopicError::Empty);
    }
    if topic.len() > limit {
        return Err(TopicError::TooLong {
            limit,
            actual: topic.len(),
        });
    }
    match memchr::memchr(0, topic) {
        Some(offset) => Err(TopicError::Nul { offset }),
        None => Ok(()),
    }
}
