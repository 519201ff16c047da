//! Which module needs which, and the circles in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::names::Names;

/// Deeper re-exports than these go round in a circle themselves.
const DEEPEST: usize = 16;

/// Which modules need which others.
pub type Needs = BTreeMap<String, BTreeSet<String>>;

/// For each module the others that it needs, but those that it lies below. `modules` are paths, empty for the
/// root, with their code without comments and literals.
pub fn needs(modules: &[(String, String)]) -> Needs {
    Graph::new(modules).needs()
}

/// The shortest circle of each knot of modules that need each other: `a -> b -> a`.
pub fn circles(needs: &Needs) -> Vec<String> {
    let mut in_a_circle = BTreeSet::new();
    let mut circles = Vec::new();
    for from in needs.keys() {
        if in_a_circle.contains(from.as_str()) {
            continue;
        }
        let after = reachable(needs, from);
        let knot: BTreeSet<&str> = after
            .into_iter()
            .filter(|other| reachable(needs, other).contains(from.as_str()))
            .collect();
        let shortest = knot.iter().filter_map(|one| way(needs, one, one));
        if let Some(circle) = shortest.min_by_key(Vec::len) {
            circles.push(circle.join(" -> "));
        }
        in_a_circle.extend(knot);
    }
    circles
}

/// The shortest way from a module to another one over at least one import.
fn way<'a>(needs: &'a Needs, from: &'a str, to: &str) -> Option<Vec<&'a str>> {
    let mut seen = BTreeSet::new();
    let mut ways = VecDeque::from([vec![from]]);
    while let Some(way) = ways.pop_front() {
        for next in needs.get(*way.last()?).into_iter().flatten() {
            let longer = || way.iter().copied().chain([next.as_str()]).collect();
            if next == to {
                return Some(longer());
            }
            if seen.insert(next) {
                ways.push_back(longer());
            }
        }
    }
    None
}

fn reachable<'a>(needs: &'a Needs, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = vec![from];
    while let Some(next) = open.pop() {
        for other in needs.get(next).into_iter().flatten() {
            if reached.insert(other.as_str()) {
                open.push(other);
            }
        }
    }
    reached
}

struct Graph {
    modules: BTreeMap<String, Names>,
}

impl Graph {
    fn new(modules: &[(String, String)]) -> Self {
        let mut modules: BTreeMap<String, Names> = modules
            .iter()
            .map(|(path, code)| (path.clone(), Names::read(code)))
            .collect();
        let tests: Vec<String> = modules
            .iter()
            .flat_map(|(path, names)| names.test_modules.iter().map(|name| below(path, name)))
            .collect();
        modules.retain(|path, _| {
            !tests
                .iter()
                .any(|test| path == test || is_below(path, test))
        });
        Self { modules }
    }

    fn needs(&self) -> Needs {
        let of = |from: &String, names: &Names| {
            let needed = names
                .paths
                .iter()
                .filter_map(|path| self.find(from, path, 0));
            needed
                .filter(|to| to != from && !is_below(from, to))
                .collect()
        };
        self.modules
            .iter()
            .map(|(from, names)| (from.clone(), of(from, names)))
            .collect()
    }

    /// The module that defines what a path leads to, seen from a module; none for what is not of this crate.
    fn find(&self, from: &str, path: &[String], depth: usize) -> Option<String> {
        if depth > DEEPEST {
            return None;
        }
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => self.walk(String::new(), rest, depth),
            "self" => self.walk(from.to_owned(), rest, depth),
            "super" => {
                let mut at = parent(from);
                let mut rest = rest;
                while rest.first().is_some_and(|next| next == "super") {
                    at = parent(&at);
                    rest = &rest[1..];
                }
                self.walk(at, rest, depth)
            }
            first if self.modules.contains_key(&below(from, first)) => {
                self.walk(below(from, first), rest, depth)
            }
            first => {
                let import = self.modules.get(from)?.imports.get(first)?;
                if import == path {
                    return None;
                }
                let whole: Vec<String> = import.iter().chain(rest).cloned().collect();
                self.find(from, &whole, depth + 1)
            }
        }
    }

    fn walk(&self, module: String, path: &[String], depth: usize) -> Option<String> {
        let names = self.modules.get(&module)?;
        let Some((next, rest)) = path.split_first() else {
            return Some(module);
        };
        let child = below(&module, next);
        if self.modules.contains_key(&child) {
            return self.walk(child, rest, depth);
        }
        if names.defined.contains(next) {
            return Some(module);
        }
        if let Some(import) = names.imports.get(next) {
            let whole: Vec<String> = import.iter().chain(rest).cloned().collect();
            return self.find(&module, &whole, depth + 1);
        }
        let globs = names
            .globs
            .iter()
            .filter_map(|glob| self.find(&module, glob, depth + 1));
        let mut defining = globs.filter(|glob| {
            let names = self.modules.get(glob);
            names.is_some_and(|names| {
                names.defined.contains(next) || names.imports.contains_key(next)
            })
        });
        match defining.next() {
            Some(glob) if depth < DEEPEST => self.walk(glob, path, depth + 1),
            _ => Some(module),
        }
    }
}

fn below(module: &str, name: &str) -> String {
    if module.is_empty() {
        name.to_owned()
    } else {
        format!("{module}::{name}")
    }
}

fn parent(module: &str) -> String {
    module
        .rsplit_once("::")
        .map_or("", |(parent, _)| parent)
        .to_owned()
}

/// Whether a module lies below another one.
fn is_below(module: &str, other: &str) -> bool {
    other.is_empty()
        || module
            .strip_prefix(other)
            .is_some_and(|rest| rest.starts_with("::"))
}
