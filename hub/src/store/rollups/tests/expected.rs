//! What breakdowns and tallies should say, counted anew from the rows, in other ways than the hub
//! does.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use passerby_protocol::campaign::AdaptiveBy;
use passerby_protocol::tally::WeekPart;

use crate::database::DatabaseError;
use crate::store::{By, Figures, Filter, Key, Store};

/// One thing that was counted, as its row has it.
struct Counted {
    screen: i64,
    campaign: String,
    creative: String,
    at_ms: Option<i64>,
    /// Whether it is of a folder on a screen, and no campaign's.
    is_local: bool,
    adds: Figures,
}

fn zero() -> Figures {
    Figures::default()
}

fn counted(store: &Store) -> Vec<Counted> {
    let mut all = Vec::new();
    let assigned: BTreeSet<(i64, i64, String, String)> = store
        .read(|tx| {
            tx.all(
                "SELECT screen, number, campaign, creative FROM assignments",
                &[],
                |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )
        })
        .unwrap()
        .into_iter()
        .collect();
    let plays = store.read(|tx| {
        tx.all(
            "SELECT screen, assignment, campaign, creative, wall_ms, visible_ms
             FROM plays JOIN contents ON contents.id = content",
            &[],
            |row| {
                let of: (i64, i64, String, String) =
                    (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
                Ok::<_, DatabaseError>((of, row.get::<Option<i64>>(4)?, row.get::<u64>(5)?))
            },
        )
    });
    for (of, at_ms, visible_ms) in plays.unwrap() {
        let is_local = of.1 == 0;
        if is_local || assigned.contains(&of) {
            all.push(Counted {
                screen: of.0,
                campaign: of.2,
                creative: of.3,
                at_ms,
                is_local,
                adds: Figures {
                    plays: 1,
                    visible_ms,
                    ..zero()
                },
            });
        }
    }
    let is_counted = "scans.grade < 2 AND scans.standing < 2";
    for (query, adds) in [
        (
            format!(
                "SELECT screen, campaign, creative, scanned_ms, 0 FROM scans WHERE {is_counted}"
            ),
            Figures { scans: 1, ..zero() },
        ),
        (
            format!(
                "SELECT screen, campaign, creative, visited_ms,
                        CASE WHEN visits.grade = 0 AND clicked_ms IS NOT NULL THEN 1 ELSE 0 END
                 FROM visits, shares, scans
                 WHERE visits.share = shares.id AND shares.scan = scans.id AND {is_counted}"
            ),
            Figures {
                visits: 1,
                ..zero()
            },
        ),
        (
            format!(
                "SELECT screen, campaign, creative, created_ms, 0 FROM shares, scans
                 WHERE shares.scan = scans.id AND generation > 0 AND {is_counted}"
            ),
            Figures {
                shares: 1,
                ..zero()
            },
        ),
    ] {
        let found = store.read(|tx| {
            tx.all(&query, &[], |row| {
                Ok::<_, DatabaseError>(Counted {
                    screen: row.get(0)?,
                    campaign: row.get(1)?,
                    creative: row.get(2)?,
                    at_ms: Some(row.get(3)?),
                    is_local: false,
                    adds: Figures {
                        presses: row.get(4)?,
                        ..adds
                    },
                })
            })
        });
        all.extend(found.unwrap());
    }
    let bought = store.read(|tx| {
        tx.all(
            "SELECT conversions.screen, conversions.campaign, conversions.creative, at_ms, refunded, value,
                    (SELECT count(*) FROM conversion_refunds WHERE conversion = conversions.id AND whole)
             FROM conversions, scans
             WHERE scans.id = conversions.scan AND proof < 2 AND scans.grade < 2 AND scans.standing < 2",
            &[],
            |row| {
                let (refunded, value, whole): (i64, i64, i64) =
                    (row.get(4)?, row.get(5)?, row.get(6)?);
                assert_eq!(whole > 0, refunded == value && (value > 0 || whole > 0));
                Ok::<_, DatabaseError>(Counted {
                    screen: row.get(0)?,
                    campaign: row.get(1)?,
                    creative: row.get(2)?,
                    at_ms: Some(row.get(3)?),
                    is_local: false,
                    adds: Figures {
                        conversions: u64::from(whole == 0),
                        ..zero()
                    },
                })
            },
        )
    });
    all.extend(bought.unwrap());
    all
}

/// The rows of a breakdown, but for those in which nothing was counted.
pub(super) fn rows(
    store: &Store,
    by: By,
    filter: &Filter,
    zone: &TimeZone,
) -> BTreeMap<Key, Figures> {
    let mut rows: BTreeMap<Key, Figures> = BTreeMap::new();
    for one in counted(store) {
        let local: Option<Zoned> = one.at_ms.map(|ms| {
            Timestamp::from_millisecond(ms)
                .unwrap()
                .to_zoned(zone.clone())
        });
        let date = local.as_ref().map(Zoned::date);
        let is_asked_for = filter
            .screen
            .is_none_or(|asked| i64::from(asked.get()) == one.screen)
            && filter
                .campaign
                .as_ref()
                .is_none_or(|asked| !one.is_local && asked.as_str() == one.campaign)
            && filter
                .from
                .is_none_or(|from| date.is_some_and(|date| date >= from))
            && filter
                .until
                .is_none_or(|until| date.is_some_and(|date| date <= until));
        if !is_asked_for {
            continue;
        }
        let key = match (by, &local) {
            (By::Day | By::Hour | By::Weekday, None) => Key::Undated,
            (By::Day, Some(local)) => Key::Day(local.date()),
            (By::Hour, Some(local)) => Key::Hour(local.hour()),
            (By::Weekday, Some(local)) => Key::Weekday(local.weekday().to_monday_zero_offset()),
            (By::Screen, _) => Key::Screen(one.screen),
            (By::Campaign, _) if one.is_local => Key::LocalCampaign(one.campaign),
            (By::Campaign, _) => Key::Campaign(one.campaign),
            (By::Creative, _) if one.is_local => Key::Local,
            (By::Creative, _) => Key::Creative(one.creative),
        };
        let row = rows.entry(key).or_default();
        row.plays += one.adds.plays;
        row.visible_ms += one.adds.visible_ms;
        row.scans += one.adds.scans;
        row.visits += one.adds.visits;
        row.presses += one.adds.presses;
        row.shares += one.adds.shares;
        row.conversions += one.adds.conversions;
    }
    rows
}

/// Plays, how many of them were scanned, and how many led to what is wanted, by assignment, day and
/// part of the week.
pub(super) type Tallied = BTreeMap<(u32, Date, usize), (u32, u32, u32)>;

/// Settled plays of what was assigned to a screen, of the last 56 days but for the first quarter of
/// an hour if it is not whole.
pub(super) fn tallies(
    store: &Store,
    screen: u32,
    by: AdaptiveBy,
    zone: &TimeZone,
    now_ms: i64,
) -> Tallied {
    const QUARTER_MS: i64 = 15 * 60_000;
    const DAY_MS: i64 = 24 * 60 * 60_000;
    let first_ms = (now_ms - 56 * DAY_MS + QUARTER_MS - 1) / QUARTER_MS * QUARTER_MS;
    let plays: Vec<(u32, i64, i64, i64)> = store
        .read(|tx| {
            tx.all(
                "SELECT assignments.number, wall_ms, visible_ms, plays.number
                 FROM plays JOIN contents ON contents.id = content
                 JOIN assignments ON assignments.screen = plays.screen AND assignments.number = assignment
                     AND assignments.campaign = contents.campaign AND assignments.creative = contents.creative
                 WHERE plays.screen = ?1 AND wall_ms IS NOT NULL",
                &[screen.into()],
                |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )
        })
        .unwrap();
    let scans: Vec<(i64, i64)> = store
        .read(|tx| {
            tx.all(
                "SELECT play, scanned_ms FROM scans WHERE screen = ?1 AND grade < 2 AND standing < 2",
                &[screen.into()],
                |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
            )
        })
        .unwrap();
    let wanted: Vec<(i64, i64)> = if by == AdaptiveBy::Conversions {
        bought(store, screen)
    } else {
        presses(store, screen)
    };
    let mut tallied = Tallied::new();
    for (assignment, wall_ms, visible_ms, number) in plays {
        let end_ms = wall_ms + visible_ms;
        if wall_ms < first_ms || end_ms > now_ms - DAY_MS {
            continue;
        }
        let local = Timestamp::from_millisecond(wall_ms)
            .unwrap()
            .to_zoned(zone.clone());
        let weekday = u8::try_from(local.weekday().to_monday_zero_offset()).unwrap();
        let minute = u16::try_from(local.hour()).unwrap() * 60;
        let part = WeekPart::at(weekday, minute).index();
        let is_in_time = |of: &[(i64, i64)]| {
            of.iter()
                .any(|&(play, at_ms)| play == number && at_ms <= end_ms + DAY_MS)
        };
        let of = tallied.entry((assignment, local.date(), part)).or_default();
        of.0 += 1;
        of.1 += u32::from(is_in_time(&scans));
        of.2 += u32::from(is_in_time(&wanted));
    }
    tallied
}

/// Presses that count, each with the play that it goes back to.
fn presses(store: &Store, screen: u32) -> Vec<(i64, i64)> {
    let read = store.read(|tx| {
        tx.all(
            "SELECT play, clicked_ms FROM visits JOIN shares ON shares.id = share JOIN scans ON scans.id = scan
             WHERE screen = ?1 AND scans.grade < 2 AND standing < 2 AND visits.grade = 0
               AND clicked_ms IS NOT NULL",
            &[screen.into()],
            |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
        )
    });
    read.unwrap()
}

/// What shops stand behind, each with the play that it goes back to: all but what anybody may have
/// said, what came of chains that do not count, and what was taken back whole.
fn bought(store: &Store, screen: u32) -> Vec<(i64, i64)> {
    let read = store.read(|tx| {
        tx.all(
            "SELECT play, at_ms, proof, refunded, value, counted,
                    EXISTS (SELECT 1 FROM conversion_refunds AS refund
                            WHERE refund.conversion = conversions.id AND refund.whole)
             FROM conversions WHERE screen = ?1",
            &[screen.into()],
            |row| {
                let is_left = !row.get::<bool>(6)? && row.get::<bool>(5)?;
                assert!(row.get::<i64>(3)? <= row.get::<i64>(4)?);
                let counts = is_left && row.get::<i64>(2)? < 2;
                Ok::<_, DatabaseError>((counts, row.get(0)?, row.get(1)?))
            },
        )
    });
    let all: Vec<(bool, i64, i64)> = read.unwrap();
    let counted = all.into_iter().filter(|(counts, _, _)| *counts);
    counted.map(|(_, play, at_ms)| (play, at_ms)).collect()
}
