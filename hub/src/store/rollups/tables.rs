//! The tables of figures, and how changes are added to each.
//!
//! By the hour there is everything that a report counts by; `…_totals` have the same without the
//! hour, so that a report of all times reads some rows a screen and not some an hour;
//! `play_quarters`, `campaign_quarters`, `screen_quarters` and `hub_quarters` have less to count
//! by, and quarters of an hour, since days and hours begin on a quarter somewhere in the world.

use std::collections::BTreeMap;

use crate::database::{DatabaseError, Transaction, Value, owned_values};
use crate::store::rollups::all_campaigns;
use crate::store::rollups::changes::{Changes, PlaySums, ScanSums, VisitSums, hour_of_quarter};
use crate::store::rollups::counted::{Counted, Statements, counted};

impl Changes {
    /// Adds the changes to all tables.
    ///
    /// # Errors
    /// The database fails.
    pub(super) fn add_to_tables(&self, tx: &Transaction<'_>) -> Result<(), DatabaseError> {
        let counted = counted(self);
        for (sql, rows) in self.statements(&counted) {
            tx.execute_each(sql, &rows)?;
        }
        Ok(())
    }

    /// The rows by which a table would change.
    pub(super) fn rows_of(&self, table: &str) -> Vec<Vec<Value<'static>>> {
        let counted = counted(self);
        let start = format!("INSERT INTO {table} (");
        let statements = self.statements(&counted).into_iter();
        let of_table = statements.filter(|(sql, _)| sql.starts_with(&start));
        of_table
            .flat_map(|(_, rows)| rows)
            .map(|row| row.into_iter().map(Value::into_owned).collect())
            .collect()
    }

    fn statements<'a>(&'a self, counted: &'a Counted) -> Statements<'a> {
        let mut statements = Statements::new();
        plays(self, &mut statements);
        scans(self, &mut statements);
        visits(self, &mut statements);
        shares(self, &mut statements);
        campaigns(counted, &mut statements);
        all_campaigns::add(self, counted, &mut statements);
        statements
    }
}

fn plays<'a>(changes: &'a Changes, statements: &mut Statements<'a>) {
    let mut hours: BTreeMap<_, PlaySums> = BTreeMap::new();
    let mut totals: BTreeMap<_, PlaySums> = BTreeMap::new();
    let mut quarters: BTreeMap<_, PlaySums> = BTreeMap::new();
    for (key, sums) in &changes.plays {
        let hour = hour_of_quarter(key.quarter);
        let what = (key.content, key.outcome, key.display);
        for of in [
            hours.entry((key.screen, hour, what)).or_default(),
            totals.entry((key.screen, what)).or_default(),
            quarters
                .entry((key.screen, key.content, key.quarter))
                .or_default(),
        ] {
            of.plays += sums.plays;
            of.visible_ms += sums.visible_ms;
            of.scanned += sums.scanned;
        }
    }
    for (&key, &scanned) in &changes.scanned {
        quarters.entry(key).or_default().scanned += scanned;
    }
    let is_change = |sums: &PlaySums| (sums.plays, sums.visible_ms) != (0, 0);
    let rows: Vec<_> = hours
        .into_iter()
        .filter(|(_, sums)| is_change(sums))
        .map(|((screen, hour, (content, outcome, display)), sums)| {
            owned_values![
                screen,
                hour,
                content,
                outcome,
                display,
                sums.plays,
                sums.visible_ms
            ]
            .to_vec()
        })
        .collect();
    statements.push((
        "INSERT INTO play_hours (screen, hour, content, outcome, display, plays, visible_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (screen, hour, content, outcome, display)
         DO UPDATE SET plays = play_hours.plays + excluded.plays,
                       visible_ms = play_hours.visible_ms + excluded.visible_ms",
        rows,
    ));
    let rows: Vec<_> = totals
        .into_iter()
        .filter(|(_, sums)| is_change(sums))
        .map(|((screen, (content, outcome, display)), sums)| {
            owned_values![
                screen,
                content,
                outcome,
                display,
                sums.plays,
                sums.visible_ms
            ]
            .to_vec()
        })
        .collect();
    statements.push((
        "INSERT INTO play_totals (screen, content, outcome, display, plays, visible_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (screen, content, outcome, display)
         DO UPDATE SET plays = play_totals.plays + excluded.plays,
                       visible_ms = play_totals.visible_ms + excluded.visible_ms",
        rows,
    ));
    let rows: Vec<_> = quarters
        .into_iter()
        .filter(|(_, sums)| *sums != PlaySums::default())
        .map(|((screen, content, quarter), sums)| {
            owned_values![
                screen,
                content,
                quarter,
                sums.plays,
                sums.visible_ms,
                sums.scanned
            ]
            .to_vec()
        })
        .collect();
    statements.push((
        "INSERT INTO play_quarters (screen, content, quarter, plays, visible_ms, scanned)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (screen, content, quarter)
         DO UPDATE SET plays = play_quarters.plays + excluded.plays,
                       visible_ms = play_quarters.visible_ms + excluded.visible_ms,
                       scanned = play_quarters.scanned + excluded.scanned",
        rows,
    ));
}

fn scans<'a>(changes: &'a Changes, statements: &mut Statements<'a>) {
    let mut hours: BTreeMap<_, ScanSums> = BTreeMap::new();
    let mut totals: BTreeMap<_, ScanSums> = BTreeMap::new();
    for (key, sums) in &changes.scans {
        let hour = hour_of_quarter(key.quarter);
        let what = (&key.campaign, &key.creative, key.grade, key.standing);
        for of in [
            hours.entry((key.screen, hour, what)).or_default(),
            totals.entry((key.screen, what)).or_default(),
        ] {
            of.scans += sums.scans;
            of.openings += sums.openings;
            of.seen += sums.seen;
            of.confirmed += sums.confirmed;
        }
    }
    let rows: Vec<_> = hours
        .into_iter()
        .filter(|(_, sums)| *sums != ScanSums::default())
        .map(|((screen, hour, what), sums)| {
            let (campaign, creative, grade, standing) = what;
            owned_values![
                screen,
                hour,
                campaign,
                creative,
                grade,
                standing,
                sums.scans,
                sums.openings,
                sums.seen,
                sums.confirmed
            ]
            .to_vec()
        })
        .collect();
    statements.push((
        "INSERT INTO scan_hours (screen, hour, campaign, creative, grade, standing, scans, openings, seen, confirmed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (screen, hour, campaign, creative, grade, standing)
         DO UPDATE SET scans = scan_hours.scans + excluded.scans,
                       openings = scan_hours.openings + excluded.openings,
                       seen = scan_hours.seen + excluded.seen,
                       confirmed = scan_hours.confirmed + excluded.confirmed",
        rows,
    ));
    let rows: Vec<_> = totals
        .into_iter()
        .filter(|(_, sums)| *sums != ScanSums::default())
        .map(|((screen, what), sums)| {
            let (campaign, creative, grade, standing) = what;
            owned_values![
                screen,
                campaign,
                creative,
                grade,
                standing,
                sums.scans,
                sums.openings,
                sums.seen,
                sums.confirmed
            ]
            .to_vec()
        })
        .collect();
    statements.push((
        "INSERT INTO scan_totals (screen, campaign, creative, grade, standing, scans, openings, seen, confirmed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (screen, campaign, creative, grade, standing)
         DO UPDATE SET scans = scan_totals.scans + excluded.scans,
                       openings = scan_totals.openings + excluded.openings,
                       seen = scan_totals.seen + excluded.seen,
                       confirmed = scan_totals.confirmed + excluded.confirmed",
        rows,
    ));
}

fn visits<'a>(changes: &'a Changes, statements: &mut Statements<'a>) {
    let mut hours: BTreeMap<_, VisitSums> = BTreeMap::new();
    let mut totals: BTreeMap<_, VisitSums> = BTreeMap::new();
    for (key, sums) in &changes.visits {
        let hour = hour_of_quarter(key.quarter);
        let of = (&key.campaign, &key.creative);
        let what = (key.generation, key.grade, key.is_counted);
        for of in [
            hours.entry((key.screen, hour, of, what)).or_default(),
            totals.entry((key.screen, of, what)).or_default(),
        ] {
            of.visits += sums.visits;
            of.seen += sums.seen;
            of.confirmed += sums.confirmed;
            of.pressed += sums.pressed;
        }
    }
    let rows: Vec<_> = hours
        .into_iter()
        .filter(|(_, sums)| *sums != VisitSums::default())
        .map(|((screen, hour, (campaign, creative), what), sums)| {
            let (generation, grade, is_counted) = what;
            owned_values![
                screen,
                hour,
                campaign,
                creative,
                generation,
                grade,
                is_counted,
                sums.visits,
                sums.seen,
                sums.confirmed,
                sums.pressed
            ]
            .to_vec()
        })
        .collect();
    statements.push((
        "INSERT INTO visit_hours (screen, hour, campaign, creative, generation, grade, counted, visits, seen, confirmed, pressed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (screen, hour, campaign, creative, generation, grade, counted)
         DO UPDATE SET visits = visit_hours.visits + excluded.visits,
                       seen = visit_hours.seen + excluded.seen,
                       confirmed = visit_hours.confirmed + excluded.confirmed,
                       pressed = visit_hours.pressed + excluded.pressed",
        rows,
    ));
    let rows: Vec<_> = totals
        .into_iter()
        .filter(|(_, sums)| *sums != VisitSums::default())
        .map(|((screen, (campaign, creative), what), sums)| {
            let (generation, grade, is_counted) = what;
            owned_values![
                screen,
                campaign,
                creative,
                generation,
                grade,
                is_counted,
                sums.visits,
                sums.seen,
                sums.confirmed,
                sums.pressed
            ]
            .to_vec()
        })
        .collect();
    statements.push((
        "INSERT INTO visit_totals (screen, campaign, creative, generation, grade, counted, visits, seen, confirmed, pressed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (screen, campaign, creative, generation, grade, counted)
         DO UPDATE SET visits = visit_totals.visits + excluded.visits,
                       seen = visit_totals.seen + excluded.seen,
                       confirmed = visit_totals.confirmed + excluded.confirmed,
                       pressed = visit_totals.pressed + excluded.pressed",
        rows,
    ));
}

fn shares<'a>(changes: &'a Changes, statements: &mut Statements<'a>) {
    let mut hours: BTreeMap<_, i64> = BTreeMap::new();
    let mut totals: BTreeMap<_, i64> = BTreeMap::new();
    for (key, shares) in &changes.shares {
        let hour = hour_of_quarter(key.quarter);
        let what = (&key.campaign, &key.creative, key.generation, key.is_counted);
        *hours.entry((key.screen, hour, what)).or_default() += shares;
        *totals.entry((key.screen, what)).or_default() += shares;
    }
    let rows: Vec<_> = hours
        .into_iter()
        .filter(|(_, shares)| *shares != 0)
        .map(|((screen, hour, what), shares)| {
            let (campaign, creative, generation, is_counted) = what;
            owned_values![
                screen, hour, campaign, creative, generation, is_counted, shares
            ]
            .to_vec()
        })
        .collect();
    statements.push((
        "INSERT INTO share_hours (screen, hour, campaign, creative, generation, counted, shares)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (screen, hour, campaign, creative, generation, counted)
         DO UPDATE SET shares = share_hours.shares + excluded.shares",
        rows,
    ));
    let rows: Vec<_> = totals
        .into_iter()
        .filter(|(_, shares)| *shares != 0)
        .map(|((screen, what), shares)| {
            let (campaign, creative, generation, is_counted) = what;
            owned_values![screen, campaign, creative, generation, is_counted, shares].to_vec()
        })
        .collect();
    statements.push((
        "INSERT INTO share_totals (screen, campaign, creative, generation, counted, shares)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (screen, campaign, creative, generation, counted)
         DO UPDATE SET shares = share_totals.shares + excluded.shares",
        rows,
    ));
}

fn campaigns<'a>(counted: &'a Counted, statements: &mut Statements<'a>) {
    let rows: Vec<_> = counted
        .iter()
        .map(|((campaign, quarter, screen), sums)| {
            owned_values![
                campaign,
                *quarter,
                *screen,
                sums.scans,
                sums.visits,
                sums.pressed,
                sums.shares
            ]
            .to_vec()
        })
        .collect();
    statements.push((
        "INSERT INTO campaign_quarters (campaign, quarter, screen, scans, visits, pressed, shares)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (campaign, quarter, screen)
         DO UPDATE SET scans = campaign_quarters.scans + excluded.scans,
                       visits = campaign_quarters.visits + excluded.visits,
                       pressed = campaign_quarters.pressed + excluded.pressed,
                       shares = campaign_quarters.shares + excluded.shares",
        rows,
    ));
}
