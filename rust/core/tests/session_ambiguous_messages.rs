//! Messages whose boundary cannot be told for sure, and those that lack bytes: no byte of theirs
//! completes a command, and a command whose answer they may have swallowed is settled.

use m531x_core::session::{Outcome, RequestKind};
use m531x_core::{ErrorCode, EventKind, QoS};
use m531x_test_support::session::{Rig, SECOND, command, ms, publish, subscribe};

/// Under `#` this is either topic "t" with 13 bytes or topic "t,13,x" with 3 bytes, so that the
/// OK behind "abc" may be payload.
const TWO_READINGS: &str = "+MQTTPUBLISH:0,0,0,0,t,13,x,3,abc\r\n\r\nOK\r\n";

fn wildcard() -> Rig {
    let mut rig = Rig::connected();
    rig.subscribe("#", 1);
    rig
}

/// Lets the doubtful stretch end.
fn let_it_end(rig: &mut Rig) {
    rig.advance(2 * SECOND);
}

#[test]
fn a_read_is_asked_again_after_a_probe() {
    let mut rig = wildcard();
    let id = rig.begin(command("AT+CSQ"));
    rig.expect("AT+CSQ");
    rig.reply(TWO_READINGS);
    assert!(!rig.is_done(id), "an OK that may be payload");
    let_it_end(&mut rig);
    assert!(!rig.is_done(id));
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:5\r\n\r\nOK\r\n");
    rig.exchange("AT+CSQ", "\r\n+CSQ:1,99\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(id), ["+CSQ:1,99"]);
    assert_eq!(rig.messages().len(), 1);
    assert!(!rig.events(EventKind::Ambiguous).is_empty());
}

#[test]
fn an_answer_that_comes_after_all_is_taken_and_the_probe_costs_nothing() {
    let mut rig = wildcard();
    let id = rig.begin(command("AT+MQTTPING=1"));
    let next = rig.begin(command("AT+CGATT?"));
    rig.expect("AT+MQTTPING=1");
    rig.reply(TWO_READINGS);
    let_it_end(&mut rig);
    rig.expect("AT+MQTTSTAT?");
    rig.reply("\r\n+CME ERROR: 4\r\n\r\n+MQTTSTAT:5\r\n\r\nOK\r\n");
    let error = rig.error(id);
    assert_eq!(error.modem_code(), Some(4));
    rig.exchange("AT+CGATT?", "\r\n+CGATT:1\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(next), ["+CGATT:1"]);
}

#[test]
fn a_qos_0_publish_whose_ok_was_swallowed_may_or_may_not_have_been_sent() {
    let mut rig = wildcard();
    let id = rig.begin(publish("t", QoS::AtMostOnce));
    rig.expect("AT+MQTTPUB=\"t\",0,0,0,0,\"hi\"");
    rig.reply(TWO_READINGS);
    let_it_end(&mut rig);
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:5\r\n\r\nOK\r\n");
    assert_eq!(rig.code(id), ErrorCode::ResultUnknown);
    rig.expect_nothing();
}

#[test]
fn a_qos_1_publish_is_judged_by_its_ack() {
    let mut rig = wildcard();
    let id = rig.begin(publish("t", QoS::AtLeastOnce));
    rig.expect("AT+MQTTPUB=\"t\",1,0,0,0,\"hi\"");
    rig.reply(TWO_READINGS);
    let_it_end(&mut rig);
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:5\r\n\r\nOK\r\n");
    assert!(!rig.is_done(id));
    rig.reply("\r\n+MQTTPUBACK:2,0\r\n");
    assert_eq!(rig.packet_id(id), Some(2));
}

#[test]
fn a_subscription_is_judged_by_the_brokers_answer() {
    let mut rig = wildcard();
    let id = rig.begin(subscribe("a/b"));
    rig.expect("AT+MQTTSUB=\"a/b\",1");
    rig.reply(TWO_READINGS);
    let_it_end(&mut rig);
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:5\r\n\r\nOK\r\n");
    rig.reply("\r\n+MQTTSUBACK:2,0,a/b\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Granted(QoS::AtMostOnce)));
}

#[test]
fn a_probe_that_is_swallowed_too_is_repeated_and_no_stray_ok_is_taken() {
    let mut rig = wildcard();
    let id = rig.begin(publish("t", QoS::AtMostOnce));
    rig.expect("AT+MQTTPUB=\"t\",0,0,0,0,\"hi\"");
    rig.reply(TWO_READINGS);
    let_it_end(&mut rig);
    rig.expect("AT+MQTTSTAT?");
    rig.reply(TWO_READINGS);
    let_it_end(&mut rig);
    // This OK is the rest of the probe's answer.
    rig.reply("\r\nOK\r\n");
    assert!(!rig.is_done(id));
    rig.advance(SECOND);
    rig.exchange("AT+CMEE?", "\r\n+CMEE:1\r\n\r\nOK\r\n");
    assert_eq!(rig.code(id), ErrorCode::ResultUnknown);
}

#[test]
fn a_module_that_falls_silent_after_it_is_a_timeout() {
    let mut rig = wildcard();
    let id = rig.begin(command("AT+CSQ"));
    rig.expect("AT+CSQ");
    rig.reply(TWO_READINGS);
    rig.advance(12 * SECOND);
    assert_eq!(rig.code(id), ErrorCode::Timeout);
}

#[test]
fn a_message_that_lacks_bytes_is_delivered_and_the_next_answer_kept() {
    let mut rig = Rig::connected();
    rig.subscribe("a/b", 1);
    let id = rig.begin(command("AT+CSQ"));
    rig.expect("AT+CSQ");
    rig.reply("+MQTTPUBLISH:0,0,0,0,a/b,40,abc");
    rig.advance(3 * SECOND);
    assert!(rig.messages()[0].truncated);
    assert!(!rig.is_done(id));
    while let Some(line) = rig.next_sent() {
        match line.as_str() {
            "AT+CSQ" => rig.reply("\r\n+CSQ:1,99\r\n\r\nOK\r\n"),
            _ => rig.reply("\r\n+MQTTSTAT:5\r\n\r\nOK\r\n"),
        }
    }
    if !rig.is_done(id) {
        rig.reply("\r\n+CSQ:1,99\r\n\r\nOK\r\n");
    }
    assert_eq!(rig.lines(id), ["+CSQ:1,99"]);
}

#[test]
fn a_message_that_lacks_bytes_and_holds_the_answer_loses_no_command() {
    let mut rig = Rig::connected();
    rig.subscribe("a/b", 1);
    let id = rig.begin(RequestKind::Signal);
    rig.expect("AT+CSQ");
    rig.reply("+MQTTPUBLISH:0,0,0,0,a/b,40,abc\r\n+CSQ:1,99\r\n\r\nOK\r\n");
    rig.advance(5 * SECOND);
    let mut resent = false;
    while let Some(line) = rig.next_sent() {
        match line.as_str() {
            "AT+CSQ" => {
                resent = true;
                rig.reply("\r\n+CSQ:1,99\r\n\r\nOK\r\n");
            }
            "AT+MQTTSTAT?" => rig.reply("\r\n+MQTTSTAT:5\r\n\r\nOK\r\n"),
            _ => rig.reply("\r\n+CMEE:1\r\n\r\nOK\r\n"),
        }
    }
    assert!(resent, "asked again");
    assert!(matches!(rig.result(id), Ok(Outcome::Signal(_))));
}

#[test]
fn with_exact_subscriptions_there_is_one_reading_and_the_ok_counts() {
    let mut rig = Rig::connected();
    rig.subscribe("t,13,x", 1);
    let id = rig.begin(publish("t", QoS::AtMostOnce));
    rig.expect("AT+MQTTPUB=\"t\",0,0,0,0,\"hi\"");
    rig.reply(TWO_READINGS);
    rig.advance(2 * SECOND);
    assert_eq!(rig.packet_id(id), None);
    assert_eq!(rig.messages()[0].payload, b"abc");
}

#[test]
fn of_two_errors_while_it_is_probed_the_first_is_the_commands() {
    let mut rig = wildcard();
    let id = rig.begin(publish("t", QoS::AtMostOnce));
    rig.expect("AT+MQTTPUB=\"t\",0,0,0,0,\"hi\"");
    rig.reply(TWO_READINGS);
    let_it_end(&mut rig);
    rig.expect("AT+MQTTSTAT?");
    rig.reply("\r\n+CME ERROR: 4\r\n");
    assert!(!rig.is_done(id));
    // A module that does not know the probe.
    rig.reply("\r\n+CME ERROR: 50\r\n");
    assert_eq!(rig.error(id).modem_code(), Some(4));
    let next = rig.begin(command("AT+CSQ"));
    rig.exchange("AT+CSQ", "\r\n+CSQ:1,99\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(next), ["+CSQ:1,99"]);
}

#[test]
fn a_read_whose_answer_is_swallowed_each_time_is_asked_four_times() {
    let mut rig = wildcard();
    let id = rig.begin_within(command("AT+CSQ"), 100 * SECOND);
    let mut asked = 0;
    while !rig.is_done(id) {
        match rig.next_sent().as_deref() {
            Some("AT+CSQ") => {
                asked += 1;
                rig.reply(TWO_READINGS);
            }
            Some(_) => rig.reply("\r\n+MQTTSTAT:5\r\n\r\nOK\r\n"),
            None => let_it_end(&mut rig),
        }
    }
    assert_eq!((asked, rig.code(id)), (4, ErrorCode::ResultUnknown));
}

#[test]
fn an_answer_behind_a_message_that_takes_its_time_is_not_late() {
    let mut rig = wildcard();
    let id = rig.begin_within(RequestKind::Signal, 30 * SECOND);
    rig.expect("AT+CSQ");
    rig.advance(ms(9_990));
    rig.reply("+MQTTPUBLISH:0,0,0,0,t,5,ab");
    rig.advance(ms(20));
    rig.reply("cde\r\n\r\n+CSQ:1,99\r\n\r\nOK\r\n");
    assert!(matches!(rig.result(id), Ok(Outcome::Signal(_))));
    assert_eq!(rig.messages()[0].payload, b"abcde");
}
