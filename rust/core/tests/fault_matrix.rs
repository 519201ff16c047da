//! Every fault in the middle of every operation, on every lineage of firmware: the operation ends with
//! the truth, nothing is lost or forged, and the modem works again.
//!
//! A failure names its cell; `CELL=<that name> cargo test ... -- --nocapture` runs it alone and
//! shows all that passed on the line. `make test` plays a sample, `make reliability` every cell, and
//! writes the figures into the documentation.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod fault_matrix_support;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use fault_matrix_support::cell::{self, Setting};
use fault_matrix_support::fault::FAULTS;
use fault_matrix_support::operation::Operation;
use fault_matrix_support::page::{self, Times};
use m531x_core::Model;
use m531x_virtual_modem::Firmware;

const MODELS: [Model; 3] = [Model::M5310A, Model::M5311, Model::M5313];
/// The seeds of a cell, and those of the sample.
const SEEDS: u64 = 20;
const SAMPLE: u64 = 2;

/// A run of the matrix: where its figure belongs, its name, and what it is.
struct Run {
    firmware: Firmware,
    row: usize,
    column: usize,
    name: String,
    setting: Setting,
}

#[test]
fn every_fault_in_every_operation_ends_with_the_truth_and_a_modem_that_works() {
    let wanted = std::env::var("CELL").unwrap_or_default();
    let writes = std::env::var_os("WRITE_RELIABILITY").is_some();
    let seeds = if writes || !wanted.is_empty() {
        SEEDS
    } else {
        SAMPLE
    };
    let runs = runs(seeds, &wanted);
    let next = AtomicUsize::new(0);
    let times: Vec<Mutex<Times>> = Firmware::ALL.map(|_| Mutex::default()).into();
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(run) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (fault, operation) = (&FAULTS[run.row], Operation::ALL[run.column]);
                    let trail = !wanted.is_empty();
                    match cell::run(fault, operation, run.setting, trail) {
                        Ok(time) => {
                            let lineage = Firmware::ALL
                                .iter()
                                .position(|firmware| *firmware == run.firmware)
                                .unwrap();
                            let mut times = times[lineage].lock().unwrap();
                            times.entry((run.row, run.column)).or_default().push(time);
                        }
                        Err(why) => failures
                            .lock()
                            .unwrap()
                            .push(format!("{}: {why}", run.name)),
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(
        failures.is_empty(),
        "{} of {} runs failed:\n{}",
        failures.len(),
        runs.len(),
        failures.join("\n")
    );
    if wanted.is_empty() {
        for (firmware, times) in Firmware::ALL.into_iter().zip(times) {
            page::check(firmware, &times.into_inner().unwrap(), writes);
        }
    }
}

fn runs(seeds: u64, wanted: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    for firmware in Firmware::ALL {
        for (row, fault) in FAULTS.iter().enumerate() {
            for (column, operation) in Operation::ALL.into_iter().enumerate() {
                for model in MODELS {
                    for seed in 0..seeds {
                        // The sample takes another third of the seeds for each model.
                        let offset =
                            seeds * MODELS.iter().position(|one| *one == model).unwrap() as u64;
                        let seed = if seeds < SEEDS { seed + offset } else { seed };
                        let name = format!(
                            "{firmware}/{}/{}/{model}/{seed}",
                            fault.name,
                            operation.name()
                        );
                        if name.starts_with(wanted) {
                            let setting = Setting {
                                model,
                                firmware,
                                seed,
                            };
                            runs.push(Run {
                                firmware,
                                row,
                                column,
                                name,
                                setting,
                            });
                        }
                    }
                }
            }
        }
    }
    runs
}
