//! Random lives of a session with the virtual module, compared with a small model of what is true.
//!
//! `DIFFERENTIAL_STEPS` says how many steps (10 000), `DIFFERENTIAL_SEED` where the seeds begin;
//! `make test-differential` sets both. What fails is shrunk and printed with its seed.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod differential_support;
mod world;

use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use differential_support::life::{self, Wrong};
use differential_support::{shrink, step};

/// The steps of one life.
const LIFE: usize = 200;

#[test]
fn whatever_happens_the_session_tells_the_truth() {
    let number = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
    };
    let steps = number("DIFFERENTIAL_STEPS", 10_000);
    let first = number("DIFFERENTIAL_SEED", 1);
    let lives = steps.div_ceil(LIFE as u64);
    let next = AtomicU64::new(first);
    let wrong = Mutex::new(None);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + lives || wrong.lock().unwrap().is_some() {
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
    let steps = step::draw(seed, LIFE);
    let lived = panic::catch_unwind(AssertUnwindSafe(|| life::live(seed, &steps, false)));
    let wrong = match lived {
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
        "seed {seed}: {why}\nthe shortest life in which something goes wrong:\n{}\n{trail}",
        list.join("\n")
    ))
}
