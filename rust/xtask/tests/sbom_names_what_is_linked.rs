//! The SBOM has every linked crate with its licence and the checksum of Cargo.lock.

use std::path::PathBuf;

use xtask::notices::Crate;
use xtask::sbom::{render, run};

#[test]
fn a_crate_is_a_component_with_purl_licence_and_checksum() {
    let one = Crate {
        name: "one".to_owned(),
        version: "1.2.3".to_owned(),
        licence: "MIT/Apache-2.0".to_owned(),
        repository: "https://code.example/one".to_owned(),
        folder: PathBuf::new(),
    };
    let lock = "[[package]]\nname = \"m531x-core\"\nversion = \"0.9.0\"\n\
        [[package]]\nname = \"one\"\nversion = \"1.2.3\"\nchecksum = \"abcd\"\n";
    let document = render(&[one], lock).unwrap();
    assert_eq!(document["metadata"]["component"]["version"], "0.9.0");
    let component = &document["components"][0];
    assert_eq!(component["purl"], "pkg:cargo/one@1.2.3");
    assert_eq!(component["licenses"][0]["expression"], "MIT OR Apache-2.0");
    assert_eq!(component["hashes"][0]["content"], "abcd");
}

#[test]
fn the_crates_of_this_repository_all_have_a_checksum() {
    let text = run(&xtask::repository_root()).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let components = document["components"].as_array().unwrap();
    for name in ["pyo3", "libsqlite3-sys", "serialport"] {
        assert!(components.iter().any(|one| one["name"] == name), "{name}");
    }
    for component in components {
        assert_eq!(
            component["hashes"][0]["content"].as_str().unwrap().len(),
            64,
            "{component}"
        );
    }
}
