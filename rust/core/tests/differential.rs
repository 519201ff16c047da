//! Random scenarios of a session with the virtual module, compared with a small model of what is true.
//!
//! `DIFFERENTIAL_STEPS` says how many steps (10 000), `DIFFERENTIAL_SEED` where the seeds begin;
//! `make test-differential` sets both. What fails is shrunk and printed with its seed.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod differential_support;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use differential_support::scenario::{self, Wrong};
use differential_support::{shrink, step};

/// The steps of one scenario.
const STEPS: usize = 200;

#[test]
fn whatever_happens_the_session_tells_the_truth() {
    let number = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
    };
    let steps = number("DIFFERENTIAL_STEPS", 10_000);
    let first = number("DIFFERENTIAL_SEED", 1);
    let scenarios = steps.div_ceil(STEPS as u64);
    let next = AtomicU64::new(first);
    let wrong = Mutex::new(None);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + scenarios || wrong.lock().unwrap().is_some() {
                        return;
                    }
                    if let Err(why) = run(seed) {
                        wrong.lock().unwrap().get_or_insert(why);
                    }
                }
            });
        }
    });
    if let Some(why) = wrong.into_inner().unwrap() {
        panic!("{why}");
    }
}

fn run(seed: u64) -> Result<(), String> {
    let steps = step::draw(seed, STEPS);
    let ended = panic::catch_unwind(AssertUnwindSafe(|| scenario::run(seed, &steps, false)));
    let wrong = match ended {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(wrong)) => wrong,
        Err(_) => return Err(format!("seed {seed} panics")),
    };
    let (short, Wrong { why, trail, .. }) = {
        let (short, wrong) = shrink::shrink(seed, steps, wrong);
        (short, *wrong)
    };
    let list: Vec<String> = short.iter().map(|step| format!("  {step:?}")).collect();
    Err(format!(
        "seed {seed}: {why}\nthe shortest scenario in which something goes wrong:\n{}\n{trail}",
        list.join("\n")
    ))
}
