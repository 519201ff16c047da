//! What the session itself wants done. The scheduler makes operations of it, so that the state need
//! not know them.

use super::prepared_command::PreparedCommand;
use super::subscriptions::Subscription;

/// Work that no application has asked for.
#[derive(Debug)]
pub(super) enum Internal {
    /// The start-up dialogue, with a port that is there again.
    Startup,
    /// The start-up settings.
    Settings,
    /// The module reports its state.
    QueryState,
    /// The start-up settings, and then the state.
    SettingsAndState,
    /// The connection is of no use: it ends, and recovery makes another.
    HangUp,
    /// What a connect has begun that was given up: it ends, by this configuration at the latest.
    CallOff {
        cfg: Box<PreparedCommand>,
        keepalive: u16,
    },
}

/// What has to be subscribed again, once what is being subscribed again now is through: however often
/// the module says that it has reconnected, one more is to follow.
#[derive(Debug, Default)]
pub(super) enum Missing {
    #[default]
    Nothing,
    These(Vec<Subscription>),
    /// All that are live by then.
    All,
}

impl Missing {
    pub(super) fn add(&mut self, subscriptions: Vec<Subscription>) {
        *self = match self {
            _ if subscriptions.is_empty() => return,
            Self::Nothing => Self::These(subscriptions),
            Self::These(_) | Self::All => Self::All,
        };
    }
}
