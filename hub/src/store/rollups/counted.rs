//! What of the changes counts, by campaign, and how changes of tables are written down.

use std::collections::BTreeMap;

use crate::database::Value;
use crate::store::rollups::changes::Changes;

/// What is to be written: statements, each with the values of its rows, the key first and then the
/// sums.
pub(super) type Statements<'a> = Vec<(&'static str, Vec<Vec<Value<'a>>>)>;

/// Figures that count, by campaign, quarter of an hour and screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct CampaignSums {
    pub(super) scans: i64,
    pub(super) visits: i64,
    pub(super) pressed: i64,
    pub(super) shares: i64,
}

/// By campaign, quarter of an hour and screen.
pub(super) type Counted = BTreeMap<(String, i64, u32), CampaignSums>;

/// What counts.
pub(super) fn counted(changes: &Changes) -> Counted {
    let mut counted = Counted::new();
    for (key, sums) in &changes.scans {
        if key.is_counted() {
            let key = (key.campaign.clone(), key.quarter, key.screen);
            counted.entry(key).or_default().scans += sums.scans;
        }
    }
    for (key, sums) in &changes.visits {
        if key.is_counted {
            let of = counted
                .entry((key.campaign.clone(), key.quarter, key.screen))
                .or_default();
            of.visits += sums.visits;
            // What tools press is no click.
            of.pressed += if key.grade == 0 { sums.pressed } else { 0 };
        }
    }
    for (key, shares) in &changes.shares {
        if key.is_counted {
            let key = (key.campaign.clone(), key.quarter, key.screen);
            counted.entry(key).or_default().shares += shares;
        }
    }
    counted.retain(|_, sums| *sums != CampaignSums::default());
    counted
}
