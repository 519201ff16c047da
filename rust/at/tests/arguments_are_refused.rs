//! What a module cannot take is refused by name and number, and nothing is produced.

use m531x_at::QoS;
use m531x_at::command::{
    Command, MqttCfg, MqttOpen, MqttPub, MqttRec, MqttSub, MqttTo, MqttUnsub, Will,
};
use m531x_at::command_line::Line;
use m531x_at::command_line::{ArgumentError, check_keepalive};
use m531x_at::profile::Model;
use m531x_at::topic::TopicError;

/// Puts the text into one field of a command.
type Build = fn(String) -> Command;

#[test]
fn no_text_field_can_end_its_field_or_its_line() {
    let fields: [(&str, Build); 9] = [
        ("host", |text| {
            cfg(MqttCfg {
                host: text,
                ..plain_cfg()
            })
        }),
        ("client id", |text| {
            cfg(MqttCfg {
                client_id: text,
                ..plain_cfg()
            })
        }),
        ("user name", |text| {
            cfg(MqttCfg {
                username: Some(text),
                ..plain_cfg()
            })
        }),
        ("password", |text| {
            cfg(MqttCfg {
                password: Some(text.into()),
                ..plain_cfg()
            })
        }),
        ("will topic", |text| open_with_will(&text, "payload")),
        ("will payload", |text| open_with_will("topic", &text)),
        ("topic", |text| publish(&text, b"payload")),
        ("topic filter", |filter| {
            Command::MqttSub(MqttSub {
                filter,
                qos: QoS::AtMostOnce,
                hex: false,
            })
        }),
        ("topic filter", |filter| {
            Command::MqttUnsub(MqttUnsub { filter })
        }),
    ];
    let forbidden = (0..0x20u8).chain([b'"', 0x7f]);
    for byte in forbidden {
        for (name, command) in fields {
            let text = format!("ab{}cd", char::from(byte));
            let refused = command(text)
                .encode(Model::M5311.profile())
                .expect_err(name);
            let expected = ArgumentError::ForbiddenByte {
                field: name,
                byte,
                offset: 2,
            };
            assert_eq!(refused, expected);
        }
    }
}

#[test]
fn a_raw_command_stays_one_command() {
    for text in ["AT\rAT+NRB", "AT\n", "AT\0", "AT\u{1a}", "AT\u{1b}"] {
        assert!(matches!(
            Line::raw(text, 1024),
            Err(ArgumentError::ForbiddenByte { .. })
        ));
    }
    for text in ["", "A", "+CSQ", "中AT"] {
        assert_eq!(Line::raw(text, 1024), Err(ArgumentError::NotACommand));
    }
    assert!(Line::raw("at+csq", 1024).is_ok());
}

#[test]
fn topics_follow_mqtt() {
    let profile = Model::M5310A.profile();
    let name = |topic: &str| publish(topic, b"").encode(profile).map(|_| ());
    let invalid = |reason| {
        Err(ArgumentError::InvalidTopic {
            field: "topic",
            reason,
        })
    };
    assert_eq!(name(""), invalid(TopicError::Empty));
    assert_eq!(
        name("a/+"),
        invalid(TopicError::WildcardInName { offset: 2 })
    );
    let long = "x".repeat(513);
    assert_eq!(
        name(&long),
        invalid(TopicError::TooLong {
            limit: 512,
            actual: 513
        })
    );

    let filter = |filter: &str| {
        Command::MqttUnsub(MqttUnsub {
            filter: filter.into(),
        })
        .encode(profile)
        .map(|_| ())
    };
    let reason = TopicError::MisplacedWildcard { offset: 1 };
    assert_eq!(
        filter("a#"),
        Err(ArgumentError::InvalidTopic {
            field: "topic filter",
            reason
        })
    );
    assert_eq!(filter("a/#"), Ok(()));
}

#[test]
fn what_a_model_lacks_is_refused_with_its_name() {
    let m5310a = Model::M5310A.profile();
    let tls = cfg(MqttCfg {
        tls: true,
        ..plain_cfg()
    });
    assert_eq!(tls.encode(m5310a), not_supported("TLS", Model::M5310A));
    assert!(tls.encode(Model::M5311.profile()).is_ok());

    let hex = Command::MqttSub(MqttSub {
        filter: "t".into(),
        qos: QoS::AtMostOnce,
        hex: true,
    });
    assert_eq!(
        hex.encode(m5310a),
        not_supported("payloads delivered as hex", Model::M5310A)
    );
    let line = hex
        .encode(Model::M5311.profile())
        .expect("the M5311 has it");
    assert_eq!(line.as_bytes(), br#"AT+MQTTSUB="t",0,1"#);

    let no_reconnect = Command::MqttRec(MqttRec { enabled: false });
    assert_eq!(
        no_reconnect.encode(Model::M5311.profile()),
        not_supported("AT+MQTTREC", Model::M5311)
    );
    assert!(publish("t", b"\0").encode(Model::Ml302.profile()).is_err());
}

#[test]
fn numbers_outside_their_range_are_refused() {
    assert!(QoS::try_from(3).is_err());
    let profile = Model::M5311.profile();
    let port = cfg(MqttCfg {
        port: 0,
        ..plain_cfg()
    })
    .encode(profile);
    let expected = ArgumentError::OutOfRange {
        field: "port",
        value: 0,
        min: 1,
        max: 65_535,
    };
    assert_eq!(port, Err(expected));
    assert!(
        Command::MqttTo(MqttTo { seconds: 0 })
            .encode(profile)
            .is_err()
    );
    for (keepalive, ack_timeout, good) in [(0, 10, true), (11, 10, true), (10, 10, false)] {
        assert_eq!(check_keepalive(keepalive, ack_timeout).is_ok(), good);
    }
}

#[test]
fn host_and_client_id_may_not_be_empty() {
    let profile = Model::M5311.profile();
    let host = cfg(MqttCfg {
        host: String::new(),
        ..plain_cfg()
    })
    .encode(profile);
    assert_eq!(host, Err(ArgumentError::Empty { field: "host" }));
    let id = cfg(MqttCfg {
        client_id: String::new(),
        ..plain_cfg()
    })
    .encode(profile);
    assert_eq!(id, Err(ArgumentError::Empty { field: "client id" }));
    let spaced = cfg(MqttCfg {
        host: "a b".into(),
        ..plain_cfg()
    })
    .encode(profile);
    let expected = ArgumentError::ForbiddenByte {
        field: "host",
        byte: b' ',
        offset: 1,
    };
    assert_eq!(spaced, Err(expected));
}

#[test]
fn every_refusal_is_one_line_that_says_what_to_do() {
    let errors = [
        (
            ArgumentError::ForbiddenByte {
                field: "topic",
                byte: 0x1a,
                offset: 3,
            },
            "topic holds a Ctrl-Z at offset 3: remove it, a command line cannot carry it",
        ),
        (
            ArgumentError::Empty { field: "client id" },
            "client id is empty: give at least one character",
        ),
        (
            ArgumentError::OutOfRange {
                field: "port",
                value: 0,
                min: 1,
                max: 65_535,
            },
            "port is 0: use 1 to 65535",
        ),
        (
            ArgumentError::InvalidTopic {
                field: "topic",
                reason: TopicError::WildcardInName { offset: 2 },
            },
            "topic has a wildcard at offset 2: + and # are for subscriptions only, remove it",
        ),
        (
            ArgumentError::InvalidTopic {
                field: "topic filter",
                reason: TopicError::TooLong {
                    limit: 512,
                    actual: 600,
                },
            },
            "topic filter has 600 bytes and the limit is 512: shorten it",
        ),
        (
            ArgumentError::NotSupported {
                what: "TLS",
                model: Model::M5310A,
            },
            "the M5310-A does not support TLS: leave it out",
        ),
        (
            ArgumentError::KeepAliveBelowAckTimeout {
                keepalive: 5,
                ack_timeout: 10,
            },
            "the keep-alive of 5 s is not longer than the ack timeout of 10 s: raise the first \
             or lower the second",
        ),
        (
            ArgumentError::NotACommand,
            "the command does not start with AT: put AT in front",
        ),
    ];
    for (error, text) in errors {
        assert_eq!(error.to_string(), text);
    }
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

fn cfg(cfg: MqttCfg) -> Command {
    Command::MqttCfg(cfg)
}

fn open_with_will(topic: &str, payload: &str) -> Command {
    let will = Will {
        topic: topic.into(),
        payload: payload.into(),
        qos: QoS::AtMostOnce,
        retain: false,
    };
    Command::MqttOpen(MqttOpen {
        will: Some(will),
        ..MqttOpen::default()
    })
}

fn publish(topic: &str, payload: &[u8]) -> Command {
    Command::MqttPub(MqttPub {
        topic: topic.into(),
        qos: QoS::AtMostOnce,
        retain: false,
        payload: payload.to_vec(),
    })
}

fn not_supported(what: &'static str, model: Model) -> Result<Line, ArgumentError> {
    Err(ArgumentError::NotSupported { what, model })
}

#[test]
fn a_host_is_a_name_or_an_address_and_the_error_does_not_show_it() {
    use m531x_at::command_line::{check_host, shown_host};
    for host in [
        "broker.example",
        "10.0.0.1",
        "a-b_c.d",
        "2001:db8::1",
        "::1",
        "xn--bcher-kva.example",
    ] {
        assert_eq!(check_host(host), Ok(()), "{host}");
        assert_eq!(shown_host(host), host);
    }
    for (host, says) in [
        ("mqtt://hunter2", "scheme"),
        ("mqtts://me:hunter2@h:8883/p", "scheme"),
        ("tcp://me:hunter2\"@h", "scheme"),
        ("me:hunter2@h", "user name or password"),
        ("hunter2@h", "user name or password"),
        ("hunter2/path", "path"),
        ("hunter2?x", "path"),
        ("hunter2:1883", "port"),
        ("hunter2:", "port"),
        ("[2001:db8::1]:hunter2", "brackets"),
        ("hunter2*", "character"),
        ("hunter2,1", "character"),
    ] {
        let error = check_host(host).expect_err(host);
        let text = error.to_string();
        assert!(text.contains(says), "{host}: {text}");
        assert!(!text.contains("hunter2"), "{text}");
        assert!(!format!("{error:?}").contains("hunter2"));
        assert_eq!(shown_host(host), "***");
    }
}
