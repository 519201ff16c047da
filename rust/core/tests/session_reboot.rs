//! A module that restarts, asked or not.

use m531x_core::session::{Outcome, RequestKind, SessionConfig};
use m531x_core::{ConnectOptions, ErrorCode, EventKind, Model, MqttState, QoS};
use m531x_test_support::session::{Rig, SECOND, answer_settings, command, publish, subscribe};

const HI21XX: &str = "\r\nBoot: Unsigned\r\nSecurity B.. Verified\r\nProtocol A.. Verified\r\n\
                      Apps A...... Verified\r\n\r\nREBOOT_CAUSE_APPLICATION_AT\r\nNeul\r\nOK\r\n";
const MT2625: &str = "\r\nREBOOTING..\r\n\r\n*ATREADY: 1\r\n\r\n+CFUN: 1\r\n\r\n+CPIN: READY\r\n";

/// What is sent after a boot before anything else.
fn settings(rig: &mut Rig) {
    rig.expect_nothing();
    rig.advance(SECOND);
    answer_settings(rig);
}

#[test]
fn every_pending_operation_fails_and_the_mqtt_state_is_gone() {
    for banner in [HI21XX, MT2625] {
        let mut rig = Rig::connected();
        rig.subscribe("a/b", 1);
        let acked = rig.published(QoS::AtLeastOnce);
        let subscribed = rig.begin(subscribe("c"));
        rig.exchange("AT+MQTTSUB=\"c\",1", "\r\nOK\r\n");
        let in_flight = rig.begin(command("AT+CSQ"));
        let queued = rig.begin(command("AT+CGATT?"));
        rig.expect("AT+CSQ");
        rig.reply(banner);
        for id in [acked, subscribed, in_flight, queued] {
            assert_eq!(rig.code(id), ErrorCode::ModemRebooted, "{banner}");
        }
        assert_eq!(rig.session.mqtt_state(), MqttState::Off);
        assert!(rig.session.subscriptions().is_empty());
        assert_eq!(rig.events(EventKind::Rebooted).len(), 1, "{banner}");
        assert_eq!(
            rig.events(EventKind::Disconnected),
            ["the module restarted"]
        );
        assert_eq!(rig.session.stats().reboots, 1);
        settings(&mut rig);
        rig.expect_nothing();
    }
}

#[test]
fn the_ok_at_the_end_of_the_boot_is_nobodys() {
    let mut rig = Rig::connected();
    rig.reply(HI21XX);
    assert_eq!(rig.events(EventKind::StrayResult), ["OK"]);
    let id = rig.begin(command("AT+CSQ"));
    settings(&mut rig);
    assert!(!rig.is_done(id));
    rig.exchange("AT+CSQ", "\r\n+CSQ:1,99\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(id), ["+CSQ:1,99"]);
}

#[test]
fn a_boot_in_two_parts_is_one_boot() {
    let mut rig = Rig::connected();
    rig.reply("\r\nREBOOTING\r\n");
    rig.advance(SECOND);
    rig.expect("AT");
    rig.advance(4 * SECOND);
    while rig.next_sent().is_some() {}
    rig.reply(HI21XX);
    assert_eq!(rig.events(EventKind::Rebooted).len(), 1);
    settings(&mut rig);
    let id = rig.begin(command("AT+CSQ"));
    rig.exchange("AT+CSQ", "\r\n+CSQ:1,99\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(id), ["+CSQ:1,99"]);
}

#[test]
fn a_module_that_never_comes_back_fails_what_waits_for_it() {
    let mut rig = Rig::connected();
    rig.reply(HI21XX);
    let id = rig.begin(command("AT+CSQ"));
    rig.advance(60 * SECOND);
    assert_eq!(rig.code(id), ErrorCode::NoAnswer);
    // The next one tries the settings again.
    while rig.next_sent().is_some() {}
    let id = rig.begin(command("AT+CSQ"));
    rig.exchange("AT", "\r\nOK\r\n");
    while let Some(line) = rig.next_sent() {
        match line.as_str() {
            "AT+MQTTSTAT?" => rig.reply("\r\n+MQTTSTAT:0\r\n\r\nOK\r\n"),
            "AT+CSQ" => rig.reply("\r\n+CSQ:1,99\r\n\r\nOK\r\n"),
            _ => rig.reply("\r\nOK\r\n"),
        }
    }
    assert_eq!(rig.lines(id), ["+CSQ:1,99"]);
}

#[test]
fn a_second_boot_is_a_second_event() {
    let mut rig = Rig::connected();
    rig.reply(HI21XX);
    settings(&mut rig);
    rig.reply(HI21XX);
    assert_eq!(rig.events(EventKind::Rebooted).len(), 2);
    settings(&mut rig);
}

#[test]
fn a_reboot_during_each_operation_ends_it() {
    let kinds: Vec<RequestKind> = vec![
        command("AT+CSQ"),
        RequestKind::Connect(ConnectOptions::new("broker", "me")),
        publish("t", QoS::AtMostOnce),
        publish("t", QoS::ExactlyOnce),
        subscribe("a"),
        RequestKind::Unsubscribe { filter: "a".into() },
        RequestKind::Disconnect,
        RequestKind::Delete,
        RequestKind::Status,
        RequestKind::Config,
        RequestKind::Info,
        RequestKind::Signal,
        RequestKind::WaitForNetwork,
        RequestKind::Wake,
        RequestKind::SetAckTimeout(20),
        RequestKind::SetPingReport(true),
    ];
    for kind in kinds {
        // At the n-th command of the operation.
        for n in 0..4 {
            let mut rig = Rig::connected();
            let id = rig.begin(kind.clone());
            for _ in 0..n {
                if rig.next_sent().is_some() {
                    rig.reply("\r\nOK\r\n");
                }
            }
            if rig.is_done(id) {
                continue;
            }
            rig.reply(HI21XX);
            assert_eq!(rig.code(id), ErrorCode::ModemRebooted, "{kind:?}");
            while rig.next_sent().is_some() {}
            settings(&mut rig);
            assert!(rig.session.idle());
        }
    }
}

#[test]
fn a_restart_that_was_asked_for_ends_when_the_module_answers_again() {
    let mut rig = Rig::connected();
    let id = rig.begin(RequestKind::Reboot);
    let after = rig.begin(command("AT+CSQ"));
    rig.exchange("AT+NRB", "\r\nREBOOTING\r\n");
    rig.advance(SECOND);
    rig.expect("AT");
    rig.advance(3 * SECOND);
    while rig.next_sent().is_some() {}
    rig.reply(HI21XX);
    assert!(!rig.is_done(id));
    settings(&mut rig);
    assert_eq!(rig.result(id), Ok(Outcome::Done));
    assert_eq!(rig.session.mqtt_state(), MqttState::Off);
    rig.exchange("AT+CSQ", "\r\n+CSQ:1,99\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(after), ["+CSQ:1,99"]);
}

#[test]
fn a_restart_of_an_m5311_locks_it_awake_again() {
    let mut rig = Rig::with(SessionConfig {
        model: Some(Model::M5311),
        ..m531x_test_support::session::config()
    });
    let id = rig.begin(RequestKind::Reboot);
    rig.exchange("AT+CMRB", "\r\nOK\r\n");
    rig.reply(MT2625);
    settings(&mut rig);
    rig.exchange("AT+SM=LOCK", "\r\nOK\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
}

#[test]
fn a_restart_without_a_sign_of_a_boot_is_a_timeout() {
    let mut rig = Rig::new();
    let id = rig.begin(RequestKind::Reboot);
    rig.exchange("AT+NRB", "\r\nOK\r\n");
    rig.advance(21 * SECOND);
    assert_eq!(rig.code(id), ErrorCode::Timeout);
}

#[test]
fn a_restart_that_is_not_awaited_any_more_is_one_like_any_other() {
    let mut rig = Rig::connected();
    let id = rig.begin(RequestKind::Reboot);
    assert!(rig.next_sent().is_some());
    rig.reply("\r\nREBOOTING..\r\n");
    rig.abandon(id);
    rig.reply("\r\n*ATREADY: 1\r\n");
    assert_eq!(rig.session.stats().reboots, 2);
    rig.advance(SECOND);
    answer_settings(&mut rig);
}
