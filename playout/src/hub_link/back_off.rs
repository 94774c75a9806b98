//! How long to wait after failures: full jitter. Source: M. Brooker, "Exponential Backoff And
//! Jitter", 2015.
//!
//! Invariant: a pause is at least 1 ms and at most [`BACKOFF_MS_MAX`], and within that never
//! shorter than was asked for.

/// Longest pause after failures, in milliseconds.
pub const BACKOFF_MS_MAX: u64 = 15 * 60_000;
const BACKOFF_MS_MIN: u64 = 1_000;

/// Full jitter: a random pause up to a ceiling that doubles with each failure, but never shorter
/// than asked for.
pub fn back_off_ms(failures: u32, retry_after_ms: Option<u64>, random: u64) -> u64 {
    let ceiling = (BACKOFF_MS_MIN << failures.min(10)).min(BACKOFF_MS_MAX);
    let jittered = random % ceiling + 1;
    jittered
        .max(retry_after_ms.unwrap_or(0))
        .min(BACKOFF_MS_MAX)
}

#[cfg(test)]
mod tests {
    use passerby_testing::random_cases;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(random_cases(256))]

        #[test]
        fn pauses_stay_in_their_bounds(failures: u32, retry in prop::option::of(0u64..10_000_000), random: u64) {
            let pause = back_off_ms(failures, retry, random);
            prop_assert!((1..=BACKOFF_MS_MAX).contains(&pause));
            prop_assert!(pause >= retry.unwrap_or(0).min(BACKOFF_MS_MAX));
        }
    }
}
