//! A lost connection is made again, whatever took it.

use m531x_core::session::{Outcome, RequestKind};
use m531x_core::{EventKind, MqttState};
use m531x_test_support::session::{Rig, SECOND, answer_settings, command, ms, recovering};

const HI21XX: &str = "\r\nBoot: Unsigned\r\nSecurity B.. Verified\r\nProtocol A.. Verified\r\n\
                      Apps A...... Verified\r\n\r\nREBOOT_CAUSE_APPLICATION_AT\r\nNeul\r\nOK\r\n";
const MT2625: &str = "\r\nREBOOTING..\r\n\r\n*ATREADY: 1\r\n\r\n+CFUN: 1\r\n\r\n+CPIN: READY\r\n";

/// Answers the start-up settings that follow a boot.
fn settings(rig: &mut Rig) {
    rig.advance(SECOND);
    answer_settings(rig);
}

#[test]
fn an_end_nobody_asked_for_is_followed_by_the_whole_sequence() {
    let mut rig = Rig::recovering();
    rig.reply("\r\n+MQTTDISC: OK\r\n");
    assert_eq!(rig.session.mqtt_state(), MqttState::Lost);
    assert_eq!(
        rig.events(EventKind::Recovering),
        ["attempt 1 in 1 s: the broker or the network closed the connection"]
    );
    rig.advance(ms(999));
    rig.expect_nothing();
    rig.advance(ms(1));
    assert_eq!(
        rig.recover(),
        [
            "AT",
            "ATE0",
            "AT+CMEE=1",
            "AT+MQTTDISC",
            "AT+MQTTDEL",
            "AT+MQTTCFG=\"broker\",1883,\"me\",60,\"\",\"\",1",
            "AT+MQTTTO=10",
            "AT+MQTTOPEN=0,0,0,0,0,\"\",\"\"",
        ]
    );
    rig.expect_nothing();
    assert_eq!(rig.events(EventKind::Connected).len(), 1);
    assert_eq!(rig.session.stats().recoveries.disconnected, 1);
    assert_eq!(rig.session.stats().recoveries.total(), 1);
}

#[test]
fn subscriptions_ack_timeout_and_ping_report_are_restored() {
    let mut rig = Rig::recovering();
    rig.subscribe("a/b", 1);
    rig.subscribe("c/#", 2);
    let id = rig.begin(RequestKind::SetAckTimeout(20));
    rig.exchange("AT+MQTTTO=20", "\r\nOK\r\n");
    assert!(rig.result(id).is_ok());
    let id = rig.begin(RequestKind::SetPingReport(true));
    rig.exchange("AT+MQTTPING=1", "\r\nOK\r\n");
    assert!(rig.result(id).is_ok());
    rig.reply("\r\n+MQTTDISC\r\n");
    assert_eq!(rig.session.subscriptions(), ["a/b", "c/#"]);
    rig.advance(SECOND);
    let commands = rig.recover();
    assert!(commands.contains(&"AT+MQTTTO=20".to_owned()));
    assert!(commands.contains(&"AT+MQTTPING=1".to_owned()));
    rig.exchange(
        "AT+MQTTSUB=\"a/b\",1",
        "\r\nOK\r\n\r\n+MQTTSUBACK:1,1,a/b\r\n",
    );
    // A retained message may come before the grant.
    rig.exchange("AT+MQTTSUB=\"c/#\",1", "\r\nOK\r\n");
    rig.reply("+MQTTPUBLISH:0,0,1,0,c/d,2,hi\r\n+MQTTSUBACK:2,1,c/#\r\n");
    assert_eq!(rig.messages().len(), 1);
    assert_eq!(rig.events(EventKind::Resubscribed), ["a/b", "c/#"]);
    assert_eq!(rig.session.subscriptions(), ["a/b", "c/#"]);
    rig.expect_nothing();
}

#[test]
fn a_restart_of_the_module_is_followed_by_settings_and_connection() {
    for banner in [HI21XX, MT2625] {
        let mut rig = Rig::recovering();
        rig.subscribe("a/b", 1);
        rig.reply(banner);
        assert_eq!(rig.session.subscriptions(), ["a/b"]);
        assert_eq!(
            rig.events(EventKind::Disconnected),
            ["the module restarted"]
        );
        settings(&mut rig);
        rig.advance(SECOND);
        rig.recover();
        rig.exchange(
            "AT+MQTTSUB=\"a/b\",1",
            "\r\nOK\r\n\r\n+MQTTSUBACK:1,1,a/b\r\n",
        );
        rig.expect_nothing();
        assert_eq!(rig.session.subscriptions(), ["a/b"]);
        assert_eq!(rig.session.stats().recoveries.rebooted, 1, "{banner}");
    }
}

#[test]
fn a_restart_in_the_middle_of_an_attempt_is_followed_by_another() {
    for commands in 0..8 {
        let mut rig = Rig::recovering();
        rig.subscribe("a/b", 1);
        rig.reply("\r\n+MQTTDISC\r\n");
        rig.advance(SECOND);
        for _ in 0..commands {
            let line = rig.next_sent().expect("the attempt goes on");
            rig.reply(if line == "AT+MQTTDISC" {
                "\r\n+CME ERROR: 3\r\n"
            } else {
                "\r\nOK\r\n"
            });
        }
        rig.reply(HI21XX);
        while rig.next_sent().is_some() {}
        settings(&mut rig);
        rig.advance(2 * SECOND);
        rig.recover();
        rig.exchange(
            "AT+MQTTSUB=\"a/b\",1",
            "\r\nOK\r\n\r\n+MQTTSUBACK:1,1,a/b\r\n",
        );
        assert_eq!(rig.session.subscriptions(), ["a/b"]);
        rig.expect_nothing();
    }
}

#[test]
fn the_modules_own_reconnect_is_awaited() {
    let mut rig = Rig::recovering();
    rig.subscribe("a/b", 1);
    rig.reply("\r\n+MQTTREC:0\r\n");
    rig.advance(60 * SECOND);
    rig.expect_nothing();
    rig.reply("\r\n+MQTTOPEN:OK\r\n");
    rig.exchange(
        "AT+MQTTSUB=\"a/b\",1",
        "\r\nOK\r\n\r\n+MQTTSUBACK:2,1,a/b\r\n",
    );
    rig.expect_nothing();
    assert!(rig.events(EventKind::Recovering).is_empty());
    assert_eq!(
        rig.events(EventKind::Disconnected),
        ["the connection broke and the module makes it again"]
    );
    assert_eq!(rig.session.stats().recoveries.module_reconnected, 1);
}

#[test]
fn a_reconnect_that_kept_the_session_is_not_subscribed_again() {
    let mut rig = Rig::recovering();
    rig.subscribe("a/b", 1);
    rig.reply("\r\n+MQTTREC:0\r\n\r\n+MQTTOPEN: 0,1\r\n");
    rig.expect_nothing();
    assert_eq!(rig.session.subscriptions(), ["a/b"]);
    assert_eq!(rig.session.stats().recoveries.total(), 1);
}

#[test]
fn a_module_that_gives_up_is_helped() {
    let mut rig = Rig::recovering();
    rig.reply("\r\n+MQTTREC:0\r\n\r\n+MQTTREC:1\r\n\r\n+MQTTREC:2\r\n\r\n+MQTTDISC:OK\r\n");
    assert_eq!(
        rig.events(EventKind::Recovering),
        ["attempt 1 in 1 s: the module gave up, after 3 attempts"]
    );
    rig.advance(SECOND);
    rig.recover();
    assert_eq!(rig.session.stats().recoveries.module_reconnected, 1);
}

#[test]
fn a_module_that_tells_nothing_of_its_reconnect_is_asked() {
    for (stat, again) in [(2, true), (5, false)] {
        let mut rig = Rig::recovering();
        rig.reply("\r\n+MQTTREC:0\r\n");
        rig.advance(120 * SECOND);
        answer_settings(&mut rig);
        rig.exchange(
            "AT+MQTTSTAT?",
            &format!("\r\n+MQTTSTAT:{stat}\r\n\r\nOK\r\n"),
        );
        rig.advance(SECOND);
        if again {
            rig.recover();
        }
        rig.expect_nothing();
        assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    }
}

#[test]
fn a_state_that_tells_of_no_connection_starts_a_recovery() {
    for stat in [0, 1, 2] {
        let mut rig = Rig::recovering();
        let id = rig.begin(RequestKind::Status);
        rig.exchange(
            "AT+MQTTSTAT?",
            &format!("\r\n+MQTTSTAT:{stat}\r\n\r\nOK\r\n"),
        );
        assert!(matches!(rig.result(id), Ok(Outcome::State(_))));
        assert_eq!(rig.session.mqtt_state(), MqttState::Lost);
        rig.advance(SECOND);
        rig.recover();
        assert_eq!(rig.session.stats().recoveries.total(), 1, "{stat}");
    }
}

#[test]
fn a_module_that_answers_nothing_any_more_is_woken_and_connected_again() {
    let mut rig = Rig::recovering();
    rig.begin(command("AT+CSQ"));
    rig.begin(command("AT+CSQ"));
    rig.begin(command("AT+CSQ"));
    rig.advance(20 * SECOND);
    assert_eq!(
        rig.events(EventKind::Disconnected),
        ["the module no longer answers"]
    );
    rig.advance(10 * SECOND);
    while rig.next_sent().is_some() {}
    // It is there again and has forgotten everything, its settings included.
    rig.advance(SECOND);
    rig.recover();
    assert_eq!(rig.session.stats().recoveries.silent, 1);
}

#[test]
fn an_echo_or_an_error_without_a_number_has_the_settings_made_again() {
    for sign in ["AT+CSQ\r\r\n+CSQ:1,99\r\n\r\nOK\r\n", "\r\nERROR\r\n"] {
        let mut rig = Rig::with(recovering());
        let id = rig.begin(RequestKind::Startup);
        answer_settings(&mut rig);
        rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:0\r\n\r\nOK\r\n");
        assert!(rig.result(id).is_ok());
        rig.connect();
        rig.begin(command("AT+CSQ"));
        rig.exchange("AT+CSQ", sign);
        answer_settings(&mut rig);
        // It restarted so quietly that nothing else told.
        rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:0\r\n\r\nOK\r\n");
        rig.advance(SECOND);
        rig.recover();
        assert_eq!(rig.session.stats().recoveries.state_asked, 1, "{sign}");
    }
}

#[test]
fn a_module_that_always_echoes_is_not_asked_with_every_command() {
    let mut rig = Rig::with(recovering());
    let id = rig.begin(RequestKind::Startup);
    answer_settings(&mut rig);
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:0\r\n\r\nOK\r\n");
    assert!(rig.result(id).is_ok());
    rig.connect();
    let mut looks = 0;
    for _ in 0..100 {
        rig.begin(command("AT+CSQ"));
        while let Some(line) = rig.next_sent() {
            looks += u32::from(line == "AT+MQTTSTAT?");
            let answer = match line.as_str() {
                "AT+MQTTSTAT?" => "+MQTTSTAT:5\r\n\r\n",
                "AT+CSQ" => "+CSQ:1,99\r\n\r\n",
                _ => "",
            };
            rig.reply(format!("{line}\r\r\n{answer}OK\r\n"));
        }
        rig.advance(SECOND);
    }
    assert!((1..=2).contains(&looks), "{looks}");
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
}

#[test]
fn what_is_unsubscribed_while_it_is_being_made_again_is_not_subscribed_after_that() {
    let mut rig = Rig::recovering();
    rig.subscribe("a", 1);
    rig.subscribe("b", 2);
    rig.reply("\r\n+MQTTREC:0\r\n\r\n+MQTTOPEN:OK\r\n");
    rig.expect("AT+MQTTSUB=\"a\",1");
    let id = rig.begin(RequestKind::Unsubscribe {
        filter: "b".to_owned(),
    });
    rig.reply("\r\nOK\r\n");
    rig.exchange("AT+MQTTUNSUB=\"b\"", "\r\nOK\r\n");
    rig.reply("\r\n+MQTTSUBACK:3,1,a\r\n\r\n+MQTTUNSUBACK:4,b\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
    rig.expect_nothing();
    assert_eq!(rig.session.subscriptions(), ["a"]);
}

#[test]
fn a_second_loss_before_all_is_subscribed_again_forgets_no_subscription() {
    let mut rig = Rig::recovering();
    rig.subscribe("a", 1);
    rig.subscribe("b", 2);
    rig.reply("\r\n+MQTTREC:0\r\n\r\n+MQTTOPEN:OK\r\n");
    rig.exchange("AT+MQTTSUB=\"a\",1", "\r\nOK\r\n");
    rig.reply("\r\n+MQTTREC:0\r\n\r\n+MQTTOPEN:OK\r\n");
    rig.exchange("AT+MQTTSUB=\"a\",1", "\r\nOK\r\n\r\n+MQTTSUBACK:4,1,a\r\n");
    rig.exchange("AT+MQTTSUB=\"b\",1", "\r\nOK\r\n\r\n+MQTTSUBACK:5,1,b\r\n");
    assert_eq!(rig.session.subscriptions(), ["a", "b"]);
}

#[test]
fn a_late_ack_of_a_first_unsubscribing_does_not_end_the_second() {
    let mut rig = Rig::recovering();
    rig.subscribe("a", 1);
    let id = rig.begin(RequestKind::Unsubscribe {
        filter: "a".to_owned(),
    });
    rig.exchange("AT+MQTTUNSUB=\"a\"", "\r\nOK\r\n");
    rig.reply("\r\n+MQTTREC:0\r\n\r\n+MQTTOPEN:OK\r\n");
    rig.exchange("AT+MQTTSUB=\"a\",1", "\r\nOK\r\n");
    rig.exchange("AT+MQTTUNSUB=\"a\"", "\r\nOK\r\n");
    rig.reply("\r\n+MQTTUNSUBACK:2,a\r\n\r\n+MQTTSUBACK:3,1,a\r\n");
    assert!(!rig.is_done(id));
    rig.reply("\r\n+MQTTUNSUBACK:4,a\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
    assert!(rig.session.subscriptions().is_empty());
}

#[test]
fn a_module_that_begins_to_reconnect_after_the_loss_was_known_is_left_to_it() {
    let mut rig = Rig::recovering();
    rig.reply("\r\n+MQTTDISC\r\n");
    rig.advance(SECOND / 2);
    rig.reply("\r\n+MQTTREC:0\r\n");
    rig.advance(30 * SECOND);
    rig.expect_nothing();
    rig.reply("\r\n+MQTTOPEN:OK\r\n");
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    rig.advance(30 * SECOND);
    rig.expect_nothing();
    assert_eq!(rig.session.stats().recoveries.total(), 1);
}
