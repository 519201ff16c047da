//! The README for package registries leads to files of the repository by whole addresses.

use std::fs;
use std::path::Path;

use xtask::generate::readme::{PATH, of, render};

#[test]
fn links_to_files_become_addresses_and_others_stay() {
    let text = "[a](docs/a.md), [b](LICENSE-MIT) and [c](https://a.example/c), [d](#d)\n";
    assert_eq!(
        render(text, "https://a.example/m531x"),
        "[a](https://a.example/m531x/blob/HEAD/docs/a.md), \
         [b](https://a.example/m531x/blob/HEAD/LICENSE-MIT) and [c](https://a.example/c), [d](#d)\n"
    );
}

#[test]
fn code_stays_and_marks_of_files_are_left_out() {
    let text = "one\n<!-- file: a.py -->\n```python\nx[0](y)\n```\n";
    assert_eq!(
        render(text, "https://a.example"),
        "one\n```python\nx[0](y)\n```\n"
    );
}

#[test]
fn the_committed_one_is_current_and_every_link_leads_to_a_file() {
    let root = xtask::repository_root();
    let whole = of(&root).unwrap();
    assert_eq!(fs::read_to_string(root.join(PATH)).unwrap(), whole);
    let files: Vec<&str> = whole
        .split("/blob/HEAD/")
        .skip(1)
        .filter_map(|rest| rest.split([')', '#']).next())
        .collect();
    assert!(files.len() > 10);
    for file in files {
        assert!(Path::new(&root).join(file).exists(), "{file}");
    }
}
