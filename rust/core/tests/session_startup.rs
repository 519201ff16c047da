//! The start-up dialogue.

use m531x_core::session::{ModemInfo, Outcome, RequestKind, SessionConfig};
use m531x_core::{ErrorCode, EventKind, Model, MqttState};
use m531x_test_support::session::{Rig, SECOND, answer_settings, ms};

fn unknown() -> Rig {
    Rig::with(SessionConfig {
        model: None,
        ..m531x_test_support::session::config()
    })
}

fn model(result: Result<Outcome, m531x_core::Error>) -> Option<Model> {
    match result {
        Ok(Outcome::Info(ModemInfo { model, .. })) => model,
        other => panic!("no model: {other:?}"),
    }
}

#[test]
fn the_dialogue_of_an_m5310_a() {
    let mut rig = unknown();
    let id = rig.begin(RequestKind::Startup);
    rig.exchange("AT", "AT\r\r\nOK\r\n");
    rig.exchange("ATE0", "ATE0\r\r\nOK\r\n");
    rig.exchange("AT+CMEE=1", "\r\nOK\r\n");
    rig.exchange("AT+CGMM", "\r\nM5310-A\r\n\r\nOK\r\n");
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:0\r\n\r\nOK\r\n");
    assert_eq!(model(rig.result(id)), Some(Model::M5310A));
    assert_eq!(rig.session.model(), Some(Model::M5310A));
    assert!(rig.incoming.is_empty(), "{:?}", rig.incoming);
}

#[test]
fn an_m5311_is_kept_awake() {
    let mut rig = unknown();
    let id = rig.begin(RequestKind::Startup);
    answer_settings(&mut rig);
    rig.exchange("AT+CGMM", "\r\nERROR\r\n");
    rig.exchange("ATI", "\r\nCMCC\r\nM5311\r\nCM_V1\r\n\r\nOK\r\n");
    rig.exchange("AT+SM=LOCK", "\r\nERROR\r\n");
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT: 0\r\n\r\nOK\r\n");
    assert_eq!(model(rig.result(id)), Some(Model::M5311));
}

#[test]
fn quotes_around_a_topic_belong_to_it_once_the_model_is_known_to_print_none() {
    let mut rig = unknown();
    rig.begin(RequestKind::Startup);
    for reply in [
        "OK",
        "OK",
        "OK",
        "M5310-A\r\n\r\nOK",
        "+MQTTSTAT:0\r\n\r\nOK",
    ] {
        rig.reply(format!("\r\n{reply}\r\n"));
    }
    rig.reply("+MQTTPUBLISH:0,0,0,0,\"admin\",2,hi\r\n");
    let topics: Vec<_> = rig.messages().iter().map(|m| m.topic.as_str()).collect();
    assert_eq!(topics, ["\"admin\""]);
}

#[test]
fn a_model_that_was_given_is_not_asked_for() {
    let mut rig = Rig::new();
    let id = rig.begin(RequestKind::Startup);
    answer_settings(&mut rig);
    rig.exchange("AT+MQTTSTAT?", "\r\nERROR\r\n");
    assert_eq!(model(rig.result(id)), Some(Model::M5310A));
}

#[test]
fn at_is_repeated_until_it_is_answered_and_garbage_is_ignored() {
    let mut rig = Rig::new();
    let id = rig.begin(RequestKind::Startup);
    rig.expect("AT");
    rig.reply(b"\xff\x00\xfe~~\r\n");
    rig.advance(ms(400));
    rig.expect("AT");
    rig.advance(ms(400));
    rig.exchange("AT", "\r\nOK\r\n");
    // The earlier ones may be answered yet.
    rig.expect("AT+MQTTSTAT?");
    rig.reply("\r\nOK\r\n\r\nOK\r\n\r\n+MQTTSTAT:0\r\n\r\nOK\r\n");
    rig.exchange("ATE0", "\r\nOK\r\n");
    rig.exchange("AT+CMEE=1", "\r\nOK\r\n");
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:0\r\n\r\nOK\r\n");
    assert!(rig.result(id).is_ok());
}

#[test]
fn a_module_that_answers_in_digits_is_told_to_use_words() {
    for echo in ["", "AT\r"] {
        let mut rig = Rig::new();
        let id = rig.begin(RequestKind::Startup);
        rig.exchange("AT", &format!("{echo}0\r"));
        rig.advance(ms(400));
        rig.exchange("ATV1", "\r\nOK\r\n");
        while !rig.is_done(id) {
            match rig.next_sent().as_deref() {
                Some("AT+MQTTSTAT?") => rig.reply("\r\n+MQTTSTAT:0\r\n\r\nOK\r\n"),
                Some("ATE0" | "AT+CMEE=1") => rig.reply("\r\nOK\r\n"),
                Some(other) => panic!("{other}"),
                None => rig.advance(ms(100)),
            }
        }
        assert!(rig.result(id).is_ok());
    }
}

#[test]
fn a_module_that_was_told_to_give_no_results_gives_them_again() {
    let mut rig = Rig::new();
    let id = rig.begin(RequestKind::Startup);
    let mut quiet = true;
    while !rig.is_done(id) {
        match rig.next_sent().as_deref() {
            Some("ATQ0") => {
                quiet = false;
                rig.reply("\r\nOK\r\n");
            }
            Some(_) if quiet => {}
            Some("AT+MQTTSTAT?") => rig.reply("\r\n+MQTTSTAT:0\r\n\r\nOK\r\n"),
            Some(_) => rig.reply("\r\nOK\r\n"),
            None => rig.advance(ms(100)),
        }
    }
    assert!(rig.result(id).is_ok() && !quiet);
}

#[test]
fn no_time_at_all_is_one_try() {
    let mut rig = Rig::with(SessionConfig {
        open_timeout: ms(0),
        ..m531x_test_support::session::config()
    });
    let id = rig.begin(RequestKind::Startup);
    rig.expect("AT");
    rig.advance(SECOND);
    rig.expect_nothing();
    assert_eq!(rig.code(id), ErrorCode::NoAnswer);
}

#[test]
fn a_message_that_was_cut_short_before_does_not_take_every_answer() {
    let mut rig = unknown();
    rig.begin(RequestKind::Startup);
    rig.reply("+MQTTPUBLISH:0,0,0,0,a/b,500,abc");
    let mut knocks = 0;
    loop {
        match rig.next_sent().as_deref() {
            Some("AT" | "ATQ0") => {
                knocks += 1;
                rig.advance(ms(50));
                rig.reply("\r\nOK\r\n");
            }
            Some("AT+MQTTSTAT?") => rig.reply("\r\n+MQTTSTAT:0\r\n\r\nOK\r\n"),
            Some(line) => break assert_eq!(line, "ATE0"),
            None => rig.advance(ms(50)),
        }
        assert!(knocks < 10, "the answers are taken for payload for ever");
    }
    assert_eq!(rig.messages().len(), 1);
    assert!(rig.messages()[0].truncated);
}

#[test]
fn a_port_that_answers_nothing_is_told_what_to_check() {
    let mut rig = Rig::new();
    let id = rig.begin(RequestKind::Startup);
    rig.advance(9 * SECOND);
    assert!(!rig.is_done(id));
    rig.advance(2 * SECOND);
    let error = rig.error(id);
    assert_eq!(error.code(), ErrorCode::NoAnswer);
    let text = error.to_string();
    for word in ["wiring", "power", "baud"] {
        assert!(text.contains(word), "{text}");
    }
    assert!(rig.session.idle());
}

#[test]
fn a_port_that_answers_with_noise_is_told_that_the_baud_rate_is_wrong() {
    let mut rig = Rig::new();
    let id = rig.begin(RequestKind::Startup);
    for _ in 0..12 {
        rig.reply([0xff, 0x80, 0x00]);
        rig.advance(SECOND);
    }
    let text = rig.error(id).to_string();
    assert!(
        text.contains("bytes that are no AT answer") && text.contains("wrong speed"),
        "{text}"
    );
    assert!(text.contains(r"\xff\x80\x00\xff"), "{text}");
}

#[test]
fn the_ml307_and_its_family_are_refused() {
    let mut rig = unknown();
    let id = rig.begin(RequestKind::Startup);
    answer_settings(&mut rig);
    rig.exchange("AT+CGMM", "\r\nML307R-DC\r\n\r\nOK\r\n");
    let error = rig.error(id);
    assert_eq!(error.code(), ErrorCode::UnsupportedModel);
    assert!(error.to_string().contains("ML307"), "{error}");
}

#[test]
fn an_unknown_model_is_named_with_the_way_out() {
    let mut rig = unknown();
    let id = rig.begin(RequestKind::Startup);
    answer_settings(&mut rig);
    for _ in 0..3 {
        rig.exchange("AT+CGMM", "\r\nBC95\r\n\r\nOK\r\n");
        rig.exchange("ATI", "\r\nQuectel\r\nBC95\r\n\r\nOK\r\n");
        rig.advance(SECOND);
    }
    let error = rig.error(id);
    assert_eq!(error.code(), ErrorCode::UnsupportedModel);
    assert!(error.to_string().contains("Quectel BC95"), "{error}");
    assert!(error.to_string().contains("model"), "{error}");
}

#[test]
fn a_connection_from_before_is_noticed() {
    let mut rig = Rig::new();
    let id = rig.begin(RequestKind::Startup);
    answer_settings(&mut rig);
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:5\r\n\r\nOK\r\n");
    assert!(rig.result(id).is_ok());
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
}

#[test]
fn an_answer_of_somebody_before_us_does_not_shift_the_dialogue() {
    let mut rig = Rig::new();
    let id = rig.begin(RequestKind::Startup);
    rig.expect("AT");
    // The OK of an earlier program's command, then ours: each answer comes one command too early.
    rig.reply("\r\nOK\r\n");
    rig.exchange("ATE0", "\r\nOK\r\n");
    rig.exchange("AT+CMEE=1", "\r\nOK\r\n");
    rig.exchange("AT+MQTTSTAT?", "\r\nOK\r\n");
    rig.expect_nothing();
    rig.reply("\r\n+MQTTSTAT:0\r\n\r\nOK\r\n");
    assert_eq!(rig.events(EventKind::StrayResult), ["OK"]);
    rig.advance(SECOND);
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:1\r\n\r\nOK\r\n");
    assert!(rig.result(id).is_ok());
    assert_eq!(rig.session.mqtt_state(), MqttState::Configured);
}

#[test]
fn answers_of_a_program_before_us_do_not_hide_the_model() {
    let mut rig = unknown();
    let id = rig.begin(RequestKind::Startup);
    rig.expect("AT");
    // Two commands of an earlier program are answered yet: each answer comes two commands too early.
    rig.reply("\r\nOK\r\n");
    rig.exchange("ATE0", "\r\nOK\r\n");
    rig.exchange("AT+CMEE=1", "\r\nOK\r\n");
    rig.exchange("AT+CGMM", "\r\nOK\r\n");
    rig.exchange("ATI", "\r\nOK\r\n");
    rig.expect_nothing();
    rig.reply("\r\nM5310-A\r\n\r\nOK\r\n\r\nCMCC\r\nM5310-A\r\n\r\nOK\r\n");
    rig.advance(SECOND);
    rig.exchange("AT+CGMM", "\r\nM5310-A\r\n\r\nOK\r\n");
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:0\r\n\r\nOK\r\n");
    assert_eq!(model(rig.result(id)), Some(Model::M5310A));
}

#[test]
fn answers_that_take_longer_than_a_pause_do_not_shift_the_dialogue() {
    let mut rig = Rig::new();
    let id = rig.begin(RequestKind::Startup);
    answer_settings(&mut rig);
    rig.exchange("AT+MQTTSTAT?", "\r\nOK\r\n");
    rig.advance(SECOND);
    rig.exchange("AT+MQTTSTAT?", "\r\nOK\r\n");
    rig.reply("\r\n+MQTTSTAT:5\r\n\r\nOK\r\n");
    rig.advance(SECOND);
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:5\r\n\r\nOK\r\n");
    assert!(rig.result(id).is_ok());
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
}

#[test]
fn a_module_that_says_ok_to_everything_will_do() {
    let mut rig = Rig::new();
    let id = rig.begin(RequestKind::Startup);
    for _ in 0..30 {
        while rig.next_sent().is_some() {
            rig.reply("\r\nOK\r\n");
        }
        rig.advance(ms(100));
    }
    assert!(rig.result(id).is_ok());
    let late = rig.begin_within(RequestKind::SetPingReport(true), SECOND);
    rig.expect("AT+MQTTPING=1");
    rig.advance(SECOND);
    assert_eq!(rig.code(late), ErrorCode::Timeout);
    let next = rig.begin(RequestKind::SetPingReport(true));
    rig.exchange("AT+MQTTSTAT?", "\r\nOK\r\n");
    rig.advance(2 * SECOND);
    rig.exchange("AT+MQTTPING=1", "\r\nOK\r\n");
    assert!(rig.result(next).is_ok());
}

#[test]
fn a_module_that_boots_while_it_is_greeted_is_greeted_again() {
    let mut rig = Rig::new();
    let id = rig.begin(RequestKind::Startup);
    rig.expect("AT");
    rig.reply("\r\nBoot: Unsigned\r\nSecurity B.. Verified\r\nProtocol A.. Verified\r\n");
    rig.reply(
        "Apps A...... Verified\r\n\r\nREBOOT_CAUSE_SECURITY_PMU_POWER_ON_RESET\r\nNeul\r\nOK\r\n",
    );
    assert!(!rig.is_done(id));
    assert_eq!(rig.events(EventKind::StrayResult), ["OK"]);
    rig.expect_nothing();
    rig.advance(SECOND);
    answer_settings(&mut rig);
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:0\r\n\r\nOK\r\n");
    assert!(rig.result(id).is_ok());
}
