//! `include/m531x.h`: made by cbindgen from `rust/capi/src` and the manual in its `cbindgen.toml`.

use std::path::Path;

use cbindgen::{Builder, Config};

/// Where the header stands, from the root of the repository.
pub(super) const PATH: &str = "include/m531x.h";

/// The program whose loop the manual shows.
const EXAMPLE: &str = "examples/c/subscribe_epoll.c";

/// The sources with something for the header, in the order in which a reader wants it. They are read
/// one by one, so that neither cargo nor the features of a build have a say.
const SOURCES: &[&str] = &[
    "version",
    "error_constants",
    "api_constants",
    "constants",
    "errors",
    "open",
    "options",
    "connection",
    "publish",
    "outbox",
    "subscribe",
    "wait",
    "set_callback",
    "log",
    "command",
    "module",
    "inspect",
    "record",
    "virtual_modem",
];

/// The header for the sources below `root`.
pub(super) fn render(root: &Path) -> Result<String, String> {
    let folder = root.join("rust/capi");
    let config = Config::from_file(folder.join("cbindgen.toml"))?;
    let bindings = SOURCES
        .iter()
        .fold(Builder::new().with_config(config), |builder, source| {
            builder.with_src(folder.join("src").join(source).with_extension("rs"))
        })
        .generate()
        .map_err(|error| format!("cbindgen cannot read rust/capi/src: {error}"))?;
    let mut text = Vec::new();
    bindings.write(&mut text);
    let text = String::from_utf8(text).map_err(|error| format!("{PATH} is not UTF-8: {error}"))?;
    // C90 and C++98 allow no comma there, and C90 no such comments.
    let text = text.replace(",\n};", "\n};");
    let example = std::fs::read_to_string(root.join(EXAMPLE))
        .map_err(|error| format!("cannot read {EXAMPLE}: {error}"))?;
    let code = example
        .split_once("/* loop */\n")
        .and_then(|(_, rest)| rest.split_once("/* end */"))
        .ok_or_else(|| format!("{EXAMPLE} has no loop"))?
        .0;
    // cbindgen makes no texts.
    let version = std::fs::read_to_string(folder.join("src/version.rs"))
        .map_err(|error| format!("cannot read version.rs: {error}"))?;
    let (_, version) = version
        .split_once("M531X_VERSION_STRING: &str = ")
        .ok_or_else(|| "version.rs has no M531X_VERSION_STRING".to_owned())?;
    let version = version.split(';').next().unwrap_or_default();
    let text = text.replacen(
        "/**\n * The ABI of this header;",
        &format!(
            "/**\n * The version of this header as a text, to compare with that of m531x_version_string.\n */\n\
             #define M531X_VERSION_STRING {version}\n\n/**\n * The ABI of this header;"
        ),
        1,
    );
    let lines: Vec<_> = code.lines().collect();
    let text = text.replace("@LOOP@", &format!("  {}", lines.join("\n *   ")));
    Ok(text.lines().map(without_line_comment).collect())
}

fn without_line_comment(line: &str) -> String {
    match line.split_once("// ") {
        Some((code, comment)) if line.starts_with(['#', '}']) => {
            format!("{}  /* {comment} */\n", code.trim_end())
        }
        _ => format!("{line}\n"),
    }
}
