//! The sans-IO layers know no clock, no thread and no I/O.

use std::fs;
use std::path::Path;

use super::source::code_only;
use crate::files::{files_below, shown};

/// The folders that hold sans-IO code only.
const PURE: &[&str] = &["rust/at/src", "rust/core/src/session"];

/// The files whose `#![forbid(unsafe_code)]` covers those folders.
const FORBIDDERS: &[&str] = &["rust/at/src/lib.rs", "rust/core/src/session/mod.rs"];

const FORBID: &str = "#![forbid(unsafe_code)]";

/// Paths that lead out of pure computation.
const IMPURE: &[&str] = &[
    "Instant::now",
    "SystemTime::now",
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "std::thread",
    "thread::sleep",
    "thread::spawn",
];

/// A problem for each impure line, and for each missing `forbid`.
pub fn problems(root: &Path) -> Vec<String> {
    let mut problems = Vec::new();
    for file in FORBIDDERS {
        match fs::read_to_string(root.join(file)) {
            Ok(text) if text.contains(FORBID) => {}
            Ok(_) => problems.push(format!("{file} lacks {FORBID}")),
            Err(error) => problems.push(format!("cannot read {file}: {error}")),
        }
    }
    for folder in PURE {
        let files = match files_below(&root.join(folder)) {
            Ok(files) => files,
            Err(error) => {
                problems.push(format!("cannot list {folder}: {error}"));
                continue;
            }
        };
        for file in files {
            // Tests need one instant to count from, and there is no other way to get one.
            if file.extension().is_none_or(|extension| extension != "rs") || is_test(&file) {
                continue;
            }
            match fs::read_to_string(&file) {
                Ok(text) => problems.extend(impurities(&text).into_iter().map(|(line, what)| {
                    format!(
                        "{}:{line}: {what} in a sans-IO layer; take it as an argument",
                        shown(root, &file)
                    )
                })),
                Err(error) => problems.push(format!("cannot read {}: {error}", file.display())),
            }
        }
    }
    problems
}

/// The impure paths in the source `text`, each with its line number from 1. Comments, literals and what follows
/// `#[cfg(test)] mod` do not count.
pub fn impurities(text: &str) -> Vec<(usize, String)> {
    let code = code_only(text);
    let code = &code[..tests_begin(&code)];
    let mut found = Vec::new();
    for (index, line) in code.lines().enumerate() {
        for path in IMPURE {
            if line.contains(path) {
                found.push((index + 1, (*path).to_owned()));
            }
        }
        if words(line).any(|word| word == "unsafe") {
            found.push((index + 1, "unsafe".to_owned()));
        }
    }
    found.extend(grouped_imports(code));
    found.sort();
    found
}

/// `use std::{io, thread}` says the same as two lines that name the paths in full.
fn grouped_imports(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (start, opening) in code.match_indices("std::{") {
        let group = &code[start + opening.len()..];
        let group = &group[..group.find(';').unwrap_or(group.len())];
        for name in words(group) {
            let path = format!("std::{name}");
            if IMPURE.contains(&path.as_str()) {
                found.push((code[..start].lines().count().max(1), path));
            }
        }
    }
    found
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
}

fn is_test(file: &Path) -> bool {
    file.components().any(|part| part.as_os_str() == "tests")
        || file.file_stem().is_some_and(|stem| stem == "tests")
}

fn tests_begin(code: &str) -> usize {
    code.match_indices("#[cfg(test)]")
        .find(|(at, mark)| {
            let item = code[at + mark.len()..].trim_start();
            let header = &item[..item.find(['{', ';']).map_or(item.len(), |end| end + 1)];
            header.starts_with("mod ") && header.ends_with('{')
        })
        .map_or(code.len(), |(at, _)| at)
}
