//! A marked code block is filled with its file, and a make target that is not there is found.

use xtask::documents::{filled, unknown_targets};

fn read(path: &str) -> Option<String> {
    (path == "examples/a.py").then(|| "print(1)\nprint(2)\n".to_owned())
}

#[test]
fn a_block_gets_the_file_and_what_is_around_it_stays() {
    let text = "before\n<!-- file: examples/a.py -->\n```python\nold\n```\nafter\n```\ncode\n```\n";
    let whole = filled(text, read).unwrap();
    assert_eq!(
        whole,
        "before\n<!-- file: examples/a.py -->\n```python\nprint(1)\nprint(2)\n```\nafter\n```\ncode\n```\n"
    );
    assert_eq!(filled(&whole, read).unwrap(), whole);
}

#[test]
fn a_table_is_made_anew_up_to_its_end() {
    let text = "<!-- table: a -->\n| old |\n<!-- end of table -->\nafter\n";
    let read = |name: &str| (name == "table: a").then(|| "| new |\n".to_owned());
    let whole = "<!-- table: a -->\n| new |\n<!-- end of table -->\nafter\n";
    assert_eq!(filled(text, read).unwrap(), whole);
    assert!(filled("<!-- table: a -->\n| old |\n", read).is_err());
    assert!(filled("<!-- table: b -->\n<!-- end of table -->\n", read).is_err());
}

#[test]
fn a_file_that_is_gone_is_named() {
    let text = "<!-- file: examples/b.py -->\n```python\n```\n";
    assert_eq!(
        filled(text, read).unwrap_err(),
        "there is no file examples/b.py"
    );
}

#[test]
fn a_mark_without_a_block_is_found() {
    let text = "<!-- file: examples/a.py -->\nprose\n";
    assert_eq!(
        filled(text, read).unwrap_err(),
        "no code block follows the mark of examples/a.py"
    );
}

#[test]
fn a_block_without_an_end_is_found() {
    let text = "<!-- file: examples/a.py -->\n```python\nprint(1)\n";
    assert_eq!(
        filled(text, read).unwrap_err(),
        "the code block of examples/a.py has no end"
    );
}

#[test]
fn a_target_that_the_makefile_lacks_is_found() {
    let makefile = "test: stamp\n\t@cargo test\n";
    let text = "Run `make test`, or make do.\n```\nmake tests   # all\ncd x && make test\n```\n";
    assert_eq!(unknown_targets(text, makefile), ["tests"]);
}

#[test]
fn a_variable_is_not_a_target() {
    assert!(unknown_targets("`make PYTHON=python3.12 test`", "test:\n").is_empty());
}
