//! What the module refuses, and with which number.

use m531x_test_support::module::{Answers, Rig};
use m531x_virtual_modem::Model;

const CFG: &str = r#"AT+MQTTCFG="broker",1883,"me",60,"","",1"#;
const OPEN: &str = r#"AT+MQTTOPEN=0,0,0,0,0,"","""#;

fn numbered(model: Model) -> Rig {
    let mut rig = Rig::new(model);
    rig.send("ATE0");
    rig.send("AT+CMEE=1");
    rig
}

fn error(number: u16) -> String {
    format!("\r\n+CME ERROR: {number}\r\n")
}

#[test]
fn what_needs_a_connection_is_not_allowed_without_one() {
    for model in Model::ALL {
        let publish = if model == Model::Ml302 {
            r#"AT+MQTTPUB="t",0,0,0,"x""#
        } else {
            r#"AT+MQTTPUB="t",0,0,0,0,"x""#
        };
        let commands = [
            publish,
            r#"AT+MQTTSUB="t",0"#,
            r#"AT+MQTTUNSUB="t""#,
            "AT+MQTTDISC",
        ];
        let mut rig = numbered(model);
        for command in commands {
            assert_eq!(rig.ask(command), error(3), "{model}: {command}");
        }
        rig.send(CFG);
        for command in commands {
            assert_eq!(rig.ask(command), error(3), "{model}: {command}");
        }
        rig.answers = Answers::NONE;
        rig.send(OPEN);
        for command in commands {
            assert_eq!(rig.ask(command), error(3), "{model}: {command}");
        }
    }
}

#[test]
fn a_client_is_configured_once_and_opened_once() {
    for (model, still_configured) in [(Model::M5310A, 3), (Model::M5311, 3), (Model::Mn316, 8002)] {
        let mut rig = numbered(model);
        assert_eq!(rig.ask(OPEN), error(3), "{model}: OPEN without CFG");
        assert_eq!(rig.ask(CFG), "\r\nOK\r\n");
        assert_eq!(rig.ask(CFG), error(still_configured), "{model}");
        rig.send(OPEN);
        rig.said();
        assert_eq!(rig.ask(OPEN), error(3), "{model}: OPEN while connected");
        assert_eq!(rig.ask(CFG), error(still_configured), "{model}");
        rig.send("AT+MQTTDEL");
        rig.said();
        assert_eq!(rig.ask(CFG), "\r\nOK\r\n", "{model}: CFG after DEL");
    }
}

#[test]
fn wrong_parameters_are_50() {
    let mut rig = Rig::new(Model::M5310A).connected();
    let long = "t".repeat(513);
    for command in [
        "AT+MQTTPUB=",
        "AT+MQTTPUB",
        r#"AT+MQTTPUB="t",3,0,0,0,"x""#,
        r#"AT+MQTTPUB="t",0,0,0,2,"189""#,
        r#"AT+MQTTPUB="t",0,0,0,2,18zz"#,
        r#"AT+MQTTPUB="t",0,0,0,3,1890"#,
        r#"AT+MQTTPUB="a/#",0,0,0,0,"x""#,
        &format!(r#"AT+MQTTPUB="{long}",0,0,0,0,"x""#),
        r#"AT+MQTTSUB="a/#/b",0"#,
        r#"AT+MQTTSUB="t",5"#,
        r#"AT+MQTTSUB="t",0,1"#,
        &format!(r#"AT+MQTTSUB="{long}",0"#),
        &format!(r#"AT+MQTTUNSUB="{long}""#),
        "AT+MQTTTO=0",
        "AT+MQTTTO=60",
        "AT+MQTTTO=soon",
        "AT+MQTTPING=2",
        "AT+CFUN=9",
        "AT+CMEE=3",
        "AT+CEREG=9",
    ] {
        assert_eq!(rig.ask(command), error(50), "{command}");
    }
    assert_eq!(rig.ask("AT+MQTTTO=59"), "\r\nOK\r\n");
}

#[test]
fn a_field_the_model_does_not_have_is_refused() {
    for (model, encrypt, expected) in [
        (Model::M5310A, 0, error(50)),
        (Model::M5310A, 1, error(50)),
        (Model::M5311, 1, "\r\nOK\r\n".to_owned()),
    ] {
        let command = format!(r#"AT+MQTTCFG="broker",8883,"me, too",60,"","",1,{encrypt}"#);
        assert_eq!(numbered(model).ask(&command), expected, "{model} {encrypt}");
    }
}

#[test]
fn a_connect_packet_over_its_limit_is_refused() {
    let mut rig = numbered(Model::M5310A);
    rig.send(CFG);
    rig.said();
    let will = "w".repeat(250);
    assert_eq!(
        rig.ask(&format!(r#"AT+MQTTOPEN=0,0,1,0,0,"will","{will}""#)),
        error(50)
    );
    assert_eq!(rig.ask(r#"AT+MQTTOPEN=0,0,1,0,0,"will/#","x""#), error(50));
}

#[test]
fn unknown_commands_and_those_of_other_models_are_100() {
    for (model, command) in [
        (Model::M5310A, "AT+NONSENSE"),
        (Model::M5310A, "AT+ICCID"),
        (Model::M5310A, "AT+CMRB"),
        (Model::M5310A, "AT+SM=LOCK"),
        (Model::M5311, "AT+NCCID"),
        (Model::M5311, "AT+NRB"),
    ] {
        assert_eq!(
            numbered(model).ask(command),
            error(100),
            "{model} {command}"
        );
    }
}

#[test]
fn a_line_over_the_buffer_is_refused_and_forgotten() {
    let mut rig = numbered(Model::M5310A);
    let long = format!("AT+MQTTSUB=\"{}\",0", "t".repeat(1100));
    assert_eq!(rig.ask(&long), error(50));
    assert_eq!(rig.ask("AT"), "\r\nOK\r\n");
}

#[test]
fn errors_are_plain_from_the_factory_and_texts_at_level_2() {
    let mut rig = Rig::new(Model::M5310A);
    assert_eq!(rig.ask("AT+MQTTDISC"), "\r\nERROR\r\n");
    rig.send("AT+CMEE=2");
    assert_eq!(
        rig.ask("AT+MQTTDISC"),
        "\r\n+CME ERROR: operation not allowed\r\n"
    );
}

#[test]
fn a_broker_that_refuses_is_told_by_its_return_code() {
    for (model, expected) in [
        (Model::M5310A, "+MQTTOPEN:4,0"),
        (Model::M5311, "+MQTTCONACK: 4,0"),
    ] {
        let mut rig = numbered(model);
        rig.answers.connect = Some((4, false));
        rig.send(CFG);
        rig.said();
        rig.send(OPEN);
        assert_eq!(rig.lines(), ["OK", expected]);
        rig.pass_seconds(9);
        assert_eq!(rig.said(), "", "a refused module does not try again");
    }
}
