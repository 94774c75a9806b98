//! What shops reported: by the quarter of an hour, and of all times.
//!
//! There are few of them beside plays and scans, so one table has everything that they are counted
//! by, and whoever asks for less adds it up.

use crate::database::owned_values;
use crate::store::rollups::changes::Changes;
use crate::store::rollups::sum_table::{Statement, SumTable, Sums};

const SUMS: &[&str] = &["conversions", "withdrawn", "value"];

pub(in crate::store::rollups) static CONVERSION_QUARTERS: SumTable = SumTable {
    name: "conversion_quarters",
    keys: &[
        "campaign",
        "quarter",
        "screen",
        "creative",
        "generation",
        "kind",
        "unproved",
        "currency",
        "counted",
    ],
    sums: SUMS,
};
pub(in crate::store::rollups) static CONVERSION_TOTALS: SumTable = SumTable {
    name: "conversion_totals",
    keys: &[
        "campaign",
        "screen",
        "creative",
        "generation",
        "kind",
        "unproved",
        "currency",
        "counted",
    ],
    sums: SUMS,
};

/// The statements that write it.
pub(super) fn statements<'a>(changes: &'a Changes) -> [Statement<'a>; 2] {
    let (mut quarters, mut totals) = (Sums::default(), Sums::default());
    for (key, sums) in &changes.conversions {
        let of = (key.campaign.as_str(), key.screen, key.creative.as_str());
        let what = (
            key.generation,
            key.kind.as_str(),
            key.is_unproved,
            key.currency.as_str(),
            key.is_counted,
        );
        let by = [sums.conversions, sums.withdrawn, sums.value];
        quarters.add((of.0, key.quarter, of.1, of.2, what), by);
        totals.add((of, what), by);
    }
    [
        quarters.into_statement(
            &CONVERSION_QUARTERS,
            |(campaign, quarter, screen, creative, what)| {
                let (generation, kind, is_unproved, currency, is_counted) = what;
                owned_values![
                    campaign,
                    quarter,
                    screen,
                    creative,
                    generation,
                    kind,
                    is_unproved,
                    currency,
                    is_counted
                ]
                .to_vec()
            },
        ),
        totals.into_statement(
            &CONVERSION_TOTALS,
            |((campaign, screen, creative), what)| {
                let (generation, kind, is_unproved, currency, is_counted) = what;
                owned_values![
                    campaign,
                    screen,
                    creative,
                    generation,
                    kind,
                    is_unproved,
                    currency,
                    is_counted
                ]
                .to_vec()
            },
        ),
    ]
}
