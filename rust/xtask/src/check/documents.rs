//! What the documents show is what the tests run.
//!
//! A code block under a line `<!-- file: examples/first_script.py -->` is that file, to the letter. Every `make`
//! target that a document names in code is a target of the Makefile.

use std::fs;
use std::path::{Path, PathBuf};

use super::{files_below, shown};

const FENCE: &str = "```";
const MARK_START: &str = "<!-- file: ";
const MARK_END: &str = " -->";

/// A problem for each block that is not its file and for each target that is not there.
pub fn problems(root: &Path) -> Vec<String> {
    let mut documents: Vec<PathBuf> = ["README.md", "CONTRIBUTING.md", "SECURITY.md"]
        .map(|name| root.join(name))
        .to_vec();
    documents.extend(files_below(&root.join("docs")).unwrap_or_default());
    documents.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    let makefile = fs::read_to_string(root.join("Makefile")).unwrap_or_default();
    let read = |path: &str| fs::read_to_string(root.join(path)).ok();

    let mut problems = Vec::new();
    for path in documents {
        let name = shown(root, &path);
        match fs::read_to_string(&path) {
            Ok(text) => {
                problems.extend(differing_blocks(&name, &text, read));
                problems.extend(unknown_targets(&name, &text, &makefile));
            }
            Err(error) => problems.push(format!("cannot read {name}: {error}")),
        }
    }
    problems
}

/// A problem for each marked block of the document `text` that differs from what `read` gives for its file.
pub fn differing_blocks(
    name: &str,
    text: &str,
    read: impl Fn(&str) -> Option<String>,
) -> Vec<String> {
    let mut problems = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(file) = line
            .strip_prefix(MARK_START)
            .and_then(|rest| rest.strip_suffix(MARK_END))
        else {
            continue;
        };
        if !lines
            .next()
            .is_some_and(|opening| opening.starts_with(FENCE))
        {
            problems.push(format!("{name}: no code block follows the mark of {file}"));
            continue;
        }
        let block: String = lines
            .by_ref()
            .take_while(|line| !line.starts_with(FENCE))
            .flat_map(|line| [line, "\n"])
            .collect();
        match read(file) {
            Some(content) if content == block => {}
            Some(_) => problems.push(format!("{name}: the block of {file} is not that file")),
            None => problems.push(format!("{name}: there is no file {file}")),
        }
    }
    problems
}

/// A problem for each `make <target>` in code of the document `text` that `makefile` does not have.
pub fn unknown_targets(name: &str, text: &str, makefile: &str) -> Vec<String> {
    code_of(text)
        .flat_map(|code| code.split("&&").map(str::trim).collect::<Vec<_>>())
        .filter_map(|command| command.strip_prefix("make "))
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
        .map(|target| format!("{name}: the Makefile has no target {target}"))
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
