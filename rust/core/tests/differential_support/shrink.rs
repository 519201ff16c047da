//! A scenario that goes wrong, made as short as it can be.

use super::scenario::{self, Wrong};
use super::step::Step;

/// Leaves out whatever is not needed for something to go wrong.
pub(crate) fn shrink(seed: u64, steps: Vec<Step>, wrong: Box<Wrong>) -> (Vec<Step>, Box<Wrong>) {
    let mut steps = steps;
    steps.truncate(wrong.step);
    let mut wrong = wrong;
    let mut size = steps.len().div_ceil(2);
    while size > 0 {
        let mut start = 0;
        while start < steps.len() {
            let mut shorter = steps.clone();
            shorter.drain(start..(start + size).min(steps.len()));
            match scenario::run(seed, &shorter, true) {
                Err(again) => {
                    shorter.truncate(again.step);
                    steps = shorter;
                    wrong = again;
                }
                Ok(()) => start += size,
            }
        }
        size /= 2;
    }
    (steps, wrong)
}
