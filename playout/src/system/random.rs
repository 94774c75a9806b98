//! Random numbers from the operating system.
//!
//! Invariant: secrets come from [`bytes`], which nothing can make repeatable. [`u64()`] is for what
//! must differ and need not be secret: epochs, places to start counting, pauses. A simulation
//! repeats those.

use std::cell::Cell;

use rand::TryRng;
use rand::rngs::SysRng;

thread_local! {
    /// The state of this thread's simulation, if it runs one.
    static REPEATED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Returns 64 random bits; for secrets there is [`bytes`].
///
/// # Panics
/// When the operating system has no randomness; then no key, code or epoch could be trusted.
pub fn u64() -> u64 {
    match REPEATED.get() {
        Some(state) => {
            let (state, bits) = split_mix(state);
            REPEATED.set(Some(state));
            bits
        }
        None => u64::from_le_bytes(bytes()),
    }
}

/// Returns random bytes.
///
/// # Panics
/// As [`u64()`].
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SysRng
        .try_fill_bytes(&mut bytes)
        .expect("the operating system gives randomness");
    bytes
}

/// While it lives, [`u64`] gives the same bits on this thread whenever the seed is the same.
#[derive(Debug)]
pub(crate) struct Repeatable(Option<u64>);

impl Repeatable {
    pub(crate) fn new(seed: u64) -> Self {
        Self(REPEATED.replace(Some(seed)))
    }
}

impl Drop for Repeatable {
    fn drop(&mut self) {
        REPEATED.set(self.0);
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
    fn a_simulation_repeats_its_numbers_and_leaves_nothing_behind() {
        let draw = || {
            let _seed = Repeatable::new(7);
            (u64(), u64())
        };
        assert_eq!(draw(), draw());
        assert_ne!(u64(), u64());
        let (_, first) = split_mix(0);
        assert_eq!(first, 0xE220_A839_7B1D_CDAF, "as published");
    }
}
