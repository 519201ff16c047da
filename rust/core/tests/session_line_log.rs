//! The log of the line shows what the session took each line for, and no password.

use m531x_core::LineKind;
use m531x_core::session::{RequestKind, SessionConfig};
use m531x_test_support::session::{Rig, config};

fn logging() -> SessionConfig {
    SessionConfig {
        line_log: true,
        ..config()
    }
}

fn lines(rig: &mut Rig) -> Vec<(LineKind, String)> {
    std::iter::from_fn(|| rig.session.poll_line())
        .map(|passed| {
            (
                passed.kind,
                String::from_utf8_lossy(&passed.line).into_owned(),
            )
        })
        .collect()
}

#[test]
fn every_line_is_what_it_was_taken_for() {
    let mut rig = Rig::with(logging());
    rig.begin(RequestKind::Command("AT+CSQ".to_owned()));
    rig.reply("\r\n+CEREG: 1\r\n\r\n+CSQ: 20,99\r\n\r\nOK\r\n\r\nwhatever\r\n");
    let expected = [
        (LineKind::Command, "AT+CSQ"),
        (LineKind::Urc, "+CEREG: 1"),
        (LineKind::Answer, "+CSQ: 20,99"),
        (LineKind::Answer, "OK"),
        (LineKind::Answer, "whatever"),
    ];
    assert_eq!(
        lines(&mut rig),
        expected.map(|(kind, line)| (kind, line.to_owned()))
    );
}

#[test]
fn a_payload_that_looks_like_protocol_is_part_of_its_message_however_it_is_split() {
    let payload = "x\r\n\r\nOK\r\n\r\n+MQTTDISC:OK\r\n";
    let message = format!("\r\n+MQTTPUBLISH:0,0,0,0,t,{},{payload}\r\n", payload.len());
    for size in 1..=message.len() {
        let mut rig = Rig::with(logging());
        for chunk in message.as_bytes().chunks(size) {
            rig.reply(chunk);
        }
        let logged = lines(&mut rig);
        let [(LineKind::Message, line)] = &logged[..] else {
            panic!("chunks of {size}: {logged:?}");
        };
        assert!(line.ends_with(payload), "chunks of {size}: {line:?}");
    }
}

#[test]
fn a_password_is_shown_in_no_direction() {
    let command = r#"AT+MQTTCFG="h",1883,"c",60,"u","geheim",1,0"#;
    for size in 1..command.len() {
        let mut rig = Rig::with(logging());
        rig.begin(RequestKind::Command(command.to_owned()));
        let heard = format!("{command}\r\r\n+MQTTCFG:\"h\",1883,\"c\",60,\"u\",\"geheim\",1,0\r\n");
        for chunk in heard.as_bytes().chunks(size) {
            rig.reply(chunk);
        }
        let logged = lines(&mut rig);
        assert_eq!(logged.len(), 3, "{logged:?}");
        for (_, line) in logged {
            assert!(line.contains("***") && !line.contains("geheim"), "{line}");
        }
    }
}

#[test]
fn nothing_is_kept_unless_asked_for() {
    let mut rig = Rig::new();
    rig.begin(RequestKind::Command("AT".to_owned()));
    rig.reply("\r\nOK\r\n");
    assert_eq!(lines(&mut rig), []);
}
