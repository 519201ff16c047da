//! Options for the linker: the SONAME, so that programs find the version they were linked with, that the library stays
//! loaded, and on Windows the version that Explorer shows.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is =
        |variable: &str, value: &str| std::env::var(variable).is_ok_and(|found| found == value);
    // The number is M531X_ABI_VERSION. cargo-c passes a SONAME of its own, the same by its metadata.
    if is("CARGO_CFG_TARGET_OS", "linux") && std::env::var_os("CARGO_FEATURE_CAPI").is_none() {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libm531x.so.0");
    }
    // As pin.rs on Windows: dlclose must not take the code of running threads away.
    if is("CARGO_CFG_TARGET_OS", "linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
    if is("CARGO_CFG_TARGET_OS", "windows") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        let architecture = if is("CARGO_CFG_TARGET_ARCH", "x86") {
            "i686"
        } else {
            "x86_64"
        };
        if let Err(reason) = add_version_resource(architecture) {
            println!("cargo:warning=m531x.dll gets no version resource: {reason}");
        }
    }
}

fn add_version_resource(architecture: &str) -> Result<(), String> {
    let folder = std::env::var("OUT_DIR").map_err(|error| error.to_string())?;
    let (script, object) = (
        Path::new(&folder).join("version.rc"),
        Path::new(&folder).join("version.o"),
    );
    std::fs::write(&script, version_resource()).map_err(|error| error.to_string())?;
    let windres = format!("{architecture}-w64-mingw32-windres");
    let done = Command::new(&windres).arg(&script).arg(&object).status();
    let done = done.map_err(|error| format!("{windres}: {error}"))?;
    if !done.success() {
        return Err(format!("{windres}: {done}"));
    }
    println!("cargo:rustc-cdylib-link-arg={}", object.display());
    Ok(())
}

fn version_resource() -> String {
    let version = env!("CARGO_PKG_VERSION");
    // The numbers alone: a version before a release has a word behind them.
    let numbers = [
        env!("CARGO_PKG_VERSION_MAJOR"),
        env!("CARGO_PKG_VERSION_MINOR"),
        env!("CARGO_PKG_VERSION_PATCH"),
    ]
    .join(",");
    format!(
        r#"1 VERSIONINFO
FILEVERSION {numbers},0
PRODUCTVERSION {numbers},0
FILEOS 0x40004
FILETYPE 2
BEGIN
    BLOCK "StringFileInfo"
    BEGIN
        BLOCK "040904B0"
        BEGIN
            VALUE "FileDescription", "China Mobile M531x NB-IoT modules as MQTT clients"
            VALUE "FileVersion", "{version}"
            VALUE "InternalName", "m531x"
            VALUE "LegalCopyright", "The m531x developers; MIT OR Apache-2.0"
            VALUE "OriginalFilename", "m531x.dll"
            VALUE "ProductName", "m531x"
            VALUE "ProductVersion", "{version}"
        END
    END
    BLOCK "VarFileInfo"
    BEGIN
        VALUE "Translation", 0x0409, 1200
    END
END
"#
    )
}
