//! How often a screen's plays were scanned, for the screen itself.
//!
//! Invariant: what `passerby_protocol::tally` says of settled plays, as of the moment of asking, so
//! a late play or scan changes the next answer and no other. Only of the newest two days rows are
//! read, since a quarter of an hour there may have plays that are settled and others that are not.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use passerby_protocol::limits::{PLAY_MS_MAX, TALLY_DAYS_MAX, TALLY_PLAYS_MAX};
use passerby_protocol::tally::{Tallies, Tally, WeekPart};
use passerby_protocol::{Assignment, ScreenNumber};

use crate::database::{DatabaseError, Sql, values};
use crate::store::rollups::scanned::SETTLE_MS;
use crate::store::rollups::{QUARTER_MS, quarter_of};
use crate::store::{Result, Store};
use crate::system::clock::DAY_MS;

/// Which campaigns are counted: those whose creatives compete, or which have a goal of scans.
const IS_ASKED_FOR: &str = "json_type(campaigns.body, '$.adaptive') = 'object'
     OR EXISTS (SELECT 1 FROM json_each(campaigns.body, '$.phases') AS phase
                WHERE json_type(phase.value, '$.goal_scans') = 'integer')";
/// The same for PostgreSQL.
const IS_ASKED_FOR_POSTGRES: &str = "jsonb_typeof(campaigns.body::jsonb -> 'adaptive') = 'object'
     OR EXISTS (SELECT 1 FROM jsonb_array_elements(campaigns.body::jsonb -> 'phases') AS phase
                WHERE jsonb_typeof(phase.value -> 'goal_scans') = 'number')";

impl Store {
    /// Counts a screen's settled plays and how many of them were scanned, by day and part of the
    /// week in the venue's time zone, from the first whole quarter of an hour in the days that
    /// tallies reach back. Only campaigns count whose creatives compete, or which have a goal of
    /// scans.
    ///
    /// # Errors
    /// The database fails.
    pub fn tallies(
        &self,
        screen: ScreenNumber,
        time_zone: &TimeZone,
        now_ms: i64,
    ) -> Result<Tallies> {
        self.add_up_figures()?;
        let days = i64::try_from(TALLY_DAYS_MAX).unwrap_or(0);
        let until_ms = now_ms - SETTLE_MS;
        let first = quarter_of(now_ms - days * DAY_MS + QUARTER_MS - 1);
        // Before it all plays have ended in time, however long they were.
        let split = quarter_of(until_ms.saturating_sub_unsigned(PLAY_MS_MAX));
        let rows: Vec<(u32, i64, u32, u32)> = self.read(|tx| {
            tx.all(
                Sql::pair(
                    &counts_where(IS_ASKED_FOR),
                    &counts_where(IS_ASKED_FOR_POSTGRES),
                ),
                values![
                    screen.get(),
                    first,
                    split,
                    split * QUARTER_MS,
                    until_ms,
                    QUARTER_MS,
                    SETTLE_MS
                ],
                |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )
        })?;
        let mut counted: BTreeMap<(Assignment, Date, WeekPart), (u32, u32)> = BTreeMap::new();
        for (assignment, quarter, plays, scanned) in rows {
            let start = Timestamp::from_millisecond(quarter * QUARTER_MS);
            let (Some(assignment), Ok(start)) = (Assignment::new(assignment), start) else {
                continue;
            };
            let local = start.to_zoned(time_zone.clone());
            let row = counted
                .entry((assignment, local.date(), part_of(&local)))
                .or_default();
            row.0 = row.0.saturating_add(plays).min(TALLY_PLAYS_MAX);
            row.1 = row.1.saturating_add(scanned).min(row.0);
        }
        let rows: Vec<Tally> = counted
            .into_iter()
            .map(|((assignment, day, part), (plays, scanned))| Tally {
                assignment,
                day,
                part,
                plays,
                scanned,
            })
            .collect();
        Ok(Tallies::pack(
            screen,
            now_ms,
            SETTLE_MS.unsigned_abs(),
            &rows,
        ))
    }
}

/// Reads plays and those of them that were scanned, by assignment and quarter of an hour, and
/// counts those of the newest quarters. The JSON of campaigns is read before, and not with each
/// play.
fn counts_where(is_asked_for: &str) -> String {
    format!(
        "WITH asked_for AS MATERIALIZED (
             SELECT contents.content, contents.assignment
             FROM assigned_contents AS contents JOIN campaigns ON campaigns.id = contents.campaign
             WHERE contents.screen = ?1 AND ({is_asked_for}))
         SELECT asked_for.assignment, quarter, plays, scanned
         FROM asked_for JOIN play_quarters AS played ON played.content = asked_for.content
         WHERE played.screen = ?1 AND quarter >= ?2 AND quarter < ?3 AND plays > 0
         UNION ALL
         SELECT asked_for.assignment, plays.wall_ms / ?6, count(*),
                count(*) FILTER (WHERE EXISTS (SELECT 1 FROM counted_scans AS scans
                                               WHERE scans.screen = plays.screen AND scans.play = plays.number
                                                 AND scans.scanned_ms <= plays.wall_ms + plays.visible_ms + ?7))
         FROM asked_for JOIN plays ON plays.content = asked_for.content
         WHERE plays.screen = ?1 AND plays.wall_ms >= ?4 AND plays.wall_ms + plays.visible_ms <= ?5
         GROUP BY 1, 2"
    )
}

fn part_of(local: &Zoned) -> WeekPart {
    let weekday = local.weekday().to_monday_zero_offset().unsigned_abs();
    WeekPart::at(weekday, u16::from(local.hour().unsigned_abs()) * 60)
}
