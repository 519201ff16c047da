//! Recordings: a text that is read, printed and played, and bytes that become entries.

use std::time::Duration;

use m531x_at::recording::{Assembler, Entry, EntryKind, Recording, parse};
use m531x_core::replay::Replay;

use crate::script::{acts, number};

/// A text if the input begins with `#`; otherwise acts: `<` and `>` are bytes, after the milliseconds since
/// the last ones.
pub fn recording(input: &[u8]) {
    if input.first() == Some(&b'#') {
        text(&String::from_utf8_lossy(input));
    } else {
        bytes(input);
    }
}

fn text(text: &str) {
    let Ok(recording) = parse(text) else {
        assert!(Replay::new(text).is_err());
        return;
    };
    // What slipped in is replaced the first time, and blanks at an end go the second; then nothing changes.
    let printed = print(&again(&print(&recording)));
    assert_eq!(print(&again(&printed)), printed);
    // A clock that runs for years would only keep the fuzzer from trying something else.
    let years = |entry: &Entry| entry.at > Duration::from_secs(86_400);
    if recording.entries.iter().any(years) {
        return;
    }
    if let Ok(replay) = Replay::new(text) {
        let first: Vec<_> = replay.take(100_000).collect();
        let second: Vec<_> = Replay::new(text)
            .into_iter()
            .flatten()
            .take(100_000)
            .collect();
        assert_eq!(first, second, "the same every time");
    }
}

fn again(printed: &str) -> Recording {
    match parse(printed) {
        Ok(recording) => recording,
        Err(error) => panic!("{error} in {printed}"),
    }
}

fn print(recording: &Recording) -> String {
    let mut text = recording.header.to_string();
    for entry in &recording.entries {
        text.push_str(&entry.to_string());
        text.push('\n');
    }
    text
}

/// Every byte is in an entry, in its order, or is hidden.
fn bytes(input: &[u8]) {
    let mut assembler = Assembler::default();
    let mut entries = Vec::new();
    let mut at = Duration::ZERO;
    let mut passed = [Vec::new(), Vec::new()];
    for act in acts(input) {
        let (to_module, rest) = match act.split_first() {
            Some((b'>', rest)) => (true, rest),
            Some((b'<', rest)) => (false, rest),
            _ => {
                assembler.flush(&mut entries);
                continue;
            }
        };
        let (pause, bytes) = number(rest);
        at += Duration::from_millis(pause);
        assembler.push(at, to_module, bytes, &mut entries);
        passed[usize::from(to_module)].extend_from_slice(bytes);
    }
    assembler.finish(&mut entries);
    assert!(!assembler.is_waiting());
    for (to_module, passed) in [false, true].into_iter().zip(passed) {
        let mut kept = Vec::new();
        let mut hidden = false;
        // A line that may hold a password is kept back, so the two directions may overtake each other.
        let mut last = Duration::ZERO;
        for entry in &entries {
            let passage = match &entry.what {
                EntryKind::ToModule(passage) if to_module => passage,
                EntryKind::FromModule(passage) if !to_module => passage,
                _ => continue,
            };
            assert!(entry.at >= last, "times go on");
            last = entry.at;
            hidden |= passage.is_redacted();
            kept.extend_from_slice(passage.bytes());
        }
        assert!(hidden || kept == passed, "{}", passed.escape_ascii());
    }
}
