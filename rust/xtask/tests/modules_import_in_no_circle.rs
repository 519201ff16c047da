//! A circle of imports between the modules of a crate is found.

use xtask::check::circles::{circles, needs, problems};

fn found(modules: &[(&str, &str)]) -> Vec<String> {
    let modules: Vec<_> = modules
        .iter()
        .map(|(path, code)| ((*path).to_owned(), (*code).to_owned()))
        .collect();
    circles(&needs(&modules))
}

#[test]
fn this_workspace_has_no_circle() {
    let problems = problems(&xtask::repository_root());
    assert_eq!(problems, Vec::<String>::new());
}

#[test]
fn two_modules_that_import_each_other_are_a_circle() {
    let modules = [
        ("", "mod a; mod b;"),
        ("a", "use crate::b::B; pub struct A;"),
        ("b", "use super::a::{self, A}; pub struct B;"),
    ];
    assert_eq!(found(&modules), ["a -> b -> a"]);
}

#[test]
fn a_circle_over_several_modules_is_told_by_its_shortest_way() {
    let modules = [
        ("", "mod a; mod b; mod c; mod d;"),
        ("a", "use crate::b::B; pub struct A;"),
        ("b", "pub struct B(crate::c::C);"),
        (
            "c",
            "use crate::a::A as Other; use crate::d::D; pub struct C;",
        ),
        ("d", "fn f() { crate::a::g() } pub struct D;"),
    ];
    assert_eq!(found(&modules), ["a -> b -> c -> a"]);
}

#[test]
fn a_child_may_name_what_its_parent_defines_and_a_parent_its_children() {
    let modules = [
        ("", "mod a; pub use a::A; pub struct Root;"),
        ("a", "mod b; pub use b::B; pub struct A(B);"),
        ("a::b", "use super::A; use crate::Root; pub struct B;"),
    ];
    assert_eq!(found(&modules), Vec::<String>::new());
}

#[test]
fn a_name_is_followed_to_where_it_is_defined() {
    let modules = [
        ("", "mod a; mod b; pub use a::*; pub use b::B;"),
        ("a", "use crate::B; pub struct A;"),
        ("b", "use crate::A; pub struct B;"),
    ];
    assert_eq!(found(&modules), ["a -> b -> a"]);
    let through_the_parent = [
        ("a", "mod b; mod c; use b::B; pub use c::C;"),
        ("a::b", "use super::C; pub struct B;"),
        ("a::c", "use super::B; pub struct C;"),
    ];
    assert_eq!(found(&through_the_parent), ["a::b -> a::c -> a::b"]);
}

#[test]
fn other_crates_and_what_only_tests_import_close_no_circle() {
    let modules = [
        ("", "mod a; mod b; mod c; mod d;"),
        (
            "a",
            "use std::{b, fmt::{self, Write}}; use crate::b::B; pub struct A;",
        ),
        (
            "b",
            "pub struct B; #[cfg(test)] mod tests { use super::super::a::A; }",
        ),
        (
            "c",
            "use crate::d::D; #[cfg(all(test, loom))] mod models; pub struct C;",
        ),
        ("c::models", "use crate::d::D;"),
        ("d", "#[cfg(test)] use crate::c::C; pub struct D;"),
    ];
    assert_eq!(found(&modules), Vec::<String>::new());
}

#[test]
fn a_condition_that_is_not_for_tests_does_not_hide_an_import() {
    let modules = [
        ("", "mod a; mod b;"),
        (
            "a",
            "#[cfg(not(all(test, loom)))] use crate::b::B; pub struct A;",
        ),
        ("b", "#[cfg(unix)] mod x { use crate::a::A; } pub struct B;"),
    ];
    assert_eq!(found(&modules), ["a -> b -> a"]);
}
