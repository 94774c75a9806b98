//! What reports say of anything: plays, for how long these were visible, and the scans, visits,
//! presses and links that count. By screen, by campaign and creative, and of the whole hub.
//!
//! Invariants: plays that a terminal says were a campaign's are in its sums whether or not the hub
//! gave it to that screen, and who reads takes off the latter ([`super::contents`]); a creative
//! that is empty stands for a folder on a screen itself.

use crate::database::owned_values;
use crate::store::rollups::changes::Changes;
use crate::store::rollups::spans::{ALWAYS, OF_ALL, OF_DAYS, OF_QUARTERS, day_of_quarter};
use crate::store::rollups::sum_table::{Statement, SumTable, Sums};
use crate::store::rollups::tables::contents::Contents;

const ALL_SUMS: &[&str] = &[
    "plays",
    "visible_ms",
    "scans",
    "visits",
    "pressed",
    "shares",
];

/// What counts of scans on a screen, by campaign.
pub(in crate::store::rollups) static CAMPAIGN_QUARTERS: SumTable = SumTable {
    name: "campaign_quarters",
    keys: &["campaign", "quarter", "screen"],
    sums: &["scans", "visits", "pressed", "shares"],
};
/// Of each screen.
pub(in crate::store::rollups) static SCREEN_QUARTERS: SumTable = SumTable {
    name: "screen_quarters",
    keys: &["quarter", "screen"],
    sums: ALL_SUMS,
};
/// Of all screens together.
pub(in crate::store::rollups) static HUB_QUARTERS: SumTable = SumTable {
    name: "hub_quarters",
    keys: &["quarter"],
    sums: ALL_SUMS,
};
/// Of each creative on all screens together: by the quarter of an hour, the day, and of all times.
pub(in crate::store::rollups) static CREATIVE_SUMS: SumTable = SumTable {
    name: "creative_sums",
    keys: &["span", "campaign", "creative", "at"],
    sums: ALL_SUMS,
};
/// Of each screen by the day, and of all times.
pub(in crate::store::rollups) static SCREEN_SUMS: SumTable = SumTable {
    name: "screen_sums",
    keys: &["span", "at", "screen"],
    sums: ALL_SUMS,
};

#[derive(Default)]
struct Together<'a> {
    campaign_quarters: Sums<(&'a str, i64, u32), 4>,
    screen_quarters: Sums<(i64, u32), 6>,
    hub_quarters: Sums<i64, 6>,
    creatives: Sums<(i64, &'a str, &'a str, i64), 6>,
    screens: Sums<(i64, i64, u32), 6>,
}

/// The statements that write it.
pub(super) fn statements<'a>(changes: &'a Changes, contents: &'a Contents) -> [Statement<'a>; 5] {
    let mut together = Together::default();
    for (key, sums) in &changes.plays {
        let by = [sums.plays, sums.visible_ms, 0, 0, 0, 0];
        together.add(contents.of(key.content), key.quarter, key.screen, by);
    }
    for (key, sums) in &changes.scans {
        if key.is_counted() {
            let of = (key.campaign.as_str(), key.creative.as_str());
            together.count(of, key.quarter, key.screen, [sums.scans, 0, 0, 0]);
        }
    }
    for (key, sums) in &changes.visits {
        if key.is_counted {
            let of = (key.campaign.as_str(), key.creative.as_str());
            // What tools press is no click.
            let pressed = if key.grade == 0 { sums.pressed } else { 0 };
            together.count(of, key.quarter, key.screen, [0, sums.visits, pressed, 0]);
        }
    }
    for (key, &shares) in &changes.shares {
        if key.is_counted {
            let of = (key.campaign.as_str(), key.creative.as_str());
            together.count(of, key.quarter, key.screen, [0, 0, 0, shares]);
        }
    }
    together.into_statements()
}

impl<'a> Together<'a> {
    /// Adds scans, visits, presses and links.
    fn count(&mut self, of: (&'a str, &'a str), quarter: i64, screen: u32, by: [i64; 4]) {
        self.campaign_quarters.add((of.0, quarter, screen), by);
        let [scans, visits, pressed, shares] = by;
        let by = [0, 0, scans, visits, pressed, shares];
        self.add(Some(of), quarter, screen, by);
    }

    fn add(&mut self, of: Option<(&'a str, &'a str)>, quarter: i64, screen: u32, by: [i64; 6]) {
        let day = day_of_quarter(quarter);
        self.hub_quarters.add(quarter, by);
        self.screen_quarters.add((quarter, screen), by);
        self.screens.add((OF_DAYS, day, screen), by);
        self.screens.add((OF_ALL, ALWAYS, screen), by);
        let Some((campaign, creative)) = of else {
            return;
        };
        for (span, at) in [(OF_QUARTERS, quarter), (OF_DAYS, day), (OF_ALL, ALWAYS)] {
            self.creatives.add((span, campaign, creative, at), by);
        }
    }

    fn into_statements(self) -> [Statement<'a>; 5] {
        [
            self.campaign_quarters
                .into_statement(&CAMPAIGN_QUARTERS, |(campaign, quarter, screen)| {
                    owned_values![campaign, quarter, screen].to_vec()
                }),
            self.screen_quarters
                .into_statement(&SCREEN_QUARTERS, |(quarter, screen)| {
                    owned_values![quarter, screen].to_vec()
                }),
            self.hub_quarters
                .into_statement(&HUB_QUARTERS, |quarter| owned_values![quarter].to_vec()),
            self.creatives
                .into_statement(&CREATIVE_SUMS, |(span, campaign, creative, at)| {
                    owned_values![span, campaign, creative, at].to_vec()
                }),
            self.screens
                .into_statement(&SCREEN_SUMS, |(span, at, screen)| {
                    owned_values![span, at, screen].to_vec()
                }),
        ]
    }
}
