//! Raw commands: how long they may take, what ends them, and which lines are theirs.

use m531x_core::session::Outcome;
use m531x_core::{ErrorCode, EventKind, MqttState};
use m531x_test_support::session::{Rig, SECOND, command, ms};

fn answered(line: &str, reply: &str) -> (Rig, Result<Vec<String>, String>) {
    let mut rig = Rig::new();
    let id = rig.begin(command(line));
    rig.expect(line);
    rig.reply(reply);
    assert!(rig.is_done(id), "{line} is not ended by {reply:?}");
    let result = match rig.result(id) {
        Ok(Outcome::Lines(lines)) => Ok(lines),
        Ok(other) => panic!("{other:?}"),
        Err(error) => {
            assert_eq!(error.code(), ErrorCode::Command);
            Err(error.to_string())
        }
    };
    (rig, result)
}

#[test]
fn slow_commands_have_their_own_limit() {
    for (line, seconds) in [
        ("AT+COPS=?", 180),
        ("AT+COPS=0", 180),
        ("AT+CFUN=1", 90),
        ("at+cgatt = 1", 140),
        ("AT+NRB", 30),
        ("AT+CMRB", 30),
        ("AT+CSQ", 10),
        ("AT+XYZ", 10),
    ] {
        let mut rig = Rig::new();
        let id = rig.begin(command(line));
        rig.advance((seconds - 1) * SECOND);
        assert!(!rig.is_done(id), "{line}");
        rig.advance(2 * SECOND);
        assert_eq!(rig.code(id), ErrorCode::Timeout, "{line}");
    }
}

#[test]
fn a_limit_that_was_given_is_kept_and_a_longer_usual_one_too() {
    let mut rig = Rig::new();
    let id = rig.begin_within(command("AT+COPS=?"), SECOND);
    rig.advance(2 * SECOND);
    assert_eq!(rig.code(id), ErrorCode::Timeout);
    let mut rig = Rig::with(m531x_core::session::SessionConfig {
        command_timeout: 300 * SECOND,
        ..m531x_test_support::session::config()
    });
    let id = rig.begin(command("AT+NRB"));
    rig.advance(299 * SECOND);
    assert!(!rig.is_done(id));
}

#[test]
fn every_final_result_of_the_standards_ends_a_command() {
    for result in [
        "+CMS ERROR: 500",
        "+CMS ERROR: invalid memory index",
        "NO CARRIER",
        "BUSY",
        "NO ANSWER",
        "NO DIALTONE",
        "ABORTED",
    ] {
        let (_, answer) = answered("AT+CMGS=\"1\"", &format!("\r\n{result}\r\n"));
        let error = answer.expect_err("it failed");
        assert!(error.contains(result), "{error}");
    }
    let (_, lines) = answered("ATD*99#", "\r\nCONNECT\r\n");
    assert_eq!(lines.unwrap(), ["CONNECT"]);
    let (_, lines) = answered("ATO", "\r\nCONNECT 115200\r\n");
    assert_eq!(lines.unwrap(), ["CONNECT 115200"]);
}

#[test]
fn numbers_end_a_command_where_they_cannot_be_its_answer() {
    for reply in ["0\r", "0\r\n", "\r\n0\r\n"] {
        let mut rig = Rig::new();
        let id = rig.begin(command("ATV0"));
        rig.expect("ATV0");
        rig.reply(reply);
        rig.advance(ms(200));
        assert_eq!(rig.lines(id), [""; 0], "{reply:?}");
        let id = rig.begin(command("AT+CSQ"));
        rig.expect("AT+CSQ");
        rig.reply(format!("+CSQ: 20,99\r\n{reply}"));
        rig.advance(ms(200));
        assert_eq!(rig.lines(id), ["+CSQ: 20,99"], "{reply:?}");
        let id = rig.begin(command("AT+CGATT=1"));
        rig.expect("AT+CGATT=1");
        rig.reply("4\r");
        rig.advance(ms(200));
        assert_eq!(rig.code(id), ErrorCode::Command);
    }
    let (_, lines) = answered("AT+XYZ?", "\r\n0\r\n\r\nOK\r\n");
    assert_eq!(lines.unwrap(), ["0"], "it may be the answer");
}

#[test]
fn results_that_come_unasked_end_nothing_of_the_dialect() {
    for result in ["NO CARRIER", "BUSY", "CONNECT", "+CMS ERROR: 1"] {
        let mut rig = Rig::connected();
        let id = rig.begin(command("AT+MQTTPING=1"));
        rig.expect("AT+MQTTPING=1");
        rig.reply(format!("\r\n{result}\r\n"));
        assert!(!rig.is_done(id), "{result}");
        assert_eq!(rig.events(EventKind::UnknownLine), [result]);
        rig.reply("\r\nOK\r\n");
        assert!(rig.result(id).is_ok());
    }
}

#[test]
fn lists_of_anything_keep_their_lines_and_urcs_stay_events() {
    let mut rig = Rig::connected();
    let id = rig.begin(command("AT+CLAC"));
    rig.expect("AT+CLAC");
    rig.reply(
        "\r\n+CSQ\r\n+MQTTDISC\r\n*CMBAND\r\nAT+CGMM\r\n&V\r\n+CEREG: 1\r\n+MQTTPUB\r\n\r\nOK\r\n",
    );
    assert_eq!(
        rig.lines(id),
        ["+CSQ", "+MQTTDISC", "*CMBAND", "AT+CGMM", "&V", "+MQTTPUB"]
    );
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    assert_eq!(rig.events(EventKind::Urc), ["+CEREG: 1"]);
    let id = rig.begin(command("at&v"));
    rig.expect("at&v");
    rig.reply("\r\nE0 Q0 V1\r\n+CMEE: 1\r\n+XYZ: 5\r\n+MQTTDISC: OK\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(id), ["E0 Q0 V1", "+CMEE: 1", "+XYZ: 5"]);
    assert_eq!(rig.session.mqtt_state(), MqttState::Lost);
}

#[test]
fn an_answer_without_an_end_fails_its_command_and_nothing_else() {
    for line in [
        "+CSQ: 20,99\r\n".to_owned(),
        format!("+CSQ: {}\r\n", "9".repeat(2000)),
    ] {
        let mut rig = Rig::new();
        let id = rig.begin(command("AT+CSQ"));
        let next = rig.begin(command("AT+CGATT?"));
        rig.expect("AT+CSQ");
        let mut lines = 0;
        while !rig.is_done(id) {
            rig.reply(&line);
            lines += 1;
            assert!(lines < 20_000, "all are kept");
        }
        let error = rig.error(id);
        assert_eq!(error.code(), ErrorCode::ResultUnknown);
        assert!(error.to_string().contains("did not end"), "{error}");
        for _ in 0..100 {
            rig.reply(&line);
        }
        assert_eq!(rig.events(EventKind::LateAnswer).len(), 100);
        for _ in 0..10_000 {
            rig.reply(&line);
        }
        assert_eq!(rig.events(EventKind::LateAnswer).len(), 1000);
        // Back into step: what ends the old answer is not the next one's.
        rig.expect("AT+MQTTSTAT?");
        rig.reply("\r\nOK\r\n\r\n+MQTTSTAT:1\r\n\r\nOK\r\n");
        rig.exchange("AT+CGATT?", "\r\n+CGATT:1\r\n\r\nOK\r\n");
        assert_eq!(rig.lines(next), ["+CGATT:1"]);
    }
}

#[test]
fn a_long_answer_that_ends_is_whole() {
    let reply = "+XYZ: 1\r\n".repeat(9_000) + "\r\nOK\r\n";
    let (_, lines) = answered("AT+XYZ=?", &reply);
    assert_eq!(lines.unwrap().len(), 9_000);
}
