//! The crates that are linked into what we ship: those that only build or test are not, nor macros.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::MetadataCommand;

/// The crates that wheel, C library and command are made from.
const SHIPPED: [&str; 3] = ["m531x-python", "m531x-capi", "m531x-cli"];

/// A crate of another project.
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence, as it says itself.
    pub licence: String,
    /// Where its source is.
    pub repository: String,
    /// Where it lies on this machine.
    pub folder: PathBuf,
}

impl Crate {
    /// Name and version.
    pub fn title(&self) -> String {
        format!("{} {}", self.name, self.version)
    }
}

/// All of them, by name and version.
pub(super) fn crates(root: &Path) -> Result<Vec<Crate>, String> {
    let linked = names(root)?;
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .other_options(vec!["--locked".to_owned()])
        .exec()
        .map_err(|error| format!("cannot ask cargo for the crates: {error}"))?;
    let mut crates = Vec::new();
    for package in metadata.packages {
        let is_linked = linked.contains(&(package.name.to_string(), package.version.to_string()));
        if package.source.is_none() || !is_linked {
            continue;
        }
        let missing = |what: &str| format!("crate {} names no {what}", package.name);
        crates.push(Crate {
            name: package.name.to_string(),
            version: package.version.to_string(),
            licence: package.license.clone().ok_or_else(|| missing("licence"))?,
            repository: package
                .repository
                .clone()
                .ok_or_else(|| missing("repository"))?,
            folder: package
                .manifest_path
                .parent()
                .ok_or_else(|| missing("folder"))?
                .into(),
        });
    }
    crates.sort_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));
    Ok(crates)
}

/// Name and version of every crate that is linked in on any of the targets, ours included.
fn names(root: &Path) -> Result<BTreeSet<(String, String)>, String> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root).args([
        "tree",
        "--locked",
        "--edges=normal,no-proc-macro",
        "--prefix=none",
        "--format={p}",
    ]);
    for shipped in SHIPPED {
        command.args(["--package", shipped]);
    }
    for target in targets(root)? {
        command.args(["--target", &target]);
    }
    let said = command
        .output()
        .map_err(|error| format!("cannot run cargo tree: {error}"))?;
    if !said.status.success() {
        let reason = String::from_utf8_lossy(&said.stderr);
        return Err(format!("cargo tree failed: {}", reason.trim()));
    }
    // `name v1.2.3`, and for ours a folder.
    Ok(String::from_utf8_lossy(&said.stdout)
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            let name = words.next()?;
            let version = words.next()?.strip_prefix('v')?;
            Some((name.to_owned(), version.to_owned()))
        })
        .collect())
}

/// The targets that `make deny` looks at.
fn targets(root: &Path) -> Result<Vec<String>, String> {
    #[derive(serde::Deserialize)]
    struct Deny {
        graph: Graph,
    }
    #[derive(serde::Deserialize)]
    struct Graph {
        targets: Vec<String>,
    }
    let text = fs::read_to_string(root.join("deny.toml"))
        .map_err(|error| format!("cannot read deny.toml: {error}"))?;
    let deny: Deny = toml::from_str(&text).map_err(|error| format!("deny.toml: {error}"))?;
    Ok(deny.graph.targets)
}
