//! Counts of one kind, by what they are of.

use std::collections::BTreeMap;

use passerby_protocol::foreign;
use serde::Serialize;

use crate::database::{DatabaseError, Row};

/// Counts of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// All of them.
    pub total: u64,
    /// By screen number.
    pub by_screen: BTreeMap<String, u64>,
    /// By campaign.
    pub by_campaign: BTreeMap<String, u64>,
    /// By the creative's SHA-256.
    pub by_creative: BTreeMap<String, u64>,
}

impl Tally {
    /// Adds a row that begins with screen, campaign, creative, count.
    pub(super) fn add(&mut self, row: &Row<'_>) -> Result<u64, DatabaseError> {
        let screen: i64 = row.get(0)?;
        let count = row.get(3)?;
        self.total += count;
        *self.by_screen.entry(screen.to_string()).or_default() += count;
        // A database may be older than the check of what comes in.
        let campaign = foreign::escaped(&row.get::<String>(1)?).into_owned();
        *self.by_campaign.entry(campaign).or_default() += count;
        *self.by_creative.entry(row.get(2)?).or_default() += count;
        Ok(count)
    }
}
