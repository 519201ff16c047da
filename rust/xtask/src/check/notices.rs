//! THIRD-PARTY.md names what is linked in today.

use std::fs;
use std::path::Path;

use crate::notices::{PATH, render};

/// A problem if the file is not what `make notices` writes.
///
/// # Errors
///
/// Why it could not be looked at: cargo has not fetched all crates, and there is no network.
pub fn problems(root: &Path) -> Result<Vec<String>, String> {
    let expected = render(root).map_err(|reason| format!("{PATH} was NOT checked: {reason}"))?;
    let committed = fs::read_to_string(root.join(PATH)).unwrap_or_default();
    Ok(difference(&committed, &expected).into_iter().collect())
}

/// What is wrong with the committed file, shown by its first line that is.
pub fn difference(committed: &str, expected: &str) -> Option<String> {
    if committed == expected {
        return None;
    }
    let missing = expected
        .lines()
        .find(|line| !committed.lines().any(|other| other == *line));
    let what = missing.map_or_else(
        || "says more than it should".to_owned(),
        |line| format!("lacks \"{line}\""),
    );
    Some(format!("{PATH} {what}; run `make notices` and commit it"))
}
