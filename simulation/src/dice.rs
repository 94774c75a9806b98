//! The one source of chance in a simulation.
//!
//! Invariant: the same seed throws the same dice, on every machine; nothing else in a simulation is
//! random.

/// Throws dice that a seed has loaded.
#[derive(Debug, Clone)]
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    /// Loads the dice.
    pub(crate) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Dice of their own for one subject, so that a throw more in one place moves nothing in
    /// another.
    #[must_use]
    pub(crate) fn apart(&mut self) -> Self {
        Self { state: self.bits() }
    }

    /// 64 bits.
    pub(crate) const fn bits(&mut self) -> u64 {
        let (state, bits) = split_mix(self.state);
        self.state = state;
        bits
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.bits() % (high - low + 1)
    }

    /// A span between two, short ones as likely as long ones: each doubling has the same chance.
    pub(crate) fn span_ms(&mut self, low_ms: u64, high_ms: u64) -> u64 {
        let doublings = u64::from((high_ms / low_ms).max(1).ilog2());
        let floor_ms = low_ms << self.between(0, doublings);
        self.between(floor_ms, (2 * floor_ms).min(high_ms).max(floor_ms))
    }

    /// True so many times in a thousand.
    pub(crate) fn permille(&mut self, chances: u64) -> bool {
        self.between(1, 1_000) <= chances
    }

    /// One of these.
    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        let at = self.between(0, choices.len() as u64 - 1);
        choices[usize::try_from(at).unwrap_or(0)]
    }
}

/// One step of SplitMix64 (G. Steele, D. Lea, C. Flood, 2014): the next state, and its bits.
pub(crate) const fn split_mix(state: u64) -> (u64, u64) {
    let state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let bits = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (state, bits ^ (bits >> 31))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_throws_the_same_numbers_again() {
        let draw = || {
            let mut dice = Dice::new(7);
            (dice.bits(), dice.bits())
        };
        assert_eq!(draw(), draw());
        let (_, first) = split_mix(0);
        assert_eq!(first, 0xE220_A839_7B1D_CDAF, "as published");
    }
}
