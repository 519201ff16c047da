//! `m531x doctor`.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread;

use m531x_test_support::pty::Pty;
use support::{VirtualModem, printed, run, text};

/// The verdict, text and remedy of each step.
fn diagnosis(port: &str, more: &[&str]) -> (Option<i32>, serde_json::Value) {
    let mut all = vec!["doctor", "--json", "--port", port];
    all.extend(more);
    let output = run(&all);
    let shown = text(&output.stdout);
    let read = serde_json::from_str(&shown).unwrap_or_else(|_| panic!("{output:?}"));
    (output.status.code(), read)
}

/// The step that failed, with its text and remedy.
fn failure(port: &str, more: &[&str]) -> (String, String, String) {
    let (code, read) = diagnosis(port, more);
    assert_eq!(code, Some(1), "{read}");
    let steps = read["steps"].as_array().unwrap();
    let at = steps
        .iter()
        .position(|step| step["verdict"] == "failed")
        .unwrap();
    assert_eq!(steps.len(), 12, "every step is told: {read}");
    assert!(
        steps[at + 1..]
            .iter()
            .all(|step| step["verdict"] == "skipped"),
        "{read}"
    );
    assert!(
        steps[..at].iter().all(|step| step["verdict"] != "failed"),
        "{read}"
    );
    let word = |name: &str| steps[at][name].as_str().unwrap().to_owned();
    (word("step"), word("text"), word("remedy"))
}

fn failure_with_fault(fault: &str) -> (String, String, String) {
    let module = VirtualModem::start(&["--model", "M5311", "--fault", fault]);
    failure(&module.port, &["--model", "M5311"])
}

#[test]
fn a_healthy_module_is_told_step_by_step_with_a_message_around_the_broker() {
    let module = VirtualModem::start(&["--model", "M5311"]);
    let broker = module.broker.clone();
    let (code, read) = diagnosis(&module.port, &["--broker", &broker]);
    assert_eq!((code, &read["healthy"]), (Some(0), &true.into()), "{read}");
    let steps = read["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 12);
    assert!(steps.iter().all(|step| step["verdict"] == "ok"), "{read}");
    assert!(
        steps[11]["text"]
            .as_str()
            .unwrap()
            .contains("came back after"),
        "{read}"
    );
    let shown = printed(&["doctor", "--port", "virtual://"]);
    for line in [
        "model        ok      M5310-A",
        "signal       ok      -67 dBm, good",
    ] {
        assert!(shown.contains(line), "{line} is missing:\n{shown}");
    }
}

#[test]
fn each_trouble_of_sim_and_network_is_named_with_its_remedy() {
    for (fault, step, found, advice) in [
        ("sim=absent", "SIM", "no SIM card", "insert"),
        ("sim=pin", "SIM", "SIM PIN", "AT+CPIN="),
        ("sim=puk", "SIM", "SIM PUK", "operator"),
        ("registration=0", "registration", "state 0", "AT+COPS=0"),
        (
            "registration=2",
            "registration",
            "searching",
            "wait two minutes",
        ),
        ("registration=3", "registration", "refuses", "operator"),
        ("registration=4", "registration", "state 4", "antenna"),
        (
            "silent",
            "answer",
            "nothing answers AT at 4800, 9600",
            "TX of the one to RX",
        ),
    ] {
        let (failed, what, remedy) = failure_with_fault(fault);
        assert_eq!(failed, step, "{fault}: {what}");
        assert!(what.contains(found), "{fault}: {what}");
        assert!(remedy.contains(advice), "{fault}: {remedy}");
    }
}

#[test]
fn a_weak_signal_is_a_warning_and_no_failure() {
    let module = VirtualModem::start(&["--model", "M5311", "--fault", "signal=1"]);
    let (code, read) = diagnosis(&module.port, &[]);
    assert_eq!(code, Some(0), "{read}");
    assert_eq!(read["steps"][6]["verdict"], "warning", "{read}");
    assert_eq!(read["steps"][6]["text"], "-111 dBm, weak");
}

#[test]
fn a_broker_that_is_not_there_or_refuses_is_the_last_failure() {
    let module = VirtualModem::start(&["--model", "M5311", "--broker", "127.0.0.1:9"]);
    let (step, what, remedy) = failure(&module.port, &["--broker", "broker.example:1884"]);
    assert_eq!(step, "broker");
    assert!(what.starts_with("broker.example:1884: "), "{what}");
    assert!(remedy.contains("the port is open"), "{remedy}");
}

#[test]
fn a_port_that_is_missing_or_in_use_is_told_with_who_uses_it() {
    let (step, what, remedy) = failure("/dev/no-such-port", &[]);
    assert_eq!(step, "port");
    assert!(
        what.contains("/dev/no-such-port") && remedy.contains("m531x ports"),
        "{what} {remedy}"
    );

    let module = VirtualModem::start(&["--model", "M5311"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("field.rec");
    let mut user = support::m531x(&["record", "--port", &module.port, file.to_str().unwrap()])
        .spawn()
        .unwrap();
    while !fs::read_to_string(&file).is_ok_and(|text| text.contains("= 1 ok")) {
        thread::sleep(std::time::Duration::from_millis(10));
    }
    let (step, what, remedy) = failure(&module.port, &[]);
    support::send("INT", &user);
    user.wait().unwrap();
    assert_eq!(step, "port");
    assert!(what.contains("in use"), "{what}");
    assert!(
        remedy.contains(&format!("m531x (process {})", user.id())),
        "{remedy}"
    );
}

#[test]
fn a_port_without_permission_names_the_group_to_join() {
    if !rustix::process::geteuid().is_root() {
        // Only root can make a port that this test's own user may not open, and become another one.
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = folder.path().join("m531x");
    fs::copy(env!("CARGO_BIN_EXE_m531x"), &copy).unwrap();
    let module = VirtualModem::start(&["--model", "M5311"]);
    let port = fs::canonicalize(&module.port).unwrap();
    fs::set_permissions(&port, fs::Permissions::from_mode(0o600)).unwrap();
    let output = Command::new(&copy)
        .args(["doctor", "--port", port.to_str().unwrap()])
        .uid(65_534)
        .gid(65_534)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let shown = text(&output.stdout);
    assert!(shown.starts_with("port         failed "), "{shown}");
    assert!(shown.contains("-> sudo usermod -aG dialout"), "{shown}");
}

/// A pseudo terminal has no speed, but it remembers the one that was set.
#[test]
fn a_module_at_another_speed_is_found_and_the_speed_told() {
    let Pty {
        master,
        name: port,
        slave: _slave,
    } = Pty::open();
    thread::spawn(move || answer_at(&master, 57_600));
    let (code, read) = diagnosis(&port, &["--baudrate", "115200"]);
    assert_eq!(code, Some(0), "{read}");
    let answer = &read["steps"][1];
    assert_eq!(answer["verdict"], "warning", "{read}");
    assert!(
        answer["remedy"]
            .as_str()
            .unwrap()
            .contains("--baudrate 57600"),
        "{read}"
    );
}

#[test]
fn what_is_heard_at_other_speeds_is_shown() {
    let Pty {
        master,
        name: port,
        slave: _slave,
    } = Pty::open();
    thread::spawn(move || {
        let mut buffer = [0; 256];
        while let Ok(1..) = rustix::io::read(&master, &mut buffer) {
            if speed(&master) == 57_600 {
                rustix::io::write(&master, b"$GPGSV,3\r\n").unwrap();
            }
        }
    });
    let (step, what, remedy) = failure(&port, &["--baudrate", "115200"]);
    assert_eq!(step, "answer");
    assert!(what.contains("nothing answers AT at 4800, 9600"), "{what}");
    assert!(
        what.contains(r#"bytes at 57600 baud ("$GPGSV,3\r\n"#),
        "{what}"
    );
    assert!(!what.contains("bytes at 9600"), "{what}");
    assert!(remedy.contains("which device"), "{remedy}");
}

fn speed(master: &OwnedFd) -> u32 {
    rustix::termios::tcgetattr(master.as_fd())
        .unwrap()
        .output_speed()
}

/// Plays a healthy M5311 at this speed, silent at any other.
fn answer_at(master: &OwnedFd, baudrate: u32) {
    let mut buffer = [0; 256];
    while let Ok(count @ 1..) = rustix::io::read(master, &mut buffer) {
        if speed(master) != baudrate {
            continue;
        }
        let line = String::from_utf8_lossy(&buffer[..count]).into_owned();
        let command = match line.trim() {
            "AT+CGMM" => "M5311",
            "AT+CFUN?" => "+CFUN: 1",
            "AT+CPIN?" => "+CPIN: READY",
            "AT+CSQ" => "+CSQ: 20,99",
            "AT+CEREG?" => "+CEREG: 0,1",
            "AT+CGATT?" => "+CGATT: 1",
            "AT+CGPADDR" => "+CGPADDR: 1,\"10.0.0.7\"",
            "AT+MQTTSTAT?" => "+MQTTSTAT: 0",
            _ => "",
        };
        let answer = match command {
            "" => "\r\nOK\r\n".to_owned(),
            command => format!("\r\n{command}\r\n\r\nOK\r\n"),
        };
        rustix::io::write(master, answer.as_bytes()).unwrap();
    }
}

#[test]
fn a_broker_without_a_port_number_and_nonsense_are_told_apart() {
    let output = run(&["doctor", "--port", "virtual://", "--broker", "host:none"]);
    assert_eq!(output.status.code(), Some(2));
    let output = run(&["doctor", "--port", "virtual://", "-u", "me"]);
    assert_eq!(
        output.status.code(),
        Some(2),
        "a user name without a broker"
    );
}
