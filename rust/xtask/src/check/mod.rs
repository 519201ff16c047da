//! `cargo xtask check`: the rules of the house that no compiler knows.

pub mod documents;
pub mod drift;
pub mod layers;
pub mod length;
pub mod let_chains;
pub mod notices;
pub mod purity;
mod source;

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Runs every check on the repository at `root`; the report with its warnings, or all problems found.
pub fn run(root: &Path) -> Result<String, Vec<String>> {
    let mut problems = Vec::new();
    problems.extend(drift::problems(root));
    problems.extend(layers::problems(root));
    problems.extend(purity::problems(root));
    problems.extend(let_chains::problems(root));
    problems.extend(documents::problems(root));
    let mut report = length::warnings(root);
    match notices::problems(root) {
        Ok(found) => problems.extend(found),
        Err(reason) => {
            let _ = writeln!(report, "{reason}");
        }
    }
    if problems.is_empty() {
        Ok(report)
    } else {
        Err(problems)
    }
}

/// All files below `folder`, sorted, without what builds leave behind; none where there is no such folder.
pub(crate) fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            other => other?,
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            if name == "target" || name == "__pycache__" {
                continue;
            }
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// `path` as it is named in a message: from the root, with slashes.
fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root)
        .unwrap_or(path)
        .display()
        .to_string()
        .replace('\\', "/")
}
