//! The matrix as a page.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::fault::FAULTS;
use super::operation::Operation;

const BEGIN: &str = "<!-- matrix -->\n";
const END: &str = "<!-- /matrix -->\n";

/// Compares the table with the one of the page, or writes it there if the environment says so.
pub(crate) fn check(times: &[Vec<Vec<Duration>>]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reliability.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (old, after) = rest.split_once(END).unwrap();
    let table = table(times);
    if std::env::var_os("WRITE_RELIABILITY").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert!(
        old == table,
        "docs/reliability.md is not up to date: run `make reliability` and look at what changed\n{table}"
    );
}

fn table(times: &[Vec<Vec<Duration>>]) -> String {
    let mut text = String::from("| fault |");
    for operation in Operation::ALL {
        write!(text, " {} |", operation.name()).unwrap();
    }
    text.push_str("\n|---|");
    text.push_str(&"--:|".repeat(Operation::ALL.len()));
    text.push('\n');
    for (fault, row) in FAULTS.iter().zip(times) {
        write!(text, "| {} |", fault.name).unwrap();
        for cell in row {
            write!(text, " {} |", figures(cell)).unwrap();
        }
        text.push('\n');
    }
    text
}

/// Median and worst.
fn figures(times: &[Duration]) -> String {
    let mut sorted = times.to_vec();
    sorted.sort();
    match (sorted.get(sorted.len() / 2), sorted.last()) {
        (Some(median), Some(worst)) => {
            format!("{:.1} / {:.1}", median.as_secs_f64(), worst.as_secs_f64())
        }
        _ => "-".to_owned(),
    }
}
