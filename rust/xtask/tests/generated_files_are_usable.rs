//! What the generator writes is up to date, and its languages take it.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use xtask::check::drift;
use xtask::generate::{MARK, outputs};
use xtask::table::ApiTable;

fn table() -> ApiTable {
    ApiTable::load(&xtask::repository_root()).expect("our own table is good")
}

fn capi_sources() -> Vec<PathBuf> {
    let capi = xtask::repository_root().join("rust/capi");
    let sources = fs::read_dir(capi.join("src")).expect("rust/capi/src is there");
    let sources = sources.map(|entry| entry.expect("and can be listed").path());
    // The header shows a loop of an example.
    let example = xtask::repository_root().join("examples/c/subscribe_epoll.c");
    sources
        .chain([capi.join("cbindgen.toml"), example])
        .collect()
}

#[test]
fn what_is_committed_is_what_is_generated() {
    assert_eq!(
        drift::problems(&xtask::repository_root()),
        Vec::<String>::new()
    );
}

#[test]
fn a_file_changed_by_hand_is_found() {
    let root = std::env::temp_dir().join(format!("m531x-xtask-drift-{}", std::process::id()));
    let capi = root.join("rust/capi");
    fs::create_dir_all(capi.join("src")).unwrap();
    fs::create_dir_all(root.join("examples/c")).unwrap();
    fs::create_dir_all(root.join("packaging")).unwrap();
    // A README that shows no file of the repository.
    fs::write(root.join("README.md"), "# m531x\n").unwrap();
    let tables = ["api.toml", "Cargo.toml"].map(|name| xtask::repository_root().join(name));
    for source in capi_sources().into_iter().chain(tables) {
        let name = source.strip_prefix(xtask::repository_root()).unwrap();
        fs::copy(&source, root.join(name)).unwrap();
    }
    xtask::generate::run(&root).unwrap();
    let fresh = drift::problems(&root);
    fs::write(root.join("include/m531x.h"), "#define M531X_OK 1\n").unwrap();
    fs::remove_file(root.join("docs/errors.md")).unwrap();
    let changed = drift::problems(&root);
    fs::remove_dir_all(&root).unwrap();

    assert!(fresh.is_empty(), "{fresh:?}");
    assert_eq!(changed.len(), 2, "{changed:?}");
    assert!(
        changed[0].starts_with("docs/errors.md is missing"),
        "{changed:?}"
    );
    assert!(
        changed[1].starts_with("include/m531x.h differs"),
        "{changed:?}"
    );
}

#[test]
fn every_output_says_where_it_comes_from() {
    for output in outputs(&table()) {
        assert!(
            output.text.lines().next().unwrap().contains(MARK),
            "{}",
            output.path
        );
    }
}

#[test]
fn a_c99_compiler_takes_the_header_with_all_warnings() {
    let mut compiler = Command::new("cc")
        .args([
            "-xc",
            "-std=c99",
            "-fsyntax-only",
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
        ])
        .arg("-I")
        .arg(xtask::repository_root().join("include"))
        .arg("-")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    compiler
        .stdin
        .take()
        .unwrap()
        .write_all(b"#include \"m531x.h\"\nint status = M531X_OK - M531X_ERR_PORT;\n")
        .unwrap();
    assert!(compiler.wait().unwrap().success());
}

#[test]
fn the_header_has_every_function_with_its_documentation() {
    let root = xtask::repository_root();
    let header = fs::read_to_string(root.join("include/m531x.h")).unwrap();
    let mut functions = 0;
    for source in capi_sources() {
        let text = fs::read_to_string(&source).unwrap();
        for (start, mark) in text.match_indices("extern \"C\" fn m531x_") {
            let name = &text[start + mark.len() - "m531x_".len()..];
            let name = &name[..name.find('(').unwrap()];
            let declared = |line: &&str| {
                !line.trim_start().starts_with('*') && line.contains(&format!("{name}("))
            };
            let line = header.lines().find(declared).unwrap_or_else(|| {
                panic!("{name} is missing: name its file in rust/xtask/src/generate/header.rs")
            });
            let at = header.find(line).unwrap();
            let comment = header[..at].rsplit("/**").next().unwrap();
            for part in ["@return", "Thread-safe", "@since"] {
                assert!(comment.contains(part), "{name} has no {part}");
            }
            functions += 1;
        }
    }
    assert!(functions > 20, "{functions}");
}
