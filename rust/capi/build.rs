//! Gives the shared library its SONAME, so that programs find the version they were linked with.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is =
        |variable: &str, value: &str| std::env::var(variable).is_ok_and(|found| found == value);
    // The number is M531X_ABI_VERSION. cargo-c passes a SONAME of its own, the same by its metadata.
    if is("CARGO_CFG_TARGET_OS", "linux") && std::env::var_os("CARGO_FEATURE_CAPI").is_none() {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libm531x.so.0");
    }
}
