//! m531x's driver.

use std::error::Error;
use std::time::Duration;

use m531x_at::hex;
use m531x_core::{
    ConnectOptions, EventKind, Incoming, Model, Modem, ModemOptions, MqttState, SubscribeOptions,
};
use serde_json::json;

use super::{Host, Seen};

pub(super) struct Client(Modem);

impl Client {
    pub(super) fn open(port: &str, filter: &str) -> Result<Self, Box<dyn Error>> {
        let modem = Modem::open(
            port,
            ModemOptions {
                model: Some(Model::M5310A),
                baudrate: Some(115_200),
                guard_time: Some(Duration::ZERO),
                ..ModemOptions::default()
            },
        )?;
        modem.connect(ConnectOptions::new("broker.example", "board"))?;
        modem.subscribe(filter, SubscribeOptions::default())?;
        Ok(Self(modem))
    }
}

impl Host for Client {
    fn ask(&mut self, command: &str) -> Result<Vec<String>, Box<dyn Error>> {
        Ok(self.0.command(command, None)?)
    }

    fn end(self: Box<Self>) -> Seen {
        let mut seen = Seen::default();
        let mut messages = Vec::new();
        while let Ok(Some(incoming)) = self.0.recv(Some(Duration::ZERO)) {
            match incoming {
                Incoming::Event(event) if event.kind == EventKind::Ambiguous => {
                    seen.doubtful.push(event.text);
                }
                Incoming::Event(event) => seen.events.push(event.text),
                Incoming::Message(message) => messages.push(json!({
                    "topic": message.topic,
                    "payload_hex": hex::encode(&message.payload).to_ascii_lowercase(),
                    "flagged": message.ambiguous || message.truncated,
                })),
            }
        }
        if self.0.mqtt_state() != MqttState::Connected {
            seen.events.push(format!("state: {}", self.0.mqtt_state()));
        }
        // The messages are read; how the port is freed is not the question here.
        let _ = self.0.close();
        Seen {
            messages: Some(messages),
            ..seen
        }
    }
}
