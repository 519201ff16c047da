//! Generators and checks of the m531x workspace; `cargo xtask --help` lists them.
//!
//! [`generate`] turns `api.toml` into Rust, C, Python and two documentation pages. [`check`] holds the rules of the
//! house that no compiler knows: generated files are up to date, crates and modules depend in one direction, the sans-IO layers
//! stay without I/O, the notices name what is linked in, and the examples in the README are the files that the tests run.

pub mod check;
pub mod documents;
mod files;
pub mod generate;
pub mod notices;
pub mod sbom;
pub mod table;

use std::path::PathBuf;

/// The root of the repository that this crate was built in.
pub fn repository_root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root.pop();
    root
}
