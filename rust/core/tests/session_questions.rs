//! Questions to the module: identity, signal, configuration, network; and waking it.

use std::time::Duration;

use m531x_core::session::{Outcome, RequestKind};
use m531x_core::{ErrorCode, Model};
use m531x_test_support::session::{Rig, SECOND, command, ms};

#[test]
fn the_identity_is_asked_for_piece_by_piece_and_what_is_refused_stays_unknown() {
    let mut rig = Rig::new();
    let id = rig.begin(RequestKind::Info);
    rig.exchange("AT+CGMM", "\r\nM5310-A\r\n\r\nOK\r\n");
    rig.exchange("AT+CMVER", "\r\nERROR\r\n");
    rig.exchange("AT+CGMR", "\r\nV150R100C20B300SP5\r\n\r\nOK\r\n");
    rig.exchange("AT+CGSN=1", "\r\n+CGSN:867725030000000\r\n\r\nOK\r\n");
    rig.exchange("AT+CIMI", "\r\n460040000000000\r\n\r\nOK\r\n");
    rig.exchange("AT+NCCID", "\r\n+CME ERROR: 13\r\n");
    let Ok(Outcome::Info(info)) = rig.result(id) else {
        panic!("no identity")
    };
    assert_eq!(info.model, Some(Model::M5310A));
    assert_eq!(info.model_text, "M5310-A");
    assert_eq!(info.firmware.as_deref(), Some("V150R100C20B300SP5"));
    assert_eq!(info.imei.as_deref(), Some("867725030000000"));
    assert_eq!(info.imsi.as_deref(), Some("460040000000000"));
    assert_eq!(info.iccid, None);
}

#[test]
fn the_signal_in_dbm() {
    for (line, dbm, ber) in [
        ("+CSQ:0,0", Some(-113), Some(0)),
        ("+CSQ: 31,7", Some(-51), Some(7)),
        ("+CSQ:99,99", None, None),
    ] {
        let mut rig = Rig::new();
        let id = rig.begin(RequestKind::Signal);
        rig.exchange("AT+CSQ", &format!("\r\n{line}\r\n\r\nOK\r\n"));
        let Ok(Outcome::Signal(signal)) = rig.result(id) else {
            panic!("no signal")
        };
        assert_eq!((signal.rssi_dbm, signal.ber), (dbm, ber), "{line}");
    }
}

#[test]
fn an_answer_without_its_line_is_an_error() {
    let mut rig = Rig::new();
    let id = rig.begin(RequestKind::Signal);
    rig.exchange("AT+CSQ", "\r\nOK\r\n");
    assert_eq!(rig.code(id), ErrorCode::Command);
}

#[test]
fn the_configuration_is_read_back_without_the_password() {
    let mut rig = Rig::new();
    let id = rig.begin(RequestKind::Config);
    rig.exchange(
        "AT+MQTTCFG?",
        "\r\n+MQTTCFG:\"broker\",1883,\"me\",60,\"user\",\"hunter2\",1\r\n\r\nOK\r\n",
    );
    let result = rig.result(id);
    assert!(!format!("{result:?}").contains("hunter2"));
    let Ok(Outcome::Config(config)) = result else {
        panic!("no configuration")
    };
    assert_eq!(config.host.as_deref(), Some("broker"));
    assert!(config.password_set);
}

#[test]
fn a_network_that_is_there_takes_no_waiting() {
    let mut rig = Rig::new();
    let id = rig.begin(RequestKind::WaitForNetwork);
    rig.exchange("AT+CFUN?", "\r\n+CFUN:1\r\n\r\nOK\r\n");
    rig.exchange("AT+CPIN?", "\r\n+CPIN:READY\r\n\r\nOK\r\n");
    rig.exchange("AT+CEREG?", "\r\n+CEREG:0,5\r\n\r\nOK\r\n");
    rig.exchange("AT+CGATT?", "\r\n+CGATT:1\r\n\r\nOK\r\n");
    rig.exchange("AT+CGPADDR", "\r\n+CGPADDR:1,10.0.0.7\r\n\r\nOK\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
}

#[test]
fn the_radio_is_turned_on_and_may_take_ninety_seconds() {
    let mut rig = Rig::new();
    let id = rig.begin(RequestKind::WaitForNetwork);
    rig.exchange("AT+CFUN?", "\r\n+CFUN:0\r\n\r\nOK\r\n");
    rig.expect("AT+CFUN=1");
    rig.advance(85 * SECOND);
    assert!(!rig.is_done(id));
    rig.reply("\r\nOK\r\n");
    rig.expect("AT+CPIN?");
}

#[test]
fn what_is_missing_is_looked_at_again_and_others_may_ask_meanwhile() {
    let mut rig = Rig::new();
    rig.begin(RequestKind::WaitForNetwork);
    rig.exchange("AT+CFUN?", "\r\n+CFUN:1\r\n\r\nOK\r\n");
    rig.exchange("AT+CPIN?", "\r\n+CPIN:READY\r\n\r\nOK\r\n");
    rig.exchange("AT+CEREG?", "\r\n+CEREG:0,2\r\n\r\nOK\r\n");
    rig.expect_nothing();
    let other = rig.begin(command("AT+CSQ"));
    rig.exchange("AT+CSQ", "\r\n+CSQ:1,99\r\n\r\nOK\r\n");
    assert!(rig.result(other).is_ok());
    rig.advance(2 * SECOND);
    rig.exchange("AT+CEREG?", "\r\n+CEREG:0,1\r\n\r\nOK\r\n");
    rig.expect("AT+CGATT?");
}

#[test]
fn the_step_that_is_missing_is_named_when_the_time_is_up() {
    for (pin, cereg, word) in [
        ("+CPIN:SIM PIN", "+CEREG:0,2", "SIM"),
        ("+CPIN:READY", "+CEREG:0,2", "not registered"),
        ("+CPIN:READY", "+CEREG:0,1", "not attached"),
    ] {
        let mut rig = Rig::new();
        let id = rig.begin_within(RequestKind::WaitForNetwork, 20 * SECOND);
        for _ in 0..300 {
            let answer = match rig.next_sent().as_deref() {
                Some("AT+CFUN?") => "+CFUN:1",
                Some("AT+CPIN?") => pin,
                Some("AT+CEREG?") => cereg,
                Some("AT+CGATT?") => "+CGATT:0",
                Some(other) => panic!("{other}"),
                None => {
                    rig.advance(ms(100));
                    continue;
                }
            };
            rig.reply(format!("\r\n{answer}\r\n\r\nOK\r\n"));
        }
        let error = rig.error(id);
        assert_eq!(error.code(), ErrorCode::Timeout);
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn a_sleeping_module_is_woken_by_repeating_at() {
    let mut rig = Rig::new();
    let id = rig.begin(RequestKind::Wake);
    rig.expect("AT");
    rig.advance(ms(400));
    rig.expect("AT");
    rig.reply("\x00\u{1}T\r\n\r\nOK\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
}

#[test]
fn a_module_that_does_not_wake_is_an_error() {
    let mut rig = Rig::new();
    let id = rig.begin(RequestKind::Wake);
    rig.advance(Duration::from_secs(12));
    assert_eq!(rig.code(id), ErrorCode::NoAnswer);
}

#[test]
fn the_ping_report_is_switched() {
    let mut rig = Rig::new();
    let id = rig.begin(RequestKind::SetPingReport(true));
    rig.exchange("AT+MQTTPING=1", "\r\nOK\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
}

#[test]
fn deleting_the_client_leaves_none() {
    let mut rig = Rig::connected();
    rig.subscribe("a", 1);
    let id = rig.begin(RequestKind::Delete);
    rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
    assert!(rig.session.subscriptions().is_empty());
}
