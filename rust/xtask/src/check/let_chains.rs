//! The least Rust that this workspace promises has no let chains, and no compiler here is that old:
//! edition 2024 lets them pass. Clippy reports all else that is too new (`incompatible_msrv`).

use std::fs;
use std::path::Path;

use super::source::code_only;
use crate::files::{files_below, shown};

const FOLDERS: &[&str] = &["rust", "benches", "examples", "fuzz"];

/// A line for each condition that chains a `let`.
pub fn problems(root: &Path) -> Vec<String> {
    let mut problems = Vec::new();
    for folder in FOLDERS {
        let Ok(files) = files_below(&root.join(folder)) else {
            problems.push(format!("cannot read {folder}"));
            continue;
        };
        for file in files {
            if file.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let Ok(text) = fs::read_to_string(&file) else {
                problems.push(format!("cannot read {}", shown(root, &file)));
                continue;
            };
            let code = code_only(&text);
            problems.extend(chains(&code).into_iter().map(|line| {
                format!(
                    "{}:{line}: a let chain needs Rust 1.88; nest the conditions",
                    shown(root, &file)
                )
            }));
        }
    }
    problems
}

/// The lines of `code` on which a `let` stands in a chain of conditions.
fn chains(code: &str) -> Vec<usize> {
    let lets = code.match_indices("let").filter(|(at, word)| {
        let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
        !code[..*at].ends_with(is_name) && !code[at + word.len()..].starts_with(is_name)
    });
    lets.filter(|(at, word)| {
        let before = code[..*at].trim_end();
        let condition = before.ends_with("if") || before.ends_with("while");
        before.ends_with("&&") || condition && chains_on(&code[at + word.len()..])
    })
    .map(|(at, _)| code[..at].matches('\n').count() + 1)
    .collect()
}

/// Whether `&&` stands between here and the block, outside of brackets. In a pattern it does not: `&&x`
/// follows no value there.
fn chains_on(code: &str) -> bool {
    let mut depth = 0_usize;
    let mut value = false;
    for (at, letter) in code.char_indices() {
        match letter {
            '{' if depth == 0 => return false,
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '=' => value = true,
            '&' if depth == 0 && value && code[at..].starts_with("&& ") => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_that_chain_a_let_are_found() {
        for chained in [
            "if let Some(x) = y && x > 1 {",
            "if a && let Some(x) = y {",
            "while let Some(x) = next()\n    && x > 1\n{",
            "x if let Some(1) = x && y => 2, {",
            "if (f)(|a| { b }) && let A = b {",
        ] {
            assert_eq!(chains(chained).len(), 1, "{chained}");
        }
        assert_eq!(chains("\n\nif a\n    && let b = c {"), [4]);
    }

    #[test]
    fn other_conditions_and_other_uses_of_the_words_are_not() {
        for fine in [
            "let a = b && c;",
            "if let Some(x) = y { a && b }",
            "if let Some(x) = f(a && b) {",
            "if let &&x = y {",
            "if let Some(&&x) = y {",
            "let outlet = a && b; if outlet {",
            "if a && letter {",
            "if let Some(x) = &&y {",
        ] {
            assert!(chains(fine).is_empty(), "{fine}");
        }
    }
}
