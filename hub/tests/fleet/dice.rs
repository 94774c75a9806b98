//! The one source of chance in a fleet's plan.

/// Throws dice that a seed has loaded: SplitMix64 (G. Steele, D. Lea, C. Flood, 2014).
#[derive(Debug, Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// Dice of their own for one subject, so that a throw more in one place moves nothing in
    /// another.
    pub(crate) fn apart(&mut self) -> Self {
        Self(self.bits())
    }

    /// 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let bits = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.bits() % (high - low + 1)
    }

    /// True so many times in a thousand.
    pub(crate) fn permille(&mut self, chances: u64) -> bool {
        self.between(1, 1_000) <= chances
    }
}
