//! The one source of chance in a simulation.
//!
//! Invariant: the same seed throws the same dice, on every machine; nothing else in a simulation is
//! random.

use crate::system::random::split_mix;

/// Throws dice that a seed has loaded.
#[derive(Debug, Clone)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// Loads the dice.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Dice of their own for one subject, so that a throw more in one place moves nothing in
    /// another.
    #[must_use]
    pub fn apart(&mut self) -> Self {
        Self { state: self.bits() }
    }

    /// 64 bits.
    pub const fn bits(&mut self) -> u64 {
        let (state, bits) = split_mix(self.state);
        self.state = state;
        bits
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.bits() % (high - low + 1)
    }

    /// A span between two, short ones as likely as long ones: each doubling has the same chance.
    pub fn span_ms(&mut self, low_ms: u64, high_ms: u64) -> u64 {
        let doublings = u64::from((high_ms / low_ms).max(1).ilog2());
        let floor_ms = low_ms << self.between(0, doublings);
        self.between(floor_ms, (2 * floor_ms).min(high_ms).max(floor_ms))
    }

    /// True so many times in a thousand.
    pub fn permille(&mut self, chances: u64) -> bool {
        self.between(1, 1_000) <= chances
    }

    /// One of these.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        let at = self.between(0, choices.len() as u64 - 1);
        choices[usize::try_from(at).unwrap_or(0)]
    }
}
