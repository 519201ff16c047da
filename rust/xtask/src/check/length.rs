//! A long file is a sign that two subjects share it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::files::{files_below, shown};
use crate::generate::MARK;

/// Above this many lines a file is worth a look.
const LIMIT: usize = 400;

const FOLDERS: &[&str] = &[
    "rust",
    "python",
    "bindings-tests",
    "system-tests",
    "examples",
    "benches",
    "fuzz",
];
const SOURCES: &[&str] = &["rs", "py", "c", "h"];

/// A line for each long source file; generated files may be as long as they like.
pub fn warnings(root: &Path) -> String {
    let mut warnings = String::new();
    let files = FOLDERS
        .iter()
        .filter_map(|folder| files_below(&root.join(folder)).ok())
        .flatten();
    for file in files {
        let is_source = file
            .extension()
            .and_then(|extension| extension.to_str())
            .is_some_and(|extension| SOURCES.contains(&extension));
        let Some(text) = is_source.then(|| fs::read_to_string(&file).ok()).flatten() else {
            continue;
        };
        let lines = text.lines().count();
        if lines > LIMIT && !text.contains(MARK) {
            let _ = writeln!(
                warnings,
                "warning: {} has {lines} lines; does it hold two subjects?",
                shown(root, &file)
            );
        }
    }
    warnings
}
