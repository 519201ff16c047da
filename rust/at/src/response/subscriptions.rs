//! The answer to `AT+MQTTSUB?` (manual 1.4).

/// One line of the list of subscriptions.
///
/// The topics stand raw below the heading, so a topic `OK` reads as the final result: the list
/// informs, it proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionLine<'a> {
    /// `+MQTTSUB:`.
    Heading,
    /// A topic filter.
    Filter(&'a [u8]),
}

impl<'a> SubscriptionLine<'a> {
    /// Reads a line of the answer; `None` for an empty one.
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        match line.strip_prefix(b"+MQTTSUB:") {
            Some(rest) if rest.trim_ascii().is_empty() => Some(Self::Heading),
            _ if line.is_empty() => None,
            _ => Some(Self::Filter(line)),
        }
    }

    /// The bytes of the line, without CR LF.
    pub fn encode(self) -> &'a [u8] {
        match self {
            Self::Heading => b"+MQTTSUB:",
            Self::Filter(filter) => filter,
        }
    }
}
