//! Crates depend in one direction: at -> core -> fronts, at -> virtual-modem -> fronts.

use std::path::Path;

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Which of our crates each crate may use. Dev-dependencies are free: core's tests drive a virtual modem.
const LAYERS: &[(&str, &[&str])] = &[
    ("m531x-at", &[]),
    ("m531x-threads", &[]),
    ("m531x-core", &["m531x-at", "m531x-threads"]),
    ("m531x-virtual-modem", &["m531x-at", "m531x-threads"]),
    ("m531x-capi", FRONT),
    // The wheel brings the command along.
    (
        "m531x-python",
        &["m531x-at", "m531x-core", "m531x-virtual-modem", "m531x-cli"],
    ),
    ("m531x-cli", FRONT),
    ("m531x-benches", FRONT),
    // For tests only: no other crate may use it outside of its tests.
    ("m531x-test-support", FRONT),
    ("xtask", &[]),
];

const FRONT: &[&str] = &["m531x-at", "m531x-core", "m531x-virtual-modem"];

/// A crate and one of our crates that it uses outside its tests.
pub struct Edge {
    /// The crate that depends.
    pub from: String,
    /// The crate it depends on.
    pub to: String,
}

/// A problem for each dependency against the direction, and for each crate that no layer is known of.
pub fn problems(root: &Path) -> Vec<String> {
    let metadata = match MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()
    {
        Ok(metadata) => metadata,
        Err(error) => return vec![format!("cannot ask cargo for the crates: {error}")],
    };
    let mut problems = Vec::new();
    let mut edges = Vec::new();
    for package in &metadata.packages {
        let from = package.name.to_string();
        if allowed(&from).is_none() {
            problems.push(format!(
                "crate {from} has no layer; give it one in rust/xtask/src/check/layers.rs"
            ));
        }
        let ours = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.path.is_some());
        for dependency in ours.filter(|found| found.kind != DependencyKind::Development) {
            edges.push(Edge {
                from: from.clone(),
                to: dependency.name.clone(),
            });
        }
    }
    problems.extend(violations(&edges));
    problems
}

/// A problem for each edge that runs against the layers.
pub fn violations(edges: &[Edge]) -> Vec<String> {
    edges
        .iter()
        .filter(|edge| allowed(&edge.from).is_some_and(|uses| !uses.contains(&edge.to.as_str())))
        .map(|edge| {
            format!(
                "crate {} must not depend on {}: layers run one way",
                edge.from, edge.to
            )
        })
        .collect()
}

fn allowed(name: &str) -> Option<&'static [&'static str]> {
    LAYERS
        .iter()
        .find(|(layer, _)| *layer == name)
        .map(|(_, uses)| *uses)
}
