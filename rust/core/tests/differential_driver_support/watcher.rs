//! Another client of the broker, which tells what arrives there.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use m531x_virtual_modem::mqtt_client::{ClientConfig, ClientEvent, MqttClient};

/// What the broker passed on.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) qos: u8,
}

pub(crate) struct Watcher {
    stream: TcpStream,
    pub(crate) arrivals: Receiver<Arrival>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Returns once the broker has granted the subscription.
    pub(crate) fn start(broker: &str, filter: &'static str) -> Self {
        let stream = TcpStream::connect(broker).unwrap();
        stream.set_nodelay(true).unwrap();
        let (arrived, arrivals) = mpsc::channel();
        let (ready, is_ready) = mpsc::channel();
        let thread = thread::spawn({
            let stream = stream.try_clone().unwrap();
            move || watch(stream, filter, &ready, &arrived)
        });
        is_ready.recv().expect("the broker grants it");
        Self {
            stream,
            arrivals,
            thread: Some(thread),
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn watch(mut stream: TcpStream, filter: &str, ready: &Sender<()>, arrived: &Sender<Arrival>) {
    let mut client = MqttClient::new(ClientConfig {
        keepalive: 0,
        ..ClientConfig::new("broker", "watcher")
    });
    client.start(Instant::now());
    client.handle_connected(Instant::now());
    let mut buffer = [0; 4096];
    loop {
        let now = Instant::now();
        while client.poll_net().is_some() {}
        while let Some(event) = client.poll_event() {
            match event {
                ClientEvent::ConnAck { .. } => client.subscribe(now, 1, filter, 2),
                ClientEvent::SubAck { .. } => ready.send(()).unwrap(),
                ClientEvent::Message {
                    qos,
                    packet_id,
                    topic,
                    payload,
                    ..
                } => {
                    client.acknowledge(now, qos, packet_id);
                    let arrival = Arrival {
                        topic: String::from_utf8(topic).unwrap(),
                        payload,
                        qos,
                    };
                    let _ = arrived.send(arrival);
                }
                _ => {}
            }
        }
        while let Some(bytes) = client.poll_transmit() {
            if stream.write_all(&bytes).is_err() {
                return;
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => client.handle_bytes(Instant::now(), &buffer[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
