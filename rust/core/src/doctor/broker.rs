//! A broker, there and back.

use std::time::{Duration, Instant};

use m531x_at::command_line::shown_host;

use super::News;
use super::examination::Examination;
use crate::{
    ConnectOptions, Error, ErrorCode, Incoming, Modem, MqttState, PublishOptions, QoS,
    SubscribeOptions, operation,
};

/// How long the message may take to come back.
const PATIENCE: Duration = Duration::from_secs(20);
const PAYLOAD: &[u8] = b"m531x doctor";

pub(super) fn examine<F: FnMut(News<'_>)>(
    examination: &mut Examination<F>,
    modem: &Modem,
    options: &ConnectOptions,
) {
    let name = format!("{}:{}", shown_host(&options.host), options.port);
    if matches!(
        modem.mqtt_state(),
        MqttState::Connected | MqttState::Connecting | MqttState::ModuleReconnecting
    ) {
        examination.warn(
            "broker",
            format!("{name} was not tried: the module has a connection, which was left as it is"),
            "end that one (AT+MQTTDISC), and look again",
        );
        return;
    }
    examination.trying(&format!("to connect to {name}"));
    if let Err(error) = modem.connect(options.clone()) {
        let remedy = remedy(&error);
        examination.fail("broker", format!("{name}: {error}"), remedy);
        return;
    }
    examination.trying("a message there and back");
    match send_around(modem, &format!("m531x/doctor/{}", options.client_id)) {
        Ok(took) => examination.ok(
            "broker",
            format!(
                "{name} took the client, and a message came back after {:.2} s",
                took.as_secs_f64()
            ),
        ),
        Err(error) => examination.fail(
            "broker",
            format!("{name} took the client, but no message came back: {error}"),
            "see that the broker lets this client publish and subscribe to m531x/doctor/#",
        ),
    }
    // The module is left without a client, as it was; a failure here takes nothing from the findings.
    let _ = modem.disconnect();
    let _ = modem.run(operation::Delete);
}

fn send_around(modem: &Modem, topic: &str) -> Result<Duration, Error> {
    let qos = QoS::AtLeastOnce;
    let options = SubscribeOptions {
        qos,
        ..SubscribeOptions::default()
    };
    modem.subscribe(topic, options)?;
    let begun = Instant::now();
    let options = PublishOptions {
        qos,
        ..PublishOptions::default()
    };
    modem.publish(topic, PAYLOAD, options)?;
    while let Some(left) = PATIENCE.checked_sub(begun.elapsed()) {
        match modem.recv(Some(left))? {
            Some(Incoming::Message(message)) if message.topic == topic => {
                return Ok(begun.elapsed());
            }
            _ => {}
        }
    }
    Err(Error::new(
        ErrorCode::Timeout,
        format!("none within {} s", PATIENCE.as_secs()),
    ))
}

fn remedy(error: &Error) -> &'static str {
    match error.return_code() {
        Some(1) => "use a broker that speaks MQTT 3.1.1",
        Some(2) => "take another client id",
        Some(3) => "the broker is not ready: look at its log",
        Some(4 | 5) => "check user name, password and the rights of the client at the broker",
        _ if error.code() == ErrorCode::InvalidArgument => "correct the argument",
        _ => {
            "see that the name is right, that the port is open to the module's network (a broker in a LAN \
             is not), and that TLS is on at both ends or at none"
        }
    }
}
