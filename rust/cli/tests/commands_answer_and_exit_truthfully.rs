//! `m531x at`, `ports` and `demo`.

mod support;

use support::{VirtualModem, printed, run, run_with_input, text};

#[test]
fn answers_are_printed_and_a_refused_command_is_a_failure() {
    let output = run(&["at", "--port", "virtual://", "AT+CGMM", "AT+MQTTDISC", "AT"]);
    assert_eq!(output.status.code(), Some(1));
    let lines = text(&output.stdout);
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines[..2], ["M5310-A", "OK"]);
    assert!(lines[2].contains('3'), "{lines:?}");
    assert_eq!(lines[3], "OK");
    assert_eq!(
        text(&output.stderr),
        "m531x: the module refused a command\n"
    );
}

#[test]
fn commands_are_read_from_standard_input_when_none_are_given() {
    let output = run_with_input(
        &["at", "--port", "virtual://", "--model", "M5311", "--json"],
        "AT+CGMM\n\nAT+MQTTSTAT?\n",
    );
    assert!(output.status.success(), "{output:?}");
    let answers: Vec<serde_json::Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers[0]["lines"][0], "M5311");
    assert_eq!(answers[1]["command"], "AT+MQTTSTAT?");
    assert_eq!(answers[1]["error"], serde_json::Value::Null);
    assert_eq!(answers.len(), 2);
}

#[test]
fn a_port_that_is_not_there_is_a_failure_with_a_remedy() {
    let output = run(&["at", "--port", "/dev/no-such-port", "AT"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("m531x: "), "{output:?}");
    assert!(
        text(&output.stderr).contains("/dev/no-such-port"),
        "{output:?}"
    );
}

#[test]
fn an_address_as_a_port_is_refused_with_its_whole_name() {
    let output = run(&["at", "--port", "localhost:5000", "AT"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(
        text(&output.stderr).contains("tcp://localhost:5000"),
        "{output:?}"
    );
}

#[test]
fn a_line_that_would_be_two_commands_is_wrong_usage() {
    let output = run(&["at", "--port", "virtual://", "AT\rAT+NRB"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn the_password_of_a_command_never_shows() {
    let output = run(&[
        "at",
        "--port",
        "virtual://",
        "--json",
        r#"AT+MQTTCFG="broker",1883,"me",60,"user","hunter2",1"#,
        "AT+MQTTCFG?",
    ]);
    assert!(output.status.success(), "{output:?}");
    assert!(text(&output.stdout).contains("***"), "{output:?}");
    assert!(!format!("{output:?}").contains("hunter2"), "{output:?}");
}

#[test]
fn the_password_never_shows() {
    let output = run(&[
        "pub",
        "--port",
        "virtual://",
        "-t",
        "a",
        "-n",
        "-u",
        "me",
        "-P",
        "hunter2-\r",
    ]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(!text(&output.stderr).contains("hunter2"), "{output:?}");
}

#[test]
fn ports_are_a_list_in_json() {
    let list: serde_json::Value = serde_json::from_str(&printed(&["ports", "--json"])).unwrap();
    assert!(list.is_array());
}

#[test]
fn the_demo_shows_the_whole_way_and_ends_in_success() {
    let shown = printed(&["demo"]);
    for part in [
        "> AT+MQTTOPEN",
        "< +MQTTOPEN:OK",
        "> AT+MQTTSUB=\"m531x/demo\",1",
        "< +MQTTPUBLISH:",
        "callback: m531x/demo",
        "byte for byte",
    ] {
        assert!(shown.contains(part), "{part} is missing:\n{shown}");
    }
}

#[test]
fn the_limit_of_the_connect_packet_can_be_raised() {
    let modem = VirtualModem::start(&[]);
    let password = "x".repeat(300);
    let refusal = |more: &[&str]| {
        let arguments = [
            "--port",
            &modem.port,
            "-t",
            "a",
            "-u",
            "meter",
            "-P",
            &password,
        ];
        let mut runs = Vec::new();
        for command in [&["pub", "-m", "b"][..], &["sub", "-W", "60"]] {
            let output = run(&[command, &arguments, more].concat());
            runs.push((output.status.code(), text(&output.stderr)));
        }
        assert_eq!(runs[0], runs[1]);
        runs.remove(0)
    };
    let (code, errors) = refusal(&[]);
    assert_eq!(code, Some(2), "{errors}");
    assert!(
        errors.contains("CONNECT packet") && errors.contains("256"),
        "{errors}"
    );
    let (code, errors) = refusal(&["--connect-limit", "300"]);
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("300"), "{errors}");
    // The driver lets it pass, and the virtual module, which has 256 bytes, refuses it.
    let (code, errors) = refusal(&["--connect-limit", "512"]);
    assert_eq!(code, Some(1), "{errors}");
    assert!(!errors.contains("CONNECT packet"), "{errors}");
    let (code, errors) = refusal(&["--connect-limit", "0"]);
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("1 or more"), "{errors}");
}

#[test]
fn dtr_and_rts_on_a_port_without_them_are_a_warning() {
    let modem = VirtualModem::start(&[]);
    for port in [modem.port.as_str(), "virtual://"] {
        for line in [["--dtr", "on"], ["--rts", "off"]] {
            let output = run(&[&["at", "--port", port], &line[..], &["AT"]].concat());
            assert!(output.status.success(), "{output:?}");
            assert_eq!(
                text(&output.stderr),
                format!(
                    "m531x: warning: --dtr and --rts have no effect: {port} has no such lines\n"
                )
            );
        }
    }
}
