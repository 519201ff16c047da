//! The limits of the line and of the packets that a module builds of it.

use m531x_at::QoS;
use m531x_at::command::{Command, MqttCfg, MqttOpen, MqttPub, check_connect_packet};
use m531x_at::command_line::ArgumentError;
use m531x_at::command_line::Line;
use m531x_at::profile::Model;

#[test]
fn a_line_may_fill_the_buffer_with_its_cr_and_not_one_byte_more() {
    assert!(Line::raw(&format!("AT{}", "x".repeat(1021)), 1024).is_ok());
    let refused = Line::raw(&format!("AT{}", "x".repeat(1022)), 1024);
    assert_eq!(
        refused,
        Err(ArgumentError::LineTooLong {
            limit: 1024,
            actual: 1025
        })
    );

    let profile = Model::M5310A.profile();
    let frame = r#"AT+MQTTPUB="t",0,0,0,0,"""#.len() + 1;
    assert!(
        publish("t", &vec![b'x'; 1024 - frame])
            .encode(profile)
            .is_ok()
    );
    let refused = publish("t", &vec![b'x'; 1025 - frame]).encode(profile);
    assert_eq!(
        refused,
        Err(ArgumentError::LineTooLong {
            limit: 1024,
            actual: 1025
        })
    );
    assert!(
        publish("t", &vec![b'x'; 1025 - frame])
            .encode_within(profile, 4096)
            .is_ok(),
        "a caller who knows better may say so"
    );
}

#[test]
fn a_publish_packet_over_the_limit_is_refused_before_it_is_turned_into_hex() {
    let profile = Model::M5311.profile();
    // Fixed header 3, topic 2 + 1, packet id 2.
    let largest = 2048 - 8;
    let qos = QoS::AtLeastOnce;
    let of = |length| {
        let payload = vec![b'x'; length];
        Command::MqttPub(MqttPub {
            topic: "t".into(),
            qos,
            retain: false,
            payload,
        })
    };
    assert!(of(largest).encode_within(profile, 1 << 20).is_ok());
    let refused = of(largest + 1).encode_within(profile, 1 << 20);
    let expected = ArgumentError::TooLong {
        field: "the PUBLISH packet of topic and payload",
        limit: 2048,
        actual: 2049,
    };
    assert_eq!(refused, Err(expected));
}

#[test]
fn a_connect_packet_is_checked_as_a_whole() {
    let profile = Model::M5311.profile();
    let open = MqttOpen {
        username: true,
        password: true,
        will: None,
    };
    let with_password = |length: usize| MqttCfg {
        password: Some("p".repeat(length).into()),
        ..plain_cfg()
    };
    // Fixed header 3, variable header 10, client id 2 + 4, user name 2 + 4, password 2.
    let largest = 256 - 27;
    assert_eq!(
        check_connect_packet(&with_password(largest), &open, profile.connect_limit),
        Ok(())
    );
    let refused = check_connect_packet(&with_password(largest + 1), &open, profile.connect_limit);
    let Err(ArgumentError::TooLong {
        limit: 256,
        actual: 257,
        ..
    }) = refused
    else {
        panic!("{refused:?}");
    };
    let without = MqttOpen {
        password: false,
        ..open
    };
    assert_eq!(
        check_connect_packet(&with_password(1000), &without, profile.connect_limit),
        Ok(())
    );
}

fn plain_cfg() -> MqttCfg {
    MqttCfg {
        host: "broker".into(),
        port: 1883,
        client_id: "lamp".into(),
        keepalive: 60,
        username: Some("user".into()),
        password: Some("password".into()),
        clean_session: true,
        tls: false,
    }
}

fn publish(topic: &str, payload: &[u8]) -> Command {
    Command::MqttPub(MqttPub {
        topic: topic.into(),
        qos: QoS::AtMostOnce,
        retain: false,
        payload: payload.to_vec(),
    })
}
