//! What belongs to a command and what does not.

use std::time::Duration;

use m531x_core::{ErrorCode, EventKind};
use m531x_test_support::session::{Rig, SECOND, command, ms};

#[test]
fn information_lines_and_ok_complete_a_command() {
    let mut rig = Rig::new();
    let id = rig.begin(command("AT+CSQ"));
    rig.exchange("AT+CSQ", "\r\n+CSQ:23,99\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(id), ["+CSQ:23,99"]);
    assert!(rig.incoming.is_empty());
}

#[test]
fn the_echo_is_no_answer_whatever_its_line_ends() {
    for echo in ["AT+CSQ\r", "AT+CSQ\r\n", "AT+CSQ\r\r\n"] {
        let mut rig = Rig::new();
        let id = rig.begin(command("AT+CSQ"));
        rig.exchange("AT+CSQ", &format!("{echo}\r\n+CSQ:23,99\r\n\r\nOK\r\n"));
        assert_eq!(rig.lines(id), ["+CSQ:23,99"], "{echo:?}");
        assert!(rig.incoming.is_empty(), "{echo:?}");
    }
}

#[test]
fn an_echo_that_comes_byte_by_byte_is_recognised() {
    let mut rig = Rig::new();
    let id = rig.begin(command("AT+CSQ"));
    rig.expect("AT+CSQ");
    for byte in b"AT+CSQ\r\r\n+CSQ:23,99\r\n\r\nOK\r\n" {
        rig.reply([*byte]);
    }
    assert_eq!(rig.lines(id), ["+CSQ:23,99"]);
    assert!(rig.incoming.is_empty());
}

#[test]
fn a_second_line_like_the_echo_is_an_event() {
    let mut rig = Rig::new();
    let id = rig.begin(command("AT+MQTTDEL"));
    rig.exchange("AT+MQTTDEL", "AT+MQTTDEL\r\nAT+MQTTDEL\r\n\r\nOK\r\n");
    assert!(rig.lines(id).is_empty());
    assert_eq!(rig.events(EventKind::UnknownLine), ["AT+MQTTDEL"]);
}

#[test]
fn a_urc_before_the_ok_is_an_event() {
    let mut rig = Rig::new();
    let id = rig.begin(command("AT+CSQ"));
    rig.exchange("AT+CSQ", "\r\n+MQTTREC:0\r\n\r\n+CSQ:23,99\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(id), ["+CSQ:23,99"]);
    assert_eq!(rig.events(EventKind::Urc), ["+MQTTREC:0"]);
}

#[test]
fn a_urc_between_an_information_line_and_its_ok_is_an_event() {
    let mut rig = Rig::new();
    let id = rig.begin(command("AT+CEREG?"));
    rig.exchange(
        "AT+CEREG?",
        "\r\n+CEREG:1,5\r\n+CEREG:2\r\n+NPSMR:0\r\n\r\nOK\r\n",
    );
    assert_eq!(rig.lines(id), ["+CEREG:1,5"]);
    assert_eq!(rig.events(EventKind::Urc), ["+CEREG:2", "+NPSMR:0"]);
}

#[test]
fn a_message_straight_after_the_ok_without_a_leading_line_end_is_delivered() {
    let mut rig = Rig::connected();
    rig.subscribe("a/b", 1);
    let id = rig.begin(command("AT+CSQ"));
    rig.exchange(
        "AT+CSQ",
        "\r\n+CSQ:23,99\r\n\r\nOK\r\n+MQTTPUBLISH:0,0,0,0,a/b,2,OK\r\n",
    );
    assert_eq!(rig.lines(id), ["+CSQ:23,99"]);
    let messages = rig.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(
        (messages[0].topic.as_str(), messages[0].payload.as_slice()),
        ("a/b", &b"OK"[..])
    );
}

#[test]
fn a_payload_that_reads_like_a_result_completes_nothing() {
    let mut rig = Rig::connected();
    rig.subscribe("a/b", 1);
    let id = rig.begin(command("AT+CSQ"));
    rig.expect("AT+CSQ");
    rig.reply("+MQTTPUBLISH:0,0,0,0,a/b,8,\r\nOK\r\nx\x00\r\n");
    assert!(!rig.is_done(id));
    rig.reply("\r\n+CSQ:1,99\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(id), ["+CSQ:1,99"]);
    assert_eq!(rig.messages()[0].payload, b"\r\nOK\r\nx\x00");
}

#[test]
fn a_refusal_carries_the_modules_number_and_its_meaning() {
    let mut rig = Rig::new();
    let id = rig.begin(command("AT+CGATT=1"));
    rig.exchange("AT+CGATT=1", "\r\n+CME ERROR: 30\r\n");
    let error = rig.error(id);
    assert_eq!(error.code(), ErrorCode::Command);
    assert_eq!(error.modem_code(), Some(30));
    assert!(error.to_string().contains("no network service"), "{error}");
}

#[test]
fn a_refusal_in_words_keeps_the_words() {
    let mut rig = Rig::new();
    let id = rig.begin(command("AT+CGATT=1"));
    rig.exchange("AT+CGATT=1", "\r\n+CME ERROR: SIM busy\r\n");
    let error = rig.error(id);
    assert_eq!(error.modem_code(), None);
    assert!(error.to_string().contains("SIM busy"), "{error}");
}

#[test]
fn a_result_nobody_waits_for_is_an_event_and_not_the_next_answer() {
    let mut rig = Rig::new();
    rig.reply("\r\nOK\r\n\r\n+CME ERROR: 615\r\n");
    assert_eq!(
        rig.events(EventKind::StrayResult),
        ["OK", "+CME ERROR: 615"]
    );
    let id = rig.begin(command("AT+CSQ"));
    rig.expect("AT+CSQ");
    assert!(!rig.is_done(id));
    rig.reply("\r\n+CSQ:1,99\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(id), ["+CSQ:1,99"]);
}

#[test]
fn a_line_nobody_knows_is_an_event() {
    let mut rig = Rig::new();
    rig.reply("\r\n+FOO: 1\r\nhello\r\n");
    assert_eq!(rig.events(EventKind::UnknownLine), ["+FOO: 1", "hello"]);
    assert_eq!(rig.session.stats().unknown_lines, 2);
}

#[test]
fn one_command_is_in_flight_at_a_time_and_the_others_keep_their_order() {
    let mut rig = Rig::new();
    let first = rig.begin(command("AT+CSQ"));
    let second = rig.begin(command("AT+CGATT?"));
    let third = rig.begin(command("AT+CCLK?"));
    rig.expect("AT+CSQ");
    rig.expect_nothing();
    rig.reply("\r\n+CSQ:1,99\r\n\r\nOK\r\n");
    rig.expect("AT+CGATT?");
    rig.expect_nothing();
    rig.reply("\r\n+CGATT:1\r\n\r\nOK\r\n");
    rig.exchange("AT+CCLK?", "\r\nOK\r\n");
    assert_eq!(rig.lines(first), ["+CSQ:1,99"]);
    assert_eq!(rig.lines(second), ["+CGATT:1"]);
    assert!(rig.lines(third).is_empty());
}

#[test]
fn the_guard_time_lies_between_a_result_and_the_next_command() {
    let mut config = m531x_test_support::session::config();
    config.guard_time = None;
    let mut rig = Rig::with(config);
    rig.begin(command("AT+CSQ"));
    rig.begin(command("AT+CGATT?"));
    rig.exchange("AT+CSQ", "\r\n+CSQ:1,99\r\n\r\nOK\r\n");
    rig.advance(ms(299));
    rig.expect_nothing();
    rig.advance(ms(1));
    rig.expect("AT+CGATT?");
}

#[test]
fn an_abandoned_command_keeps_its_answer_from_the_next_one() {
    let mut rig = Rig::new();
    let abandoned = rig.begin(command("AT+CSQ"));
    rig.expect("AT+CSQ");
    rig.abandon(abandoned);
    let next = rig.begin(command("AT+CGATT?"));
    rig.expect_nothing();
    rig.advance(SECOND);
    rig.reply("\r\n+CSQ:1,99\r\n\r\nOK\r\n");
    rig.exchange("AT+CGATT?", "\r\n+CGATT:1\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(next), ["+CGATT:1"]);
    assert!(!rig.is_done(abandoned));
}

#[test]
fn a_command_abandoned_before_its_turn_is_never_sent() {
    let mut rig = Rig::new();
    rig.begin(command("AT+CSQ"));
    let abandoned = rig.begin(command("AT+CGATT?"));
    rig.abandon(abandoned);
    rig.exchange("AT+CSQ", "\r\n+CSQ:1,99\r\n\r\nOK\r\n");
    rig.expect_nothing();
    assert!(rig.session.idle());
}

#[test]
fn durations_without_an_end_are_no_harm() {
    let mut config = m531x_test_support::session::config();
    config.command_timeout = Duration::MAX;
    config.open_timeout = Duration::MAX;
    config.silence_limit = Duration::MAX;
    config.guard_time = Some(Duration::MAX);
    let mut rig = Rig::with(config);
    let id = rig.begin_within(command("AT+CSQ"), Duration::MAX);
    rig.exchange("AT+CSQ", "\r\n+CSQ:1,99\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(id), ["+CSQ:1,99"]);
    rig.begin(command("AT+CSQ"));
    rig.reply("+MQTTPUBLISH:0,0,0,0,a/b,40,abc");
    rig.advance(SECOND);
}

/// Found by fuzzing: a damaged line broke the line of the error, and could have driven a terminal.
#[test]
fn an_error_stays_one_line_whatever_the_module_says() {
    let mut rig = Rig::new();
    let id = rig.begin(command("AT+CSQ"));
    rig.exchange("AT+CSQ", "\r\n+CME ERROR: bu\r\x1b[2Jsy\u{9b}\r\n");
    let error = rig.result(id).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Command);
    let text = error.to_string();
    assert!(
        text.contains(r"+CME ERROR: bu\r\x1B[2Jsy\xC2\x9B"),
        "{text}"
    );
}
