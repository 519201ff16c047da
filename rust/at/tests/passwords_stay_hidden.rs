//! No password reaches a log, a transcript, a `Debug` text or an error.

use m531x_at::command::{Command, MqttCfg, Secret};
use m531x_at::command_line::Line;
use m531x_at::profile::Model;
use m531x_at::redact::{EchoGuard, redact};
use m531x_at::response::ConfigReadback;
use proptest::prelude::*;

#[test]
fn commands_echoes_and_readbacks_show_stars() {
    let cases = [
        (
            r#"AT+MQTTCFG="h",1883,"id",60,"user","hunter2",1"#,
            r#"AT+MQTTCFG="h",1883,"id",60,"user","***",1"#,
        ),
        (
            r#"at+mqttcfg="h",1883,"id",60,"user","hun,ter2",1,0"#,
            r#"at+mqttcfg="h",1883,"id",60,"user","***",1,0"#,
        ),
        (
            r#"+MQTTCFG: "h",1883,"id",60,"user","hunter2",1,0,1"#,
            r#"+MQTTCFG: "h",1883,"id",60,"user","***",1,0,1"#,
        ),
        (
            "+MQTTCFG:\"h”,1883,”id”,60,”user”,”hunter2”,1",
            "+MQTTCFG:\"h”,1883,”id”,60,”user”,”***”,1",
        ),
        (
            "AT+MQTTCFG=h,1883,id,60,user,hunter2,1",
            "AT+MQTTCFG=h,1883,id,60,user,***",
        ),
        (
            "\r\nAT+MQTTCFG=\"h\",1,\"i\",2,\"u\",\"hunter2\",1\r\r\nOK\r\nAT+MQTTCFG=\"h\",1,\"i\",2,\"u\",\"x2\",1\r",
            "\r\nAT+MQTTCFG=\"h\",1,\"i\",2,\"u\",\"***\",1\r\r\nOK\r\nAT+MQTTCFG=\"h\",1,\"i\",2,\"u\",\"***\",1\r",
        ),
    ];
    for (line, shown) in cases {
        assert_eq!(String::from_utf8_lossy(&redact(line.as_bytes())), shown);
    }
}

#[test]
fn a_host_that_holds_a_password_shows_stars() {
    for (line, shown) in [
        (
            r#"AT+MQTTCFG="mqtt://me:hunter2@h",1883,"id",60,"","",1"#,
            r#"AT+MQTTCFG="***",1883,"id",60,"","***",1"#,
        ),
        (
            r#"+MQTTCFG:"me:hunter2@h",1883,"id",60,"user","x",1"#,
            r#"+MQTTCFG:"***",1883,"id",60,"user","***",1"#,
        ),
        (
            "AT+MQTTCFG=me:hunter2@h,1883,id,60,user,x,1",
            "AT+MQTTCFG=***,1883,id,60,user,***",
        ),
    ] {
        assert_eq!(String::from_utf8_lossy(&redact(line.as_bytes())), shown);
    }
}

#[test]
fn a_configuration_with_the_wrong_fields_is_hidden_whole() {
    for line in [
        r#"AT+MQTTCFG="h",1883,"id","user","hunter2",1"#,
        r#"AT+MQTTCFG="h","hunter2""#,
        "AT+MQTTCFG=hunter2",
        r#"AT+MQTTCFG="h,1883,"id,60,"user","hunter2",1"#,
    ] {
        assert_eq!(
            redact(line.as_bytes()),
            b"AT+MQTTCFG=***".as_slice(),
            "{line}"
        );
    }
}

#[test]
fn pins_and_passwords_of_other_commands_show_stars() {
    let cases = [
        (r#"AT+CPIN="1234""#, r#"AT+CPIN="***""#),
        ("AT+CPIN=1234", "AT+CPIN=***"),
        (r#"AT+CPIN:"1234""#, r#"AT+CPIN:"***""#),
        ("at+cpin : 1234", "at+cpin : ***"),
        ("AT+CPIN 1234", "AT+CPIN ***"),
        (r#"AT+CPIN"1234""#, "AT+CPIN***"),
        ("AT +CPIN=1234", "AT +CPIN=***"),
        ("AT+CPIN==1234", "AT+CPIN=***"),
        ("AT+CPIN2=1234", "AT+CPIN2=***"),
        (r#"AT+CPIN2="1234","5678""#, r#"AT+CPIN2="***","***""#),
        ("at+cpin2 1234", "at+cpin2 ***"),
        (r#"AT+NPIN=0,"1234""#, r#"AT+NPIN=0,"***""#),
        ("AT+NPIN=1,1234,5678", "AT+NPIN=1,***,***"),
        (r#"AT+NPIN:0,"1234""#, r#"AT+NPIN:0,"***""#),
        (r#"AT+NPIN="1234""#, "AT+NPIN=***"),
        (r#"AT+CLCK:"SC",1,"1234""#, r#"AT+CLCK:"SC",1,"***""#),
        (
            r#"AT+CPWD:"SC","1234","5678""#,
            r#"AT+CPWD:"SC","***","***""#,
        ),
        ("at+cpin = 1234 ", "at+cpin = *** "),
        ("AT+CPIN=1234,5678", "AT+CPIN=***,***"),
        (
            r#"AT+CPIN= "12345678" , "5678""#,
            r#"AT+CPIN= "***" , "***""#,
        ),
        ("AT+CPIN=1234,5678,90", "AT+CPIN=***"),
        (r#"AT+CPIN="1234"#, r#"AT+CPIN="***"#),
        ("AT+CPIN=?1234", "AT+CPIN=***"),
        (r#"AT+CLCK="SC",1,"1234""#, r#"AT+CLCK="SC",1,"***""#),
        (r#"AT+CLCK="SC",1,"1234",7"#, r#"AT+CLCK="SC",1,"***",7"#),
        ("AT+CLCK=SC,1,1234", "AT+CLCK=SC,1,***"),
        (r#"AT+CLCK="SC","1234""#, "AT+CLCK=***"),
        (r#"AT+CLCK=1,"1234""#, "AT+CLCK=***"),
        (
            r#"AT+CPWD="SC","1234","5678""#,
            r#"AT+CPWD="SC","***","***""#,
        ),
        (r#"AT+CPWD="P2",1234,"#, r#"AT+CPWD="P2",***,"#),
        (r#"AT+CPWD="1234","5678""#, "AT+CPWD=***"),
        (
            r#"AT+CGAUTH=1,1,"user","pa;s,s""#,
            r#"AT+CGAUTH=1,1,"***","***""#,
        ),
        ("AT+CGAUTH=1,1,user,pa;ss", "AT+CGAUTH=1,1,***,***"),
        ("AT+CGAUTH=1,1,us,er,pass", "AT+CGAUTH=1,1,***"),
        (r#"AT+CGAUTH=1,"user","pass""#, "AT+CGAUTH=***"),
        (
            r#"+CGAUTH: 1,1,"user","pass""#,
            r#"+CGAUTH: 1,1,"***","***""#,
        ),
        (
            r#"AT*MCGDEFCONT="IP","cmnbiot","user","pass""#,
            r#"AT*MCGDEFCONT="IP","cmnbiot","***","***""#,
        ),
        (
            r#"AT*MCGDEFCONT="cmnbiot","user","pass""#,
            "AT*MCGDEFCONT=***",
        ),
        ("AT+CMEE=1;+CPIN=1234", "AT+CMEE=1;+CPIN=***"),
        (
            r#"AT+CPIN="1234"; +CLCK="SC",0,"5678";+CSQ"#,
            r#"AT+CPIN="***"; +CLCK="SC",0,"***";+CSQ"#,
        ),
        ("AT+CPIN=1234;E0", "AT+CPIN=***"),
        ("AT+CPIN=1234;", "AT+CPIN=***;"),
        (
            r#"AT+CPIN=1234;+MQTTCFG="h",1,"i",2,"u","p2",1"#,
            r#"AT+CPIN=***;+MQTTCFG="h",1,"i",2,"u","***",1"#,
        ),
        (
            "AT+CPIN=1234\r\r\n+CPIN: READY\r\nAT+CPIN=5678\r",
            "AT+CPIN=***\r\r\n+CPIN: READY\r\nAT+CPIN=***\r",
        ),
    ];
    for (line, shown) in cases {
        assert_eq!(String::from_utf8_lossy(&redact(line.as_bytes())), shown);
        // What is recorded is read and hidden again.
        assert_eq!(
            String::from_utf8_lossy(&redact(shown.as_bytes())),
            shown,
            "{line}"
        );
    }
}

#[test]
fn the_end_of_an_echo_that_was_cut_in_a_pin_shows_stars() {
    let mut guard = EchoGuard::default();
    let show = |guard: &EchoGuard, line: &str| {
        String::from_utf8_lossy(&guard.show(line.as_bytes())).into_owned()
    };
    guard.sent(b"AT+CPWD=\"SC\",\"1234\",\"567\"");
    assert_eq!(show(&guard, "AT+CPWD=\"SC\",\"12"), "AT+CPWD=\"SC\",\"***");
    assert_eq!(show(&guard, "34\",\"567\""), "***\",\"***\"");
    assert_eq!(show(&guard, "7\"\r\nOK"), "***\"\r\nOK");
    assert_eq!(show(&guard, "+CME ERROR: 1234"), "+CME ERROR: ***");
    assert_eq!(show(&guard, "+CSQ: 7,34"), "+CSQ: 7,34");
    guard.sent(b"AT+CSQ");
    assert_eq!(show(&guard, "1234"), "1234");
}

#[test]
fn other_lines_are_not_touched() {
    for line in [
        "AT+MQTTCFG?",
        "AT+CSQ",
        "+CPIN: READY",
        "+CPIN: SIM PIN2",
        "+CPIN2: SIM PUK2",
        "+CLCK: 1",
        "+CPWD: (\"SC\",8)",
        "AT+CPIN?",
        "AT+CPIN2?;+CSQ",
        "+MQTTPUBACK:1,0",
        "",
        "OK",
        "AT+CPIN?",
        "AT+CPIN=?",
        "AT+CPIN=?;+CSQ",
        "+CPIN: READY",
        "+CPIN: SIM PIN",
        "AT+CLCK=\"SC\",2",
        "+CLCK: 1",
        "AT+CPWD=?",
        "AT+CGAUTH=1,0",
        "+CGAUTH: (0-10),(0-2),64,64",
        "AT*MCGDEFCONT=\"IP\",\"cmnbiot\"",
        "AT+CPINR=\"SIM PIN\"",
    ] {
        assert!(matches!(
            redact(line.as_bytes()),
            std::borrow::Cow::Borrowed(_)
        ));
        assert_eq!(redact(line.as_bytes()), line.as_bytes());
    }
}

#[test]
fn debug_and_display_of_commands_show_stars() {
    let command = Command::MqttCfg(cfg("hunter2"));
    assert!(!format!("{command:?}").contains("hunter2"));
    assert!(format!("{command:?}").contains("***"));
    let line = command
        .encode(Model::M5311.profile())
        .expect("a plain configuration");
    assert!(!format!("{line:?} {line}").contains("hunter2"));
    let raw = Line::raw(std::str::from_utf8(line.as_bytes()).expect("ASCII"), 1024);
    assert!(!format!("{raw:?}").contains("hunter2"));
}

#[test]
fn a_read_back_keeps_no_password() {
    let line = br#"+MQTTCFG:"h",1883,"id",60,"user","hunter2",1"#;
    let config = ConfigReadback::parse(line).expect("a configuration");
    assert!(config.password_set);
    assert!(!format!("{config:?}").contains("hunter2"));
    assert!(!config.encode(Model::M5310A.profile()).contains("hunter2"));
}

#[test]
fn an_error_about_a_password_does_not_show_it() {
    let refused = Command::MqttCfg(cfg("hun\"ter2")).encode(Model::M5311.profile());
    let error = refused.expect_err("a quote in a password");
    assert!(!format!("{error} {error:?}").contains("ter2"));
    let long = Command::MqttCfg(cfg(&"hunter2".repeat(200))).encode(Model::M5311.profile());
    assert!(!format!("{:?}", long.expect_err("over 1024 bytes")).contains("hunter2"));
}

proptest! {
    #[test]
    fn no_secret_of_any_command_survives_in_any_spelling(
        // Letters that stand in nothing else.
        secret in "[ZXJ#]{4,12}",
        form in 0_usize..6,
        quotes: bool,
        lower: bool,
        blanks in " {0,2}",
        before in prop::sample::select(vec!["AT", "AT+CMEE=1;", "AT+CSQ;+CREG?;", "\r\n", "~"]),
        after in prop::sample::select(vec!["", ";+CSQ", ",7", "\r\n", ",\"y\"", ";", "\""]),
        cut in 0_usize..8,
    ) {
        let q = if quotes { "\"" } else { "" };
        let s = format!("{q}{secret}{q}");
        let list = match form {
            0 => format!("+CPIN{blanks}={blanks}{s}"),
            1 => format!("+CPIN={q}1{q},{blanks}{s}"),
            2 => format!("+CLCK{blanks}={q}SC{q},1{blanks},{blanks}{s}"),
            3 => format!("+CPWD={q}SC{q},{s}{blanks},{s}"),
            4 => format!("+CGAUTH=1,{blanks}1,{s},{s}"),
            _ => format!("*MCGDEFCONT={blanks}\"IP\",\"apn\",{s},{s}"),
        };
        let mut line = format!("{before}{list}{after}");
        if lower {
            line = line.replace(&list, &list.to_ascii_lowercase());
        }
        line.truncate(line.len() - cut.min(secret.len() - 1));
        let shown = String::from_utf8(redact(line.as_bytes()).into_owned()).expect("text");
        prop_assert!(!shown.contains(['Z', 'X', 'J', '#', 'z', 'x', 'j']), "{line:?}: {shown:?}");
        prop_assert_eq!(redact(shown.as_bytes()), shown.as_bytes());
    }

    #[test]
    fn no_password_survives_wherever_the_line_is_cut(
        password in "[!#-~”，]{8,30}",
        cut in 0usize..200,
        lower in any::<bool>(),
    ) {
        let command = Command::MqttCfg(cfg(&password));
        let line = command.encode(Model::M5311.profile()).expect("a plain configuration");
        let mut bytes = line.as_bytes().to_vec();
        if lower {
            bytes[..10].make_ascii_lowercase();
        }
        bytes.truncate(bytes.len().saturating_sub(cut));
        let shown = redact(&bytes).into_owned();
        let seen = password.as_bytes();
        prop_assert!(
            !shown.windows(seen.len()).any(|window| window == seen),
            "{}", String::from_utf8_lossy(&shown)
        );
        let start: Vec<u8> = seen[..4].to_vec();
        let around = [b",\"".as_slice(), &start].concat();
        prop_assert!(!shown.windows(around.len()).any(|window| window == around));
    }
}

fn cfg(password: &str) -> MqttCfg {
    MqttCfg {
        host: "broker".into(),
        port: 1883,
        client_id: "lamp".into(),
        keepalive: 60,
        username: Some("user".into()),
        password: Some(Secret::from(password)),
        clean_session: true,
        tls: false,
    }
}
