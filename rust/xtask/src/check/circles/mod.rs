//! No import circle between the modules of a crate: a reader of one of them need not read all.
//!
//! A module and what is below it may name each other; that is how a folder of modules is built. A name is
//! followed through its re-exports to the file that defines it.

mod graph;
mod names;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::source::code_only;
use crate::files::{files_below, shown};

pub use graph::{Needs, circles, needs};

/// A problem for each circle in each crate below `rust`.
pub fn problems(root: &Path) -> Vec<String> {
    let mut problems = Vec::new();
    let crates = match fs::read_dir(root.join("rust")) {
        Ok(crates) => crates,
        Err(error) => return vec![format!("cannot list rust: {error}")],
    };
    let mut folders: Vec<_> = crates
        .filter_map(|entry| Some(entry.ok()?.path().join("src")))
        .collect();
    folders.sort();
    for folder in folders {
        let name = shown(root, &folder);
        let needs = match modules(&folder) {
            Ok(modules) => needs(&modules),
            Err(reason) => {
                problems.push(format!("cannot read {name}: {reason}"));
                continue;
            }
        };
        problems.extend(circles(&needs).into_iter().map(|circle| {
            format!("{name}: a circle of imports: {circle}; move what both need into a module of its own")
        }));
    }
    problems
}

/// The modules below a folder: the path of each, empty for the root, and its code.
fn modules(folder: &Path) -> std::io::Result<Vec<(String, String)>> {
    let mut modules = BTreeMap::new();
    for file in files_below(folder)? {
        if file.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let below = file
            .strip_prefix(folder)
            .unwrap_or(&file)
            .with_extension("");
        let parts: Vec<_> = below
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .filter(|part| !["lib", "main", "mod"].contains(&part.as_str()))
            .collect();
        let code = code_only(&fs::read_to_string(&file)?);
        // lib.rs and main.rs are both the root.
        modules
            .entry(parts.join("::"))
            .or_insert_with(String::new)
            .push_str(&code);
    }
    Ok(modules.into_iter().collect())
}
