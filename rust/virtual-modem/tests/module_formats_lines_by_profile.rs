//! The golden lines, as each profile prints them.

use m531x_test_support::module::Rig;
use m531x_virtual_modem::Model;
use m531x_virtual_modem::module::ModuleConfig;

#[test]
fn colons_acks_and_topics_follow_the_profile() {
    for (model, suback, puback, pubrec, pubcomp, unsuback, message) in [
        (
            Model::M5310A,
            "+MQTTSUBACK:1,2,dev/gsm/u",
            "+MQTTPUBACK:2,0",
            "+MQTTPUBREC:3,0",
            "+MQTTPUBCOMP:3,0",
            "+MQTTUNSUBACK:4,",
            "+MQTTPUBLISH:0,2,0,9,dev/gsm/u,14,update message",
        ),
        (
            Model::M5311,
            "+MQTTSUBACK: 1,2,dev/gsm/u",
            "+MQTTPUBACK: 2,0",
            "+MQTTPUBREC: 3,0",
            "+MQTTPUBCOMP: 3,0",
            "+MQTTUNSUBACK: 4,",
            "+MQTTPUBLISH: 0,2,0,9,dev/gsm/u,14,update message",
        ),
        (
            Model::Ml302,
            "+MQTTSUBACK: 1,2,dev/gsm/u",
            "+MQTTPUBACK: 0,2",
            "+MQTTPUBREC: 0,3",
            "+MQTTPUBCOMP: 0,3",
            "+MQTTUNSUBACK: 4,",
            "+MQTTPUBLISH: 0,2,0,9,\"dev/gsm/u\",14,update message",
        ),
    ] {
        let mut rig = Rig::new(model).connected();
        let length = if model == Model::Ml302 { "" } else { "0," };
        rig.send(r#"AT+MQTTSUB="dev/gsm/u",2"#);
        assert_eq!(rig.lines(), ["OK", suback], "{model}");
        rig.send(&format!(r#"AT+MQTTPUB="dev/gsm/u",1,1,0,{length}"abc""#));
        assert_eq!(rig.lines(), ["OK", puback], "{model}");
        rig.send(&format!(r#"AT+MQTTPUB="dev/gsm/u",2,1,0,{length}"abc""#));
        assert_eq!(rig.lines(), ["OK", pubrec, pubcomp], "{model}");
        rig.deliver("dev/gsm/u", b"update message", 2, 9);
        assert_eq!(rig.lines(), [message], "{model}");
        rig.send(r#"AT+MQTTUNSUB="dev/gsm/u""#);
        let lines = rig.lines();
        assert!(lines[1].starts_with(unsuback), "{model}: {lines:?}");
        assert!(lines[1].contains("dev/gsm/u"), "{model}: {lines:?}");
        rig.send("AT+MQTTDISC");
        assert_eq!(rig.lines()[0], "OK");
    }
}

#[test]
fn an_m5311_answers_as_captured() {
    let mut rig = Rig::new(Model::M5311);
    rig.send(r#"AT+MQTTCFG="broker",1883,"me",60,"","",1"#);
    rig.send(r#"AT+MQTTOPEN=0,0,0,0,0,"","""#);
    rig.said();
    let line =
        b"AT+MQTTPUB=$dp,0,1,0,30,03001b7B2231223A3133342C2234223A312C2233223A312C2232223A317D\r\n";
    rig.send_bytes(line);
    rig.deliver(
        "$creq/4fc197e6-5033-5d6f-b2c2-a5d0d56c8382",
        b"{\"abc\": \"efg\"}",
        0,
        0,
    );
    assert_eq!(
        rig.said(),
        "AT+MQTTPUB=$dp,0,1,0,30,03001b7B2231223A3133342C2234223A312C2233223A312C2232223A317D\r\n\r\nOK\r\n\
         +MQTTPUBLISH: 0,0,0,0,$creq/4fc197e6-5033-5d6f-b2c2-a5d0d56c8382,14,{\"abc\": \"efg\"}\r\n"
    );
}

#[test]
fn packet_ids_count_from_1_after_each_cfg() {
    let mut rig = Rig::new(Model::M5310A).connected();
    for id in 1..=3 {
        assert!(
            rig.ask(r#"AT+MQTTSUB="t",0"#)
                .ends_with(&format!("+MQTTSUBACK:{id},0,t\r\n"))
        );
    }
    rig.send("AT+MQTTDISC");
    assert!(
        rig.ask(r#"AT+MQTTOPEN=0,0,0,0,0,"","""#)
            .contains("OPEN:OK")
    );
    assert!(rig.ask(r#"AT+MQTTSUB="t",0"#).contains("+MQTTSUBACK:4,"));
    rig.send("AT+MQTTDEL");
    rig.send(r#"AT+MQTTCFG="broker",1883,"me",60,"","",1"#);
    rig.send(r#"AT+MQTTOPEN=0,0,0,0,0,"","""#);
    assert!(rig.ask(r#"AT+MQTTSUB="t",0"#).contains("+MQTTSUBACK:1,"));
}

#[test]
fn echo_is_the_models_habit_unless_it_is_chosen() {
    for (model, echo, expected) in [
        (Model::M5310A, None, "\r\nOK\r\n"),
        (Model::M5310A, Some(true), "AT\r\r\nOK\r\n"),
        (Model::M5311, None, "AT\r\r\nOK\r\n"),
        (Model::M5311, Some(false), "\r\nOK\r\n"),
    ] {
        let mut rig = Rig::with(ModuleConfig {
            model,
            echo,
            ..ModuleConfig::default()
        });
        assert_eq!(rig.ask("AT"), expected, "{model} {echo:?}");
    }
    let mut rig = Rig::new(Model::M5311);
    assert_eq!(rig.ask("ATE0"), "ATE0\r\r\nOK\r\n");
    assert_eq!(rig.ask("AT"), "\r\nOK\r\n");
    assert_eq!(rig.ask("ATE1"), "\r\nOK\r\n");
    assert_eq!(rig.ask("AT"), "AT\r\r\nOK\r\n");
}

#[test]
fn a_urc_does_not_tear_a_command_that_is_being_typed() {
    let mut rig = Rig::new(Model::M5310A).connected();
    rig.send("ATE1");
    rig.said();
    rig.send_bytes(b"AT+C");
    rig.deliver("t", b"x", 0, 0);
    rig.send_bytes(b"SQ\r");
    assert_eq!(
        rig.said(),
        "AT+CSQ\r\r\n+CSQ:23,0\r\n\r\nOK\r\n+MQTTPUBLISH:0,0,0,0,t,1,x\r\n"
    );
    rig.send_bytes(b"AT+C");
    rig.deliver("t", b"x", 0, 0);
    assert_eq!(rig.said(), "AT+C");
    rig.pass_seconds(1);
    assert_eq!(rig.lines(), ["+MQTTPUBLISH:0,0,0,0,t,1,x"]);
}

#[test]
fn general_commands_are_answered_as_their_grammar_expects() {
    for model in Model::ALL {
        let mut rig = Rig::new(model);
        rig.send("ATE0");
        rig.said();
        for command in [
            "AT",
            "ATI",
            "AT+CGMI",
            "AT+CGMM",
            "AT+SWVER",
            "AT+CMVER",
            "AT+CGMR",
            "AT+CGSN=1",
            "AT+GSN",
            "AT+CIMI",
            "AT+CFUN?",
            "AT+CFUN=1",
            "AT+CPIN?",
            "AT+CSQ",
            "AT+CEREG?",
            "AT+CEREG=1",
            "AT+CGATT?",
            "AT+CGATT=1",
            "AT+CGPADDR",
            "AT+CGPADDR=1",
            "AT+CCLK?",
            "AT+CMEE?",
            "AT+CMEE=1",
            "AT+CSCON?",
            "AT+CSCON=1",
            "AT+NPSMR?",
            "AT+NPSMR=1",
            "AT+CLPLMN",
            "AT*CMBAND?",
            "AT+NUESTATS",
            "AT+CPSMS=0",
            "AT+MQTTCFG?",
            "AT+MQTTSTAT?",
            "AT+MQTTSUB?",
            "AT+MQTTDEL",
        ] {
            rig.send(command);
            let mut lines = rig.lines();
            assert_eq!(lines.pop().as_deref(), Some("OK"), "{model} {command}");
            let grammar = m531x_at::command::Grammar::for_line(command);
            for line in lines {
                assert!(
                    grammar.accepts(line.as_bytes()),
                    "{model} {command}: {line}"
                );
            }
        }
    }
}

#[test]
fn the_password_is_never_read_back_and_never_in_the_transcript() {
    for model in Model::ALL {
        let mut rig = Rig::new(model);
        rig.send(r#"AT+MQTTCFG="broker",1883,"me",60,"user","geheim",1"#);
        let back = rig.ask("AT+MQTTCFG?");
        assert!(back.contains("user") && !back.contains("geheim"), "{back}");
        let transcript = rig.module.transcript();
        let text: Vec<_> = transcript.iter().map(ToString::to_string).collect();
        assert!(text.iter().any(|line| line.contains("***")), "{text:?}");
        assert!(!text.concat().contains("geheim"), "{text:?}");
        assert!(!format!("{:?}", rig.module).contains("geheim"));
    }
}

#[test]
fn an_m5311_delivers_as_hex_where_the_subscription_says_so() {
    let mut rig = Rig::new(Model::M5311).connected();
    rig.send(r#"AT+MQTTSUB="a/+",0,1"#);
    rig.send(r#"AT+MQTTSUB="b",0"#);
    rig.said();
    rig.deliver("a/x", b"~z\r\n", 0, 0);
    assert_eq!(rig.lines(), ["+MQTTPUBLISH: 0,0,0,0,a/x,8,7E7A0D0A"]);
    rig.deliver("b", b"~z", 0, 0);
    assert_eq!(rig.lines(), ["+MQTTPUBLISH: 0,0,0,0,b,2,~z"]);
}
