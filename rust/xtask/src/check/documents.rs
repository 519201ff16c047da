//! What the documents show is what the tests run.

use std::fs;
use std::path::Path;

use crate::documents::{all, filled, unknown_targets};
use crate::files::shown;
use crate::generate;
use crate::table::ApiTable;

/// A problem for each block that is not its file and for each make target that is not there.
pub fn problems(root: &Path) -> Vec<String> {
    let makefile = fs::read_to_string(root.join("Makefile")).unwrap_or_default();
    let table = match ApiTable::load(root) {
        Ok(table) => table,
        Err(error) => return vec![error.to_string()],
    };
    let mut problems = Vec::new();
    for path in all(root) {
        let name = shown(root, &path);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                problems.push(format!("cannot read {name}: {error}"));
                continue;
            }
        };
        match filled(&text, |part| generate::shown(root, &table, part)) {
            Ok(whole) if whole == text => {}
            Ok(_) => problems.push(format!(
                "{name} shows a file as it was; run `cargo xtask generate` and commit it"
            )),
            Err(reason) => problems.push(format!("{name}: {reason}")),
        }
        for target in unknown_targets(&text, &makefile) {
            problems.push(format!("{name}: the Makefile has no target {target}"));
        }
    }
    problems
}
