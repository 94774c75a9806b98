//! One generation of a screen's token key, and which codes it makes good.

use passerby_protocol::limits::CODE_DAYS_MAX;
use passerby_protocol::token::TokenContents;

use crate::system::clock::DAY_MS;

/// How much later than it was superseded a key's codes may say that they were minted: the minute
/// field, clocks that differ, and the slide that was on its way when the terminal took its new key.
/// In milliseconds.
pub(super) const SLACK_MS: i64 = 10 * 60_000;

/// How one generation of a screen's key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyGeneration {
    /// The whole counter.
    pub generation: u8,
    /// Since when its terminal mints with a newer one.
    pub superseded_ms: Option<i64>,
    /// Since when its codes are refused.
    pub retired_ms: Option<i64>,
}

impl KeyGeneration {
    /// Tells whether a token that this key minted is still good, as far as the key is concerned.
    pub fn accepts(&self, contents: &TokenContents, now_ms: i64) -> bool {
        self.retired_ms.is_none()
            && self.superseded_ms.is_none_or(|superseded_ms| {
                contents.minted_ms().map_or_else(
                    || now_ms < outlived_ms(superseded_ms),
                    |minted_ms| minted_ms <= superseded_ms + SLACK_MS,
                )
            })
    }
}

/// From when on no code of a superseded generation can be accepted any more.
pub(super) const fn outlived_ms(superseded_ms: i64) -> i64 {
    superseded_ms + SLACK_MS + CODE_DAYS_MAX * DAY_MS
}
