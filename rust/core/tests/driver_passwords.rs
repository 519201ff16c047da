//! A password that is a function: called for every connect and recovery, without a lock held.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use m531x_core::{
    AskPassword, ConnectOptions, Error, ErrorCode, EventKind, Incoming, Modem, ModemOptions,
    MqttState, Recovery, Secret,
};
use m531x_test_support::driver::{Peer, eventually, options};

const LIMIT: Duration = Duration::from_secs(10);

fn connect_options(ask: AskPassword) -> ConnectOptions {
    let mut options = ConnectOptions::new("broker", "me");
    options.username = Some("user".into());
    options.ask_password = Some(ask);
    options
}

/// Recovers at once.
fn quick() -> ModemOptions {
    ModemOptions {
        recovery: Recovery {
            initial_delay: Duration::ZERO,
            jitter: 0.0,
            ..Recovery::default()
        },
        ..options()
    }
}

/// The passwords of the configurations that the module was sent.
fn passwords(peer: &Peer) -> Vec<String> {
    let commands = peer.commands();
    let cfg = commands.iter().filter(|c| c.starts_with("AT+MQTTCFG="));
    cfg.map(|line| line.split('"').nth(7).unwrap().to_owned())
        .collect()
}

/// A module whose broker refuses every login with code 4.
fn refusing() -> (Peer, m531x_core::Stream) {
    Peer::in_memory_with(|command| {
        command
            .starts_with("AT+MQTTOPEN=")
            .then(|| "\r\nOK\r\n\r\n+MQTTOPEN:4,0\r\n".to_owned())
    })
}

#[test]
fn every_connect_and_recovery_gets_its_own() {
    let (peer, stream) = Peer::in_memory();
    let modem = Modem::open_stream(stream, quick()).unwrap();
    let count = AtomicU32::new(0);
    let ask = AskPassword::with(move || {
        let number = count.fetch_add(1, Ordering::Relaxed);
        Ok(Secret::new(format!("token {number}")))
    });
    modem.connect(connect_options(ask)).unwrap();
    assert_eq!(passwords(&peer), ["token 0"]);
    peer.say("\r\n+MQTTDISC: OK\r\n");
    eventually("it is connected again", || {
        passwords(&peer).len() == 2 && modem.mqtt_state() == MqttState::Connected
    });
    assert_eq!(passwords(&peer), ["token 0", "token 1"]);
}

#[test]
fn the_function_may_use_the_modem_and_a_callback_may_wait_for_the_connection() {
    let (peer, stream) = Peer::in_memory();
    let modem = Modem::open_stream(stream, options()).unwrap();
    let (seen, received) = mpsc::channel();
    let user = modem.clone();
    modem
        .on_incoming({
            let modem = modem.clone();
            move |incoming| {
                if matches!(incoming, Incoming::Message(_)) {
                    let user = user.clone();
                    let ask = AskPassword::with(move || {
                        user.command("AT+CSQ", None)?;
                        Ok(Secret::new("token"))
                    });
                    seen.send(modem.connect(connect_options(ask))).unwrap();
                }
            }
        })
        .unwrap();
    peer.publish("t", b"go");
    assert_eq!(received.recv_timeout(LIMIT).unwrap(), Ok(()));
    assert_eq!(passwords(&peer), ["token"]);
}

#[test]
fn an_error_and_a_panic_of_the_function_are_errors_of_the_connect() {
    let (_peer, stream) = Peer::in_memory();
    let modem = Modem::open_stream(stream, options()).unwrap();
    let failing = AskPassword::with(|| Err(Error::new(ErrorCode::Connect, "the clock is not set")));
    let error = modem.connect(connect_options(failing)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Connect);
    assert!(
        error.to_string().contains("the clock is not set"),
        "{error}"
    );
    let panicking = AskPassword::with(|| panic!("on purpose"));
    let error = modem.connect(connect_options(panicking)).unwrap_err();
    assert!(error.to_string().contains("panicked"), "{error}");
    assert_eq!(modem.stats().callback_panics, 1);
}

#[test]
fn a_refused_login_asks_twice_and_no_more() {
    let (peer, stream) = refusing();
    let modem = Modem::open_stream(stream, options()).unwrap();
    let asked = Arc::new(AtomicU32::new(0));
    let ask = AskPassword::with({
        let asked = Arc::clone(&asked);
        move || {
            asked.fetch_add(1, Ordering::Relaxed);
            Ok(Secret::new("dead"))
        }
    });
    let error = modem.connect(connect_options(ask)).unwrap_err();
    assert_eq!(error.return_code(), Some(4));
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    assert_eq!(passwords(&peer).len(), 2);
}

#[test]
fn whoever_takes_events_may_answer_instead() {
    let (peer, stream) = Peer::in_memory();
    let modem = Modem::open_stream(stream, quick()).unwrap();
    let mut options = connect_options(AskPassword::by_event());
    options.password = Some(Secret::new("first"));
    modem.connect(options).unwrap();
    peer.say("\r\n+MQTTDISC: OK\r\n");
    loop {
        let Some(Incoming::Event(event)) = modem.recv(Some(LIMIT)).unwrap() else {
            panic!("the password is not wanted");
        };
        if event.kind == EventKind::PasswordWanted {
            let number = u64::try_from(event.value).unwrap();
            let next = || Ok(Secret::new("next"));
            assert!(!modem.set_password(Some(number + 1), next()));
            assert!(modem.set_password(Some(number), next()));
            break;
        }
    }
    eventually("it is connected again", || {
        passwords(&peer).len() == 2 && modem.mqtt_state() == MqttState::Connected
    });
    assert_eq!(passwords(&peer), ["first", "next"]);
    assert!(!modem.set_password(None, Ok(Secret::new("nobody asked"))));
}

#[test]
fn closing_does_not_wait_for_a_function_that_does_not_return() {
    let (_peer, stream) = Peer::in_memory();
    let modem = Modem::open_stream(stream, options()).unwrap();
    let (stop, stopped) = mpsc::channel::<()>();
    let stopped = Mutex::new(stopped);
    let (called, calls) = mpsc::channel();
    let ask = AskPassword::with(move || {
        called.send(()).unwrap();
        let _ = stopped.lock().unwrap().recv();
        Ok(Secret::new("too late"))
    });
    let connecting = thread::spawn({
        let modem = modem.clone();
        move || modem.connect(connect_options(ask))
    });
    calls.recv_timeout(LIMIT).unwrap();
    let begun = Instant::now();
    modem.close().unwrap();
    assert_eq!(
        connecting.join().unwrap().unwrap_err().code(),
        ErrorCode::Closed
    );
    assert!(begun.elapsed() < Duration::from_secs(5));
    drop(stop);
}

#[test]
fn a_recording_holds_no_password_and_is_replayed_alike() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("session.rec");
    let (peer, stream) = Peer::in_memory();
    let recorded = ModemOptions {
        recording: Some(m531x_core::RecordingOptions::new(&file)),
        ..quick()
    };
    let modem = Modem::open_stream(stream, recorded).unwrap();
    let count = AtomicU32::new(0);
    let ask = AskPassword::with(move || match count.fetch_add(1, Ordering::Relaxed) {
        1 => Err(Error::new(ErrorCode::Connect, "not now")),
        number => Ok(Secret::new(format!("geheim {number}"))),
    });
    modem.connect(connect_options(ask)).unwrap();
    peer.say("\r\n+MQTTDISC: OK\r\n");
    eventually("there is no password", || {
        modem.mqtt_state() == MqttState::Lost
    });
    let waited = Instant::now();
    loop {
        match modem.recv(Some(LIMIT)).unwrap() {
            Some(Incoming::Event(event)) if event.kind == EventKind::LoginRefused => break,
            _ => assert!(waited.elapsed() < LIMIT),
        }
    }
    modem.close().unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("geheim"), "{text}");
    assert!(text.contains("@ password number=1"), "{text}");
    let differences = m531x_core::replay::Replay::new(&text)
        .unwrap()
        .filter(|item| matches!(item.what, m531x_core::replay::Replayed::Difference(_)))
        .count();
    assert_eq!(differences, 0, "{text}");
}
