//! How often a fault happens.

use std::fmt;
use std::str::FromStr;

/// How often a fault happens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    /// Each time.
    Always,
    /// With this probability, above 0 and at most 1, drawn from the seed.
    Probability(f64),
    /// At every n-th opportunity, the n-th first.
    Every(u32),
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Always => f.write_str("1"),
            Self::Probability(probability) => write!(f, "{probability}"),
            Self::Every(n) => write!(f, "1/{n}"),
        }
    }
}

impl FromStr for Rate {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if let Some(n) = text.strip_prefix("1/") {
            return match n.parse() {
                Ok(0) | Err(_) => Err(()),
                Ok(n) => Ok(Self::Every(n)),
            };
        }
        if text == "1" {
            return Ok(Self::Always);
        }
        match text.parse::<f64>() {
            Ok(p) if p > 0.0 && p <= 1.0 => Ok(Self::Probability(p)),
            _ => Err(()),
        }
    }
}

/// A rate and how often it has been asked.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    rate: Rate,
    asked: u32,
}

impl Meter {
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate, asked: 0 }
    }

    /// Whether it happens this time.
    pub(super) fn strikes(&mut self, random: &mut fastrand::Rng) -> bool {
        match self.rate {
            Rate::Always => true,
            Rate::Probability(probability) => random.f64() < probability,
            Rate::Every(n) => {
                self.asked += 1;
                if self.asked < n {
                    return false;
                }
                self.asked = 0;
                true
            }
        }
    }
}
