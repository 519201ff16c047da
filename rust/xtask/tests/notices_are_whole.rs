//! THIRD-PARTY.md names everything that is linked in, each text once.

use std::collections::BTreeSet;

use xtask::check::notices::difference;
use xtask::notices::{Text, merged};

fn text(of: &str, text: &str) -> Text {
    Text {
        of: vec![of.to_owned()],
        text: text.to_owned(),
    }
}

#[test]
fn a_text_that_two_crates_bring_stands_there_once_as_the_first_has_it() {
    let found = merged(vec![
        text("a 1", "Permission is\nhereby granted\n"),
        text("b 1", "Permission is refused\n"),
        text("c 1", "Permission is hereby\ngranted\n"),
    ]);
    let both = Text {
        of: vec!["a 1".to_owned(), "c 1".to_owned()],
        text: "Permission is\nhereby granted\n".to_owned(),
    };
    assert_eq!(found, [both, text("b 1", "Permission is refused\n")]);
}

#[test]
fn another_copyright_line_makes_another_text() {
    let texts = vec![text("a 1", "(c) A\nMIT\n"), text("b 1", "(c) B\nMIT\n")];
    assert_eq!(merged(texts).len(), 2);
}

#[test]
fn an_updated_crate_is_told_with_what_to_run() {
    let problem = difference("| libc 1 |\n", "| libc 2 |\n");
    assert_eq!(
        problem.as_deref(),
        Some("THIRD-PARTY.md lacks \"| libc 2 |\"; run `make notices` and commit it")
    );
}

#[test]
fn a_crate_that_is_gone_is_told() {
    let problem = difference("libc\nring\n", "libc\n");
    assert!(problem.is_some_and(|problem| problem.contains("more than it should")));
    assert_eq!(difference("libc\n", "libc\n"), None);
}

#[test]
fn every_target_that_is_built_for_is_looked_at() {
    let root = xtask::repository_root();
    let read = |path: &str| std::fs::read_to_string(root.join(path)).expect(path);
    let looked_at = read("deny.toml");
    let of_scripts = ["dist", "wheels", "windows", "windows-wheel"]
        .map(|script| read(&format!("tools/cross/{script}")))
        .concat();
    let built: BTreeSet<String> = of_scripts
        .split(|letter: char| !letter.is_ascii_alphanumeric() && !"_-".contains(letter))
        .filter(|word| word.contains("-unknown-linux-") || word.contains("-windows-gnu"))
        // Those that a variable makes.
        .filter(|word| !word.starts_with('-') && !word.starts_with("name-"))
        .map(|word| word.replace("-win7-", "-pc-"))
        .collect();
    assert!(built.len() > 5, "{built:?}");
    for target in built {
        assert!(looked_at.contains(&format!("\"{target}\"")), "{target}");
    }
    for target in ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"] {
        assert!(looked_at.contains(&format!("\"{target}\"")), "{target}");
    }
}
