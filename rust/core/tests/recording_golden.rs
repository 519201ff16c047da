//! A recording as this version writes it is read by every later one, and replayed alike.
//!
//! The golden file was made with a virtual M5310-A that splits what it says, reports URCs within answers
//! and restarts: `UPDATE_GOLDEN=1 cargo test -p m531x-core --test recording_golden`
//! prints what the replay gives now into the file beside it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::Write as _;
use std::path::Path;

use m531x_core::replay::{Replay, Replayed};
use m531x_test_support::recording::{replayed, show};

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden"))
}

fn transcript(replay: Replay) -> String {
    let mut text = String::new();
    for item in replay {
        let shown = match item.what {
            Replayed::Incoming(incoming) => show(&incoming),
            Replayed::Request { number, text } => format!("? {number} {text}"),
            Replayed::Result { number, text, .. } => format!("= {number} {text}"),
            Replayed::Difference(text) => format!("difference: {text}"),
            _ => continue,
        };
        writeln!(text, "{:4} {:.6} {shown}", item.line, item.at.as_secs_f64()).unwrap();
    }
    text
}

#[test]
fn the_golden_recording_gives_what_it_gave() {
    let replay = Replay::open(folder().join("field.rec")).unwrap();
    assert_eq!(replay.header().model, "auto");
    let now = transcript(replay);
    let expected = folder().join("field.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&expected, &now).unwrap();
    }
    assert_eq!(now, std::fs::read_to_string(&expected).unwrap());
    assert!(!now.contains("difference"), "{now}");
}

#[test]
fn a_changed_recording_is_replayed_with_the_differences_told() {
    let text = std::fs::read_to_string(folder().join("field.rec")).unwrap();
    assert!(
        text.contains("> AT+CMEE=1\\r\n") && text.contains(" < \\r\\n+CSQ:"),
        "{text}"
    );
    let changed = text
        .replace("> AT+CMEE=1\\r\n", "> AT+CMEE=2\\r\n")
        .replace("rssi_dbm=-67", "rssi_dbm=-99");
    let seen = replayed(Replay::new(&changed).unwrap());
    let differences = seen.differences.join("\n");
    assert!(
        differences.contains("recorded: AT+CMEE=2\\r, sent now: AT+CMEE=1\\r"),
        "{differences}"
    );
    assert!(
        differences.contains("recorded: ok rssi_dbm=-99, now: ok rssi_dbm=-67"),
        "{differences}"
    );
}

#[test]
fn bytes_alone_are_replayed_as_commands() {
    let text = "# m531x recording 1\n# model: M5311\n\
        0.0 > AT+CSQ\\r\n\
        0.1 < \\r\\n+CSQ: 20,99\\r\\n\\r\\nOK\\r\\n\n\
        0.2 < +MQTTPUBLISH: 0,0,0,0,a/b,4,a\\r\\nb\\r\\n\n\
        0.3 > AT+NEVER\\r\n";
    let seen = replayed(Replay::new(text).unwrap());
    assert_eq!(seen.differences, [""; 0]);
    assert_eq!(seen.results[0], (0, "ok line=\"+CSQ: 20,99\"".to_owned()));
    assert!(seen.results[1].1.starts_with("Timeout"), "{seen:?}");
    assert!(
        seen.arrivals[0].starts_with("a/b [97, 13, 10, 98]"),
        "{seen:?}"
    );
}
