//! Scans: one a play, visitor and day, resolved from the token alone.
//!
//! Invariants: a scan is recorded, with what it counts for, before its link is answered; a second
//! opening by the same visitor finds the first; of one visitor no more counts than one process
//! would count, however many record its scans.

use std::collections::HashSet;

use crate::database::{DatabaseError, Lock, Transaction, owned_values};
use crate::scans::verdict::{Aired, PLAY_SCANS, ScanVerdict, judge};
use crate::scans::visitor::Grade;
use crate::store::rollups;
use crate::store::rollups::link_sums::{LinkKey, LinkSums};
use crate::store::rollups::scanned;
use crate::store::rollups::scanned::NewScan;
use crate::store::rollups::{Changes, ScanKey, ScanSums};
use crate::store::scan::{Recorded, Scan};
use crate::store::together_or_alone::together_or_alone;
use crate::store::verdicts;
use crate::store::verdicts::Opening;
use crate::store::{Result, Store};
use crate::system::random;

/// Rows that one play has at most before openings that count for nothing get none of their own.
/// Those that count are bounded as well: see [`crate::scans::verdict::play_scans_max`].
const ROWS_OF_PLAY_MAX: u32 = 1_000;

/// Most scans that are recorded in one transaction.
const TOGETHER_MAX: usize = 64;

impl Store {
    /// Records a scan, once a play, visitor and day, unless its code is too old.
    ///
    /// # Errors
    /// The database fails.
    pub fn record_scan(&self, scan: Scan) -> Result<Recorded> {
        let recorded = self.record_scans(&[scan]).pop();
        recorded.unwrap_or_else(|| Err(DatabaseError::NoRow.into()))
    }

    /// Records scans that come at the same time, each as if it had been the only one.
    pub(crate) fn record_scans(&self, scans: &[Scan]) -> Vec<Result<Recorded>> {
        let mut all = Vec::with_capacity(scans.len());
        for scans in scans.chunks(TOGETHER_MAX) {
            self.stored.together.add(scans.len() as u64);
            let recorded = self.record_together(scans);
            let is_new = |recorded: &&_| matches!(recorded, Ok(Recorded::Kept { again: None, .. }));
            self.stored.scans(recorded.iter().filter(is_new).count());
            all.extend(recorded.into_iter().map(|recorded| Ok(recorded?)));
        }
        all
    }

    /// Makes ready what the first people need who scan: a process that has just begun keeps nobody
    /// waiting for what it does once.
    ///
    /// # Errors
    /// The database fails.
    pub fn expect_scans(&self) -> Result<()> {
        let nobody = Opening {
            row: i64::MAX,
            screen: 0,
            play: 0,
            assignment: 0,
            visitor: [0; 16],
            minted_ms: None,
            opened_ms: 0,
            of_play_before: 0,
            is_crowded: false,
        };
        let key = owned_values![nobody.screen, nobody.play, nobody.visitor];
        let openings = [nobody];
        // Of one and of several at once, which are asked in two ways.
        let asked = self.database.open_ahead(|tx| {
            for keys in [&[key.clone()][..], &[key.clone(), key.clone()]] {
                tx.all_each(BEFORE, keys, |_| Ok::<_, DatabaseError>(()))?;
            }
            verdicts::known(tx, &openings, true)?;
            Ok(())
        });
        Ok(asked?)
    }

    fn record_together(&self, scans: &[Scan]) -> Vec<Result<Recorded, DatabaseError>> {
        together_or_alone(scans, &|scans| {
            let screens: Vec<_> = scans.iter().map(|scan| scan.contents.screen).collect();
            // The same visitor may scan at another screen at this moment, at another process.
            let visitors: Vec<_> = scans.iter().map(|scan| scan.visitor.0).collect();
            let lock = Lock::Scans {
                screens: &screens,
                visitors: &visitors,
            };
            self.write(lock, |tx| record(tx, scans))
        })
    }
}

/// Records scans in their order. What one is judged by may depend on those before it, of the same
/// play or visitor; such ones are not looked up at the same time.
fn record(tx: &Transaction<'_>, scans: &[Scan]) -> Result<Vec<Recorded>, DatabaseError> {
    let mut recorded = Vec::with_capacity(scans.len());
    let mut changes = Changes::default();
    let mut left = scans;
    while !left.is_empty() {
        let (mut plays, mut visitors) = (HashSet::new(), HashSet::new());
        let strangers = left.iter().take_while(|scan| {
            plays.insert((scan.contents.screen, scan.contents.play))
                && visitors.insert(scan.visitor.0)
        });
        let (now, later) = left.split_at(strangers.count());
        recorded.extend(record_strangers(tx, now, &mut changes)?);
        left = later;
    }
    changes.note(tx)?;
    Ok(recorded)
}

/// What the tables have of the scans of visitor `?3` of play `?2` of screen `?1`; see [`Before`].
const BEFORE: &str = "SELECT (SELECT count(*) FROM scans WHERE screen = ?1 AND play = ?2), known.id, shares.name
     FROM (SELECT 1) AS one
     LEFT JOIN (SELECT id FROM scans WHERE screen = ?1 AND play = ?2 AND visitor = ?3) AS known ON TRUE
     LEFT JOIN shares ON shares.scan = known.id AND shares.parent IS NULL";

/// What the tables have of a scan before it is recorded.
struct Before {
    /// The row of the same visitor's scan of the same play.
    row: Option<i64>,
    /// The link that begins its chain.
    link: Option<String>,
    /// How many rows the play has.
    rows_of_play: u32,
}

/// Records scans of which no two are of one play or of one visitor.
fn record_strangers(
    tx: &Transaction<'_>,
    scans: &[Scan],
    changes: &mut Changes,
) -> Result<Vec<Recorded>, DatabaseError> {
    let keys: Vec<_> = scans
        .iter()
        .map(|scan| {
            let contents = scan.contents;
            owned_values![contents.screen.get(), contents.play.get(), scan.visitor.0]
        })
        .collect();
    let before = tx.all_each(BEFORE, &keys, |row| {
        Ok::<_, DatabaseError>(Before {
            rows_of_play: row.get(0)?,
            row: row.get(1)?,
            link: row.get(2)?,
        })
    })?;
    let before: Vec<Before> = before.into_iter().flatten().collect();
    let new: Vec<&Scan> = scans
        .iter()
        .zip(&before)
        .filter_map(|(scan, before)| before.row.is_none().then_some(scan))
        .collect();
    let rows_of_plays = before
        .iter()
        .filter(|before| before.row.is_none())
        .map(|before| before.rows_of_play);
    let mut made = insert(tx, &new, &rows_of_plays.collect::<Vec<_>>(), changes)?.into_iter();
    let mut links = Vec::new();
    let mut recorded = Vec::with_capacity(scans.len());
    for (scan, before) in scans.iter().zip(before) {
        let row = match before.row {
            Some(row) => {
                // Its campaign had no page when it was opened first.
                if scan.begins_chain && before.link.is_none() {
                    let is_counted = rollups::scan_key(tx, row)?.is_counted();
                    changes.links(first_link(scan, is_counted), LinkSums::ONE);
                }
                row
            }
            None => match made.next() {
                Some(Row::Made(row, is_counted)) => {
                    if scan.begins_chain {
                        changes.links(first_link(scan, is_counted), LinkSums::ONE);
                    }
                    row
                }
                Some(Row::Expired) => {
                    recorded.push(Recorded::Expired);
                    continue;
                }
                Some(Row::Full) | None => {
                    recorded.push(Recorded::Full);
                    continue;
                }
            },
        };
        let link = scan.begins_chain.then(|| {
            before.link.unwrap_or_else(|| {
                let name = random::share_name();
                links.push(owned_values![
                    name.clone(),
                    row,
                    scan.visitor.0,
                    scan.opened_ms
                ]);
                name
            })
        });
        recorded.push(Recorded::Kept {
            link,
            again: before.row,
        });
    }
    tx.execute_each(
        "INSERT INTO shares (name, scan, generation, made_for, created_ms) VALUES (?1, ?2, 0, ?3, ?4)",
        &links,
    )?;
    Ok(recorded)
}

/// What the link that begins a scan's chain is counted by.
fn first_link(scan: &Scan, is_counted: bool) -> LinkKey {
    LinkKey {
        campaign: scan.landed.id.as_str().to_owned(),
        screen: scan.contents.screen.get(),
        generation: 0,
        day: rollups::link_sums::day_of(scan.opened_ms),
        is_counted,
    }
}

enum Row {
    Expired,
    Full,
    /// With whether it counts.
    Made(i64, bool),
}

/// Judges scans that have no row yet, and gives one to those that get one.
fn insert(
    tx: &Transaction<'_>,
    scans: &[&Scan],
    rows_of_plays: &[u32],
    changes: &mut Changes,
) -> Result<Vec<Row>, DatabaseError> {
    let mut openings = Vec::with_capacity(scans.len());
    for (scan, &rows) in scans.iter().zip(rows_of_plays) {
        let (screen, play) = (scan.contents.screen.get(), scan.contents.play.get());
        openings.push(Opening {
            row: i64::MAX,
            screen,
            play,
            assignment: scan.contents.assignment.get(),
            visitor: scan.visitor.0,
            minted_ms: scan.contents.minted_ms(),
            opened_ms: scan.opened_ms,
            // While all of them together are few, it is not worth to look at each.
            of_play_before: if rows < *PLAY_SCANS.start() {
                rows
            } else {
                verdicts::counted_of_play(tx, screen, play, i64::MAX)?
            },
            is_crowded: scan.is_crowded,
        });
    }
    let known = verdicts::known(tx, &openings, true)?;
    let mut rows = Vec::with_capacity(scans.len());
    let (mut inserted, mut of_plays, mut counted) = (Vec::new(), Vec::new(), Vec::new());
    for (((scan, opening), known), &rows_of_play) in
        scans.iter().zip(&openings).zip(&known).zip(rows_of_plays)
    {
        let landed = &*scan.landed;
        let dwell_ms = landed.dwell_ms();
        let facts = verdicts::facts(tx, opening, known, dwell_ms, Some(landed), scan.code_days)?;
        let verdict = judge(&facts);
        let counts = verdict.counts() && scan.grade != Grade::Robot;
        rows.push(if verdict == ScanVerdict::Expired {
            Some(Row::Expired)
        } else if !counts && rows_of_play >= ROWS_OF_PLAY_MAX {
            Some(Row::Full)
        } else {
            let key = ScanKey {
                screen: opening.screen,
                quarter: rollups::quarter_of(opening.opened_ms),
                campaign: landed.id.as_str().to_owned(),
                creative: landed.creative.to_string(),
                grade: grade_code(scan.grade),
                standing: verdicts::code(verdict),
            };
            let one = ScanSums {
                scans: 1,
                openings: 1,
                ..ScanSums::default()
            };
            changes.scans(key, one);
            if let Some(of) = known.dated.filter(|_| counts) {
                of_plays.push(NewScan {
                    screen: opening.screen,
                    play: opening.play,
                    opened_ms: opening.opened_ms,
                    of,
                });
            }
            counted.push(counts);
            inserted.push(owned_values![
                opening.screen,
                opening.play,
                opening.visitor,
                grade_code(scan.grade),
                opening.assignment,
                landed.id.as_str().to_owned(),
                landed.creative.to_string(),
                opening.minted_ms,
                opening.opened_ms,
                verdicts::code(verdict),
                matches!(facts.aired, Aired::At { .. } | Aired::Never),
            ]);
            None
        });
    }
    scanned::count_new(tx, &of_plays, changes)?;
    let made = tx.all_each(
        "INSERT INTO scans (screen, play, visitor, grade, assignment, campaign, creative, minted_ms, scanned_ms, standing, settled)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) RETURNING id",
        &inserted,
        |row| row.get::<i64>(0),
    )?;
    let mut made = made.into_iter().flatten().zip(counted);
    rows.into_iter()
        .map(|row| match row {
            Some(row) => Ok(row),
            None => {
                let made = made.next().map(|(row, counts)| Row::Made(row, counts));
                made.ok_or(DatabaseError::NoRow)
            }
        })
        .collect()
}

/// Returns the code under which a grade is stored.
pub(super) const fn grade_code(grade: Grade) -> u8 {
    match grade {
        Grade::Browser => 0,
        Grade::Tool => 1,
        Grade::Robot => 2,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use passerby_protocol::token::TokenContents;
    use passerby_protocol::{Assignment, Campaign, Digest, PlayNumber, ScreenNumber};

    use super::*;
    use crate::database::values;
    use crate::people::Actor;
    use crate::scans::verdict::HOUR_MAX;
    use crate::scans::visitor::Visitor;
    use crate::store::Landed;
    use crate::store::testing::on_each_database;

    const OPENED_MS: i64 = 1_800_000_000_000;

    /// Somebody's scan, always the same person's.
    fn scan(screen: ScreenNumber, play: u32, opened_ms: i64) -> Scan {
        let toml = "title = 'Cafe'\ntarget = 'https://cafe.example/'\n";
        let landed = Landed {
            id: "cafe".parse().unwrap(),
            campaign: Arc::new(Campaign::parse("campaign.toml", toml, &["a.png".into()]).unwrap()),
            target: None,
            placement: 0,
            creative: Digest([7; 32]),
            airs: true,
        };
        Scan {
            contents: TokenContents {
                generation: 0,
                screen,
                assignment: Assignment::new(1).unwrap(),
                play: PlayNumber::new(play).unwrap(),
                minutes: TokenContents::minutes_at(Some(opened_ms)),
            },
            landed: Arc::new(landed),
            visitor: Visitor([9; 16]),
            grade: Grade::Browser,
            is_crowded: false,
            begins_chain: false,
            code_days: 180,
            opened_ms,
        }
    }

    fn counted(store: &Store) -> u32 {
        let counted = store.read(|tx| {
            let query = "SELECT count(*) FROM counted_scans";
            tx.value::<u32>(query, values![])
        });
        counted.unwrap()
    }

    #[test]
    fn before_the_first_scan_connections_are_open_and_nothing_is_recorded() {
        on_each_database(|database| {
            let store = database.open();
            store.expect_scans().unwrap();
            assert_eq!(counted(&store), 0);
            let idle = store.database.pool_counts().idle;
            assert!(idle >= 4 || !store.is_shared(), "{idle} connections");
        });
    }

    #[test]
    fn a_scan_that_is_recorded_after_later_ones_counts_for_no_more_than_they_leave() {
        on_each_database(|database| {
            let store = database.open();
            let screen = store.add_screen(&Actor::COMMAND_LINE, "one", 0).unwrap().0;
            for play in 0..HOUR_MAX {
                let at_ms = OPENED_MS + i64::from(play);
                store.record_scan(scan(screen, play, at_ms)).unwrap();
            }
            store.record_scan(scan(screen, 900, OPENED_MS)).unwrap();
            assert_eq!(counted(&store), HOUR_MAX);
        });
    }

    #[test]
    fn of_one_visitor_at_many_screens_two_processes_count_no_more_than_one() {
        on_each_database(|database| {
            let stores = [database.open(), database.open()];
            let screens: Vec<ScreenNumber> = (0..4)
                .map(|_| {
                    stores[0]
                        .add_screen(&Actor::COMMAND_LINE, "one of many", 0)
                        .unwrap()
                        .0
                })
                .collect();
            std::thread::scope(|scope| {
                for (place, &screen) in (0..).zip(&screens) {
                    let store = &stores[place % 2];
                    scope.spawn(move || {
                        for play in 0..HOUR_MAX / 2 {
                            let at_ms = OPENED_MS + i64::from(play);
                            store.record_scan(scan(screen, play, at_ms)).unwrap();
                        }
                    });
                }
            });
            assert_eq!(counted(&stores[0]), HOUR_MAX);
            assert_eq!(stores[1].recount().unwrap(), []);
        });
    }
}
