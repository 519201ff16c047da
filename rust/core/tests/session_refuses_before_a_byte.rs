//! What the module could not take, or what would smuggle another command, is refused before a byte
//! is sent.

use m531x_core::session::RequestKind;
use m531x_core::{ConnectOptions, ErrorCode, QoS, Will};
use m531x_test_support::session::{Rig, SECOND, command, config, publish, subscribe};

/// The refusal's text; nothing was sent and nothing is under way.
fn refused(rig: &mut Rig, kind: RequestKind) -> String {
    let error = rig.try_begin(kind.clone().into()).expect_err("refused");
    assert_eq!(error.code(), ErrorCode::InvalidArgument, "{kind:?}");
    rig.expect_nothing();
    assert!(rig.session.idle());
    error.to_string()
}

#[test]
fn line_ends_nul_ctrl_z_and_quotes_in_fields() {
    for bad in ["a\r\nAT+MQTTDEL", "a\nb", "a\0b", "a\x1ab", "a\",1\r"] {
        let mut rig = Rig::connected();
        refused(&mut rig, publish(bad, QoS::AtMostOnce));
        refused(&mut rig, subscribe(bad));
        refused(&mut rig, RequestKind::Unsubscribe { filter: bad.into() });
        refused(&mut rig, command(&format!("AT+X={bad}").replace('"', "\r")));
        for field in 0..5 {
            let mut options = ConnectOptions::new("broker", "me");
            match field {
                0 => options.host = bad.into(),
                1 => options.client_id = bad.into(),
                2 => options.username = Some(bad.into()),
                3 => {
                    options.username = Some("user".into());
                    options.password = Some(bad.into());
                }
                _ => {
                    options.will = Some(Will {
                        topic: "t".into(),
                        payload: bad.as_bytes().to_vec(),
                        qos: QoS::AtMostOnce,
                        retain: false,
                    });
                }
            }
            refused(&mut rig, RequestKind::Connect(options));
        }
    }
}

#[test]
fn a_host_that_is_more_than_a_name_and_never_shown() {
    for host in [
        "mqtt://broker",
        "mqtts://me:hunter2@broker:8883/path",
        "me:hunter2@broker",
        "hunter2/path",
        "hunter2:1883",
        "[2001:db8::1]:1883",
    ] {
        let mut rig = Rig::new();
        let options = ConnectOptions::new(host, "me");
        assert!(!format!("{options:?}").contains("hunter2"), "{host}");
        let text = refused(&mut rig, RequestKind::Connect(options));
        assert!(text.contains("host holds "), "{text}");
        assert!(text.contains("alone"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
    for host in ["broker.example", "10.0.0.1", "2001:db8::1"] {
        let mut rig = Rig::new();
        rig.begin(RequestKind::Connect(ConnectOptions::new(host, "me")));
    }
}

#[test]
fn a_payload_may_hold_any_bytes() {
    let mut rig = Rig::connected();
    rig.begin(RequestKind::Publish {
        topic: "t".into(),
        payload: b"\r\nOK\r\n\"\x00\x1a".to_vec(),
        qos: QoS::AtMostOnce,
        retain: true,
    });
    rig.expect("AT+MQTTPUB=\"t\",0,1,0,9,0D0A4F4B0D0A22001A");
}

#[test]
fn wildcards_in_a_name_and_misplaced_ones_in_a_filter() {
    let mut rig = Rig::connected();
    for name in ["", "a/+", "#"] {
        refused(&mut rig, publish(name, QoS::AtMostOnce));
    }
    for filter in ["", "a+", "#/a", "a/b#"] {
        refused(&mut rig, subscribe(filter));
    }
}

#[test]
fn a_payload_over_the_limit_is_refused_with_the_limit() {
    let mut rig = Rig::connected();
    let text = refused(
        &mut rig,
        RequestKind::Publish {
            topic: "t".into(),
            payload: vec![0; 600],
            qos: QoS::AtMostOnce,
            retain: false,
        },
    );
    assert!(text.contains("1024"), "{text}");
}

#[test]
fn a_connect_packet_over_the_limit_which_can_be_raised() {
    let mut options = ConnectOptions::new("broker", "me");
    options.username = Some("user".into());
    options.password = Some("x".repeat(300).into());
    let mut rig = Rig::connected();
    let text = refused(&mut rig, RequestKind::Connect(options.clone()));
    assert!(text.contains("CONNECT") && text.contains("256"), "{text}");
    options.connect_limit = Some(300);
    let text = refused(&mut rig, RequestKind::Connect(options.clone()));
    assert!(text.contains("300"), "{text}");
    options.connect_limit = Some(512);
    rig.begin(RequestKind::Connect(options));
    rig.expect("AT+MQTTDISC");
}

#[test]
fn the_line_limit_can_be_set() {
    let mut config = config();
    config.line_limit = Some(40);
    let mut rig = Rig::with(config);
    let text = refused(&mut rig, command(&format!("AT+X={}", "x".repeat(40))));
    assert!(text.contains("40"), "{text}");
}

#[test]
fn a_topic_over_the_limit() {
    let mut rig = Rig::connected();
    let text = refused(&mut rig, subscribe(&"x".repeat(513)));
    assert!(text.contains("512"), "{text}");
}

#[test]
fn a_keepalive_that_is_not_longer_than_the_ack_timeout() {
    let mut rig = Rig::connected();
    for keepalive in [5, 10] {
        let mut options = ConnectOptions::new("broker", "me");
        options.keepalive = keepalive;
        let text = refused(&mut rig, RequestKind::Connect(options));
        assert!(
            text.contains("10") && text.contains(&keepalive.to_string()),
            "{text}"
        );
    }
}

#[test]
fn an_ack_timeout_that_is_not_shorter_than_the_keepalive_of_the_connection() {
    let mut rig = Rig::connected();
    refused(&mut rig, RequestKind::SetAckTimeout(60));
    let id = rig.begin(RequestKind::SetAckTimeout(59));
    rig.exchange("AT+MQTTTO=59", "\r\nOK\r\n");
    assert!(rig.result(id).is_ok());
    // The session now waits that much longer for acks.
    let publish = rig.published(QoS::AtLeastOnce);
    rig.advance(60 * SECOND);
    assert!(!rig.is_done(publish));
    rig.advance(5 * SECOND);
    assert!(rig.is_done(publish));
}

#[test]
fn tls_and_a_password_without_a_user_where_they_cannot_be() {
    let mut rig = Rig::connected();
    let mut options = ConnectOptions::new("broker", "me");
    options.tls = true;
    let text = refused(&mut rig, RequestKind::Connect(options));
    assert!(text.contains("M5310-A"), "{text}");
    let mut options = ConnectOptions::new("broker", "me");
    options.password = Some("pass".into());
    refused(&mut rig, RequestKind::Connect(options));
}

#[test]
fn a_line_that_is_no_command() {
    let mut rig = Rig::connected();
    refused(&mut rig, command("hello"));
    refused(&mut rig, command(""));
}

#[test]
fn everything_after_the_port_is_gone() {
    let mut rig = Rig::connected();
    let id = rig.begin(command("AT+CSQ"));
    let queued = rig.begin(command("AT+CGATT?"));
    rig.session.handle_port_lost(rig.now, "unplugged");
    rig.advance(SECOND);
    assert_eq!(rig.code(id), ErrorCode::Port);
    assert_eq!(rig.code(queued), ErrorCode::Port);
    let error = rig.try_begin(command("AT+CSQ").into()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Port);
    assert!(error.to_string().contains("unplugged"), "{error}");
}
