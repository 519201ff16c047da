//! A command ends when its terminal, or whoever reads its output, is gone, and when it is told to.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::{fs, thread};

use m531x_virtual_modem::{Model, VirtualModem, VirtualModemOptions};
use support::terminal::Terminal;
use support::{Running, m531x, send};

const MODULE: [&str; 4] = ["--port", "virtual://", "--model", "M5311"];

/// The command with SIGHUP as `nohup` hands it on.
fn ignoring_hangup(command: &Command) -> Command {
    wrapped("sh", &["-c", "trap '' HUP; exec \"$0\" \"$@\""], command)
}

/// The command at the head of a session whose terminal is its standard input, as in a window of its own.
fn in_a_session(command: &Command) -> Command {
    wrapped("setsid", &["--ctty"], command)
}

fn wrapped(program: &str, arguments: &[&str], command: &Command) -> Command {
    let mut wrapped = Command::new(program);
    wrapped
        .args(arguments)
        .arg(command.get_program())
        .args(command.get_args())
        .env_remove("M531X_PORT");
    wrapped
}

fn started(mut command: Command) -> Running {
    let child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    Running(child)
}

/// What it said beside its output.
fn complaint(mut child: Running) -> String {
    let mut said = String::new();
    let mut errors = child.stderr.take().unwrap();
    errors.read_to_string(&mut said).unwrap();
    said
}

/// The terminal is closed with and without a SIGHUP for it, and with one that is ignored.
fn close_in_every_way(command: &Command, until: impl Fn(&mut Terminal)) -> Vec<Option<i32>> {
    [
        wrapped("env", &[], command),
        in_a_session(command),
        ignoring_hangup(command),
        in_a_session(&ignoring_hangup(command)),
    ]
    .into_iter()
    .map(|command| {
        let state = tempfile::tempdir().unwrap();
        let mut terminal = Terminal::start(command, state.path());
        until(&mut terminal);
        terminal.close()
    })
    .collect()
}

#[test]
fn a_console_that_waits_for_a_line_ends_with_its_terminal() {
    let mut command = m531x(&["console"]);
    command.args(MODULE);
    let ends = close_in_every_way(&command, |terminal| {
        terminal.wait_for("> ");
    });
    assert_eq!(ends, [Some(1); 4]);
    let ends = close_in_every_way(&command, |terminal| {
        terminal.wait_for("> ");
        terminal.press("AT+CG");
        terminal.wait_for("AT+CG");
    });
    assert_eq!(ends, [Some(1); 4]);
}

#[test]
fn a_console_that_waits_for_its_module_ends_with_its_terminal() {
    let module = VirtualModem::start(VirtualModemOptions {
        model: Model::M5311,
        ..VirtualModemOptions::default()
    })
    .unwrap();
    let mut command = m531x(&["console", "--command-timeout", "600", "--port"]);
    command.arg(module.port());
    let ends = close_in_every_way(&command, |terminal| {
        terminal.wait_for("> ");
        // The first bytes for a module that sleeps are lost, and so is the answer.
        module.sleep();
        terminal.press("AT+CSQ\r");
        terminal.wait_for("*MATWAKEUP");
    });
    assert_eq!(ends, [Some(1); 4]);
}

#[test]
fn a_subscriber_ends_with_its_terminal() {
    let mut command = m531x(&["sub", "-t", "silence"]);
    command.args(MODULE);
    let ends = close_in_every_way(&command, |_| {});
    for end in ends {
        // 1 where it was still opening or connecting; without a code where no handler was there yet.
        assert!(matches!(end, Some(0 | 1) | None), "{end:?}");
    }
}

#[test]
fn at_ends_with_the_terminal_that_is_typed_on() {
    let mut command = m531x(&["at"]);
    command.args(MODULE);
    let ends = close_in_every_way(&command, |terminal| {
        terminal.wait_for("to end:");
    });
    assert_eq!(ends, [Some(1); 4]);
}

#[test]
fn the_end_of_a_closed_terminal_is_not_taken_for_ctrl_d() {
    for (arguments, first) in [(&["at"][..], "to end:"), (&["console"], "> ")] {
        let mut command = m531x(arguments);
        command.args(MODULE);
        let state = tempfile::tempdir().unwrap();
        let mut terminal = Terminal::start(ignoring_hangup(&command), state.path());
        terminal.wait_for(first);
        assert_eq!(terminal.close_stopped(), Some(1), "{arguments:?}");
    }
}

#[test]
fn a_pipe_without_a_reader_ends_whoever_writes_to_it_without_a_word() {
    // Something to print before the reader leaves, and something that goes on coming in afterwards.
    for (arguments, first) in [
        (&["console"][..], "AT\n"),
        (&["at"], "AT\n"),
        (&["at", "--json"], "AT\n"),
    ] {
        let mut command = m531x(arguments);
        command.args(MODULE);
        let mut child = started(command);
        let mut input = child.stdin.take().unwrap();
        let feeder = thread::spawn(move || while input.write_all(first.as_bytes()).is_ok() {});
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        assert!(line.contains("OK") || line.contains("AT"), "{line}");
        drop(output);
        assert_eq!(child.ended(), Some(0), "{arguments:?}");
        feeder.join().unwrap();
        assert_eq!(complaint(child), "", "{arguments:?}");
    }
}

#[test]
fn who_has_nothing_to_print_ends_too_when_the_reader_is_gone() {
    for arguments in [&["sub", "-t", "silence"][..], &["console"]] {
        let mut command = m531x(arguments);
        command.args(MODULE);
        let mut child = started(command);
        drop(child.stdout.take());
        assert_eq!(child.ended(), Some(0), "{arguments:?}");
        assert_eq!(complaint(child), "", "{arguments:?}");
    }
}

#[test]
fn what_ends_by_itself_does_so_without_a_reader() {
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("talk.rec");
    let recording = recording.to_str().unwrap();
    for arguments in [
        &["at", "AT"][..],
        &["pub", "-t", "t", "-m", "x"],
        &["doctor"],
        &["record", recording, "-W", "0.1", "-v"],
    ] {
        let mut command = m531x(arguments);
        command.args(MODULE);
        let mut child = started(command);
        drop(child.stdout.take());
        drop(child.stderr.take());
        let code = child.ended();
        assert!(matches!(code, Some(0 | 1)), "{arguments:?}: {code:?}");
    }
}

#[test]
fn sigterm_ends_whoever_waits_for_input() {
    for arguments in [&["at"][..], &["pub", "-t", "t", "-l"], &["console"]] {
        let folder = tempfile::tempdir().unwrap();
        let recording = folder.path().join("talk.rec");
        let mut command = m531x(arguments);
        command.args(MODULE).arg("--record").arg(&recording);
        let mut child = started(command);
        let mut input = child.stdin.take().unwrap();
        let line: &[u8] = b"AT+CSQ\n";
        input.write_all(line).unwrap();
        let spoken = if arguments[0] == "pub" {
            "MQTTPUB"
        } else {
            "CSQ"
        };
        support::until(|| fs::read_to_string(&recording).is_ok_and(|text| text.contains(spoken)));
        send("TERM", &child);
        assert_eq!(child.ended(), Some(1), "{arguments:?}");
        let recorded = fs::read_to_string(&recording).unwrap();
        assert!(recorded.ends_with('\n'), "the rest is written: {recorded}");
    }
}

#[test]
fn sigterm_ends_a_console_that_waits_for_its_module() {
    let module = VirtualModem::start(VirtualModemOptions {
        model: Model::M5311,
        ..VirtualModemOptions::default()
    })
    .unwrap();
    let mut command = m531x(&["console", "--command-timeout", "600", "--port"]);
    command.arg(module.port());
    let state = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(command, state.path());
    terminal.wait_for("> ");
    module.sleep();
    terminal.press("AT+CSQ\r");
    terminal.wait_for("*MATWAKEUP");
    send("TERM", &terminal.child);
    assert_eq!(terminal.end(), Some(1));
}

#[test]
fn what_is_started_by_nohup_stays() {
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("talk.rec");
    let recording = recording.to_str().unwrap();
    for arguments in [
        &["virtual-modem"][..],
        &["record", recording, "--port", "virtual://"],
        &["sub", "-t", "silence", "--port", "virtual://"],
    ] {
        let mut child = started(ignoring_hangup(&m531x(arguments)));
        let status = format!("/proc/{}/status", child.id());
        // Bit 14 is SIGTERM's: once that is caught, all are that will be.
        let signals = |name: &str| {
            let status = fs::read_to_string(&status).unwrap();
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            u64::from_str_radix(line.unwrap().trim(), 16).unwrap()
        };
        support::until(|| signals("SigCgt:") & (1 << 14) != 0);
        send("HUP", &child);
        assert_eq!(signals("SigIgn:") & 1, 1, "{arguments:?}");
        send("TERM", &child);
        let code = child.ended();
        assert!(matches!(code, Some(0 | 1)), "{arguments:?}: {code:?}");
    }
}
