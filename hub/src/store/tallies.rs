//! How often a screen's plays were scanned, and what came of the scans, for the screen itself.
//!
//! Invariant: what `passerby_protocol::tally` says of settled plays, as of the moment of asking, so
//! a late play or scan changes the next answer and no other. Only of the newest two days rows are
//! read, since a quarter of an hour there may have plays that are settled and others that are not;
//! but what came of scans is counted from rows, of campaigns that want it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use passerby_protocol::campaign::AdaptiveBy;
use passerby_protocol::limits::{PLAY_MS_MAX, TALLY_DAYS_MAX, TALLY_PLAYS_MAX};
use passerby_protocol::tally::{LedTo, Tallies, Tally, WeekPart};
use passerby_protocol::{Assignment, ScreenNumber};

use crate::database::{DatabaseError, Sql, Transaction, values};
use crate::store::rollups::scanned::SETTLE_MS;
use crate::store::rollups::{QUARTER_MS, quarter_of};
use crate::store::{Result, Store, StoreError};
use crate::system::clock::DAY_MS;

/// Which campaigns are counted: those whose creatives compete, or which have a goal of scans.
const IS_ASKED_FOR: &str = "json_type(campaigns.body, '$.adaptive') = 'object'
     OR EXISTS (SELECT 1 FROM json_each(campaigns.body, '$.phases') AS phase
                WHERE json_type(phase.value, '$.goal_scans') = 'integer')";
/// The same for PostgreSQL.
const IS_ASKED_FOR_POSTGRES: &str = "jsonb_typeof(campaigns.body::jsonb -> 'adaptive') = 'object'
     OR EXISTS (SELECT 1 FROM jsonb_array_elements(campaigns.body::jsonb -> 'phases') AS phase
                WHERE jsonb_typeof(phase.value -> 'goal_scans') = 'number')";

/// What may come of a scan: what campaigns want, from what it is told, and when it was.
const LED_TO: [(AdaptiveBy, &str, &str); 3] = [
    (AdaptiveBy::Visits, OF_VISITS, "visits.visited_ms"),
    (
        AdaptiveBy::Presses,
        OF_VISITS,
        "CASE WHEN visits.grade = 0 THEN visits.clicked_ms END",
    ),
    (AdaptiveBy::Conversions, OF_CONVERSIONS, "conversions.at_ms"),
];
/// The visits of a scan's chain.
const OF_VISITS: &str =
    "JOIN shares ON shares.scan = scans.id JOIN visits ON visits.share = shares.id";
/// What shops stand behind of a scan's chain; what was taken back whole has not been.
const OF_CONVERSIONS: &str =
    "JOIN conversions ON conversions.scan = scans.id AND conversions.proof < 2
     AND NOT conversions.withdrawn";

/// What a campaign wants; by the word of [`AdaptiveBy`].
const WANTED: &str = "json_extract(campaigns.body, '$.adaptive.by')";
/// The same for PostgreSQL.
const WANTED_POSTGRES: &str = "campaigns.body::jsonb -> 'adaptive' ->> 'by'";

/// Plays that led to what their campaign wants, by that, assignment and quarter of an hour.
type Led = Vec<(AdaptiveBy, Vec<(u32, i64, u32)>)>;

/// What is counted of an assignment in a part of a day.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    plays: u32,
    scanned: u32,
    led_to: LedTo,
}

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
        let (rows, led): (Vec<(u32, i64, u32, u32)>, Led) = self.read(|tx| {
            let rows = tx.all(
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
            )?;
            Ok::<_, StoreError>((rows, led_to(tx, screen, first, until_ms)?))
        })?;
        // Where something is counted of one, it is counted of all.
        let none = LedTo {
            visited: zero_of(&led, AdaptiveBy::Visits),
            pressed: zero_of(&led, AdaptiveBy::Presses),
            converted: zero_of(&led, AdaptiveBy::Conversions),
        };
        let place = |assignment: u32, quarter: i64| {
            let start = Timestamp::from_millisecond(quarter * QUARTER_MS).ok()?;
            let local = start.to_zoned(time_zone.clone());
            Some((Assignment::new(assignment)?, local.date(), part_of(&local)))
        };
        let mut counted: BTreeMap<(Assignment, Date, WeekPart), Counted> = BTreeMap::new();
        for (assignment, quarter, plays, scanned) in rows {
            let Some(place) = place(assignment, quarter) else {
                continue;
            };
            let row = counted.entry(place).or_insert(Counted {
                led_to: none,
                ..Counted::default()
            });
            row.plays = row.plays.saturating_add(plays).min(TALLY_PLAYS_MAX);
            row.scanned = row.scanned.saturating_add(scanned).min(row.plays);
        }
        for (by, rows) in led {
            for (assignment, quarter, count) in rows {
                let place = place(assignment, quarter);
                let Some(row) = place.and_then(|place| counted.get_mut(&place)) else {
                    continue;
                };
                let led_to = match by {
                    AdaptiveBy::Scans => continue,
                    AdaptiveBy::Visits => &mut row.led_to.visited,
                    AdaptiveBy::Presses => &mut row.led_to.pressed,
                    AdaptiveBy::Conversions => &mut row.led_to.converted,
                };
                let before = led_to.unwrap_or(0);
                *led_to = Some(before.saturating_add(count).min(row.plays));
            }
        }
        let rows: Vec<Tally> = counted
            .into_iter()
            .map(|((assignment, day, part), counted)| Tally {
                assignment,
                day,
                part,
                plays: counted.plays,
                scanned: counted.scanned,
                led_to: counted.led_to,
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

fn zero_of(led: &Led, by: AdaptiveBy) -> Option<u32> {
    led.iter().any(|(counted, _)| *counted == by).then_some(0)
}

/// Counts the settled plays that led to what their campaigns want, from a quarter of an hour on.
fn led_to(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    first: i64,
    until_ms: i64,
) -> Result<Led, DatabaseError> {
    let wanted_by = |wanted: &str| {
        format!(
            "SELECT DISTINCT {wanted} FROM assigned_contents AS contents
             JOIN campaigns ON campaigns.id = contents.campaign WHERE contents.screen = ?1"
        )
    };
    let words: Vec<Option<String>> = tx.all(
        Sql::pair(&wanted_by(WANTED), &wanted_by(WANTED_POSTGRES)),
        values![screen.get()],
        |row| row.get(0),
    )?;
    let mut led = Led::new();
    for (by, of, when) in LED_TO {
        if !words.iter().flatten().any(|word| word == by.word()) {
            continue;
        }
        let counts = |wanted: &str| {
            format!(
                "WITH wanted AS MATERIALIZED (
                     SELECT contents.content, contents.assignment
                     FROM assigned_contents AS contents JOIN campaigns ON campaigns.id = contents.campaign
                     WHERE contents.screen = ?1 AND {wanted} = ?6),
                 led AS MATERIALIZED (
                     SELECT scans.play, min({when}) AS first_ms FROM counted_scans AS scans {of}
                     WHERE scans.screen = ?1 AND scans.scanned_ms >= ?2 AND {when} IS NOT NULL GROUP BY scans.play)
                 SELECT wanted.assignment, plays.wall_ms / ?4, count(*)
                 FROM led JOIN plays ON plays.screen = ?1 AND plays.number = led.play
                 JOIN wanted ON wanted.content = plays.content
                 WHERE plays.wall_ms >= ?2 AND plays.wall_ms + plays.visible_ms <= ?3
                   AND led.first_ms <= plays.wall_ms + plays.visible_ms + ?5
                 GROUP BY 1, 2"
            )
        };
        let rows = tx.all(
            Sql::pair(&counts(WANTED), &counts(WANTED_POSTGRES)),
            values![
                screen.get(),
                first * QUARTER_MS,
                until_ms,
                QUARTER_MS,
                SETTLE_MS,
                by.word()
            ],
            |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        led.push((by, rows));
    }
    Ok(led)
}

fn part_of(local: &Zoned) -> WeekPart {
    let weekday = local.weekday().to_monday_zero_offset().unsigned_abs();
    WeekPart::at(weekday, u16::from(local.hour().unsigned_abs()) * 60)
}
