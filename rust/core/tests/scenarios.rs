//! The scenarios that Rust, C and Python play alike (`bindings-tests/scenarios`), in Rust.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(unix)]

use std::time::Duration;

use m531x_core::{
    ConnectOptions, Error, ErrorCode, Incoming, Model, Modem, ModemOptions, PublishOptions, QoS,
    Stream, SubscribeOptions, operation, topic,
};
use m531x_virtual_modem::{LinkChoice, VirtualModem, VirtualModemOptions};
use serde_json::{Value, json};

#[test]
fn they_end_as_the_file_says() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../bindings-tests/scenarios/scenarios.json"
    );
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let scenarios = file.as_array().unwrap();
    assert!(scenarios.len() > 10);
    for scenario in scenarios {
        let steps = scenario["steps"].as_array().unwrap();
        assert!(!steps.is_empty());
        let module = VirtualModem::start(VirtualModemOptions {
            link: LinkChoice::Memory,
            ..VirtualModemOptions::default()
        });
        let stream = Stream::from(module.as_ref().unwrap().connect().unwrap());
        let options = ModemOptions {
            model: Some(Model::M5310A),
            ..ModemOptions::default()
        };
        let modem = Modem::open_stream(stream, options).unwrap();
        for step in steps {
            play(&modem, step);
        }
        modem.close().unwrap();
    }
}

fn play(modem: &Modem, step: &Value) {
    let before = modem.stats().session.bytes_sent;
    let (gives, fails) = match call(modem, step["do"].as_str().unwrap(), &step["with"]) {
        Ok(value) => (value, Value::Null),
        Err(error) => {
            let unsent = [ErrorCode::InvalidArgument, ErrorCode::NotConnected];
            if unsent.contains(&error.code()) {
                assert_eq!(modem.stats().session.bytes_sent, before, "{step}");
            }
            let name = error.code().name().trim_start_matches("M531X_ERR_");
            (Value::Null, json!(name))
        }
    };
    assert_eq!((&gives, &fails), (&step["gives"], &step["fails"]), "{step}");
}

fn call(modem: &Modem, operation: &str, with: &Value) -> Result<Value, Error> {
    let text = |name: &str| with[name].as_str().unwrap_or_default();
    let qos = || QoS::try_from(u8::try_from(with["qos"].as_u64().unwrap()).unwrap()).unwrap();
    let done = |()| Value::Null;
    match operation {
        "connect" => modem
            .connect(ConnectOptions::new(text("host"), text("client_id")))
            .map(done),
        "disconnect" => modem.disconnect().map(done),
        "delete" => modem.run(operation::Delete).map(done),
        "state" => Ok(json!(modem.mqtt_state() as i32)),
        "status" => modem.status().map(|state| json!(state as i32)),
        "publish" => {
            // One character for each byte.
            let payload: Vec<_> = text("payload").chars().map(|c| c as u8).collect();
            let options = PublishOptions {
                qos: qos(),
                retain: with["retain"] == true,
                ..PublishOptions::default()
            };
            modem
                .publish(text("topic"), &payload, options)
                .map(|_| Value::Null)
        }
        "subscribe" => {
            let options = SubscribeOptions {
                qos: qos(),
                ..SubscribeOptions::default()
            };
            let granted = modem.subscribe(text("topic"), options)?;
            Ok(json!(u8::from(granted)))
        }
        "unsubscribe" => modem.unsubscribe(text("topic")).map(done),
        "subscriptions" => Ok(json!(modem.subscriptions())),
        "receive" => Ok(receive(modem)),
        "command" => modem.command(text("line"), None).map(|lines| json!(lines)),
        "model" => modem
            .info()
            .map(|info| json!(info.model.unwrap().to_string())),
        "reboot" => modem.run(operation::Reboot).map(done),
        "topic_matches" => Ok(json!(topic::matches(
            text("filter").as_bytes(),
            text("topic").as_bytes()
        ))),
        other => panic!("no operation is called {other}"),
    }
}

fn receive(modem: &Modem) -> Value {
    loop {
        let incoming = modem.recv(Some(Duration::from_secs(30))).unwrap().unwrap();
        if let Incoming::Message(message) = incoming {
            let payload: String = message
                .payload
                .iter()
                .map(|byte| char::from(*byte))
                .collect();
            return json!({
                "topic": message.topic,
                "payload": payload,
                "qos": u8::from(message.qos),
                "retain": message.retain,
            });
        }
    }
}
