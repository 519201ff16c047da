//! What a module imports and names.

use std::collections::{BTreeMap, BTreeSet};

/// The names in the code of one module.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// What each imported or re-exported name stands for.
    pub(super) imports: BTreeMap<String, Vec<String>>,
    /// The modules of which everything is imported.
    pub(super) globs: Vec<Vec<String>>,
    /// Every path that is imported or named, in parts.
    pub(super) paths: BTreeSet<Vec<String>>,
    /// What is defined here.
    pub(super) defined: BTreeSet<String>,
    /// The modules below that exist for tests only.
    pub(super) test_modules: BTreeSet<String>,
}

const DEFINING: &[&str] = &[
    "const", "enum", "fn", "static", "struct", "trait", "type", "union",
];

impl Names {
    /// Reads code without comments and literals.
    pub(super) fn read(code: &str) -> Self {
        let mut names = Self::default();
        let words = words(code);
        let mut at = 0;
        // The ends of the modules in braces that the code is in: `super` leads no further than this file there.
        let mut inline: Vec<usize> = Vec::new();
        while at < words.len() {
            inline.retain(|end| at < *end);
            match words[at] {
                "#" if is_for_tests(&words[at..]) => {
                    let item = at + length_of_attribute(&words[at..]);
                    let end = item + length_of_item(&words[item..]);
                    names.note_test_modules(&words[item..end]);
                    at = end;
                }
                "#" => at += length_of_attribute(&words[at..]).max(1),
                "use" => {
                    let end = at
                        + words[at..]
                            .iter()
                            .position(|word| *word == ";")
                            .unwrap_or(1);
                    names.import(&words[at + 1..end], &[], !inline.is_empty());
                    at = end;
                }
                "mod" if words.get(at + 2) == Some(&"{") => {
                    inline.push(at + 2 + length_of_block(&words[at + 2..]));
                    at += 3;
                }
                word if is_name(word) => {
                    if DEFINING.contains(&word) {
                        let name = words.get(at + 1).copied().unwrap_or_default();
                        names.defined.insert(name.to_owned());
                    }
                    let before = at.checked_sub(1).map(|before| words[before]);
                    let mut path = vec![word.to_owned()];
                    while words.get(at + 1) == Some(&"::")
                        && words.get(at + 2).is_some_and(|w| is_name(w))
                    {
                        path.push(words[at + 2].to_owned());
                        at += 2;
                    }
                    if path.len() > 1 && before != Some("::") && before != Some("$") {
                        names.add(path, !inline.is_empty());
                    }
                    at += 1;
                }
                _ => at += 1,
            }
        }
        names
    }

    /// Reads a tree of imports that stands below `prefix`.
    fn import(&mut self, tree: &[&str], prefix: &[String], inline: bool) {
        let mut path = prefix.to_vec();
        let mut at = 0;
        while at < tree.len() {
            match tree[at] {
                "{" => {
                    let end = at + length_of_block(&tree[at..]) - 1;
                    for branch in branches(&tree[at + 1..end]) {
                        self.import(branch, &path, inline);
                    }
                    return;
                }
                "*" => {
                    if !inline {
                        self.globs.push(path.clone());
                    }
                    self.add(path, inline);
                    return;
                }
                "as" => {
                    let name = tree.get(at + 1).copied().unwrap_or("_");
                    self.bind(name, path, inline);
                    return;
                }
                "::" => at += 1,
                "self" if !path.is_empty() => at += 1,
                word => {
                    path.push(word.to_owned());
                    at += 1;
                }
            }
        }
        if let Some(name) = path.last().cloned() {
            self.bind(&name, path, inline);
        }
    }

    fn bind(&mut self, name: &str, path: Vec<String>, inline: bool) {
        if !inline {
            self.imports.insert(name.to_owned(), path.clone());
        }
        self.add(path, inline);
    }

    fn add(&mut self, path: Vec<String>, inline: bool) {
        if !(inline && path[0] == "super") {
            self.paths.insert(path);
        }
    }

    fn note_test_modules(&mut self, item: &[&str]) {
        for (at, word) in item.iter().enumerate() {
            if *word == "mod" && item.get(at + 2) == Some(&";") {
                self.test_modules.insert(item[at + 1].to_owned());
            }
        }
    }
}

/// Names, `::`, and every other letter by itself.
fn words(code: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = code.trim_start();
    while let Some(letter) = rest.chars().next() {
        let length = if is_letter(letter) {
            rest.find(|other| !is_letter(other)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            letter.len_utf8()
        };
        words.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    words
}

fn is_letter(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn is_name(word: &str) -> bool {
    word.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
}

/// Whether an attribute begins here that leaves its item to tests.
fn is_for_tests(words: &[&str]) -> bool {
    let attribute = &words[..length_of_attribute(words)];
    attribute.get(2) == Some(&"cfg") && attribute.contains(&"test") && !attribute.contains(&"not")
}

fn length_of_attribute(words: &[&str]) -> usize {
    let opening = if words.get(1) == Some(&"!") { 2 } else { 1 };
    match words.get(opening) {
        Some(&"[") => opening + length_of_block(&words[opening..]),
        _ => 0,
    }
}

/// The length of what stands between the bracket that `words` begin with and its other one, both included.
fn length_of_block(words: &[&str]) -> usize {
    let mut depth = 0_usize;
    for (at, word) in words.iter().enumerate() {
        match *word {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    words.len()
}

/// The length of an item with its other attributes: up to `;`, to `,`, or to the end of its block.
fn length_of_item(words: &[&str]) -> usize {
    let imports = words.iter().take(6).any(|word| *word == "use");
    let mut at = 0;
    while at < words.len() {
        match words[at] {
            ";" => return at + 1,
            "," if !imports => return at + 1,
            "}" => return at,
            "{" if !imports => return at + length_of_block(&words[at..]),
            "(" | "[" | "{" => at += length_of_block(&words[at..]),
            _ => at += 1,
        }
    }
    at
}

/// The parts of a group of imports.
fn branches<'a>(group: &'a [&'a str]) -> Vec<&'a [&'a str]> {
    let mut branches = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < group.len() {
        match group[at] {
            "{" => at += length_of_block(&group[at..]),
            "," => {
                branches.push(&group[start..at]);
                at += 1;
                start = at;
            }
            _ => at += 1,
        }
    }
    branches.push(&group[start..]);
    branches
}
