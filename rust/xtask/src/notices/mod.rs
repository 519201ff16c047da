//! `cargo xtask notices`: THIRD-PARTY.md, the licences of everything that is linked into what we ship.

mod linked;
mod texts;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

pub use linked::Crate;
pub use texts::{Text, merged};

/// The crates that are linked into what we ship, for Cargo.lock as it is below `root`.
pub fn linked(root: &Path) -> Result<Vec<Crate>, String> {
    linked::crates(root)
}

/// Where the notices stand, from the root of the repository.
pub const PATH: &str = "THIRD-PARTY.md";

/// What stands in [`PATH`] ahead of the crates.
const INTRODUCTION: &str = "packaging/notices/introduction.md";
/// What is linked in and is no crate of Cargo.lock.
const NOT_CRATES: &str = "packaging/notices/not-crates.md";

/// Writes the notices; the report.
pub fn run(root: &Path) -> Result<String, String> {
    let text = render(root)?;
    fs::write(root.join(PATH), text).map_err(|error| format!("cannot write {PATH}: {error}"))?;
    Ok(format!("wrote {PATH}\n"))
}

/// The notices for Cargo.lock as it is below `root`.
pub fn render(root: &Path) -> Result<String, String> {
    let read = |path: &str| {
        fs::read_to_string(root.join(path)).map_err(|error| format!("cannot read {path}: {error}"))
    };
    let crates = linked::crates(root)?;
    let mut found = Vec::new();
    for linked in &crates {
        found.extend(texts::of(root, linked)?);
    }
    let mut page = read(INTRODUCTION)?;
    page.push_str("\n## Crates\n\n| crate | licence | source |\n|---|---|---|\n");
    for linked in &crates {
        let Crate {
            licence,
            repository,
            ..
        } = linked;
        let _ = writeln!(page, "| {} | {licence} | {repository} |", linked.title());
    }
    page.push('\n');
    page.push_str(&read(NOT_CRATES)?);
    page.push_str("\n## Texts of the crates\n");
    for Text { of, text } in merged(found) {
        let fence = texts::fence(&text);
        page.push('\n');
        for holder in of {
            let _ = writeln!(page, "- {holder}");
        }
        let _ = write!(page, "\n{fence}text\n{text}{fence}\n");
    }
    Ok(page)
}
