//! How long to wait before the next attempt.

use std::time::Duration;

use super::Recovery;

/// How many times the longest delay a slow one is, and how long that is at most.
const SLOW: u32 = 5;
const SLOWEST: Duration = Duration::from_secs(3600);

/// Doubling delays with jitter from a seed.
#[derive(Debug)]
pub(super) struct Backoff {
    initial: Duration,
    most: Duration,
    jitter: f64,
    current: Option<Duration>,
    random: u64,
}

impl Backoff {
    pub(super) fn new(policy: &Recovery) -> Self {
        Self {
            initial: policy.initial_delay,
            most: policy.max_delay.max(policy.initial_delay),
            jitter: policy.jitter,
            current: None,
            random: policy.seed.unwrap_or_default(),
        }
    }

    pub(super) fn reset(&mut self) {
        self.current = None;
    }

    pub(super) fn next(&mut self) -> Duration {
        let delay = match self.current {
            None => self.initial,
            Some(last) => last.saturating_mul(2).min(self.most),
        };
        self.current = Some(delay);
        self.jittered(delay)
    }

    /// The delay when the next attempt has little chance: longer than any other.
    pub(super) fn next_slow(&mut self) -> Duration {
        self.current = Some(self.most);
        let delay = self.most.saturating_mul(SLOW).min(SLOWEST.max(self.most));
        self.jittered(delay)
    }

    fn jittered(&mut self, delay: Duration) -> Duration {
        let factor = 1.0 + self.jitter * (2.0 * self.draw() - 1.0);
        delay.mul_f64(factor.max(0.0))
    }

    /// The next number from 0 to 1 (by `SplitMix64`).
    fn draw(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let high = u32::try_from(mixed >> 32).unwrap_or_default();
        f64::from(high) / f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(policy: &Recovery) -> Vec<f64> {
        let mut backoff = Backoff::new(&policy.bounded());
        (0..9).map(|_| backoff.next().as_secs_f64()).collect()
    }

    #[test]
    fn delays_double_up_to_the_longest() {
        let policy = Recovery {
            jitter: 0.0,
            ..Recovery::default()
        };
        assert_eq!(
            delays(&policy),
            [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]
        );
    }

    #[test]
    fn jitter_stays_within_its_part_and_follows_the_seed() {
        let seeded = |seed| Recovery {
            seed: Some(seed),
            ..Recovery::default()
        };
        let exact = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0];
        let drawn = delays(&seeded(1));
        for (delay, exact) in drawn.iter().zip(exact) {
            assert!((0.8 * exact..=1.2 * exact).contains(delay), "{delay}");
        }
        assert_eq!(drawn, delays(&seeded(1)));
        assert_ne!(drawn, delays(&seeded(2)));
    }

    #[test]
    fn senseless_settings_do_no_harm() {
        for jitter in [f64::NAN, f64::INFINITY, -1.0, 7.0] {
            let policy = Recovery {
                jitter,
                initial_delay: Duration::MAX,
                max_delay: Duration::ZERO,
                ..Recovery::default()
            };
            for delay in delays(&policy) {
                assert!(delay <= 2.0 * 24.0 * 3600.0);
            }
        }
    }
}
