//! A code block that is not its file, and a make target that is not there, are found.

use xtask::check::documents::{differing_blocks, unknown_targets};

fn read(path: &str) -> Option<String> {
    (path == "examples/a.py").then(|| "print(1)\nprint(2)\n".to_owned())
}

fn blocks(text: &str) -> Vec<String> {
    differing_blocks("README.md", text, read)
}

#[test]
fn a_block_that_is_its_file_passes() {
    let text = "<!-- file: examples/a.py -->\n```python\nprint(1)\nprint(2)\n```\n";
    assert!(blocks(text).is_empty());
}

#[test]
fn a_block_that_differs_is_found() {
    let text = "<!-- file: examples/a.py -->\n```python\nprint(1)\n```\n";
    assert_eq!(
        blocks(text),
        ["README.md: the block of examples/a.py is not that file"]
    );
}

#[test]
fn a_file_that_is_gone_is_found() {
    let text = "<!-- file: examples/b.py -->\n```python\n```\n";
    assert_eq!(blocks(text), ["README.md: there is no file examples/b.py"]);
}

#[test]
fn a_mark_without_a_block_is_found() {
    let text = "<!-- file: examples/a.py -->\nprose\n";
    assert_eq!(
        blocks(text),
        ["README.md: no code block follows the mark of examples/a.py"]
    );
}

#[test]
fn a_target_that_the_makefile_lacks_is_found() {
    let makefile = "test: stamp\n\t@cargo test\n";
    let text = "Run `make test`, or make do.\n```\nmake tests   # all\ncd x && make test\n```\n";
    assert_eq!(
        unknown_targets("README.md", text, makefile),
        ["README.md: the Makefile has no target tests"]
    );
}

#[test]
fn a_variable_is_not_a_target() {
    let text = "`make PYTHON=python3.12 test`";
    assert!(unknown_targets("README.md", text, "test:\n").is_empty());
}
