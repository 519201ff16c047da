//! The program in C, which uses the library as it is shipped.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The program `c_client.c`.
pub(crate) struct Client {
    pub(crate) program: PathBuf,
}

impl Client {
    /// Builds it, if the library is built.
    pub(crate) fn build() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let library = target.join("release/libm531x.a");
        if !library.exists() {
            return None;
        }
        let program = target.join("c_client");
        let built = Command::new("cc")
            .args(["-O2", "-D_POSIX_C_SOURCE=200809L", "-o"])
            .arg(&program)
            .arg(root.join("benches/c_client.c"))
            .arg(library)
            .arg("-I")
            .arg(root.join("include"))
            .args(["-lpthread", "-ldl", "-lm"])
            .status();
        built
            .is_ok_and(|status| status.success())
            .then_some(Self { program })
    }
}
