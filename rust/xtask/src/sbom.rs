//! `cargo xtask sbom`: everything that is linked into what we ship, as a `CycloneDX` document.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::notices::{Crate, linked};

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

/// The document for Cargo.lock as it is below `root`; the same for the same Cargo.lock.
pub fn run(root: &Path) -> Result<String, String> {
    let text = fs::read_to_string(root.join("Cargo.lock"))
        .map_err(|error| format!("cannot read Cargo.lock: {error}"))?;
    let document = render(&linked(root)?, &text)?;
    serde_json::to_string_pretty(&document)
        .map(|text| text + "\n")
        .map_err(|error| error.to_string())
}

/// The document for these crates, with the checksums of the text of Cargo.lock.
pub fn render(crates: &[Crate], lock: &str) -> Result<Value, String> {
    let lock: Lock = toml::from_str(lock).map_err(|error| format!("Cargo.lock: {error}"))?;
    let ours = lock
        .package
        .iter()
        .find(|locked| locked.name == "m531x-core")
        .ok_or("Cargo.lock has no m531x-core")?;
    let version = ours.version.clone();
    let checksums: BTreeMap<(&str, &str), &str> = lock
        .package
        .iter()
        .filter_map(|locked| {
            let checksum = locked.checksum.as_deref()?;
            Some(((locked.name.as_str(), locked.version.as_str()), checksum))
        })
        .collect();
    let components: Vec<Value> = crates
        .iter()
        .map(|one| {
            let name = format!("pkg:cargo/{}@{}", one.name, one.version);
            let checksum = checksums.get(&(one.name.as_str(), one.version.as_str()));
            let hashes: Vec<Value> = checksum
                .map(|hash| json!({"alg": "SHA-256", "content": hash}))
                .into_iter()
                .collect();
            json!({
                "type": "library",
                "bom-ref": name,
                "name": one.name,
                "version": one.version,
                "purl": name,
                "licenses": [{"expression": one.licence.replace('/', " OR ")}],
                "hashes": hashes,
                "externalReferences": [{"type": "vcs", "url": one.repository}],
            })
        })
        .collect();
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": "m531x",
                "name": "m531x",
                "version": version,
                "licenses": [{"expression": "MIT OR Apache-2.0"}],
            },
        },
        "components": components,
    }))
}
