//! What shops report, tied to the press that it came of; and the keys with which they do.
//!
//! Invariants: an id counts once a campaign, however often and by whichever way it is reported, and
//! what a key or a signed link says takes the place of what anybody could have said; what is taken
//! back takes off where its order was counted; a conversion knows its screen, play, chain and
//! generation itself, so what is pruned, dated or judged later changes none of them, but for
//! whether its chain counts; of a key there is only its SHA-256.

mod keys;
mod list;
mod records;
mod refunds;
mod rows;
mod take;
#[cfg(test)]
mod tests;

pub use crate::store::conversions::keys::{
    ConversionKeyError, ConversionKeyLine, KEYS_OF_CAMPAIGN_MAX, KeyHolder,
};
pub use crate::store::conversions::list::ConversionLine;
pub use crate::store::conversions::records::{
    CONVERSION_DAYS_MAX, ConversionError, KINDS_OF_CAMPAIGN_MAX, TakenConversion,
};
