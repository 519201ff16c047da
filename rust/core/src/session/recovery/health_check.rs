use std::time::Duration;

use m531x_at::command_line::check_topic_name;
use m531x_at::profile::Model;

use crate::{Error, ErrorCode};

/// Looking again and again whether a connection that seems to be there is of any use.
///
/// A check publishes a few bytes to a topic that it has subscribed to, and expects them back: only
/// that shows that the way out, the broker, the subscriptions and the way in all work. So many
/// misses in a row end the connection, and [`Recovery`](super::Recovery) makes it again. Nothing of
/// a check is delivered, and its subscription is not listed. Each check sends and receives about
/// 150 bytes over the air, headers included, and wakes the radio.
///
/// With `loop_back` off it only asks the module for its state (`AT+MQTTSTAT?`): that costs nothing
/// on the air, and notices a module that has restarted, hung up or fallen silent without a word, but
/// not one that believes in a dead connection. `Default` is that, every 15 minutes.
///
/// ```
/// use std::time::Duration;
/// use m531x_core::{HealthCheck, Recovery};
///
/// let recovery = Recovery {
///     health_check: Some(HealthCheck::every(Duration::from_secs(900))),
///     ..Recovery::default()
/// };
/// assert!(recovery.check().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// From the end of a check to the next, and from a connect to the first; 1 s to a day.
    pub period: Duration,
    /// Where to; `None` (the default) is `m531x/health/` and the client id, in which every byte
    /// but letters, digits, `-`, `_` and `.` is `_`. The broker has to allow both directions.
    pub topic: Option<String>,
    /// How long the message may take to come back, and the broker to grant the subscription to
    /// begin with. Default 30 s; 1 s to a day.
    pub timeout: Duration,
    /// How many misses in a row end the connection. Default 2; at least 1.
    ///
    /// They do so only if a check has come back at least once: a broker that does not allow the
    /// topic would otherwise cost a good connection every time.
    pub misses: u32,
    /// Whether a message is sent around at all; off, the module is asked.
    pub loop_back: bool,
}

impl Default for HealthCheck {
    fn default() -> Self {
        Self::asking(Duration::from_secs(15 * 60))
    }
}

impl HealthCheck {
    /// A message sent around after every such time, with the defaults for everything else.
    pub fn every(period: Duration) -> Self {
        Self {
            period,
            topic: None,
            timeout: Duration::from_secs(30),
            misses: 2,
            loop_back: true,
        }
    }

    /// The module asked for its state after every such time.
    pub fn asking(period: Duration) -> Self {
        Self {
            loop_back: false,
            ..Self::every(period)
        }
    }

    /// Whether all of it makes sense.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorCode::InvalidArgument), which names the value and its range.
    pub fn check(&self) -> Result<(), Error> {
        const RANGE: std::ops::RangeInclusive<Duration> =
            Duration::from_secs(1)..=Duration::from_secs(24 * 3600);
        let refused = |text: String| Err(Error::new(ErrorCode::InvalidArgument, text));
        for (name, time) in [("period", self.period), ("timeout", self.timeout)] {
            if !RANGE.contains(&time) {
                let seconds = time.as_secs_f64();
                return refused(format!(
                    "the {name} of the health check is {seconds} s: use 1 to 86400"
                ));
            }
        }
        if self.misses == 0 {
            return refused("the health check allows 0 misses: use 1 or more".to_owned());
        }
        if let Some(topic) = &self.topic {
            let limit = Model::M5310A.profile().topic_limit;
            check_topic_name("the topic of the health check", topic, limit)
                .or_else(|error| refused(error.to_string()))?;
        }
        Ok(())
    }
}
