//! Subscribing and unsubscribing.

use m531x_core::session::{Outcome, RequestKind, SessionConfig};
use m531x_core::{ErrorCode, Model, QoS};
use m531x_test_support::session::{Rig, SECOND, command, subscribe};

fn asked(rig: &mut Rig) -> m531x_core::session::OperationId {
    let id = rig.begin(subscribe("a,b/#"));
    rig.expect("AT+MQTTSUB=\"a,b/#\",1");
    id
}

#[test]
fn the_granted_qos_is_returned_even_if_lower() {
    for (suback, qos) in [
        ("1,1,a,b/#", QoS::AtLeastOnce),
        ("1,0,a,b/#", QoS::AtMostOnce),
        ("1,0x01,a,b/#", QoS::AtLeastOnce),
    ] {
        let mut rig = Rig::connected();
        let id = asked(&mut rig);
        rig.reply(format!("\r\nOK\r\n\r\n+MQTTSUBACK:{suback}\r\n"));
        assert_eq!(rig.result(id), Ok(Outcome::Granted(qos)), "{suback}");
        assert_eq!(rig.session.subscriptions(), ["a,b/#"]);
    }
}

#[test]
fn subscribing_again_right_behind_unsubscribing_is_not_undone_by_it() {
    let mut rig = Rig::connected();
    rig.subscribe("t", 1);
    let gone = rig.begin(RequestKind::Unsubscribe {
        filter: "t".to_owned(),
    });
    let back = rig.begin(subscribe("t"));
    rig.exchange("AT+MQTTUNSUB=\"t\"", "\r\nOK\r\n");
    rig.exchange("AT+MQTTSUB=\"t\",1", "\r\nOK\r\n");
    rig.reply("\r\n+MQTTUNSUBACK:2,t\r\n\r\n+MQTTSUBACK:3,1,t\r\n");
    assert_eq!(rig.result(gone), Ok(Outcome::Done));
    assert_eq!(rig.result(back), Ok(Outcome::Granted(QoS::AtLeastOnce)));
    assert_eq!(rig.session.subscriptions(), ["t"]);
}

#[test]
fn an_answer_before_the_ok_counts() {
    let mut rig = Rig::connected();
    let id = asked(&mut rig);
    rig.reply("\r\n+MQTTSUBACK:1,1,a,b/#\r\n\r\nOK\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Granted(QoS::AtLeastOnce)));
}

#[test]
fn a_refused_subscription_is_an_error() {
    for code in ["128", "0x80"] {
        let mut rig = Rig::connected();
        let id = asked(&mut rig);
        rig.reply(format!("\r\nOK\r\n\r\n+MQTTSUBACK:1,{code},a,b/#\r\n"));
        assert_eq!(rig.code(id), ErrorCode::Subscribe);
        assert!(rig.session.subscriptions().is_empty());
    }
}

#[test]
fn a_silent_refusal_is_looked_up_in_the_modules_table() {
    let mut rig = Rig::connected();
    let id = asked(&mut rig);
    rig.reply("\r\nOK\r\n");
    rig.advance(10 * SECOND);
    rig.reply("\r\n+MQTTTO:3\r\n");
    rig.exchange("AT+MQTTSUB?", "\r\n+MQTTSUB:\r\nx/y\r\n\r\nOK\r\n");
    let error = rig.error(id);
    assert_eq!(error.code(), ErrorCode::Subscribe);
    assert!(
        error.to_string().contains("refused or timed out"),
        "{error}"
    );
}

#[test]
fn without_any_report_the_table_is_looked_at_after_the_ack_timeout() {
    let mut rig = Rig::connected();
    let id = asked(&mut rig);
    rig.reply("\r\nOK\r\n");
    rig.advance(15 * SECOND);
    rig.exchange("AT+MQTTSUB?", "\r\n+MQTTSUB:\r\n\r\nOK\r\n");
    assert_eq!(rig.code(id), ErrorCode::Subscribe);
}

#[test]
fn two_subscriptions_are_told_apart_by_their_filters() {
    let mut rig = Rig::connected();
    let first = rig.begin(subscribe("a"));
    rig.exchange("AT+MQTTSUB=\"a\",1", "\r\nOK\r\n");
    let second = rig.begin(subscribe("b"));
    rig.exchange("AT+MQTTSUB=\"b\",1", "\r\nOK\r\n");
    rig.reply("\r\n+MQTTSUBACK:9,0,b\r\n\r\n+MQTTSUBACK:8,1,a\r\n");
    assert_eq!(rig.result(first), Ok(Outcome::Granted(QoS::AtLeastOnce)));
    assert_eq!(rig.result(second), Ok(Outcome::Granted(QoS::AtMostOnce)));
}

#[test]
fn unsubscribing_waits_for_the_broker_however_it_is_spelt() {
    for unsuback in ["2,a/b", " 2,\"a/b\"", " 2"] {
        let mut rig = Rig::connected();
        rig.subscribe("a/b", 1);
        let id = rig.begin(RequestKind::Unsubscribe {
            filter: "a/b".into(),
        });
        rig.exchange("AT+MQTTUNSUB=\"a/b\"", "\r\nOK\r\n");
        assert!(!rig.is_done(id));
        rig.reply(format!("\r\n+MQTTUNSUBACK:{unsuback}\r\n"));
        assert_eq!(rig.result(id), Ok(Outcome::Done), "{unsuback}");
        assert!(rig.session.subscriptions().is_empty(), "{unsuback}");
    }
}

#[test]
fn an_unsubscribe_whose_ack_is_late_fails_and_keeps_the_subscription() {
    let mut rig = Rig::connected();
    rig.subscribe("a/b", 1);
    let id = rig.begin(RequestKind::Unsubscribe {
        filter: "a/b".into(),
    });
    rig.exchange("AT+MQTTUNSUB=\"a/b\"", "\r\nOK\r\n");
    rig.reply("\r\n+MQTTTO:4\r\n");
    assert_eq!(rig.code(id), ErrorCode::Timeout);
    assert_eq!(rig.session.subscriptions(), ["a/b"]);
}

fn m5311() -> Rig {
    let mut rig = Rig::with(SessionConfig {
        model: Some(Model::M5311),
        ..m531x_test_support::session::config()
    });
    rig.connect();
    rig
}

#[test]
fn payloads_of_a_hex_subscription_are_decoded() {
    let mut rig = m5311();
    let id = rig.begin(RequestKind::Subscribe {
        filter: "a/#".into(),
        qos: QoS::AtMostOnce,
        hex: true,
    });
    rig.exchange(
        "AT+MQTTSUB=\"a/#\",0,1",
        "\r\nOK\r\n\r\n+MQTTSUBACK: 1,0,a/#\r\n",
    );
    assert!(rig.result(id).is_ok());
    rig.reply("+MQTTPUBLISH: 0,0,0,0,a/b,6,00ff2c\r\n+MQTTPUBLISH: 0,0,0,0,a/b,3,xyz\r\n");
    let messages = rig.messages();
    assert_eq!(messages[0].payload, b"\x00\xff,");
    assert_eq!(messages[1].payload, b"xyz");
}

#[test]
fn hex_delivery_is_read_whatever_length_the_module_declares() {
    for between in [",6,", ",12,", ",6\r\n", ",12\r\n"] {
        let mut rig = m5311();
        let id = rig.begin(RequestKind::Subscribe {
            filter: "m".to_owned(),
            qos: QoS::AtMostOnce,
            hex: true,
        });
        rig.exchange("AT+MQTTSUB=\"m\",0,1", "\r\nOK\r\n");
        rig.reply("\r\n+MQTTSUBACK: 1,0,m\r\n");
        rig.result(id).expect("subscribed");
        rig.reply(format!("+MQTTPUBLISH: 0,0,0,0,m{between}00414243ff0d\r\n"));
        let messages = rig.messages();
        assert_eq!(messages[0].payload, b"\0ABC\xff\r", "{between:?}");
        assert!(
            !messages[0].truncated && !messages[0].ambiguous,
            "{between:?}"
        );
    }
}

#[test]
fn hex_delivery_is_refused_where_the_module_has_none() {
    let mut rig = Rig::connected();
    let error = rig
        .try_begin(
            RequestKind::Subscribe {
                filter: "a".into(),
                qos: QoS::AtMostOnce,
                hex: true,
            }
            .into(),
        )
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidArgument);
    rig.expect_nothing();
}

#[test]
fn the_list_of_subscriptions_is_refused_while_a_filter_reads_like_a_result() {
    let mut rig = Rig::connected();
    rig.subscribe("OK", 1);
    let id = rig.begin(command("AT+MQTTSUB?"));
    rig.expect_nothing();
    assert_eq!(rig.code(id), ErrorCode::InvalidArgument);
}

#[test]
fn the_users_own_subscription_is_known_to_the_session() {
    let mut rig = Rig::connected();
    let id = rig.begin(command("AT+MQTTSUB=\"own\",1"));
    rig.exchange(
        "AT+MQTTSUB=\"own\",1",
        "\r\nOK\r\n\r\n+MQTTSUBACK:1,1,own\r\n",
    );
    assert!(rig.result(id).is_ok());
    assert_eq!(rig.session.subscriptions(), ["own"]);
    rig.subscribe("mine", 2);
}
