//! Every fault in the middle of every operation: the operation ends with the truth, nothing is lost
//! or forged, and the modem works again.
//!
//! A failure names its cell; `CELL=<that name> cargo test ... -- --nocapture` runs it alone and
//! shows all that passed on the line. `make reliability` writes the figures into the documentation.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod fault_matrix_support;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use fault_matrix_support::cell::{self, Setting};
use fault_matrix_support::fault::FAULTS;
use fault_matrix_support::operation::Operation;
use fault_matrix_support::page;
use m531x_core::Model;

const MODELS: [Model; 3] = [Model::M5310A, Model::M5311, Model::M5313];
const SEEDS: u64 = 20;

#[test]
fn every_fault_in_every_operation_ends_with_the_truth_and_a_modem_that_works() {
    let wanted = std::env::var("CELL").unwrap_or_default();
    let mut settings = Vec::new();
    for (row, fault) in FAULTS.iter().enumerate() {
        for (column, operation) in Operation::ALL.into_iter().enumerate() {
            for model in MODELS {
                for seed in 0..SEEDS {
                    let name = format!("{}/{}/{model}/{seed}", fault.name, operation.name());
                    if name.starts_with(&wanted) {
                        settings.push((row, column, name, Setting { model, seed }));
                    }
                }
            }
        }
    }
    let next = AtomicUsize::new(0);
    let times = Mutex::new(vec![vec![Vec::new(); Operation::ALL.len()]; FAULTS.len()]);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((row, column, name, setting)) =
                    settings.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let (fault, operation) = (&FAULTS[*row], Operation::ALL[*column]);
                    let trail = !wanted.is_empty();
                    match cell::run(fault, operation, *setting, trail) {
                        Ok(time) => times.lock().unwrap()[*row][*column].push(time),
                        Err(why) => failures.lock().unwrap().push(format!("{name}: {why}")),
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    let times: Vec<Vec<Vec<Duration>>> = times.into_inner().unwrap();
    assert!(
        failures.is_empty(),
        "{} of {} runs failed:\n{}",
        failures.len(),
        settings.len(),
        failures.join("\n")
    );
    if wanted.is_empty() {
        page::check(&times);
    }
}
