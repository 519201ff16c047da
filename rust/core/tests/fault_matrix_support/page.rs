//! The matrix as a page, one table for each lineage.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

use m531x_virtual_modem::Firmware;

use super::fault::FAULTS;
use super::operation::Operation;

/// The figures of each cell, by row and column.
pub(crate) type Times = BTreeMap<(usize, usize), Vec<Duration>>;

/// Writes the table into the page, or sees that the page has one of these rows and columns: a sample
/// has other figures.
pub(crate) fn check(firmware: Firmware, times: &Times, writes: bool) {
    let (begin, end) = (
        format!("<!-- matrix {firmware} -->\n"),
        format!("<!-- /matrix {firmware} -->\n"),
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reliability.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(&begin).unwrap();
    let (old, after) = rest.split_once(&end).unwrap();
    let table = table(times);
    if writes {
        fs::write(&path, format!("{before}{begin}{table}{end}{after}")).unwrap();
        return;
    }
    assert_eq!(
        frame(old),
        frame(&table),
        "docs/reliability.md lacks a cell: run `make reliability` and look at what changed"
    );
}

/// The table without its figures: the head, and how many cells each named row has.
fn frame(table: &str) -> Vec<(String, usize)> {
    let mut lines = table.lines();
    let head = lines.next().unwrap_or_default().to_owned();
    let rows = lines.map(|line| {
        let name = line.split('|').nth(1).unwrap_or_default().trim().to_owned();
        (name, line.matches('|').count())
    });
    std::iter::once((head, 0)).chain(rows).collect()
}

fn table(times: &Times) -> String {
    let mut text = String::from("| fault |");
    for operation in Operation::ALL {
        write!(text, " {} |", operation.name()).unwrap();
    }
    text.push_str("\n|---|");
    text.push_str(&"--:|".repeat(Operation::ALL.len()));
    text.push('\n');
    for (row, fault) in FAULTS.iter().enumerate() {
        write!(text, "| {} |", fault.name).unwrap();
        for column in 0..Operation::ALL.len() {
            let times = times.get(&(row, column)).map_or(&[][..], Vec::as_slice);
            write!(text, " {} |", figures(times)).unwrap();
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
