//! What a row of a conversion is counted by.

use crate::conversions::Proof;
use crate::database::{DatabaseError, Row};
use crate::store::rollups::{self, ConversionKey, ConversionSums};

/// What a row is counted by, and as what: screen, moment, campaign, creative, generation, kind,
/// proof, currency, whether it counts, whether it was withdrawn, and what is left of its value.
pub(super) fn counted(row: &Row<'_>) -> Result<(ConversionKey, ConversionSums), DatabaseError> {
    let key = ConversionKey {
        screen: row.get(0)?,
        quarter: rollups::quarter_of(row.get(1)?),
        campaign: row.get(2)?,
        creative: row.get(3)?,
        generation: row.get(4)?,
        kind: row.get(5)?,
        is_unproved: !Proof::of_code(row.get(6)?).is_proved(),
        currency: row.get(7)?,
        is_counted: row.get(8)?,
    };
    let sums = ConversionSums {
        conversions: 1,
        withdrawn: row.get(9)?,
        value: row.get(10)?,
    };
    Ok((key, sums))
}

/// The columns of [`counted`].
pub(super) const COUNTED: &str = "screen, at_ms, campaign, creative, generation, kind, proof, currency, counted, \
     withdrawn, value - refunded";
