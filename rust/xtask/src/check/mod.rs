//! `cargo xtask check`: the rules of the house that no compiler knows.

pub mod circles;
pub mod documents;
pub mod drift;
pub mod layers;
pub mod length;
pub mod let_chains;
pub mod notices;
pub mod purity;
mod source;

use std::fmt::Write as _;
use std::path::Path;

/// Runs every check on the repository at `root`; the report with its warnings, or all problems found.
pub fn run(root: &Path) -> Result<String, Vec<String>> {
    let mut problems = Vec::new();
    problems.extend(drift::problems(root));
    problems.extend(layers::problems(root));
    problems.extend(purity::problems(root));
    problems.extend(let_chains::problems(root));
    problems.extend(documents::problems(root));
    problems.extend(circles::problems(root));
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
