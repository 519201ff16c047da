use std::time::Duration;

use super::HealthCheck;
use crate::Error;

/// No delay is taken to be longer.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Whether and how a lost MQTT connection is made again; `Default` is on.
///
/// Attempts begin `initial_delay` after the loss and are then twice as far apart each time, up to
/// `max_delay`, each delay longer or shorter by up to the part `jitter` of it, so that a thousand
/// modems do not come back in the same second.
///
/// ```
/// use std::time::Duration;
/// use m531x_core::{ModemOptions, Recovery};
///
/// let patient = ModemOptions {
///     recovery: Recovery { max_delay: Duration::from_secs(600), ..Recovery::default() },
///     ..ModemOptions::default()
/// };
/// let never = ModemOptions { recovery: Recovery::off(), ..ModemOptions::default() };
/// assert!(patient.recovery.enabled && !never.recovery.enabled);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Recovery {
    /// Whether a lost connection is made again at all. Default true.
    pub enabled: bool,
    /// From the loss to the first attempt. Default 1 s; at most a day.
    pub initial_delay: Duration,
    /// The longest pause between two attempts. Default 60 s; at most a day.
    pub max_delay: Duration,
    /// By which part a delay may be longer or shorter, 0 to 1. Default 0.2.
    pub jitter: f64,
    /// How many attempts in a row may fail; `None` (the default) never gives up.
    pub max_attempts: Option<u32>,
    /// On how many connections an operation may be in flight when they are lost, for any cause;
    /// then it fails with [`RepeatedLoss`](crate::ErrorCode::RepeatedLoss), and the others go on. On
    /// the last of them it is sent alone. Default 3, at least 1. A broker has no other way to refuse
    /// a publish than to close the connection (MQTT 3.1.1 section 3.3.5).
    pub loss_budget: u32,
    /// What the jitter is drawn from; `None` (the default) lets the driver choose.
    pub seed: Option<u64>,
    /// Whether and how a connection that looks alive is checked; by default the module is asked
    /// every 15 minutes. `None` leaves it to the module's keep-alive.
    pub health_check: Option<HealthCheck>,
}

impl Default for Recovery {
    fn default() -> Self {
        Self {
            enabled: true,
            initial_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(60),
            jitter: 0.2,
            max_attempts: None,
            loss_budget: 3,
            seed: None,
            health_check: Some(HealthCheck::default()),
        }
    }
}

impl Recovery {
    /// Events only: a lost connection stays lost.
    pub fn off() -> Self {
        Self {
            enabled: false,
            ..Self::default()
        }
    }

    /// Whether all of it makes sense.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorCode::InvalidArgument) for a loss budget of 0, for a health
    /// check without a period or with a topic that cannot be published to. Delays and jitter are
    /// taken as near as may be.
    pub fn check(&self) -> Result<(), Error> {
        if self.loss_budget == 0 {
            return Err(Error::new(
                crate::ErrorCode::InvalidArgument,
                "the loss budget of the recovery is 0: give 1 or more connections",
            ));
        }
        self.health_check
            .as_ref()
            .map_or(Ok(()), HealthCheck::check)
    }

    /// The same with delays that can be added to any time.
    pub(super) fn bounded(&self) -> Self {
        Self {
            initial_delay: self.initial_delay.min(LONGEST),
            max_delay: self.max_delay.min(LONGEST),
            jitter: if self.jitter.is_finite() {
                self.jitter.clamp(0.0, 1.0)
            } else {
                0.0
            },
            loss_budget: self.loss_budget.max(1),
            ..self.clone()
        }
    }
}
