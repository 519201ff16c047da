//! `m531x pub --outbox` and `m531x outbox`.

mod support;

use std::process::Output;

use support::{VirtualModem, printed, run, run_with_input, text};

fn publish(modem: &VirtualModem, outbox: &str, arguments: &[&str]) -> Output {
    let common = [
        "pub",
        "--port",
        &modem.port,
        "--outbox",
        outbox,
        "-q",
        "1",
        "-t",
        "meters/17",
    ];
    run(&[common.as_slice(), arguments].concat())
}

#[test]
fn what_fails_now_is_sent_by_the_next_pub_with_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outbox.db");
    let file = file.to_str().unwrap();
    // Nothing listens where this modem looks for the broker.
    let lonely = VirtualModem::start(&["--broker", "127.0.0.1:1"]);
    let failed = publish(&lonely, file, &["-m", "one"]);
    assert_eq!(failed.status.code(), Some(1), "{failed:?}");
    assert!(text(&failed.stderr).contains("1 wait in"), "{failed:?}");
    let listed = printed(&["outbox", "list", file]);
    assert!(listed.ends_with("\t1\tmeters/17\tone\n"), "{listed}");
    let json = printed(&["outbox", "list", "--json", file]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["payload"], "one");

    let modem = VirtualModem::start(&[]);
    let other = VirtualModem::start(&["--broker", &modem.broker]);
    let sent = publish(&modem, file, &["-m", "two", "-r"]);
    assert!(sent.status.success(), "{sent:?}");
    assert_eq!(printed(&["outbox", "list", file]), "");
    let last = [
        "sub",
        "--port",
        &other.port,
        "-t",
        "meters/+",
        "-C",
        "1",
        "-W",
        "20",
    ];
    assert_eq!(printed(&last), "two\n");
}

#[test]
fn lines_of_standard_input_are_kept_too_and_can_be_cleared() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outbox.db");
    let file = file.to_str().unwrap();
    let lonely = VirtualModem::start(&["--broker", "127.0.0.1:1"]);
    let arguments = [
        "pub",
        "--port",
        &lonely.port,
        "--outbox",
        file,
        "-q",
        "2",
        "-t",
        "a",
        "-l",
    ];
    let failed = run_with_input(&arguments, "x\ny\n");
    assert!(text(&failed.stderr).contains("2 wait in"), "{failed:?}");
    assert_eq!(printed(&["outbox", "retry", file]), "0 wait again\n");
    assert_eq!(printed(&["outbox", "clear", file]), "2 removed\n");
    assert_eq!(printed(&["outbox", "list", file]), "");
}

#[test]
fn an_outbox_is_refused_for_qos_0_and_a_file_that_is_none() {
    let qos_0 = run(&[
        "pub",
        "--port",
        "virtual://",
        "-t",
        "a",
        "-m",
        "x",
        "--outbox",
        "none.db",
    ]);
    assert_eq!(qos_0.status.code(), Some(2), "{qos_0:?}");
    let missing = run(&["outbox", "list", "/no/such/file"]);
    assert_eq!(missing.status.code(), Some(1), "{missing:?}");
    assert!(
        text(&missing.stderr).contains("/no/such/file"),
        "{missing:?}"
    );
}
