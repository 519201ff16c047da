//! What a real broker does with publishes of QoS 2 that nobody finishes: on a kept session mosquitto
//! holds twenty of them, over connections, and acknowledges beyond that what it does not take.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use m531x_core::{ConnectOptions, Model, Modem, ModemOptions, QoS, Recovery};
use m531x_test_support::end_to_end::{connect_options, publish_options};
use m531x_test_support::mosquitto::Mosquitto;
use m531x_test_support::mqtt::take_packet;
use m531x_test_support::observer::Observer;
use m531x_virtual_modem::{BrokerChoice, Firmware, LinkChoice, VirtualModem, VirtualModemOptions};

const PATIENCE: Duration = Duration::from_secs(90);
const ROUNDS: usize = 2;
/// More than the broker holds of one session.
const BURST: usize = 24;
/// No more is under way of the driver's own accord.
const MOST: usize = 8;

/// The way to the broker, on which acknowledgements can get lost, and then the connection.
#[derive(Clone)]
struct Network {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    loses_acks: AtomicBool,
    /// Publishes that reached the broker.
    published: AtomicUsize,
    sockets: Mutex<Vec<TcpStream>>,
}

impl Network {
    fn start(broker: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let network = Self {
            address: listener.local_addr().unwrap(),
            state: Arc::default(),
        };
        let state = Arc::clone(&network.state);
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let broker = TcpStream::connect(broker).unwrap();
                for (from, to) in [(&client, &broker), (&broker, &client)] {
                    from.set_nodelay(true).unwrap();
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let state = Arc::clone(&state);
                    thread::spawn(move || state.carry(from, to));
                }
                state.sockets.lock().unwrap().extend([client, broker]);
            }
        });
        network
    }

    /// Every connection breaks.
    fn cut(&self) {
        for socket in self.state.sockets.lock().unwrap().drain(..) {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// Waits until publishes have come and no more do.
    fn settle(&self, least: usize) {
        let published = || self.state.published.load(Ordering::SeqCst);
        let deadline = Instant::now() + PATIENCE;
        let (mut last, mut since) = (published(), Instant::now());
        while published() < least || since.elapsed() < Duration::from_secs(1) {
            assert!(Instant::now() < deadline, "{} of {least}", published());
            thread::sleep(Duration::from_millis(10));
            if published() != last {
                (last, since) = (published(), Instant::now());
            }
        }
    }
}

impl State {
    /// PUBACK, PUBREC and PUBCOMP get lost on demand.
    fn carry(&self, mut from: TcpStream, mut to: TcpStream) {
        let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => bytes.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
            while let Some(packet) = take_packet(&mut bytes) {
                let kind = packet[0] >> 4;
                let is_ack = matches!(kind, 4 | 5 | 7);
                if is_ack && self.loses_acks.load(Ordering::SeqCst) {
                    continue;
                }
                if to.write_all(&packet).is_err() {
                    break;
                }
                if kind == 3 {
                    self.published.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    }
}

fn connected(module: &VirtualModem) -> Modem {
    let options = ModemOptions {
        model: Some(Model::M5310A),
        guard_time: Some(Duration::ZERO),
        recovery: Recovery {
            initial_delay: Duration::from_millis(100),
            max_delay: Duration::from_secs(1),
            // The connection is cut under the same publishes again and again.
            loss_budget: 100,
            ..Recovery::default()
        },
        ..ModemOptions::default()
    };
    let modem = Modem::open(&module.port(), options).unwrap();
    modem
        .connect(ConnectOptions {
            clean_session: false,
            ..connect_options()
        })
        .unwrap();
    modem
}

#[test]
fn every_receipt_of_a_kept_session_is_true_however_much_is_never_finished() {
    let broker = Mosquitto::start();
    let mut observer = Observer::connect(broker.port(), "observer");
    observer.subscribe("out", 1);
    let network = Network::start(broker.address());
    let module = VirtualModem::start(VirtualModemOptions {
        broker: BrokerChoice::Address(network.address.to_string()),
        link: LinkChoice::Pty { symlink: None },
        firmware: Some(Firmware::Vendor),
        seed: Some(1),
        ..VirtualModemOptions::default()
    })
    .unwrap();
    let modem = connected(&module);
    let (mut sent, mut lowered) = (0, 0);
    for _ in 0..ROUNDS {
        let before = network.state.published.load(Ordering::SeqCst);
        network.state.loses_acks.store(true, Ordering::SeqCst);
        let mut burst = Vec::new();
        for _ in 0..BURST {
            let payload = sent.to_string();
            let options = publish_options(QoS::ExactlyOnce);
            let delivery = modem.publish_nowait("out", payload.as_bytes(), options);
            burst.push(delivery.unwrap());
            sent += 1;
        }
        network.settle(before + MOST);
        network.cut();
        network.state.loses_acks.store(false, Ordering::SeqCst);
        for delivery in burst {
            let receipt = delivery.wait(Some(PATIENCE)).unwrap();
            lowered += usize::from(receipt.qos == QoS::AtLeastOnce);
        }
    }
    assert!(lowered >= MOST, "{lowered}");
    // What the broker has it has passed on before this.
    Observer::connect(broker.port(), "other").publish("out", b"end", 1, false);
    let mut arrived: BTreeSet<usize> = BTreeSet::new();
    loop {
        let payload = observer.next_message().payload;
        if payload == b"end" {
            break;
        }
        arrived.insert(String::from_utf8(payload).unwrap().parse().unwrap());
    }
    let missing: Vec<usize> = (0..sent).filter(|n| !arrived.contains(n)).collect();
    assert_eq!(missing, [0; 0], "reported as done, and never passed on");
}
