//! An answer that comes after its command has timed out is never another command's.

use std::time::Duration;

use m531x_core::session::{RequestKind, SessionConfig};
use m531x_core::{ErrorCode, EventKind, Model};
use m531x_test_support::session::{Rig, SECOND, command, config, ms};

const CSQ: &str = "\r\n+CSQ:1,99\r\n\r\nOK\r\n";
const STAT: &str = "\r\n+MQTTSTAT:0\r\n\r\nOK\r\n";

/// A rig whose `AT+CSQ` has just timed out.
fn timed_out() -> Rig {
    let mut rig = Rig::new();
    let id = rig.begin_within(command("AT+CSQ"), SECOND);
    rig.expect("AT+CSQ");
    rig.advance(SECOND);
    assert_eq!(rig.code(id), ErrorCode::Timeout);
    rig
}

#[test]
fn a_late_answer_is_reported_and_brings_the_session_back_into_step() {
    let mut rig = timed_out();
    rig.reply(CSQ);
    assert_eq!(rig.events(EventKind::LateAnswer), ["+CSQ:1,99", "OK"]);
    let next = rig.begin(command("AT+CGATT?"));
    rig.exchange("AT+CGATT?", "\r\n+CGATT:1\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(next), ["+CGATT:1"]);
    assert_eq!(rig.session.stats().probes, 0);
}

#[test]
fn a_late_answer_while_the_next_command_waits_is_not_its_answer() {
    let mut rig = timed_out();
    let next = rig.begin(command("AT+CSQ"));
    rig.expect("AT+MQTTSTAT?");
    rig.reply("\r\n+CSQ:1,99\r\n\r\nOK\r\n");
    rig.expect_nothing();
    rig.reply(STAT);
    rig.exchange("AT+CSQ", "\r\n+CSQ:2,99\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(next), ["+CSQ:2,99"]);
    assert_eq!(rig.events(EventKind::LateAnswer), ["+CSQ:1,99", "OK"]);
}

#[test]
fn a_command_whose_answer_never_comes_costs_one_probe() {
    let mut rig = timed_out();
    let next = rig.begin(command("AT+CSQ"));
    rig.exchange("AT+MQTTSTAT?", STAT);
    rig.exchange("AT+CSQ", "\r\n+CSQ:2,99\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(next), ["+CSQ:2,99"]);
}

#[test]
fn a_late_error_before_the_probes_line_is_late() {
    let mut rig = timed_out();
    let next = rig.begin(command("AT+CSQ"));
    rig.expect("AT+MQTTSTAT?");
    rig.reply("\r\nERROR\r\n");
    rig.advance(ms(100));
    rig.expect_nothing();
    rig.reply(STAT);
    rig.exchange("AT+CSQ", "\r\n+CSQ:2,99\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(next), ["+CSQ:2,99"]);
}

#[test]
fn a_module_that_refuses_the_probe_is_in_step_after_a_silence() {
    let mut rig = timed_out();
    let next = rig.begin(command("AT+CSQ"));
    rig.expect("AT+MQTTSTAT?");
    rig.reply("\r\n+CME ERROR: 4\r\n");
    rig.expect_nothing();
    rig.advance(SECOND);
    rig.exchange("AT+CSQ", "\r\n+CSQ:2,99\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(next), ["+CSQ:2,99"]);
}

#[test]
fn a_probe_that_is_answered_long_after_a_late_error_answers_nothing_else() {
    let mut rig = timed_out();
    let next = rig.begin(command("AT+CSQ"));
    rig.expect("AT+MQTTSTAT?");
    rig.reply("\r\n+CME ERROR: 3\r\n");
    rig.advance(ms(700));
    rig.expect("AT+CSQ");
    rig.reply("\r\n+MQTTSTAT:0\r\n\r\nOK\r\n");
    assert!(!rig.is_done(next));
    rig.reply("\r\n+CSQ:1,99\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(next), ["+CSQ:1,99"]);
}

#[test]
fn a_late_error_and_a_refused_probe_are_both_waited_for() {
    let mut rig = timed_out();
    let next = rig.begin(command("AT+CSQ"));
    rig.expect("AT+MQTTSTAT?");
    rig.reply("\r\n+CME ERROR: 4\r\n");
    rig.advance(ms(500));
    rig.reply("\r\n+CME ERROR: 4\r\n");
    rig.advance(ms(500));
    rig.expect_nothing();
    rig.advance(ms(500));
    rig.exchange("AT+CSQ", "\r\n+CSQ:2,99\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(next), ["+CSQ:2,99"]);
}

#[test]
fn a_probe_that_is_not_answered_is_repeated_with_another_until_the_operations_own_deadline() {
    let mut rig = timed_out();
    let next = rig.begin_within(command("AT+CSQ"), 10 * SECOND);
    rig.expect("AT+MQTTSTAT?");
    rig.advance(2 * SECOND);
    rig.expect("AT+CMEE?");
    rig.advance(8 * SECOND);
    assert_eq!(rig.code(next), ErrorCode::Timeout);
    assert!(rig.session.idle());
}

#[test]
fn a_module_that_was_busy_for_long_answers_all_at_once_and_nothing_is_mixed_up() {
    let mut rig = timed_out();
    let next = rig.begin_within(command("AT+CSQ"), 20 * SECOND);
    rig.expect("AT+MQTTSTAT?");
    rig.advance(2 * SECOND);
    rig.expect("AT+CMEE?");
    rig.reply(format!("{CSQ}{STAT}\r\n+CMEE:1\r\n\r\nOK\r\n"));
    rig.exchange("AT+CSQ", "\r\n+CSQ:2,99\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(next), ["+CSQ:2,99"]);
}

#[test]
fn the_probe_is_another_one_when_the_state_itself_was_asked_for() {
    let mut rig = Rig::new();
    let id = rig.begin_within(command("AT+MQTTSTAT?"), SECOND);
    rig.expect("AT+MQTTSTAT?");
    rig.advance(SECOND);
    assert_eq!(rig.code(id), ErrorCode::Timeout);
    let next = rig.begin(command("AT+MQTTSTAT?"));
    rig.expect("AT+CMEE?");
    rig.reply(STAT);
    rig.reply("\r\n+CMEE:1\r\n\r\nOK\r\n");
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:5\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(next), ["+MQTTSTAT:5"]);
}

#[test]
fn the_many_late_answers_of_a_slow_module_are_nobody_elses() {
    let mut rig = Rig::new();
    let wake = rig.begin(RequestKind::Wake);
    for _ in 0..15 {
        rig.expect("AT");
        rig.advance(ms(400));
    }
    assert_eq!(rig.code(wake), ErrorCode::NoAnswer);
    let next = rig.begin(command("AT+CEREG?"));
    rig.expect("AT+MQTTSTAT?");
    rig.reply("\r\nOK\r\n".repeat(5));
    rig.advance(2 * SECOND);
    rig.expect("AT+CMEE?");
    rig.reply("\r\nOK\r\n".repeat(10));
    rig.reply(STAT);
    rig.reply("\r\n+CMEE:1\r\n\r\nOK\r\n");
    rig.exchange("AT+CEREG?", "\r\n+CEREG:0,1\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(next), ["+CEREG:0,1"]);
}

#[test]
fn the_late_answer_of_a_lost_probe_is_recognised_even_in_front_of_an_answer() {
    let mut rig = timed_out();
    let next = rig.begin(command("AT+CSQ"));
    rig.expect("AT+MQTTSTAT?");
    rig.advance(2 * SECOND);
    rig.exchange("AT+CMEE?", "\r\n+CMEE:1\r\n\r\nOK\r\n");
    rig.expect("AT+CSQ");
    rig.reply(STAT);
    assert!(!rig.is_done(next));
    rig.reply("\r\n+CSQ:2,99\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(next), ["+CSQ:2,99"]);
}

#[test]
fn an_answer_that_comes_later_than_that_of_the_probe_is_still_nobody_elses() {
    let mut rig = timed_out();
    let next = rig.begin(command("AT+CGMM"));
    rig.exchange("AT+MQTTSTAT?", STAT);
    rig.expect("AT+CGMM");
    rig.reply(CSQ);
    assert!(!rig.is_done(next));
    rig.reply("\r\nM5310-A\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(next), ["M5310-A"]);
    assert_eq!(rig.events(EventKind::LateAnswer), ["+CSQ:1,99", "OK"]);
}

#[test]
fn a_urc_that_reads_like_an_overtaken_answer_takes_no_result_away() {
    let mut rig = Rig::new();
    let id = rig.begin_within(command("AT+CFUN?"), SECOND);
    rig.expect("AT+CFUN?");
    rig.advance(SECOND);
    assert_eq!(rig.code(id), ErrorCode::Timeout);
    let next = rig.begin(command("AT+CSQ"));
    rig.exchange("AT+MQTTSTAT?", STAT);
    rig.expect("AT+CSQ");
    rig.reply(format!("\r\n+CFUN: 1\r\n{CSQ}"));
    assert_eq!(rig.lines(next), ["+CSQ:1,99"]);
}

#[test]
fn a_command_may_take_longer_than_others_if_its_caller_says_so() {
    let mut rig = Rig::new();
    let id = rig.begin_within(command("AT+COPS=?"), 90 * SECOND);
    rig.expect("AT+COPS=?");
    rig.advance(89 * SECOND);
    rig.reply("\r\n+COPS: (2,\"CMCC\")\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(id), ["+COPS: (2,\"CMCC\")"]);
}

#[test]
fn the_echo_of_a_timed_out_command_is_swallowed() {
    let mut rig = timed_out();
    rig.reply(format!("AT+CSQ\r{CSQ}"));
    assert_eq!(rig.events(EventKind::LateAnswer), ["+CSQ:1,99", "OK"]);
    assert!(rig.events(EventKind::UnknownLine).is_empty());
}

#[test]
fn two_owed_answers_are_both_late() {
    let mut rig = timed_out();
    let second = rig.begin_within(command("AT+CGATT?"), SECOND);
    rig.advance(SECOND);
    assert_eq!(rig.code(second), ErrorCode::Timeout);
    rig.reply(format!("{CSQ}{STAT}"));
    let next = rig.begin(command("AT+CSQ"));
    while let Some(line) = rig.next_sent() {
        match line.as_str() {
            "AT+MQTTSTAT?" => {}
            "AT+CMEE?" => rig.reply("\r\n+CMEE:1\r\n\r\nOK\r\n"),
            "AT+CSQ" => rig.reply("\r\n+CSQ:2,99\r\n\r\nOK\r\n"),
            other => panic!("{other}"),
        }
    }
    assert_eq!(rig.lines(next), ["+CSQ:2,99"]);
}

#[test]
fn a_module_that_falls_asleep_between_probes_is_asked_while_it_is_awake() {
    asked_while_awake(Model::M5311, 9 * SECOND);
}

#[test]
fn a_module_that_falls_asleep_sooner_than_is_known_is_asked_while_it_is_awake() {
    asked_while_awake(Model::M5311, 2 * SECOND);
    asked_while_awake(Model::M5310A, 2 * SECOND);
}

fn asked_while_awake(model: Model, stays_awake: Duration) {
    let mut rig = Rig::with(SessionConfig {
        model: Some(model),
        ..config()
    });
    let lost = rig.begin_within(command("AT+CSQ"), SECOND);
    rig.expect("AT+CSQ");
    rig.advance(SECOND);
    assert_eq!(rig.code(lost), ErrorCode::Timeout);
    let start = rig.now;
    let mut last = rig.now;
    let mut next = rig.begin(command("AT+CGATT?"));
    loop {
        if rig.is_done(next) {
            if rig.result(next).is_ok() {
                break;
            }
            next = rig.begin(command("AT+CGATT?"));
        }
        assert!(
            rig.now < start + 120 * SECOND,
            "each probe wakes it and is lost"
        );
        while let Some(line) = rig.next_sent() {
            // Nothing is understood for half a minute. Then it answers who finds it awake.
            let awake = rig.now < last + stays_awake;
            last = rig.now;
            if rig.now < start + 30 * SECOND {
                continue;
            }
            match line.as_str() {
                _ if !awake => rig.reply("\r\n*MATWAKEUP\r\n"),
                "AT+MQTTSTAT?" => rig.reply(STAT),
                "AT+CMEE?" => rig.reply("\r\n+CMEE: 1\r\n\r\nOK\r\n"),
                "AT+CEREG?" => rig.reply("\r\n+CEREG: 0,1\r\n\r\nOK\r\n"),
                "AT+CSQ" => rig.reply(CSQ),
                "AT+CGATT?" => rig.reply("\r\n+CGATT: 1\r\n\r\nOK\r\n"),
                other => panic!("{other}"),
            }
        }
        rig.advance(ms(100));
    }
}

#[test]
fn an_answer_that_a_probe_has_overtaken_is_remembered_over_the_next_probe() {
    let mut rig = timed_out();
    let id = rig.begin_within(command("AT+CGATT?"), 2 * SECOND);
    rig.exchange("AT+MQTTSTAT?", STAT);
    rig.expect("AT+CGATT?");
    rig.advance(2 * SECOND);
    assert_eq!(rig.code(id), ErrorCode::Timeout);
    let id = rig.begin(command("AT+CEREG?"));
    rig.exchange("AT+MQTTSTAT?", STAT);
    rig.expect("AT+CEREG?");
    rig.reply(CSQ);
    assert_eq!(rig.events(EventKind::LateAnswer), ["+CSQ:1,99", "OK"]);
    assert!(!rig.is_done(id));
    rig.reply("\r\n+CEREG:0,1\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(id), ["+CEREG:0,1"]);
}
