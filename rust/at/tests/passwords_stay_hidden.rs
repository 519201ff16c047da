//! No password reaches a log, a transcript, a `Debug` text or an error.

use m531x_at::command::{Command, Line, MqttCfg, Secret, redact};
use m531x_at::profile::Model;
use m531x_at::response::ConfigReadback;
use proptest::prelude::*;

#[test]
fn commands_echoes_and_readbacks_show_stars() {
    let cases = [
        (
            r#"AT+MQTTCFG="h",1883,"id",60,"user","hunter2",1"#,
            r#"AT+MQTTCFG="h",1883,"id",60,"user","***",1"#,
        ),
        (
            r#"at+mqttcfg="h",1883,"id",60,"user","hun,ter2",1,0"#,
            r#"at+mqttcfg="h",1883,"id",60,"user","***",1,0"#,
        ),
        (
            r#"+MQTTCFG: "h",1883,"id",60,"user","hunter2",1,0,1"#,
            r#"+MQTTCFG: "h",1883,"id",60,"user","***",1,0,1"#,
        ),
        (
            "+MQTTCFG:\"h”,1883,”id”,60,”user”,”hunter2”,1",
            "+MQTTCFG:\"h”,1883,”id”,60,”user”,”***”,1",
        ),
        (
            "AT+MQTTCFG=h,1883,id,60,user,hunter2,1",
            "AT+MQTTCFG=h,1883,id,60,user,***",
        ),
        (
            "\r\nAT+MQTTCFG=\"h\",1,\"i\",2,\"u\",\"hunter2\",1\r\r\nOK\r\nAT+MQTTCFG=\"h\",1,\"i\",2,\"u\",\"x2\",1\r",
            "\r\nAT+MQTTCFG=\"h\",1,\"i\",2,\"u\",\"***\",1\r\r\nOK\r\nAT+MQTTCFG=\"h\",1,\"i\",2,\"u\",\"***\",1\r",
        ),
    ];
    for (line, shown) in cases {
        assert_eq!(String::from_utf8_lossy(&redact(line.as_bytes())), shown);
    }
}

#[test]
fn a_configuration_with_the_wrong_fields_is_hidden_whole() {
    for line in [
        r#"AT+MQTTCFG="h",1883,"id","user","hunter2",1"#,
        r#"AT+MQTTCFG="h","hunter2""#,
        "AT+MQTTCFG=hunter2",
        r#"AT+MQTTCFG="h,1883,"id,60,"user","hunter2",1"#,
    ] {
        assert_eq!(
            redact(line.as_bytes()),
            b"AT+MQTTCFG=***".as_slice(),
            "{line}"
        );
    }
}

#[test]
fn other_lines_are_not_touched() {
    for line in ["AT+MQTTCFG?", "AT+CSQ", "+MQTTPUBACK:1,0", "", "OK"] {
        assert!(matches!(
            redact(line.as_bytes()),
            std::borrow::Cow::Borrowed(_)
        ));
        assert_eq!(redact(line.as_bytes()), line.as_bytes());
    }
}

#[test]
fn debug_and_display_of_commands_show_stars() {
    let command = Command::MqttCfg(cfg("hunter2"));
    assert!(!format!("{command:?}").contains("hunter2"));
    assert!(format!("{command:?}").contains("***"));
    let line = command
        .encode(Model::M5311.profile())
        .expect("a plain configuration");
    assert!(!format!("{line:?} {line}").contains("hunter2"));
    let raw = Line::raw(std::str::from_utf8(line.as_bytes()).expect("ASCII"), 1024);
    assert!(!format!("{raw:?}").contains("hunter2"));
}

#[test]
fn a_read_back_keeps_no_password() {
    let line = br#"+MQTTCFG:"h",1883,"id",60,"user","hunter2",1"#;
    let config = ConfigReadback::parse(line).expect("a configuration");
    assert!(config.password_set);
    assert!(!format!("{config:?}").contains("hunter2"));
    assert!(!config.encode(Model::M5310A.profile()).contains("hunter2"));
}

#[test]
fn an_error_about_a_password_does_not_show_it() {
    let refused = Command::MqttCfg(cfg("hun\"ter2")).encode(Model::M5311.profile());
    let error = refused.expect_err("a quote in a password");
    assert!(!format!("{error} {error:?}").contains("ter2"));
    let long = Command::MqttCfg(cfg(&"hunter2".repeat(200))).encode(Model::M5311.profile());
    assert!(!format!("{:?}", long.expect_err("over 1024 bytes")).contains("hunter2"));
}

proptest! {
    #[test]
    fn no_password_survives_wherever_the_line_is_cut(
        password in "[!#-~”，]{8,30}",
        cut in 0usize..200,
        lower in any::<bool>(),
    ) {
        let command = Command::MqttCfg(cfg(&password));
        let line = command.encode(Model::M5311.profile()).expect("a plain configuration");
        let mut bytes = line.as_bytes().to_vec();
        if lower {
            bytes[..10].make_ascii_lowercase();
        }
        bytes.truncate(bytes.len().saturating_sub(cut));
        let shown = redact(&bytes).into_owned();
        let seen = password.as_bytes();
        prop_assert!(
            !shown.windows(seen.len()).any(|window| window == seen),
            "{}", String::from_utf8_lossy(&shown)
        );
        let start: Vec<u8> = seen[..4].to_vec();
        let around = [b",\"".as_slice(), &start].concat();
        prop_assert!(!shown.windows(around.len()).any(|window| window == around));
    }
}

fn cfg(password: &str) -> MqttCfg {
    MqttCfg {
        host: "broker".into(),
        port: 1883,
        client_id: "lamp".into(),
        keepalive: 60,
        username: Some("user".into()),
        password: Some(Secret::from(password)),
        clean_session: true,
        tls: false,
    }
}
