//! The pending command's grammar decides which lines are its answer.

use m531x_at::command::{Command, Grammar};

#[test]
fn an_answer_and_a_urc_of_the_same_name_are_told_apart() {
    let cases = [
        ("AT+CEREG?", "+CEREG:0,1", true),
        ("AT+CEREG?", "+CEREG: 2,5,\"2D1C\",\"0AB1EC03\",7", true),
        ("AT+CEREG?", "+CEREG:1", false),
        ("AT+CEREG?", "+CEREG: 1,\"2D1C\",\"0AB1EC03\",7", false),
        ("AT+CEREG?", "+CEREG:5,2012,0AB1EC03,7", false),
        ("AT+CSCON?", "+CSCON:0,1", true),
        ("AT+CSCON?", "+CSCON:1", false),
        ("AT+NPSMR?", "+NPSMR:0", true),
        ("AT+NPSMR?", "+NPSMR:1,0", true),
        ("AT+NPSMR?", "+NPSMR:1", false),
        ("AT+CSQ", "+CSQ:20,99", true),
        ("AT+CSQ", "+CEREG:1", false),
        ("AT+CFUN?", "+CFUN:1", true),
        ("AT+CFUN=1", "+CFUN: 1", false),
        ("AT+CPIN?", "+CPIN: READY", true),
        ("AT+CGATT?", "+CGATT:1", true),
        ("AT+CGPADDR", "+CGPADDR:1,10.0.0.1", true),
        ("AT+CCLK?", "+CCLK: \"26/11/22,16:30:00+32\"", true),
        ("AT+CEREG=1", "+CEREG:1", false),
    ];
    check(&cases);
}

#[test]
fn bare_text_answers_the_questions_about_the_module() {
    let cases = [
        ("AT+CGMM", "M5310-A", true),
        ("ATI", "China Mobile", true),
        ("ATI", "Revision:M5311-MBRH0S02", true),
        ("AT+CIMI", "460040123456789", true),
        ("AT+CGSN=1", "+CGSN:867725030012345", true),
        ("AT+GSN", "867725030012345", true),
        ("AT+NCCID", "+NCCID:89860403101872501234", true),
        ("AT+NUESTATS", "Signal power:-852", true),
        ("AT+CGMM", "+MQTTDISC: OK", false),
        ("AT+CGMM", "REBOOTING..", false),
        ("AT+CGMM", "Neul", false),
        ("AT+CGMM", "*GOTOSLEEP", false),
        ("AT+CGMM", "OK", false),
        ("AT+CGMM", "", false),
    ];
    check(&cases);
}

#[test]
fn mqtt_commands_own_no_line_but_their_read_back() {
    let cases = [
        ("AT+MQTTPUB=\"t\",0,0,0,0,\"x\"", "+MQTTPUBACK:1,0", false),
        ("AT+MQTTPUB=\"t\",0,0,0,0,\"x\"", "hello", false),
        ("AT+MQTTSUB=\"t\",0", "+MQTTSUBACK:1,0,t", false),
        ("AT+MQTTCFG?", "+MQTTCFG: null,0,null,0,null,null,0", true),
        (
            "AT+MQTTCFG?",
            "AT+MQTTCFG:\"h\",1,\"i\",2,\"u\",***,1",
            true,
        ),
        ("AT+MQTTSTAT?", "+MQTTSTAT:5", true),
        ("AT+MQTTSTAT?", "+MQTTDISC", false),
        ("AT+MQTTSUB?", "+MQTTSUB:", true),
        ("AT+MQTTSUB?", "a/+/c", true),
        ("AT+MQTTSUB?", "OK", true),
        ("AT+MQTTSUB?", "+MQTTTO:5", false),
        ("AT+MQTTSUB?", "*GOTOSLEEP", false),
        ("AT+MQTTDISC", "+MQTTDISC: OK", false),
    ];
    check(&cases);
}

#[test]
fn an_unknown_command_owns_its_name_and_bare_text() {
    let cases = [
        ("AT+XYZ?", "+XYZ: 1", true),
        ("AT+XYZ?", "+xyz: 1", true),
        ("at+xyz=5", "+XYZ:1", true),
        ("AT+XYZ?", "+XYZA: 1", false),
        ("AT+XYZ?", "plain text", true),
        ("AT+XYZ?", "+MQTTPUBACK:1,0", false),
        ("AT+XYZ?", "Boot: Unsigned", false),
        ("AT*CMBAND?", "*CMBAND: 8", true),
        ("AT+MQTTREC?", "+MQTTREC:0", false),
        ("AT+CEREG=?", "+CEREG: (0-5)", true),
    ];
    check(&cases);
}

#[test]
fn several_commands_in_one_line_own_the_lines_of_each() {
    let cases = [
        ("AT+CSQ;+CGATT?", "+CSQ:20,99", true),
        ("AT+CSQ;+CGATT?", "+CGATT:1", true),
        ("AT+CSQ;+CGATT?", "+CEREG:1", false),
        ("AT+XYZ=\"a;+CSQ\"", "+CSQ:20,99", false),
    ];
    check(&cases);
}

#[test]
fn the_grammar_of_a_command_is_that_of_its_line() {
    for line in ["AT+MQTTCFG?", "AT+CEREG?", "ATI", "AT+CMSYSCTRL=0,2", "AT"] {
        let command = Command::decode(line.as_bytes()).expect("a known command");
        assert_eq!(command.grammar(), Grammar::for_line(line), "{line}");
    }
}

fn check(cases: &[(&str, &str, bool)]) {
    for (command, line, owned) in cases {
        let grammar = Grammar::for_line(command);
        assert_eq!(
            grammar.accepts(line.as_bytes()),
            *owned,
            "{command} and {line}"
        );
    }
}
