//! Random numbers from the operating system.

use rand::TryRng;
use rand::rngs::SysRng;

/// Returns 64 random bits.
///
/// # Panics
/// When the operating system has no randomness; then no key, code or epoch could be trusted.
pub fn u64() -> u64 {
    u64::from_le_bytes(bytes())
}

/// Returns random bytes.
///
/// # Panics
/// As [`u64`].
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SysRng
        .try_fill_bytes(&mut bytes)
        .expect("the operating system gives randomness");
    bytes
}
