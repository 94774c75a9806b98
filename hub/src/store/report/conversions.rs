//! What shops reported, tied to the screens where it began.
//!
//! Invariant: the tally has what came of a chain that counts and what a shop stands behind; what
//! came without a click that is known, what anybody may have said, and what came of other chains
//! stands beside it, each conversion in one place alone. What was taken back whole is none, and
//! what was taken back in part is worth less.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Serialize;

use crate::conversions::Worth;
use crate::database::{DatabaseError, Transaction, values};
use crate::store::report::tally::Tally;

/// How many, and what they are worth by currency, as decimal numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Conversions {
    /// How many.
    pub total: u64,
    /// What they are worth.
    pub value: Worth,
}

impl Conversions {
    fn add(&mut self, total: u64, currency: &str, minor: i64) {
        self.total += total;
        self.value.add(currency, minor);
    }
}

/// What shops reported.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ConversionCounts {
    /// Those with a click of a chain that counts, which a shop stands behind.
    #[serde(flatten)]
    pub tally: Tally,
    /// What these are worth, by currency, as decimal numbers.
    pub value: Worth,
    /// The same by what was done.
    pub by_kind: BTreeMap<String, Conversions>,
    /// What they are worth by campaign.
    pub value_by_campaign: BTreeMap<String, Worth>,
    /// By how often the link was passed on since the scan.
    pub by_generation: BTreeMap<String, u64>,
    /// Those that were taken back whole; not in the tally, like everything below.
    pub withdrawn: u64,
    /// Without a click, or with one that is not known here.
    pub without_click: Conversions,
    /// By links without a signature, which anybody could have opened.
    pub unsigned: Conversions,
    /// Of chains that do not count.
    pub uncounted: Conversions,
}

/// Counts all.
pub(super) fn counts(tx: &Transaction<'_>) -> Result<ConversionCounts, DatabaseError> {
    let mut counts = ConversionCounts::default();
    tx.each(
        "SELECT screen, campaign, creative, conversions - withdrawn, withdrawn, generation, kind, unproved, currency,
                counted, value
         FROM conversion_totals WHERE conversions > 0",
        values![],
        |row| {
            let (total, currency, minor) =
                (row.get::<u64>(3)?, row.get::<String>(8)?, row.get::<i64>(10)?);
            counts.withdrawn += row.get::<u64>(4)?;
            let beside = if row.get::<bool>(7)? {
                &mut counts.unsigned
            } else if row.get::<i64>(0)? == 0 {
                &mut counts.without_click
            } else if !row.get::<bool>(9)? {
                &mut counts.uncounted
            } else {
                counts.tally.add(row)?;
                counts.value.add(&currency, minor);
                let campaign = counts.value_by_campaign.entry(row.get(1)?).or_default();
                campaign.add(&currency, minor);
                let generation: i64 = row.get(5)?;
                *counts
                    .by_generation
                    .entry(generation.to_string())
                    .or_default() += total;
                counts.by_kind.entry(row.get(6)?).or_default()
            };
            beside.add(total, &currency, minor);
            Ok::<_, DatabaseError>(ControlFlow::Continue(()))
        },
    )?;
    Ok(counts)
}
