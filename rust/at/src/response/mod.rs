//! What the module answers: information responses and final results.
//!
//! Every type has `parse`, for the host, and `encode`, for the virtual modem. Lines come without
//! CR LF; spaces after the colon are optional.
//!
//! ```
//! use m531x_at::profile::Model;
//! use m531x_at::response::{CmeError, FinalResult, SignalLine};
//!
//! let signal = SignalLine::parse(b"+CSQ:20,99").unwrap();
//! assert_eq!(signal.rssi_dbm(), Some(-73));
//! assert_eq!(signal.encode(Model::M5311.profile()), "+CSQ: 20,99");
//! let refused = FinalResult::parse(b"+CME ERROR: 3");
//! assert_eq!(refused, Some(FinalResult::Cme(CmeError::Number(3))));
//! ```

mod config;
mod device;
mod final_result;
mod network;
mod state;
mod subscriptions;

pub use config::ConfigReadback;
pub use device::{
    ClockLine, ErrorReportLine, FunctionalityLine, IccidLine, ImeiLine, ImsiLine, PinLine,
    PsmReportLine,
};
pub use final_result::{CmeError, FinalResult};
pub use network::{AddressLine, AttachLine, RadioConnectionLine, RegistrationLine, SignalLine};
pub use state::MqttStat;
pub use subscriptions::SubscriptionLine;

use std::fmt::Display;

use crate::fields::Fields;
use crate::profile::Profile;

/// `name:value` with the space the profile puts there.
fn line(name: &str, value: impl Display, profile: &Profile) -> String {
    let space = if profile.colon_space { " " } else { "" };
    format!("{name}:{space}{value}")
}

/// The first fields of a line as small numbers, and how many of them there are.
fn small_numbers<const N: usize>(value: &[u8]) -> Option<([u8; N], usize)> {
    let mut numbers = [0; N];
    let mut count = 0;
    for (slot, field) in numbers.iter_mut().zip(Fields::new(value)) {
        if field.quoted {
            break;
        }
        let Some(number) = field.number().and_then(|number| u8::try_from(number).ok()) else {
            break;
        };
        *slot = number;
        count += 1;
    }
    (count > 0).then_some((numbers, count))
}
