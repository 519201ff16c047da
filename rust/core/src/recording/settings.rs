//! What a session was told apart from requests and bytes, as one line each, and back.

use m531x_at::framer::OnAmbiguous;
use m531x_at::profile::Model;

use super::request::{connect, read_connect, read_qos};
use super::words::{Words, Writer};
use crate::session::{MqttState, SessionConfig, Snapshot};
use crate::{ConnectOptions, HealthCheck, QoS, Recovery};

/// The settings that a session begins with.
pub(crate) fn session(config: &SessionConfig) -> String {
    let words = Writer::new("session")
        .value("model", config.model.map_or("auto", Model::name))
        .time("command_timeout", config.command_timeout)
        .time_if("guard_time", config.guard_time)
        .time("open_timeout", config.open_timeout)
        .time("silence_limit", config.silence_limit)
        .value("baudrate", config.baudrate)
        .value("max_message", config.max_message)
        .value("deliverable", config.deliverable)
        .flag("drops_ambiguous", config.on_ambiguous == OnAmbiguous::Drop)
        .value_if("line_limit", config.line_limit);
    policy(words, &config.recovery).line()
}

/// The recovery that is in force from now on.
fn recovery(recovery: &Recovery) -> String {
    policy(Writer::new("recovery"), recovery).line()
}

/// What a session knew of its module when the recording began, one line each.
pub(crate) fn snapshot(snapshot: &Snapshot) -> Vec<String> {
    let mut lines = vec![known(snapshot)];
    for (filter, qos, hex) in &snapshot.subscriptions {
        lines.push(Told::Subscribed(filter.clone(), *qos, *hex).line());
    }
    if let Some(goal) = &snapshot.goal {
        lines.push(connect(Writer::new("wanted"), goal).line());
    }
    lines
}

fn known(snapshot: &Snapshot) -> String {
    Writer::new("known")
        .value_if("model", snapshot.model.map(Model::name))
        .flag("settled", snapshot.settled)
        .value("state", snapshot.state as i32)
        .flag("state_known", snapshot.state_known)
        .value("ack_timeout", snapshot.ack_timeout)
        .value_if("keepalive", snapshot.keepalive)
        .value("next_id", snapshot.next_id)
        .value_if("qos0_takes_id", snapshot.qos0_takes_id.map(u8::from))
        .line()
}

/// What a line with `@` tells.
#[derive(Debug)]
pub(crate) enum Told {
    Session(SessionConfig),
    /// Without subscriptions and goal, which have lines of their own.
    Known(Snapshot),
    Subscribed(String, QoS, bool),
    Wanted(ConnectOptions),
    Recovery(Recovery),
    Timer,
    /// An operation, by its number in the recording.
    Abandon(u64),
    PortDetached(String),
    PortBack(String),
    PortLost(String),
    /// The number of the question, and why there is no password, if there is none.
    Password(Option<u64>, Option<String>),
}

/// Reads what a line with `@` tells.
pub(crate) fn read_told(line: &str) -> Result<Told, String> {
    let words = Words::read(line)?;
    let name = words.names.first().map_or("", String::as_str);
    Ok(match name {
        "session" => Told::Session(read_session(&words)?),
        "known" => Told::Known(read_known(&words)?),
        "subscribed" => Told::Subscribed(
            words.text("filter")?,
            read_qos(&words, "qos")?,
            words.flag("hex")?,
        ),
        "wanted" => Told::Wanted(read_connect(&words)?),
        "recovery" => Told::Recovery(read_policy(&words)?),
        "timer" => Told::Timer,
        "abandon" => Told::Abandon(words.value("operation")?),
        "port_detached" => Told::PortDetached(words.text("why")?),
        "port_back" => Told::PortBack(words.text("port")?),
        "port_lost" => Told::PortLost(words.text("why")?),
        "password" => Told::Password(words.value_if("number")?, words.text_if("none")?),
        other => return Err(format!("{other:?} is nothing that a session is told")),
    })
}

impl Told {
    /// What it is told by, in one line.
    pub(crate) fn line(&self) -> String {
        match self {
            Self::Session(config) => session(config),
            Self::Recovery(policy) => recovery(policy),
            Self::Timer => "timer".to_owned(),
            Self::Abandon(number) => Writer::new("abandon").value("operation", number).line(),
            Self::PortDetached(why) => Writer::new("port_detached").text("why", why).line(),
            Self::PortBack(port) => Writer::new("port_back").text("port", port).line(),
            Self::PortLost(why) => Writer::new("port_lost").text("why", why).line(),
            Self::Password(number, none) => Writer::new("password")
                .value_if("number", *number)
                .text_if("none", none.as_ref())
                .line(),
            Self::Wanted(options) => connect(Writer::new("wanted"), options).line(),
            Self::Known(snapshot) => known(snapshot),
            Self::Subscribed(filter, qos, hex) => Writer::new("subscribed")
                .text("filter", filter)
                .value("qos", u8::from(*qos))
                .flag("hex", *hex)
                .line(),
        }
    }
}

fn read_session(words: &Words) -> Result<SessionConfig, String> {
    let defaults = SessionConfig::default();
    Ok(SessionConfig {
        model: read_model(words)?,
        command_timeout: words
            .time_if("command_timeout")?
            .unwrap_or(defaults.command_timeout),
        guard_time: words.time_if("guard_time")?,
        open_timeout: words
            .time_if("open_timeout")?
            .unwrap_or(defaults.open_timeout),
        silence_limit: words
            .time_if("silence_limit")?
            .unwrap_or(defaults.silence_limit),
        max_message: words
            .value_if("max_message")?
            .unwrap_or(defaults.max_message),
        baudrate: words.value_if("baudrate")?.unwrap_or(defaults.baudrate),
        deliverable: words
            .value_if("deliverable")?
            .unwrap_or(defaults.deliverable),
        on_ambiguous: if words.flag("drops_ambiguous")? {
            OnAmbiguous::Drop
        } else {
            OnAmbiguous::Deliver
        },
        line_limit: words.value_if("line_limit")?,
        recovery: read_policy(words)?,
        ..defaults
    })
}

fn read_known(words: &Words) -> Result<Snapshot, String> {
    let number: i32 = words.value("state")?;
    let state = MqttState::ALL
        .iter()
        .copied()
        .find(|state| *state as i32 == number)
        .ok_or_else(|| format!("state={number} is no state"))?;
    Ok(Snapshot {
        model: read_model(words)?,
        settled: words.flag("settled")?,
        state,
        state_known: words.flag("state_known")?,
        ack_timeout: words.value("ack_timeout")?,
        keepalive: words.value_if("keepalive")?,
        next_id: words.value("next_id")?,
        qos0_takes_id: words
            .value_if::<u8>("qos0_takes_id")?
            .map(|taken| taken != 0),
        subscriptions: Vec::new(),
        goal: None,
    })
}

fn read_model(words: &Words) -> Result<Option<Model>, String> {
    match words.text_if("model")?.as_deref() {
        None | Some("auto") => Ok(None),
        Some(name) => name
            .parse()
            .map(Some)
            .map_err(|_| format!("model={name} is not known")),
    }
}

fn policy(words: Writer, recovery: &Recovery) -> Writer {
    let words = words
        .flag("recovers", recovery.enabled)
        .time("initial_delay", recovery.initial_delay)
        .time("max_delay", recovery.max_delay)
        .value("jitter", recovery.jitter)
        .value_if("max_attempts", recovery.max_attempts)
        .value("loss_budget", recovery.loss_budget)
        .value_if("seed", recovery.seed);
    match &recovery.health_check {
        None => words,
        Some(check) => words
            .time("health_period", check.period)
            .text_if("health_topic", check.topic.as_ref())
            .time("health_timeout", check.timeout)
            .value("health_misses", check.misses)
            .flag("health_loop_back", check.loop_back),
    }
}

fn read_health_check(words: &Words) -> Result<Option<HealthCheck>, String> {
    let Some(period) = words.time_if("health_period")? else {
        return Ok(None);
    };
    Ok(Some(HealthCheck {
        topic: words.text_if("health_topic")?,
        timeout: words.time("health_timeout")?,
        misses: words.value("health_misses")?,
        loop_back: words.flag("health_loop_back")?,
        ..HealthCheck::every(period)
    }))
}

fn read_policy(words: &Words) -> Result<Recovery, String> {
    let defaults = Recovery::default();
    Ok(Recovery {
        enabled: words.flag("recovers")?,
        initial_delay: words
            .time_if("initial_delay")?
            .unwrap_or(defaults.initial_delay),
        max_delay: words.time_if("max_delay")?.unwrap_or(defaults.max_delay),
        jitter: words.value_if("jitter")?.unwrap_or(defaults.jitter),
        max_attempts: words.value_if("max_attempts")?,
        loss_budget: words
            .value_if("loss_budget")?
            .unwrap_or(Recovery::default().loss_budget),
        seed: words.value_if("seed")?,
        health_check: read_health_check(words)?,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn everything_that_is_told_comes_back() {
        let config = SessionConfig {
            model: Some(Model::M5311),
            guard_time: Some(Duration::from_millis(300)),
            on_ambiguous: OnAmbiguous::Drop,
            line_limit: Some(512),
            recovery: Recovery {
                max_attempts: Some(3),
                loss_budget: 5,
                seed: Some(u64::MAX),
                jitter: 0.1,
                health_check: Some(HealthCheck {
                    topic: Some("a b".into()),
                    ..HealthCheck::every(Duration::from_secs(600))
                }),
                ..Recovery::default()
            },
            ..SessionConfig::default()
        };
        let known = Snapshot {
            model: Some(Model::M5310A),
            settled: true,
            state: MqttState::Connected,
            state_known: true,
            ack_timeout: 9,
            keepalive: Some(60),
            next_id: 17,
            qos0_takes_id: Some(true),
            subscriptions: Vec::new(),
            goal: None,
        };
        let all = [
            Told::Session(config),
            Told::Known(known),
            Told::Subscribed("a/\"#\"".into(), QoS::AtLeastOnce, true),
            Told::Wanted(ConnectOptions::new("h", "c")),
            Told::Recovery(Recovery::off()),
            Told::Timer,
            Told::Abandon(7),
            Told::PortDetached("it was unplugged".into()),
            Told::PortBack("/dev/ttyUSB1".into()),
            Told::PortLost("gone".into()),
        ];
        for told in all {
            let line = told.line();
            let read = read_told(&line).unwrap();
            assert_eq!(format!("{read:?}"), format!("{told:?}"), "{line}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for line in [
            "",
            "nonsense",
            "known state=9",
            "session model=X",
            "abandon",
        ] {
            assert!(read_told(line).is_err(), "{line}");
        }
    }
}
