//! `m531x console`, driven as a person at a terminal would, and by a pipe.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use m531x_virtual_modem::{LinkChoice, Model, VirtualModem, VirtualModemOptions};
use support::terminal::Terminal;
use support::{m531x, run_with_input, text};

const PASSWORD: &str = "hunter2-geheim";

fn module() -> VirtualModem {
    VirtualModem::start(VirtualModemOptions {
        model: Model::M5311,
        ..VirtualModemOptions::default()
    })
    .unwrap()
}

fn console(module: &VirtualModem) -> Command {
    m531x(&["console", "--port", &module.port()])
}

#[test]
fn a_line_is_completed_sent_answered_in_colour_and_called_back() {
    let (module, state) = (module(), tempfile::tempdir().unwrap());
    let mut terminal = Terminal::start(console(&module), state.path());
    terminal.wait_for("M5311; :help");
    terminal.wait_for("> ");
    terminal.press("at+mqttst\t");
    terminal.wait_for("AT+MQTTSTAT?");
    terminal.press("\r");
    terminal.wait_for("\u{1b}[36m+MQTTSTAT: 0\u{1b}[0m");
    terminal.wait_for("\u{1b}[32mOK\u{1b}[0m");
    terminal.wait_for("> ");
    terminal.press("\u{1b}[A");
    terminal.wait_for("AT+MQTTSTAT?");
    terminal.press("\r");
    terminal.wait_for("+MQTTSTAT: 0");
    terminal.wait_for("> ");
    terminal.press("AT+CFUN=9\r");
    terminal.wait_for("\u{1b}[31mAT+CFUN was refused");
    terminal.wait_for("> ");
    terminal.press("\u{4}");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn what_the_module_says_by_itself_leaves_the_line_that_is_typed() {
    let (module, state) = (module(), tempfile::tempdir().unwrap());
    let mut terminal = Terminal::start(console(&module), state.path());
    terminal.wait_for("> ");
    terminal.press("AT+CGM");
    terminal.wait_for("AT+CGM");
    module.inject(b"+CEREG: 5\r\n");
    terminal.wait_for("\u{1b}[33m+CEREG: 5\u{1b}[0m");
    // The line is there again, and whole when its rest is typed.
    terminal.wait_for("AT+CGM");
    terminal.press("M\r");
    terminal.wait_for("\u{1b}[36mM5311\u{1b}[0m");
    module.inject(b"+MQTTPUBLISH: 0,1,0,1,a/b,4,\x1b[2J\r\n");
    let ahead = terminal.wait_for("a/b QoS 1: ");
    assert!(
        !ahead.contains("\u{1b}[2J"),
        "nothing from the wire steers the terminal"
    );
    terminal.press(":quit\r");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn the_console_records_shows_hex_and_explains_itself() {
    let (module, state) = (module(), tempfile::tempdir().unwrap());
    let file = state.path().join("talk.rec");
    let mut terminal = Terminal::start(console(&module), state.path());
    terminal.wait_for("> ");
    terminal.press(":help\r");
    terminal.wait_for(":record FILE");
    terminal.press(&format!(":record {}\r", file.display()));
    terminal.wait_for("recording into ");
    terminal.press("AT+CSQ\r");
    terminal.wait_for("+CSQ: 23,0");
    terminal.press(":record\r");
    terminal.wait_for(" lines, ");
    assert!(fs::read_to_string(&file).unwrap().contains("> AT+CSQ\\r"));
    terminal.press(":hex\r");
    terminal.wait_for("shown in hex");
    terminal.press("AT+CSQ\r");
    terminal.wait_for("2b4353513a2032332c30");
    terminal.press(":dance\r");
    terminal.wait_for(":dance is nothing the console knows");
    terminal.press("\u{3}");
    terminal.wait_for(":quit or Ctrl-D ends");
    terminal.press(":q\r");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn the_history_is_its_owners_and_holds_no_password() {
    let (module, state) = (module(), tempfile::tempdir().unwrap());
    let mut terminal = Terminal::start(console(&module), state.path());
    terminal.wait_for("> ");
    terminal.press("AT+CSQ\r");
    terminal.wait_for("+CSQ: 23,0");
    terminal.press(&format!(
        "AT+MQTTCFG=\"h\",1883,\"c\",60,\"u\",\"{PASSWORD}\",1,0\r"
    ));
    terminal.wait_for("StateChanged");
    terminal.press("AT+CPIN=1234\r");
    terminal.wait_for("refused");
    terminal.wait_for("> ");
    terminal.press("\u{4}");
    assert_eq!(terminal.end(), Some(0));
    let history = state.path().join("m531x/history");
    assert_eq!(fs::read_to_string(&history).unwrap(), "AT+CSQ\n");
    let mode = fs::metadata(&history).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // The next session has it.
    let mut terminal = Terminal::start(console(&module), state.path());
    terminal.wait_for("> ");
    terminal.press("\u{1b}[A\r");
    terminal.wait_for("+CSQ: 23,0");
    terminal.wait_for("> ");
    terminal.press("\u{4}");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn a_wait_is_given_up_by_ctrl_c_and_the_console_goes_on() {
    let (module, state) = (module(), tempfile::tempdir().unwrap());
    let mut command = console(&module);
    command.args(["--command-timeout", "600"]);
    let mut terminal = Terminal::start(command, state.path());
    terminal.wait_for("> ");
    // The first bytes for a module that sleeps are lost, and so is the answer.
    module.sleep();
    terminal.press("AT+CSQ\r");
    terminal.wait_for("*MATWAKEUP");
    support::send("INT", &terminal.child);
    terminal.wait_for("not waited for any longer");
    terminal.wait_for("> ");
    terminal.press("\u{4}");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn a_signal_ends_a_console_that_waits_for_a_line() {
    for signal in ["TERM", "INT"] {
        let (module, state) = (module(), tempfile::tempdir().unwrap());
        let mut terminal = Terminal::start(console(&module), state.path());
        terminal.wait_for("> ");
        support::send(signal, &terminal.child);
        assert_eq!(terminal.end(), Some(1));
    }
}

#[test]
fn a_port_that_is_gone_is_told_and_no_history_is_kept_if_so_wished() {
    let state = tempfile::tempdir().unwrap();
    // A name that goes with the module: the terminal's own is soon that of another one.
    let module = VirtualModem::start(VirtualModemOptions {
        link: LinkChoice::Pty {
            symlink: Some(state.path().join("modem")),
        },
        ..VirtualModemOptions::default()
    })
    .unwrap();
    let mut command = console(&module);
    command.arg("--no-history");
    let mut terminal = Terminal::start(command, state.path());
    terminal.wait_for("> ");
    module.close();
    terminal.wait_for("PortLost");
    terminal.press("AT\r");
    terminal.wait_for("port is gone");
    terminal.wait_for("> ");
    terminal.press("\u{4}");
    assert_eq!(terminal.end(), Some(0));
    assert!(!state.path().join("m531x").exists());
}

#[test]
fn a_pipe_is_taken_line_by_line_and_answered_without_colour() {
    let output = run_with_input(
        &["console", "--port", "virtual://", "--model", "M5311"],
        "AT+CGMM\n\nAT+CFUN=9\n:record\n:quit\nAT+NEVER\n",
    );
    assert!(output.status.success(), "{output:?}");
    let shown = text(&output.stdout);
    let lines: Vec<&str> = shown.lines().map(|line| line[9..].trim_start()).collect();
    assert_eq!(lines[..2], ["M5311", "OK"], "{shown}");
    assert!(lines[2].starts_with("AT+CFUN was refused"), "{shown}");
    assert!(lines[3].starts_with("nothing is recorded"), "{shown}");
    assert_eq!(lines.len(), 4, "{shown}");
    let output = run_with_input(
        &["console", "--port", "virtual://", "--color", "always"],
        "AT\n",
    );
    assert!(
        text(&output.stdout).contains("\u{1b}[32mOK\u{1b}[0m"),
        "{output:?}"
    );
}
