//! What becomes of what a shop says, and why nothing does.

use crate::database::DatabaseError;
use crate::store::StoreError;
use crate::system::clock::DAY_MS;

/// Most kinds that one campaign's shops may name: figures are kept by each.
pub const KINDS_OF_CAMPAIGN_MAX: usize = 16;
/// How many days back a conversion may lie.
pub const CONVERSION_DAYS_MAX: i64 = 400;
/// By how much a shop's clock may differ from the hub's, in milliseconds.
pub(super) const CLOCK_DIFFERENCE_MS: i64 = 5 * 60_000;

/// How far back a conversion may lie, in milliseconds.
pub(super) const AGE_MS_MAX: i64 = CONVERSION_DAYS_MAX * DAY_MS;

/// A conversion that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenConversion {
    /// Its number in the hub.
    pub id: i64,
    /// Whether it was not there before.
    pub is_new: bool,
    /// Whether its click is known.
    pub has_click: bool,
}

/// Says why a conversion is not kept.
#[derive(Debug, thiserror::Error)]
pub enum ConversionError {
    /// The id is another one's.
    #[error("this id was reported before, with something else")]
    Different,
    /// It has not happened yet.
    #[error("at lies in the future")]
    InFuture,
    /// It was too long ago.
    #[error(
        "at lies too far back; report within {CONVERSION_DAYS_MAX} days, and before its rows are pruned"
    )]
    TooOld,
    /// It was before its click.
    #[error("at lies before the click")]
    BeforeClick,
    /// There is nothing to take back.
    #[error("no conversion has this order's id")]
    UnknownOrder,
    /// More is taken back than there is.
    #[error("a refund is of no more than what is left of its order, in its order's currency")]
    TooMuch,
    /// Too many kinds.
    #[error("this campaign has {KINDS_OF_CAMPAIGN_MAX} kinds of conversions already")]
    TooManyKinds,
    /// A link that anybody may open is of a click that is known, once.
    #[error("a link without a signature counts once for a click, and only for one that is known")]
    NoClick,
    /// A link takes nothing back.
    #[error("a refund is reported with a key")]
    NeedsKey,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DatabaseError> for ConversionError {
    fn from(error: DatabaseError) -> Self {
        Self::Store(error.into())
    }
}
