//! What the generator writes is up to date, and its languages take it.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use xtask::check::drift;
use xtask::generate::{MARK, outputs};
use xtask::table::ErrorTable;

fn table() -> ErrorTable {
    ErrorTable::load(&xtask::repository_root().join("errors.toml")).expect("our own table is good")
}

#[test]
fn what_is_committed_is_what_is_generated() {
    assert_eq!(
        drift::problems(&xtask::repository_root()),
        Vec::<String>::new()
    );
}

#[test]
fn a_file_changed_by_hand_is_found() {
    let root = std::env::temp_dir().join(format!("m531x-xtask-drift-{}", std::process::id()));
    let table_text = fs::read_to_string(xtask::repository_root().join("errors.toml")).unwrap();
    fs::create_dir_all(&root).unwrap();
    fs::write(root.join("errors.toml"), table_text).unwrap();
    xtask::generate::run(&root).unwrap();
    let fresh = drift::problems(&root);
    fs::write(root.join("include/m531x_errors.h"), "#define M531X_OK 1\n").unwrap();
    fs::remove_file(root.join("docs/errors.md")).unwrap();
    let changed = drift::problems(&root);
    fs::remove_dir_all(&root).unwrap();

    assert!(fresh.is_empty(), "{fresh:?}");
    assert_eq!(changed.len(), 2, "{changed:?}");
    assert!(
        changed[0].starts_with("include/m531x_errors.h differs"),
        "{changed:?}"
    );
    assert!(
        changed[1].starts_with("docs/errors.md is missing"),
        "{changed:?}"
    );
}

#[test]
fn every_output_says_where_it_comes_from() {
    for output in outputs(&table()) {
        assert!(
            output.text.lines().next().unwrap().contains(MARK),
            "{}",
            output.path
        );
    }
}

#[test]
fn a_c99_compiler_takes_the_header_with_all_warnings() {
    let mut compiler = Command::new("cc")
        .args([
            "-xc",
            "-std=c99",
            "-fsyntax-only",
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
        ])
        .arg("-I")
        .arg(xtask::repository_root().join("include"))
        .arg("-")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    compiler
        .stdin
        .take()
        .unwrap()
        .write_all(b"#include \"m531x_errors.h\"\nint status = M531X_OK - M531X_ERR_PORT;\n")
        .unwrap();
    assert!(compiler.wait().unwrap().success());
}

#[test]
fn the_numbers_of_the_first_release_keep_their_meaning() {
    let numbers: Vec<(i32, String)> = table()
        .errors
        .into_iter()
        .map(|entry| (entry.number, entry.name))
        .collect();
    let released = [
        "InvalidArgument",
        "BufferTooSmall",
        "Closed",
        "StaleHandle",
        "Timeout",
        "Port",
        "PortInUse",
        "PortNotFound",
        "NoAnswer",
        "UnsupportedModel",
        "Command",
        "NotConnected",
        "Connect",
        "Subscribe",
        "PublishFailed",
        "ModemRebooted",
        "ResultUnknown",
        "Cancelled",
        "Busy",
        "Internal",
    ];
    for ((number, name), (expected, was)) in numbers.iter().zip((-20..=-1).rev().zip(released)) {
        assert_eq!((*number, name.as_str()), (expected, was));
    }
    assert!(numbers.len() >= released.len());
}
