//! A clock, a thread, I/O or unsafe code in a sans-IO layer is found.

use xtask::check::purity::impurities;

fn found(source: &str) -> Vec<(usize, String)> {
    impurities(source)
}

fn at(line: usize, what: &str) -> Vec<(usize, String)> {
    vec![(line, what.to_owned())]
}

#[test]
fn a_clock_is_found_on_its_line() {
    assert_eq!(
        found("fn f() {\n    let now = Instant::now();\n}\n"),
        at(2, "Instant::now")
    );
}

#[test]
fn time_as_an_argument_is_what_we_want() {
    assert!(found("use std::time::Instant;\nfn f(now: Instant) {}\n").is_empty());
}

#[test]
fn threads_io_and_the_network_are_found() {
    for path in [
        "std::thread",
        "std::io",
        "std::net",
        "std::fs",
        "std::env",
        "std::process",
    ] {
        assert_eq!(found(&format!("use {path};\n")), at(1, path));
    }
}

#[test]
fn a_grouped_import_hides_nothing() {
    assert_eq!(
        found("use std::fmt;\nuse std::{\n    collections::VecDeque, io,\n};\n"),
        at(2, "std::io")
    );
}

#[test]
fn unsafe_is_found_as_a_word_only() {
    assert_eq!(found("let x = unsafe { y };\n"), at(1, "unsafe"));
    assert!(found("#![forbid(unsafe_code)]\n").is_empty());
}

#[test]
fn comments_and_strings_may_talk_about_it() {
    assert!(found("// never std::io\n/* unsafe */\nlet s = \"std::thread\";\n").is_empty());
}

#[test]
fn the_tests_of_a_module_may_start_from_the_clock() {
    assert!(found("#[cfg(test)]\nmod tests {\n    fn f() { Instant::now(); }\n}\n").is_empty());
}

#[test]
fn code_after_a_test_module_in_another_file_counts() {
    let source = "#[cfg(test)]\nmod tests;\nfn f() { Instant::now(); }\n";
    assert_eq!(found(source), at(3, "Instant::now"));
}
