//! The inputs of a session other than requests and bytes, as one line each, and back.

use m531x_at::framer::OnAmbiguous;
use m531x_at::profile::Model;

use super::fields::{Fields, Writer};
use super::request::{connect, read_connect, read_qos};
use crate::session::{MqttState, SessionConfig, Snapshot};
use crate::{ConnectOptions, HealthCheck, QoS, Recovery};

/// The settings that a session begins with.
pub(crate) fn session(config: &SessionConfig) -> String {
    let fields = Writer::new("session")
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
    policy(fields, &config.recovery).line()
}

/// The recovery that is in force from now on.
fn recovery(recovery: &Recovery) -> String {
    policy(Writer::new("recovery"), recovery).line()
}

/// What a session knew of its module when the recording began, one line each.
pub(crate) fn snapshot(snapshot: &Snapshot) -> Vec<String> {
    let mut lines = vec![known(snapshot)];
    for (filter, qos, hex) in &snapshot.subscriptions {
        lines.push(RecordedInput::Subscribed(filter.clone(), *qos, *hex).line());
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

/// What a line with `@` records.
#[derive(Debug)]
pub(crate) enum RecordedInput {
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

/// Reads what a line with `@` records.
pub(crate) fn read_input(line: &str) -> Result<RecordedInput, String> {
    let fields = Fields::read(line)?;
    let name = fields.names.first().map_or("", String::as_str);
    Ok(match name {
        "session" => RecordedInput::Session(read_session(&fields)?),
        "known" => RecordedInput::Known(read_known(&fields)?),
        "subscribed" => RecordedInput::Subscribed(
            fields.text("filter")?,
            read_qos(&fields, "qos")?,
            fields.flag("hex")?,
        ),
        "wanted" => RecordedInput::Wanted(read_connect(&fields)?),
        "recovery" => RecordedInput::Recovery(read_policy(&fields)?),
        "timer" => RecordedInput::Timer,
        "abandon" => RecordedInput::Abandon(fields.value("operation")?),
        "port_detached" => RecordedInput::PortDetached(fields.text("why")?),
        "port_back" => RecordedInput::PortBack(fields.text("port")?),
        "port_lost" => RecordedInput::PortLost(fields.text("why")?),
        "password" => RecordedInput::Password(fields.value_if("number")?, fields.text_if("none")?),
        other => return Err(format!("{other:?} is no input of a session")),
    })
}

impl RecordedInput {
    /// The input, in one line.
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

fn read_session(fields: &Fields) -> Result<SessionConfig, String> {
    let defaults = SessionConfig::default();
    Ok(SessionConfig {
        model: read_model(fields)?,
        command_timeout: fields
            .time_if("command_timeout")?
            .unwrap_or(defaults.command_timeout),
        guard_time: fields.time_if("guard_time")?,
        open_timeout: fields
            .time_if("open_timeout")?
            .unwrap_or(defaults.open_timeout),
        silence_limit: fields
            .time_if("silence_limit")?
            .unwrap_or(defaults.silence_limit),
        max_message: fields
            .value_if("max_message")?
            .unwrap_or(defaults.max_message),
        baudrate: fields.value_if("baudrate")?.unwrap_or(defaults.baudrate),
        deliverable: fields
            .value_if("deliverable")?
            .unwrap_or(defaults.deliverable),
        on_ambiguous: if fields.flag("drops_ambiguous")? {
            OnAmbiguous::Drop
        } else {
            OnAmbiguous::Deliver
        },
        line_limit: fields.value_if("line_limit")?,
        recovery: read_policy(fields)?,
        ..defaults
    })
}

fn read_known(fields: &Fields) -> Result<Snapshot, String> {
    let number: i32 = fields.value("state")?;
    let state = MqttState::ALL
        .iter()
        .copied()
        .find(|state| *state as i32 == number)
        .ok_or_else(|| format!("state={number} is no state"))?;
    Ok(Snapshot {
        model: read_model(fields)?,
        settled: fields.flag("settled")?,
        state,
        state_known: fields.flag("state_known")?,
        ack_timeout: fields.value("ack_timeout")?,
        keepalive: fields.value_if("keepalive")?,
        next_id: fields.value("next_id")?,
        qos0_takes_id: fields
            .value_if::<u8>("qos0_takes_id")?
            .map(|taken| taken != 0),
        subscriptions: Vec::new(),
        goal: None,
    })
}

fn read_model(fields: &Fields) -> Result<Option<Model>, String> {
    match fields.text_if("model")?.as_deref() {
        None | Some("auto") => Ok(None),
        Some(name) => name
            .parse()
            .map(Some)
            .map_err(|_| format!("model={name} is not known")),
    }
}

fn policy(fields: Writer, recovery: &Recovery) -> Writer {
    let fields = fields
        .flag("recovers", recovery.enabled)
        .time("initial_delay", recovery.initial_delay)
        .time("max_delay", recovery.max_delay)
        .value("jitter", recovery.jitter)
        .value_if("max_attempts", recovery.max_attempts)
        .value("loss_budget", recovery.loss_budget)
        .value_if("seed", recovery.seed);
    match &recovery.health_check {
        None => fields,
        Some(check) => fields
            .time("health_period", check.period)
            .text_if("health_topic", check.topic.as_ref())
            .time("health_timeout", check.timeout)
            .value("health_misses", check.misses)
            .flag("health_loop_back", check.loop_back),
    }
}

fn read_health_check(fields: &Fields) -> Result<Option<HealthCheck>, String> {
    let Some(period) = fields.time_if("health_period")? else {
        return Ok(None);
    };
    Ok(Some(HealthCheck {
        topic: fields.text_if("health_topic")?,
        timeout: fields.time("health_timeout")?,
        misses: fields.value("health_misses")?,
        loop_back: fields.flag("health_loop_back")?,
        ..HealthCheck::every(period)
    }))
}

fn read_policy(fields: &Fields) -> Result<Recovery, String> {
    let defaults = Recovery::default();
    Ok(Recovery {
        enabled: fields.flag("recovers")?,
        initial_delay: fields
            .time_if("initial_delay")?
            .unwrap_or(defaults.initial_delay),
        max_delay: fields.time_if("max_delay")?.unwrap_or(defaults.max_delay),
        jitter: fields.value_if("jitter")?.unwrap_or(defaults.jitter),
        max_attempts: fields.value_if("max_attempts")?,
        loss_budget: fields
            .value_if("loss_budget")?
            .unwrap_or(Recovery::default().loss_budget),
        seed: fields.value_if("seed")?,
        health_check: read_health_check(fields)?,
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
            RecordedInput::Session(config),
            RecordedInput::Known(known),
            RecordedInput::Subscribed("a/\"#\"".into(), QoS::AtLeastOnce, true),
            RecordedInput::Wanted(ConnectOptions::new("h", "c")),
            RecordedInput::Recovery(Recovery::off()),
            RecordedInput::Timer,
            RecordedInput::Abandon(7),
            RecordedInput::PortDetached("it was unplugged".into()),
            RecordedInput::PortBack("/dev/ttyUSB1".into()),
            RecordedInput::PortLost("gone".into()),
        ];
        for input in all {
            let line = input.line();
            let read = read_input(&line).unwrap();
            assert_eq!(format!("{read:?}"), format!("{input:?}"), "{line}");
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
            assert!(read_input(line).is_err(), "{line}");
        }
    }
}
