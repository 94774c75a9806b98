//! Random numbers from the operating system.

use rand::TryRng;
use rand::rngs::SysRng;

/// Returns 64 random bits, for what must differ and need not be secret: epochs, places to start
/// counting, pauses.
///
/// # Panics
/// As [`bytes`].
pub fn u64() -> u64 {
    u64::from_le_bytes(bytes())
}

/// Returns random bytes, also for secrets.
///
/// # Panics
/// When the operating system has no randomness; then no key, code or epoch could be trusted.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SysRng
        .try_fill_bytes(&mut bytes)
        .expect("the operating system gives randomness");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_numbers_differ() {
        assert_ne!(u64(), u64());
    }
}
