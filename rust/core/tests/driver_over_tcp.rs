//! The driver over a plain TCP connection, with nothing but the standard library: it runs wherever
//! the driver does.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use m531x_core::{
    ConnectOptions, Error, ErrorCode, EventKind, Incoming, Message, Model, Modem, ModemOptions,
    PublishOptions, QoS, Recovery,
};
use m531x_test_support::lines::publish_line;

/// Far beyond what anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A module at the other end: answers OK, and whatever else the command calls for.
struct Peer {
    link: TcpStream,
    commands: Receiver<String>,
    thread: Option<JoinHandle<()>>,
}

impl Peer {
    /// A module, and a modem open on it.
    fn with_modem() -> (Self, Modem) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("tcp://{}", listener.local_addr().unwrap());
        let accepting = thread::spawn(move || Self::start(listener.accept().unwrap().0));
        let modem = Modem::open(&url, options()).unwrap();
        (accepting.join().unwrap(), modem)
    }

    fn start(link: TcpStream) -> Self {
        link.set_nodelay(true).unwrap();
        let (arrived, commands) = mpsc::channel();
        let thread = thread::spawn({
            let link = link.try_clone().unwrap();
            move || answer_all(link, |command| drop(arrived.send(command.to_owned())))
        });
        Self {
            link,
            commands,
            thread: Some(thread),
        }
    }

    fn say(&self, bytes: &[u8]) {
        (&self.link).write_all(bytes).unwrap();
    }

    fn await_command(&self, prefix: &str) {
        while !self
            .commands
            .recv_timeout(PATIENCE)
            .unwrap()
            .starts_with(prefix)
        {}
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.link.shutdown(Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer_all(mut link: TcpStream, record: impl Fn(&str)) {
    let mut line = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = link.read(&mut buffer) {
        for &byte in &buffer[..count] {
            if byte != b'\r' {
                line.push(byte);
                continue;
            }
            let command = String::from_utf8_lossy(&line).trim().to_owned();
            line.clear();
            record(&command);
            if link.write_all(answer(&command).as_bytes()).is_err() {
                return;
            }
        }
    }
}

fn answer(command: &str) -> &'static str {
    match command.split('=').next().unwrap_or("") {
        // Stays without an answer.
        "AT+XNUM" => "",
        "AT+MQTTOPEN" => "\r\nOK\r\n+MQTTOPEN:OK\r\n",
        "AT+MQTTDISC" => "\r\nOK\r\n+MQTTDISC: OK\r\n",
        "AT+MQTTPUB" if command.contains(",1,") => "\r\nOK\r\n+MQTTPUBACK:7,0\r\n",
        "AT+CSQ" => "\r\n+CSQ:20,0\r\n\r\nOK\r\n",
        _ => "\r\nOK\r\n",
    }
}

fn options() -> ModemOptions {
    ModemOptions {
        model: Some(Model::M5310A),
        open_timeout: Duration::from_secs(5),
        recovery: Recovery::off(),
        ..ModemOptions::default()
    }
}

fn next_message(modem: &Modem) -> Message {
    loop {
        match modem.recv(Some(PATIENCE)).unwrap() {
            Some(Incoming::Message(message)) => return message,
            Some(Incoming::Event(_)) => {}
            None => panic!("no message within {PATIENCE:?}"),
        }
    }
}

#[test]
fn commands_and_publishes_go_out_and_are_answered() {
    let (_peer, modem) = Peer::with_modem();
    modem
        .connect(ConnectOptions::new("broker", "client"))
        .unwrap();
    assert_eq!(modem.signal().unwrap().raw, (20, 0));
    let qos = PublishOptions {
        qos: QoS::AtLeastOnce,
        ..PublishOptions::default()
    };
    let receipt = modem.publish("t/1", &[0, 255, b'\r'], qos).unwrap();
    assert_eq!(receipt.packet_id, Some(7));
}

#[test]
fn more_than_any_buffer_holds_arrives_whole_and_in_order() {
    let (peer, modem) = Peer::with_modem();
    let payload = vec![0x5a; 1500];
    thread::scope(|scope| {
        let (peer, payload) = (peer.link.try_clone().unwrap(), &payload);
        scope.spawn(move || {
            for number in 0..400 {
                (&peer)
                    .write_all(&publish_line(&format!("t/{number}"), payload))
                    .unwrap();
            }
        });
        for number in 0..400 {
            let message = next_message(&modem);
            assert_eq!(message.topic, format!("t/{number}"));
            assert!(*message.payload == payload[..]);
        }
    });
}

#[test]
fn long_commands_of_several_threads_all_go_out() {
    let (_peer, modem) = Peer::with_modem();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    modem
                        .publish("t", &[b'x'; 900], PublishOptions::default())
                        .unwrap();
                }
            });
        }
    });
}

#[test]
fn a_waiting_receiver_does_not_hold_up_a_command() {
    let (peer, modem) = Peer::with_modem();
    thread::scope(|scope| {
        let receiver = scope.spawn(|| next_message(&modem).topic);
        for _ in 0..20 {
            let began = Instant::now();
            modem.command("AT+CSQ", None).unwrap();
            assert!(
                began.elapsed() < Duration::from_secs(5),
                "{:?}",
                began.elapsed()
            );
        }
        peer.say(&publish_line("at/last", b"x"));
        assert_eq!(receiver.join().unwrap(), "at/last");
    });
}

#[test]
fn cancel_and_close_wake_whoever_waits() {
    let calls: [fn(&Modem); 2] = [Modem::cancel, |modem| modem.close().unwrap()];
    for (wake, code) in calls
        .into_iter()
        .zip([ErrorCode::Cancelled, ErrorCode::Closed])
    {
        let (peer, modem) = Peer::with_modem();
        thread::scope(|scope| {
            let waiting = [
                scope.spawn(|| modem.command("AT+XNUM=1", None).map(drop)),
                scope.spawn(|| receive_nothing(&modem)),
            ];
            peer.await_command("AT+XNUM=1");
            thread::sleep(Duration::from_millis(50));
            let began = Instant::now();
            wake(&modem);
            for waiting in waiting {
                assert_eq!(waiting.join().unwrap().unwrap_err().code(), code);
            }
            assert!(
                began.elapsed() < Duration::from_secs(5),
                "{:?}",
                began.elapsed()
            );
        });
    }
}

fn receive_nothing(modem: &Modem) -> Result<(), Error> {
    loop {
        modem.recv(None)?;
    }
}

#[test]
fn a_peer_that_hangs_up_is_an_event_and_then_an_error() {
    let (peer, modem) = Peer::with_modem();
    peer.say(&publish_line("last/words", b"x"));
    drop(peer);
    assert_eq!(next_message(&modem).topic, "last/words");
    let mut kinds = Vec::new();
    let error = loop {
        match modem.recv(Some(PATIENCE)) {
            Ok(Some(Incoming::Event(event))) => kinds.push(event.kind),
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error,
        }
    };
    assert!(kinds.contains(&EventKind::PortLost), "{kinds:?}");
    assert_eq!(error.code(), ErrorCode::Port);
    assert_eq!(
        modem.command("AT", None).unwrap_err().code(),
        ErrorCode::Port
    );
}

/// Windows ends the reads and writes that a thread began when the thread ends.
#[test]
fn threads_that_come_and_go_leave_the_port_as_it_was() {
    let (peer, modem) = Peer::with_modem();
    modem
        .connect(ConnectOptions::new("broker", "client"))
        .unwrap();
    for number in 0..50 {
        let modem_there = modem.clone();
        thread::spawn(move || modem_there.command("AT+CSQ", None).unwrap())
            .join()
            .unwrap();
        peer.say(&publish_line(&format!("t/{number}"), b"x"));
        assert_eq!(next_message(&modem).topic, format!("t/{number}"));
        let modem_there = modem.clone();
        let delivery = thread::spawn(move || {
            modem_there
                .publish_nowait("t", b"x", PublishOptions::default())
                .unwrap()
        })
        .join()
        .unwrap();
        delivery.wait(Some(PATIENCE)).unwrap();
    }
}

#[test]
fn nobody_wakes_while_nothing_happens() {
    let (_peer, modem) = Peer::with_modem();
    modem.command("AT+CSQ", None).unwrap();
    thread::sleep(Duration::from_millis(200));
    let before = modem.stats().reader_wakeups;
    thread::sleep(Duration::from_millis(500));
    assert_eq!(modem.stats().reader_wakeups, before);
}

#[test]
fn a_port_that_does_not_answer_or_is_no_port_is_told_so() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("tcp://{}", silent.local_addr().unwrap());
    let unused = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let cases = [
        (silent.as_str(), ErrorCode::NoAnswer),
        (&format!("tcp://{unused}"), ErrorCode::Port),
        ("tcp://127.0.0.1", ErrorCode::InvalidArgument),
        ("carrier-pigeon://coop", ErrorCode::InvalidArgument),
        ("", ErrorCode::InvalidArgument),
    ];
    for (port, code) in cases {
        let short = ModemOptions {
            open_timeout: Duration::from_secs(1),
            ..options()
        };
        let error = Modem::open(port, short).unwrap_err();
        assert_eq!(error.code(), code, "{port}: {error}");
    }
}
