//! The licence texts and notices that crates bring along, as they are.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use super::Crate;
use crate::files::files_below;

/// How the names of such files begin, in small letters.
const BEGINNINGS: [&str; 8] = [
    "licence",
    "license",
    "unlicense",
    "copying",
    "copyright",
    "notice",
    "patents",
    "authors",
];

/// Files that say nothing about what is linked in: of code that is not compiled, or of a licence that the crate
/// offers beside the one we take.
const ASIDE: [(&str, &str); 2] = [
    ("libsqlite3-sys", "sqlcipher/LICENSE"),
    ("unescaper", "LICENSE-GPL3"),
];

/// A text and all who bring it.
#[derive(Debug, PartialEq, Eq)]
pub struct Text {
    /// Crates with version and file.
    pub of: Vec<String>,
    /// The text of the first of them, with a line end at its end.
    pub text: String,
}

/// What one crate brings, and the standard text of its licence where crates bring nothing, or only point to it.
pub(super) fn of(root: &Path, linked: &Crate) -> Result<Vec<Text>, String> {
    let title = linked.title();
    let files = files_below(&linked.folder)
        .map_err(|error| format!("cannot list the files of crate {title}: {error}"))?;
    let mut texts = Vec::new();
    for path in files.iter().filter(|path| is_notice(path)) {
        let inside = path.strip_prefix(&linked.folder).unwrap_or(path);
        let name = inside.display().to_string().replace('\\', "/");
        if !ASIDE.contains(&(&linked.name, &name)) {
            texts.push(read(path, format!("{title}: {name}"))?);
        }
    }
    let standard = format!("packaging/notices/{}.txt", linked.licence);
    if root.join(&standard).exists() {
        let holder = format!("{title}: {}", linked.licence);
        texts.push(read(&root.join(&standard), holder)?);
    }
    if texts.is_empty() {
        return Err(format!(
            "crate {title} brings no licence text; put that of {} into {standard}",
            linked.licence
        ));
    }
    Ok(texts)
}

fn is_notice(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_lowercase();
    BEGINNINGS.iter().any(|begin| name.starts_with(begin))
        && path.extension() != Some(OsStr::new("rs"))
}

fn read(path: &Path, holder: String) -> Result<Text, String> {
    let text = fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(Text {
        of: vec![holder],
        text: format!("{}\n", text.replace("\r\n", "\n").trim_end()),
    })
}

/// Each text once; the way its lines are broken makes no other text of it.
pub fn merged(texts: Vec<Text>) -> Vec<Text> {
    let mut merged: Vec<Text> = Vec::new();
    for text in texts {
        let same = |other: &&mut Text| {
            other
                .text
                .split_whitespace()
                .eq(text.text.split_whitespace())
        };
        match merged.iter_mut().find(same) {
            Some(other) => other.of.extend(text.of),
            None => merged.push(text),
        }
    }
    merged
}

/// A fence that is longer than any in the text.
pub(super) fn fence(text: &str) -> String {
    let longest = text.lines().filter(|line| line.starts_with("```"));
    let longest = longest.map(|line| line.chars().take_while(|&c| c == '`').count());
    "`".repeat(longest.max().map_or(3, |count| count + 1))
}
