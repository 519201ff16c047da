//! The module's own table of subscriptions, `AT+MQTTSUB?` (manual 1.4), which decides what a refusal
//! means: firmware refuses a topic that stands in it, and to end one that does not, each with a number
//! of its own.

use std::time::Duration;

use m531x_at::command::Command;

use super::raw_command::refuse_confusing_list;
use crate::session::prepared_command::{Answer, PreparedCommand, Refusal};
use crate::session::state::SessionState;

/// "Already subscribed" of the ML302.
pub(super) const ALREADY_SUBSCRIBED: u16 = 606;
/// A command that may have been refused for a connection that is lost is sent so often and once more
/// while the module says that there is one: it takes up to 2.5 seconds to notice a dead link, and an
/// answer of the module may get lost.
pub(super) const MOST_LOOKS: u32 = 3;
/// Between two of them, and between two tries of what is refused for now.
pub(super) const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// The question, unless the refusal says enough or the answer would confuse.
pub(super) fn question(refusal: &Refusal, state: &SessionState) -> Option<PreparedCommand> {
    let clear = refusal.may_mean_no_connection() && refusal.number().is_some_and(|n| n != 3);
    if clear || !state.is_connected() || refuse_confusing_list(state).is_err() {
        return None;
    }
    state.prepare(&Command::MqttSubRead).ok()
}

/// Whether the module has this filter, as far as its answer shows.
pub(super) fn lists(answer: &Answer, filter: &str) -> Option<bool> {
    let Answer::Ok(lines) = answer else {
        return None;
    };
    let same = |line: &String| {
        let line = line.trim();
        if line == filter {
            return true;
        }
        let rest = line.strip_prefix("+MQTTSUB:").unwrap_or(line).trim();
        let bare = rest.strip_prefix('"').and_then(|r| r.strip_suffix('"'));
        rest == filter || bare == Some(filter)
    };
    Some(lines.iter().any(same))
}
