//! What the module forgets with every `AT+MQTTCFG`: the ack timeout and the ping report.

use m531x_core::session::RequestKind;
use m531x_core::{ConnectOptions, ErrorCode, QoS};
use m531x_test_support::session::{Rig, SECOND, command};

const CFG: &str = "AT+MQTTCFG=\"broker\",1883,\"me\",60,\"\",\"\",1";
const OPEN: &str = "AT+MQTTOPEN=0,0,0,0,0,\"\",\"\"";

/// Connects with this ack timeout; the module answers `AT+MQTTTO` with `answer`.
fn connected(seconds: u16, answer: &str) -> Rig {
    let mut rig = Rig::with(m531x_test_support::session::recovering());
    let mut options = ConnectOptions::new("broker", "me");
    options.ack_timeout = seconds;
    let id = rig.begin(RequestKind::Connect(options));
    rig.exchange("AT+MQTTDISC", "\r\n+CME ERROR: 3\r\n");
    rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
    rig.exchange(CFG, "\r\nOK\r\n");
    rig.exchange(&format!("AT+MQTTTO={seconds}"), answer);
    rig.exchange(OPEN, "\r\nOK\r\n\r\n+MQTTOPEN:OK\r\n");
    assert!(rig.result(id).is_ok());
    rig
}

/// How long the session waits for an acknowledgement before it does something about it.
fn patience(rig: &mut Rig) -> u64 {
    rig.published(QoS::AtLeastOnce);
    for second in 1..100 {
        rig.advance(SECOND);
        if rig.next_sent().is_some() {
            return second;
        }
    }
    panic!("the session waits for ever");
}

#[test]
fn the_ack_timeout_is_set_after_the_configuration_that_sets_it_back() {
    for seconds in [5, 10, 30] {
        let mut rig = connected(seconds, "\r\nOK\r\n");
        assert_eq!(patience(&mut rig), u64::from(seconds) + 5);
    }
}

#[test]
fn a_module_that_refuses_the_ack_timeout_keeps_its_ten_seconds() {
    for seconds in [5, 30] {
        let mut rig = connected(seconds, "\r\n+CME ERROR: 4\r\n");
        assert_eq!(patience(&mut rig), 15, "{seconds}");
    }
}

#[test]
fn a_module_that_does_not_answer_the_ack_timeout_is_not_told_to_connect() {
    let mut rig = Rig::new();
    let id = rig.begin(RequestKind::Connect(ConnectOptions::new("broker", "me")));
    rig.exchange("AT+MQTTDISC", "\r\n+CME ERROR: 3\r\n");
    rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
    rig.exchange(CFG, "\r\nOK\r\n");
    rig.expect("AT+MQTTTO=10");
    rig.advance(10 * SECOND);
    assert_eq!(rig.code(id), ErrorCode::Timeout);
    rig.expect_nothing();
}

#[test]
fn an_ack_timeout_that_was_changed_holds_over_every_recovery() {
    let mut rig = connected(10, "\r\nOK\r\n");
    let id = rig.begin(RequestKind::SetAckTimeout(30));
    rig.exchange("AT+MQTTTO=30", "\r\nOK\r\n");
    assert!(rig.result(id).is_ok());
    for _ in 0..2 {
        rig.reply("\r\n+MQTTDISC: OK\r\n");
        let due = rig.session.poll_timeout().expect("an attempt is due");
        rig.advance(due - rig.now);
        let commands = rig.recover();
        assert_eq!(commands[commands.len() - 3..], [CFG, "AT+MQTTTO=30", OPEN]);
    }
    assert_eq!(patience(&mut rig), 35);
}

#[test]
fn a_configuration_by_hand_sets_the_ack_timeout_back() {
    let mut rig = connected(30, "\r\nOK\r\n");
    let id = rig.begin(command(CFG));
    rig.exchange(CFG, "\r\nOK\r\n");
    assert!(rig.result(id).is_ok());
    let id = rig.begin(command(OPEN));
    rig.exchange(OPEN, "\r\nOK\r\n\r\n+MQTTOPEN:OK\r\n");
    assert!(rig.result(id).is_ok());
    let publish = rig.published(QoS::AtLeastOnce);
    rig.advance(14 * SECOND);
    assert!(!rig.is_done(publish));
    rig.advance(SECOND);
    assert_eq!(rig.code(publish), ErrorCode::PublishFailed);
}

#[test]
fn a_ping_report_is_asked_for_again_with_every_configuration() {
    let mut rig = connected(10, "\r\nOK\r\n");
    let id = rig.begin(RequestKind::SetPingReport(true));
    rig.exchange("AT+MQTTPING=1", "\r\nOK\r\n");
    assert!(rig.result(id).is_ok());
    rig.reply("\r\n+MQTTDISC: OK\r\n");
    rig.advance(SECOND);
    let expected = [CFG, "AT+MQTTTO=10", "AT+MQTTPING=1", OPEN];
    let commands = rig.recover();
    assert_eq!(commands[commands.len() - 4..], expected);
    // The application's own connect is a configuration, too.
    let id = rig.begin(RequestKind::Connect(ConnectOptions::new("broker", "me")));
    rig.exchange("AT+MQTTDISC", "\r\nOK\r\n\r\n+MQTTDISC: OK\r\n");
    rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
    for line in expected {
        rig.exchange(line, "\r\nOK\r\n");
    }
    rig.reply("\r\n+MQTTOPEN:OK\r\n");
    assert!(rig.result(id).is_ok());
    // Turned off it stays off.
    let id = rig.begin(RequestKind::SetPingReport(false));
    rig.exchange("AT+MQTTPING=0", "\r\nOK\r\n");
    assert!(rig.result(id).is_ok());
    rig.reply("\r\n+MQTTDISC: OK\r\n");
    let due = rig.session.poll_timeout().expect("an attempt is due");
    rig.advance(due - rig.now);
    assert!(!rig.recover().contains(&"AT+MQTTPING=1".to_owned()));
}

#[test]
fn a_module_without_a_ping_report_connects_all_the_same() {
    let mut rig = connected(10, "\r\nOK\r\n");
    let id = rig.begin(RequestKind::SetPingReport(true));
    rig.exchange("AT+MQTTPING=1", "\r\nOK\r\n");
    assert!(rig.result(id).is_ok());
    let id = rig.begin(RequestKind::Connect(ConnectOptions::new("broker", "me")));
    rig.exchange("AT+MQTTDISC", "\r\nOK\r\n\r\n+MQTTDISC: OK\r\n");
    rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
    rig.exchange(CFG, "\r\nOK\r\n");
    rig.exchange("AT+MQTTTO=10", "\r\nOK\r\n");
    rig.exchange("AT+MQTTPING=1", "\r\n+CME ERROR: 4\r\n");
    rig.exchange(OPEN, "\r\nOK\r\n\r\n+MQTTOPEN:OK\r\n");
    assert!(rig.result(id).is_ok());
}
