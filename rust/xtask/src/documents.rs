//! Documents that show files: a code block under `<!-- file: examples/first_script.py -->` is that file.

use std::fs;
use std::path::{Path, PathBuf};

use crate::notices;

const FENCE: &str = "```";
const MARK_START: &str = "<!-- file: ";
const MARK_END: &str = " -->";
const TABLE_START: &str = "<!-- table: ";
const TABLE_END: &str = "<!-- end of table -->";

/// Every document of the repository at `root` that we wrote for people.
pub fn all(root: &Path) -> Vec<PathBuf> {
    let mut documents = files_in(root);
    let docs = root.join("docs");
    for folder in files_in(&docs).into_iter().filter(|path| path.is_dir()) {
        documents.extend(files_in(&folder));
    }
    documents.extend(files_in(&docs));
    documents.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    // Others wrote the texts in it.
    documents.retain(|path| !path.ends_with(notices::PATH));
    documents.sort();
    documents
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// The document `text` with every marked block filled with what `read` gives for its file, and every part between
/// `<!-- table: NAME -->` and `<!-- end of table -->` with what it gives for `table: NAME`.
pub fn filled(text: &str, read: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut whole = String::with_capacity(text.len());
    let mut lines = text.split_inclusive('\n');
    while let Some(line) = lines.next() {
        whole.push_str(line);
        if line.starts_with(TABLE_START) {
            let name = line
                .trim_start_matches("<!-- ")
                .trim_end()
                .trim_end_matches(MARK_END);
            whole.push_str(&read(name).ok_or_else(|| format!("there is no {name}"))?);
            let end = lines.find(|line| line.starts_with(TABLE_END));
            whole.push_str(end.ok_or_else(|| format!("{name} has no end"))?);
            continue;
        }
        let mark = line.trim_end().strip_prefix(MARK_START);
        let Some(file) = mark.and_then(|rest| rest.strip_suffix(MARK_END)) else {
            continue;
        };
        let content = read(file).ok_or_else(|| format!("there is no file {file}"))?;
        let opening = lines.next().filter(|opening| opening.starts_with(FENCE));
        whole.push_str(opening.ok_or_else(|| format!("no code block follows the mark of {file}"))?);
        whole.push_str(&content);
        let closing = lines.find(|line| line.starts_with(FENCE));
        whole.push_str(closing.ok_or_else(|| format!("the code block of {file} has no end"))?);
    }
    Ok(whole)
}

/// Every `make <target>` in code of the document `text` that `makefile` does not have.
pub fn unknown_targets<'a>(text: &'a str, makefile: &str) -> Vec<&'a str> {
    code_of(text)
        .flat_map(|code| code.split("&&"))
        .filter_map(|command| command.trim().strip_prefix("make "))
        .flat_map(|words| {
            words
                .split_whitespace()
                .take_while(|word| !word.starts_with('#'))
        })
        .filter(|word| !word.contains('='))
        .filter(|target| {
            !makefile
                .lines()
                .any(|line| line.starts_with(&format!("{target}:")))
        })
        .collect()
}

/// Lines of code blocks, and code spans of the other lines.
fn code_of(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().flat_map(move |line| {
        if line.starts_with(FENCE) {
            fenced = !fenced;
            Vec::new()
        } else if fenced {
            vec![line]
        } else {
            line.split('`').skip(1).step_by(2).collect()
        }
    })
}
