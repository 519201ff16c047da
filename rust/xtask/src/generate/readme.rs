//! The README for package registries, whose readers have no files beside it.

use std::fs;
use std::path::Path;

use serde::Deserialize;

/// Where it stands, from the root of the repository.
pub const PATH: &str = "packaging/README.md";

#[derive(Deserialize)]
struct Manifest {
    workspace: Workspace,
}

#[derive(Deserialize)]
struct Workspace {
    package: Package,
}

#[derive(Deserialize)]
struct Package {
    repository: String,
}

/// The README of the repository at `root`, with links to where its `Cargo.toml` says that it is.
pub fn of(root: &Path) -> Result<String, String> {
    let read = |path: &str| {
        fs::read_to_string(root.join(path)).map_err(|error| format!("cannot read {path}: {error}"))
    };
    let manifest: Manifest =
        toml::from_str(&read("Cargo.toml")?).map_err(|error| format!("Cargo.toml: {error}"))?;
    Ok(render(
        &read("README.md")?,
        &manifest.workspace.package.repository,
    ))
}

/// `readme` with every link to a file of the repository made a link to `repository`, and without the marks of files.
pub fn render(readme: &str, repository: &str) -> String {
    let mut whole = String::with_capacity(readme.len());
    let mut fenced = false;
    for line in readme.split_inclusive('\n') {
        if line.starts_with("<!-- file: ") {
            continue;
        }
        let fence = line.starts_with("```");
        fenced ^= fence;
        if fenced || fence {
            whole.push_str(line);
            continue;
        }
        let mut parts = line.split("](");
        whole.push_str(parts.next().unwrap_or_default());
        for part in parts {
            whole.push_str("](");
            if !(part.starts_with('#') || part.contains("://") || part.starts_with("mailto:")) {
                whole.push_str(repository);
                whole.push_str("/blob/HEAD/");
            }
            whole.push_str(part);
        }
    }
    whole
}
