//! What ended well stays well when the module does not take the goodbye after it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;

use support::{m531x, run, send, text};

/// A module on TCP that does everything but leave: it answers `AT+MQTTDISC` like this.
fn module(goodbye: &'static str) -> String {
    module_telling(goodbye, || {})
}

/// The same; `leaving` is called when the goodbye arrives.
fn module_telling(goodbye: &'static str, leaving: impl Fn() + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = format!("tcp://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        if let Ok((stream, _)) = listener.accept() {
            serve(stream, goodbye, leaving);
        }
    });
    port
}

fn serve(mut stream: TcpStream, goodbye: &str, leaving: impl Fn()) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).split(b'\r');
    let mut connected = false;
    while let Some(Ok(line)) = lines.next() {
        let line = String::from_utf8(line).unwrap();
        let answer = match line.trim() {
            "AT+MQTTSTAT?" if connected => "+MQTTSTAT:5\r\n\r\nOK\r\n",
            "AT+MQTTSTAT?" => "+MQTTSTAT:0\r\n\r\nOK\r\n",
            "AT+MQTTDISC" => {
                leaving();
                goodbye
            }
            line if line.starts_with("AT+MQTTOPEN=") => {
                connected = true;
                "OK\r\n\r\n+MQTTOPEN:OK\r\n"
            }
            line if line.starts_with("AT+MQTTPUB=") => "OK\r\n\r\n+MQTTPUBACK:1,0\r\n",
            line if line.starts_with("AT+MQTTSUB=") => {
                "OK\r\n\r\n+MQTTSUBACK:1,0,t\r\n\r\n+MQTTPUBLISH:0,0,0,0,t,2,hi\r\n"
            }
            _ => "OK\r\n",
        };
        if stream
            .write_all(format!("\r\n{answer}").as_bytes())
            .is_err()
        {
            return;
        }
    }
}

#[test]
fn what_was_published_or_received_counts_and_the_goodbye_is_a_warning() {
    for goodbye in [
        "+CME ERROR: 4\r\n",
        // Accepted and never reported, and not answered at all.
        "OK\r\n",
        "",
    ] {
        for (command, printed) in [
            (&["pub", "-t", "t", "-m", "hi", "-q", "1"][..], ""),
            (&["sub", "-t", "t", "-C", "1", "-W", "60"][..], "hi\n"),
        ] {
            let port = module(goodbye);
            let (name, arguments) = command.split_first().unwrap();
            let common = [name, "--port", &port, "--model", "M5310-A"];
            let output = run(&[&common, arguments].concat());
            let errors = text(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{goodbye:?}: {errors}");
            assert_eq!(text(&output.stdout), printed);
            assert!(
                errors.contains("warning: the broker was not notified of the end"),
                "{errors}"
            );
        }
    }
}

#[test]
fn a_ctrl_c_during_the_goodbye_ends_only_that() {
    let (sender, leaving) = mpsc::channel();
    let port = module_telling("", move || {
        let _ = sender.send(());
    });
    let child = m531x(&["pub", "--port", &port, "--model", "M5310-A"])
        .args(["-t", "t", "-m", "hi", "-q", "1"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    leaving.recv().unwrap();
    send("INT", &child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let errors = text(&output.stderr);
    assert!(errors.contains("warning"), "{errors}");
}
