//! The host's side of a raw AT dialogue, in real time.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use m531x_virtual_modem::{BrokerChoice, LinkChoice, Model, VirtualModem, VirtualModemOptions};

use crate::brokers::TestBroker;

const PATIENCE: Duration = Duration::from_secs(20);

/// A modem in memory, towards this broker.
pub fn modem(model: Model, broker: &TestBroker) -> VirtualModem {
    VirtualModem::start(VirtualModemOptions {
        model,
        broker: BrokerChoice::Address(broker.address().to_string()),
        link: LinkChoice::Memory,
        ..VirtualModemOptions::default()
    })
    .unwrap()
}

pub struct Host<S = UnixStream> {
    pub stream: S,
    heard: Vec<u8>,
}

impl Host {
    pub fn of(modem: &VirtualModem) -> Self {
        let stream = modem.connect().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self::on(stream)
    }
}

impl<S: Read + Write> Host<S> {
    pub fn on(stream: S) -> Self {
        Self {
            stream,
            heard: Vec::new(),
        }
    }

    /// Echo off, numbered errors.
    #[must_use]
    pub fn ready(mut self) -> Self {
        self.ask("ATE0");
        self.ask("AT+CMEE=1");
        self
    }

    /// Configured and connected as this client.
    #[must_use]
    pub fn online(mut self, client_id: &str) -> Self {
        self = self.ready();
        self.ok(&format!(
            r#"AT+MQTTCFG="elsewhere",1883,"{client_id}",60,"","",1"#
        ));
        self.ok(r#"AT+MQTTOPEN=0,0,0,0,0,"","""#);
        self.expect("+MQTTOPEN:");
        self.expect("OK\r\n");
        self
    }

    pub fn send(&mut self, line: &str) {
        self.stream
            .write_all(format!("{line}\r").as_bytes())
            .unwrap();
    }

    /// Sends a command; returns what was said up to and with its final result.
    pub fn ask(&mut self, line: &str) -> String {
        self.send(line);
        let mut said = String::new();
        loop {
            let part = self.expect("\r\n");
            said.push_str(&part);
            let last = part.trim();
            if last == "OK" || last == "ERROR" || last.starts_with("+CME ERROR:") {
                return said;
            }
        }
    }

    pub fn ok(&mut self, line: &str) {
        let said = self.ask(line);
        assert!(said.ends_with("OK\r\n"), "{line} was answered by {said:?}");
    }

    /// Reads up to and with this text, and returns all of it.
    pub fn expect(&mut self, text: &str) -> String {
        String::from_utf8_lossy(&self.expect_bytes(text.as_bytes())).into_owned()
    }

    /// Reads until each of these texts has come, in whatever order.
    pub fn expect_all(&mut self, texts: &[&str]) {
        let mut missing = texts.to_vec();
        while !missing.is_empty() {
            let line = self.expect("\r\n");
            missing.retain(|text| !line.contains(text));
        }
    }

    pub fn expect_bytes(&mut self, wanted: &[u8]) -> Vec<u8> {
        let deadline = Instant::now() + PATIENCE;
        let mut searched: usize = 0;
        loop {
            let from = searched.saturating_sub(wanted.len());
            let place = self.heard[from..]
                .windows(wanted.len())
                .position(|window| window == wanted);
            if let Some(place) = place {
                return self.heard.drain(..from + place + wanted.len()).collect();
            }
            searched = self.heard.len();
            let mut buffer = [0; 4096];
            let count = match self.stream.read(&mut buffer) {
                Ok(count) if count > 0 && Instant::now() < deadline => count,
                other => panic!(
                    "{:?} did not come ({other:?}), but {:?}",
                    String::from_utf8_lossy(wanted),
                    String::from_utf8_lossy(&self.heard)
                ),
            };
            self.heard.extend(&buffer[..count]);
        }
    }
}
