//! What a recorded session gave, its replay gives again.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use m531x_core::{
    ConnectOptions, ErrorCode, EventKind, Modem, ModemOptions, PublishOptions, QoS, Secret,
    SubscribeOptions,
};
use m531x_test_support::recording::{
    PASSWORD, arrivals, is, module, open, open_recorded, replay, show,
};
use m531x_virtual_modem::Model;

/// What a recording must not hold, and what a virtual modem refuses.
const PINS: [&str; 4] = [
    r#"AT+CPIN="geheim70""#,
    "at+cpin = geheim70 , geheim71",
    r#"AT+CLCK="SC",1,"geheim72""#,
    r#"AT+CPWD="SC","geheim73","x""#,
];

fn connect_options() -> ConnectOptions {
    let mut options = ConnectOptions::new("broker.example", "lamp");
    options.username = Some("me".into());
    options.password = Some(Secret::new(PASSWORD));
    options.connect_limit = Some(300);
    options
}

fn with_qos(qos: QoS) -> PublishOptions {
    PublishOptions {
        qos,
        ..PublishOptions::default()
    }
}

/// A bit of everything, some of it refused.
fn live(modem: &Modem) {
    modem.info().unwrap();
    modem.signal().unwrap();
    modem.connect(connect_options()).unwrap();
    let options = SubscribeOptions {
        qos: QoS::ExactlyOnce,
        ..SubscribeOptions::default()
    };
    modem.subscribe("a/#", options).unwrap();
    let every: Vec<u8> = (0..=255).collect();
    for payload in [&b"plain"[..], b"\r\nOK\r\n+MQTTDISC: OK\r\n", &every] {
        for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
            modem.publish("a/b", payload, with_qos(qos)).unwrap();
        }
    }
    let wrong = modem.publish("a/+", b"", PublishOptions::default());
    assert_eq!(wrong.unwrap_err().code(), ErrorCode::InvalidArgument);
    let refused = modem.command("AT+CFUN=9", None);
    assert_eq!(refused.unwrap_err().code(), ErrorCode::Command);
    modem.command("AT+MQTTCFG?", None).unwrap();
    for line in PINS {
        let refused = modem.command(line, None);
        assert_eq!(refused.unwrap_err().code(), ErrorCode::Command);
    }
}

#[test]
fn a_session_with_faults_on_the_line_gives_the_same_again() {
    for (model, faults) in [
        (
            Model::M5310A,
            &["split-writes=3", "urc-in-response=1/3"][..],
        ),
        (Model::M5311, &["merge-writes=20", "delay=0-5"]),
        (Model::M5311, &["no-final-crlf=1/8", "split-writes=8"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("field.rec");
        let module = module(model, faults);
        let modem = open_recorded(&module, &path);
        live(&modem);
        let seen = arrivals(&modem);
        modem.disconnect().unwrap();
        let seen: Vec<String> = seen.into_iter().chain(arrivals(&modem)).collect();
        modem.close().unwrap();

        let again = replay(&path);
        assert_eq!(again.differences, [""; 0], "{faults:?}");
        assert_eq!(again.arrivals, seen, "{faults:?}");
        assert!(seen.len() >= 9, "{seen:?}");
        assert!(
            again
                .results
                .iter()
                .any(|(_, text)| text.starts_with("Command"))
        );
        assert_eq!(again, replay(&path), "a replay is the same every time");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains(PASSWORD) && text.contains("\\*"), "{text}");
        assert!(!text.contains("geheim"), "{text}");
    }
}

#[test]
fn a_late_ack_and_a_command_that_times_out_come_out_alike() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("field.rec");
    let module = module(Model::M5311, &["late-ack=puback:1300"]);
    let modem = open_recorded(&module, &path);
    modem.connect(connect_options()).unwrap();
    let options = PublishOptions {
        timeout: Some(Duration::from_millis(300)),
        ..with_qos(QoS::AtLeastOnce)
    };
    let late = modem.publish("a", b"x", options).unwrap_err();
    let seen = wait_for(&modem, EventKind::LateAnswer);
    modem.close().unwrap();
    let again = replay(&path);
    assert_eq!(again.differences, [""; 0]);
    assert_eq!(again.arrivals, seen);
    let (_, text) = again.results.last().unwrap();
    assert!(text.starts_with(&format!("{:?}", late.code())), "{text}");
}

#[test]
fn a_recovery_comes_out_alike_its_random_delays_included() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("field.rec");
    let module = module(Model::M5311, &[]);
    let modem = open_recorded(&module, &path);
    modem.connect(connect_options()).unwrap();
    modem.subscribe("a/#", SubscribeOptions::default()).unwrap();
    let mut seen = arrivals(&modem);
    module.reboot();
    seen.extend(wait_for(&modem, EventKind::Resubscribed));
    seen.extend(arrivals(&modem));
    modem.close().unwrap();
    let again = replay(&path);
    assert_eq!(again.differences, [""; 0]);
    assert_eq!(again.arrivals, seen);
    assert!(seen.iter().any(|shown| is(shown, EventKind::Rebooted)));
}

#[test]
fn a_recording_that_begins_in_the_middle_knows_the_connection_and_its_subscriptions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("field.rec");
    let module = module(Model::M5311, &[]);
    let modem = open(&module, ModemOptions::default());
    modem.connect(connect_options()).unwrap();
    modem
        .subscribe("a,1,b/#", SubscribeOptions::default())
        .unwrap();
    arrivals(&modem);
    let recording = modem.record(&path).unwrap();
    modem
        .publish("a,1,b/c", b"x", with_qos(QoS::AtLeastOnce))
        .unwrap();
    module.reboot();
    let seen = wait_for(&modem, EventKind::Resubscribed);
    let stats = recording.finish().unwrap();
    assert!(recording.is_finished() && stats.entries > 10 && stats.dropped == 0);
    modem
        .publish("a,1,b/c", b"unrecorded", PublishOptions::default())
        .unwrap();
    modem.close().unwrap();
    let again = replay(&path);
    assert_eq!(again.differences, [""; 0]);
    assert_eq!(&again.arrivals[..seen.len()], seen);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(
        !text.contains("unrecorded") && !text.contains(PASSWORD),
        "{text}"
    );
}

#[test]
fn a_port_that_vanishes_comes_out_alike() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("field.rec");
    let module = module(Model::M5311, &[]);
    let modem = open_recorded(&module, &path);
    module.close();
    let error = loop {
        match modem.recv(None) {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), ErrorCode::Port);
    modem.close().unwrap();
    let again = replay(&path);
    assert_eq!(again.differences, [""; 0]);
    let last = again.arrivals.last().unwrap();
    assert!(is(last, EventKind::PortLost), "{last}");
    assert_eq!(again.notes, ["the modem was closed"]);
}

/// Everything up to the first event of this kind.
fn wait_for(modem: &Modem, kind: EventKind) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let incoming = modem.recv(Some(Duration::from_secs(30))).unwrap();
        let shown = show(&incoming.expect("it comes"));
        let found = is(&shown, kind);
        seen.push(shown);
        if found {
            return seen;
        }
    }
}

#[test]
fn an_opening_that_fails_is_recorded_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("field.rec");
    let (_silent, stream) = std::os::unix::net::UnixStream::pair().unwrap();
    let options = ModemOptions {
        recording: Some(m531x_core::RecordingOptions::new(&path)),
        open_timeout: Duration::from_millis(900),
        ..ModemOptions::default()
    };
    let error = Modem::open_stream(stream.into(), options).unwrap_err();
    assert_eq!(error.code(), ErrorCode::NoAnswer);
    let again = replay(&path);
    assert_eq!(again.differences, [""; 0]);
    assert!(again.results[0].1.starts_with("NoAnswer"), "{again:?}");
}
