//! Random scenarios of a modem that several threads use at once, compared with a small model: the driver
//! with its threads, a virtual modem behind it, and its broker.
//!
//! A seed gives what each thread does, not how they meet. `DIFFERENTIAL_STEPS` says how many steps
//! (6000), `DIFFERENTIAL_SEED` where the seeds begin; `make test-differential` sets both.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod differential_driver_support;

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use differential_driver_support::scenario;

/// The steps of one scenario.
const STEPS: u64 = 400;
/// How many are played at the same time.
const SIDE_BY_SIDE: u64 = 2;
/// One round is done in far less.
const HANGS: Duration = Duration::from_secs(150);

#[test]
fn whatever_several_threads_ask_the_modem_keeps_its_word() {
    let number = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
    };
    let steps = number("DIFFERENTIAL_STEPS", 6_000);
    let first = number("DIFFERENTIAL_SEED", 1);
    let last = first + steps.div_ceil(STEPS);
    thread::scope(|scope| {
        for shift in 0..SIDE_BY_SIDE {
            scope.spawn(move || {
                for seed in first..last {
                    if seed % SIDE_BY_SIDE == shift {
                        watch_over(seed);
                    }
                }
            });
        }
    });
}

/// Plays one scenario on a thread that can be left behind if it never ends.
fn watch_over(seed: u64) {
    enum News {
        Begins(String),
        Ended(Result<(), String>),
    }
    let (news, comes) = mpsc::channel();
    thread::spawn(move || {
        let beat = |round| drop(news.send(News::Begins(round)));
        let ended = scenario::run(seed, usize::try_from(STEPS).unwrap(), &beat);
        let _ = news.send(News::Ended(ended));
    });
    let mut round = String::new();
    loop {
        match comes.recv_timeout(HANGS) {
            Ok(News::Begins(next)) => round = next,
            Ok(News::Ended(Ok(()))) => return,
            Ok(News::Ended(Err(why))) => panic!("seed {seed}: {why}"),
            Err(RecvTimeoutError::Timeout) => panic!("seed {seed} hangs in the round {round}"),
            Err(RecvTimeoutError::Disconnected) => panic!("seed {seed} panics in {round}"),
        }
    }
}
