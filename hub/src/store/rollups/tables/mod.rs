//! The tables of figures, and how changes are added to each: the only place that writes to them.
//!
//! By the hour there is everything that is counted by; `…_totals` have the same without the hour;
//! `play_quarters` and `campaign_quarters` have less to count by, and quarters of an hour, since
//! days and hours begin on a quarter somewhere in the world; the rest is what reports say of
//! anything ([`together`]).

mod contents;
mod conversions;
mod together;

use crate::database::{DatabaseError, Transaction, Value, owned_values};
use crate::store::rollups::changes::{Changes, hour_of_quarter};
use crate::store::rollups::sum_table::{Statement, SumTable, Sums};

pub(super) use crate::store::rollups::tables::contents::Contents;
pub(super) use crate::store::rollups::tables::conversions::{
    CONVERSION_QUARTERS, CONVERSION_TOTALS,
};
pub(super) use crate::store::rollups::tables::together::{
    CAMPAIGN_QUARTERS, CREATIVE_SUMS, HUB_QUARTERS, SCREEN_QUARTERS, SCREEN_SUMS,
};

pub(super) static PLAY_HOURS: SumTable = SumTable {
    name: "play_hours",
    keys: &["screen", "hour", "content", "outcome", "display"],
    sums: &["plays", "visible_ms"],
};
pub(super) static PLAY_TOTALS: SumTable = SumTable {
    name: "play_totals",
    keys: &["screen", "content", "outcome", "display"],
    sums: &["plays", "visible_ms"],
};
pub(super) static PLAY_QUARTERS: SumTable = SumTable {
    name: "play_quarters",
    keys: &["screen", "content", "quarter"],
    sums: &["plays", "visible_ms", "scanned"],
};
pub(super) static SCAN_HOURS: SumTable = SumTable {
    name: "scan_hours",
    keys: &[
        "screen", "hour", "campaign", "creative", "grade", "standing",
    ],
    sums: &["scans", "openings", "seen", "confirmed"],
};
pub(super) static SCAN_TOTALS: SumTable = SumTable {
    name: "scan_totals",
    keys: &["screen", "campaign", "creative", "grade", "standing"],
    sums: &["scans", "openings", "seen", "confirmed"],
};
pub(super) static VISIT_HOURS: SumTable = SumTable {
    name: "visit_hours",
    keys: &[
        "screen",
        "hour",
        "campaign",
        "creative",
        "generation",
        "grade",
        "counted",
    ],
    sums: &["visits", "seen", "confirmed", "pressed"],
};
pub(super) static VISIT_TOTALS: SumTable = SumTable {
    name: "visit_totals",
    keys: &[
        "screen",
        "campaign",
        "creative",
        "generation",
        "grade",
        "counted",
    ],
    sums: &["visits", "seen", "confirmed", "pressed"],
};
pub(super) static SHARE_HOURS: SumTable = SumTable {
    name: "share_hours",
    keys: &[
        "screen",
        "hour",
        "campaign",
        "creative",
        "generation",
        "counted",
    ],
    sums: &["shares"],
};
pub(super) static SHARE_TOTALS: SumTable = SumTable {
    name: "share_totals",
    keys: &["screen", "campaign", "creative", "generation", "counted"],
    sums: &["shares"],
};
pub(super) static LINK_DAYS: SumTable = SumTable {
    name: "link_days",
    keys: &["campaign", "screen", "generation", "day", "counted"],
    sums: &[
        "links", "brought", "sharers", "squares", "in_hour", "in_day", "in_week", "later",
    ],
};

impl Changes {
    /// Adds the changes to all tables.
    ///
    /// # Errors
    /// The database fails.
    pub(super) fn add_to_tables(&self, tx: &Transaction<'_>) -> Result<(), DatabaseError> {
        let contents = Contents::read(tx, self)?;
        for statement in self.statements(&contents) {
            tx.execute_each(statement.sql.as_str(), &statement.rows)?;
        }
        contents.note_unassigned(tx, self)
    }

    /// The rows by which a table would change.
    pub(super) fn rows_of(&self, table: &str, contents: &Contents) -> Vec<Vec<Value<'static>>> {
        let statements = self.statements(contents).into_iter();
        let of_table = statements.filter(|statement| statement.table.name == table);
        of_table
            .flat_map(|statement| statement.rows)
            .map(|row| row.into_iter().map(Value::into_owned).collect())
            .collect()
    }

    fn statements<'a>(&'a self, contents: &'a Contents) -> Vec<Statement<'a>> {
        let mut statements = Vec::new();
        statements.extend(plays(self));
        statements.extend(scans(self));
        statements.extend(visits(self));
        statements.extend(shares(self));
        statements.push(links(self));
        statements.extend(conversions::statements(self));
        statements.extend(together::statements(self, contents));
        statements
    }
}

fn plays<'a>(changes: &'a Changes) -> [Statement<'a>; 3] {
    let (mut hours, mut totals) = (Sums::default(), Sums::default());
    let mut quarters = Sums::default();
    for (key, sums) in &changes.plays {
        let what = (key.content, key.outcome, key.display);
        let by = [sums.plays, sums.visible_ms];
        hours.add((key.screen, hour_of_quarter(key.quarter), what), by);
        totals.add((key.screen, what), by);
        let by = [sums.plays, sums.visible_ms, sums.scanned];
        quarters.add((key.screen, key.content, key.quarter), by);
    }
    for (&key, &scanned) in &changes.scanned {
        quarters.add(key, [0, 0, scanned]);
    }
    [
        hours.into_statement(&PLAY_HOURS, |(screen, hour, what)| {
            let (content, outcome, display) = what;
            owned_values![screen, hour, content, outcome, display].to_vec()
        }),
        totals.into_statement(&PLAY_TOTALS, |(screen, (content, outcome, display))| {
            owned_values![screen, content, outcome, display].to_vec()
        }),
        quarters.into_statement(&PLAY_QUARTERS, |(screen, content, quarter)| {
            owned_values![screen, content, quarter].to_vec()
        }),
    ]
}

fn scans<'a>(changes: &'a Changes) -> [Statement<'a>; 2] {
    let (mut hours, mut totals) = (Sums::default(), Sums::default());
    for (key, sums) in &changes.scans {
        let what = (&key.campaign, &key.creative, key.grade, key.standing);
        let by = [sums.scans, sums.openings, sums.seen, sums.confirmed];
        hours.add((key.screen, hour_of_quarter(key.quarter), what), by);
        totals.add((key.screen, what), by);
    }
    [
        hours.into_statement(&SCAN_HOURS, |(screen, hour, what)| {
            let (campaign, creative, grade, standing) = what;
            owned_values![screen, hour, campaign, creative, grade, standing].to_vec()
        }),
        totals.into_statement(&SCAN_TOTALS, |(screen, what)| {
            let (campaign, creative, grade, standing) = what;
            owned_values![screen, campaign, creative, grade, standing].to_vec()
        }),
    ]
}

fn visits<'a>(changes: &'a Changes) -> [Statement<'a>; 2] {
    let (mut hours, mut totals) = (Sums::default(), Sums::default());
    for (key, sums) in &changes.visits {
        let of = (&key.campaign, &key.creative);
        let what = (key.generation, key.grade, key.is_counted);
        let by = [sums.visits, sums.seen, sums.confirmed, sums.pressed];
        hours.add((key.screen, hour_of_quarter(key.quarter), of, what), by);
        totals.add((key.screen, of, what), by);
    }
    [
        hours.into_statement(
            &VISIT_HOURS,
            |(screen, hour, (campaign, creative), what)| {
                let (generation, grade, is_counted) = what;
                owned_values![
                    screen, hour, campaign, creative, generation, grade, is_counted
                ]
                .to_vec()
            },
        ),
        totals.into_statement(&VISIT_TOTALS, |(screen, (campaign, creative), what)| {
            let (generation, grade, is_counted) = what;
            owned_values![screen, campaign, creative, generation, grade, is_counted].to_vec()
        }),
    ]
}

fn shares<'a>(changes: &'a Changes) -> [Statement<'a>; 2] {
    let (mut hours, mut totals) = (Sums::default(), Sums::default());
    for (key, &shares) in &changes.shares {
        let what = (&key.campaign, &key.creative, key.generation, key.is_counted);
        hours.add((key.screen, hour_of_quarter(key.quarter), what), [shares]);
        totals.add((key.screen, what), [shares]);
    }
    [
        hours.into_statement(&SHARE_HOURS, |(screen, hour, what)| {
            let (campaign, creative, generation, is_counted) = what;
            owned_values![screen, hour, campaign, creative, generation, is_counted].to_vec()
        }),
        totals.into_statement(&SHARE_TOTALS, |(screen, what)| {
            let (campaign, creative, generation, is_counted) = what;
            owned_values![screen, campaign, creative, generation, is_counted].to_vec()
        }),
    ]
}

fn links(changes: &Changes) -> Statement<'_> {
    let mut days = Sums::default();
    for (key, sums) in &changes.links {
        let of = (&key.campaign, key.screen, key.generation);
        days.add((of, key.day, key.is_counted), sums.to_array());
    }
    days.into_statement(
        &LINK_DAYS,
        |((campaign, screen, generation), day, is_counted)| {
            owned_values![campaign, screen, generation, day, is_counted].to_vec()
        },
    )
}
