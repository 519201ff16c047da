//! No import circle between the modules of a crate: whoever reads one of them need not read all.
//!
//! A module and what is below it may name each other; that is how a folder of modules is built. A name is
//! followed through its re-exports to the file that defines it.

mod graph;
mod names;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::source::code_only;
use crate::files::{files_below, shown};

pub use graph::{Needs, circles, needs, way};

const LIST: &str = "rust/xtask/src/check/circles/mod.rs";

/// Imports that close a circle and are to go; the check shows them as warnings until then, and the list only gets
/// shorter.
const REMAINING: &str = "
rust/at/src recording::escaped_bytes -> recording::escape

# What is typed moves to command::console::typed, what makes JSON of a message to format.
rust/cli/src command::console::editor -> command::console::input
rust/cli/src format -> command::subscribe

# The dispatcher gets what it calls as a job of its own, instead of from the engine.
rust/core/src driver::dispatcher -> driver::engine
rust/core/src driver::dispatcher -> driver::engine::operations
rust/core/src driver::engine::state -> driver::engine::operations
rust/core/src driver::engine::state -> driver::engine::reopen

# Outbox and recording call the engine back that owns them.
rust/core/src driver::outbox::disabled -> driver::engine
rust/core/src driver::outbox::handle -> driver::engine
rust/core/src driver::outbox::worker -> driver::engine
rust/core/src driver::recorder::handle -> driver::engine
rust/core/src driver::outbox::worker -> driver::outbox::handle
rust/core/src driver::recorder::writer -> driver::recorder::enqueue

rust/core/src session::password -> session::request
rust/core/src session::packet_ids::row -> session::packet_ids::sending
rust/core/src transport::windows::open -> transport::open

rust/virtual-modem/src broker::shared -> broker::core
rust/virtual-modem/src broker::shared -> broker::routing
rust/virtual-modem/src mqtt_client::receive -> mqtt_client::client
";

/// A problem for each circle in each crate below `rust`, and the warnings for those that are known.
pub fn problems(root: &Path) -> (Vec<String>, String) {
    let mut problems = Vec::new();
    let mut warnings = String::new();
    let crates = match fs::read_dir(root.join("rust")) {
        Ok(crates) => crates,
        Err(error) => return (vec![format!("cannot list rust: {error}")], warnings),
    };
    let mut folders: Vec<_> = crates
        .filter_map(|entry| Some(entry.ok()?.path().join("src")))
        .collect();
    folders.sort();
    for folder in folders {
        let name = shown(root, &folder);
        let mut needs = match modules(&folder) {
            Ok(modules) => needs(&modules),
            Err(reason) => {
                problems.push(format!("cannot read {name}: {reason}"));
                continue;
            }
        };
        let remaining = remaining(&name);
        for (from, to) in &remaining {
            let closes = needs.get(*from).is_some_and(|needed| needed.contains(*to));
            match way(&needs, to, from).filter(|_| closes) {
                Some(way) => {
                    let circle = way.join(" -> ");
                    let _ = writeln!(
                        warnings,
                        "warning: {name}: a circle of imports: {from} -> {circle}"
                    );
                }
                None => {
                    let _ = writeln!(
                        warnings,
                        "warning: {name}: {from} -> {to} closes no circle any more; take it off the list in {LIST}"
                    );
                }
            }
        }
        for (from, to) in &remaining {
            if let Some(needed) = needs.get_mut(*from) {
                needed.remove(*to);
            }
        }
        problems.extend(circles(&needs).into_iter().map(|circle| {
            format!("{name}: a circle of imports: {circle}; move what both need into a module of its own")
        }));
    }
    (problems, warnings)
}

/// The imports of a crate that remain: module, and what it imports.
fn remaining(of: &str) -> Vec<(&'static str, &'static str)> {
    REMAINING
        .lines()
        .filter_map(|line| line.strip_prefix(of)?.trim_start().split_once(" -> "))
        .collect()
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
