//! Plays: stored once each, however often they are sent.
//!
//! Invariant: a ledger's cursor moves in the same transaction that stores its rows, so after any
//! crash, lost answer or repeated batch the plays up to the cursor are here exactly once, and
//! nothing after it is; of plays that were pruned since, that holds as well. What a play counts for
//! is not decided here, but by what its screen was given (`assigned_contents`), whenever somebody
//! asks: a hub that is restored from a backup may learn of that later than of the play.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;

use passerby_protocol::foreign;
use passerby_protocol::plays::{BatchError, Play, PlayBatch, PlayContent};
use passerby_protocol::wire::Rejected;
use passerby_protocol::{Assignment, Epoch, PlayNumber, ScreenNumber};

use crate::database::{DatabaseError, Lock, Row, Transaction, Value, values};
use crate::store::dates::{BOOT_MS_MAX, Boots};
use crate::store::rollups;
use crate::store::rollups::boots::BootPlays;
use crate::store::rollups::{Changes, PlayKey, PlaySums, UNDATED, scanned};
use crate::store::{Result, Store, StoreError, gaps, pruned, screens, verdicts};

/// The code of a play that is here already, from another ledger of the same screen.
const DUPLICATE_NUMBER: &str = "duplicate-play-number";
/// Most rows whose values are in memory at once; a batch has more.
const ROWS_AT_ONCE: usize = 1_000;

/// The columns of a play whose number no other play of the screen has.
const COLUMNS: [&str; 12] = [
    "ledger",
    "seq",
    "screen",
    "number",
    "content",
    "boot",
    "start_boot_ms",
    "visible_ms",
    "outcome",
    "received_ms",
    "wall_ms",
    "display",
];
/// Stores a play whose number another one has, under one of its own, unless it is a play that is
/// here already. Takes the values of [`COLUMNS`].
const STORE_BESIDE: &str = "INSERT INTO plays (ledger, seq, screen, number, content, boot, start_boot_ms, visible_ms, outcome, received_ms, wall_ms, display, said_number)
     SELECT ?1, ?2, ?3, least((SELECT min(number) FROM plays WHERE screen = ?3),
                              (SELECT min(first_number) FROM pruned_runs WHERE screen = ?3), 0) - 1, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?4
     WHERE NOT EXISTS (SELECT 1 FROM plays WHERE boot = ?6 AND start_boot_ms = ?7 AND coalesce(said_number, number) = ?4)";

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaysTaken {
    /// Everything up to here is on disk, or refused for good.
    pub acked_through: u64,
    /// Rows of this batch that were refused for good.
    pub rejected: Vec<Rejected>,
    /// Above all numbers of the screen's plays.
    pub play_floor: PlayNumber,
}

/// Says why nothing of a batch was taken.
#[derive(Debug, thiserror::Error)]
pub enum BatchRefused {
    /// It, or one row of it, is impossible.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// Rows before it are missing here.
    #[error("rows before this batch are missing; send from {expected_seq}")]
    Gap {
        /// What to send next.
        expected_seq: u64,
    },
    /// Rows of it are here already and are others.
    #[error("from row {from_seq} on this ledger is another than the one that is here")]
    Forked {
        /// The first that differs.
        from_seq: u64,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DatabaseError> for BatchRefused {
    fn from(error: DatabaseError) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Stores the rows of a batch that are not here yet.
    ///
    /// # Errors
    /// See [`BatchRefused`]; nothing changed then.
    pub fn take_plays(
        &self,
        screen: ScreenNumber,
        batch: &PlayBatch,
        now_ms: i64,
    ) -> Result<PlaysTaken, BatchRefused> {
        let plays = batch.unpack()?;
        if let Some(play) = plays.iter().find(|play| play.start_boot_ms > BOOT_MS_MAX) {
            return Err(BatchError::Row {
                seq: play.seq,
                reason: "start",
            }
            .into());
        }
        let mut last_before = 0;
        let taken = self.write(Lock::Screens(&[screen]), |tx| {
            tx.execute(
                "UPDATE screens SET last_seen_ms = ?2 WHERE number = ?1",
                values![screen.get(), now_ms],
            )?;
            let mut boots = Boots::new(tx, screen);
            boots.learn(batch, now_ms)?;
            let (ledger, last_seq) = ledger(tx, screen, batch.epoch, now_ms)?;
            let last_seq = gaps::pass_gone(tx, ledger, batch, last_seq)?;
            if batch.first_seq > last_seq + 1 {
                return Err(BatchRefused::Gap {
                    expected_seq: last_seq + 1,
                });
            }
            if let Some(from_seq) = forked_at(tx, ledger, last_seq, &plays)? {
                return Err(BatchRefused::Forked { from_seq });
            }
            let end = plays.last().map_or(last_seq, |play| play.seq.max(last_seq));
            last_before = last_seq;
            // Their seqs follow each other.
            let fresh = &plays[plays.partition_point(|play| play.seq <= last_seq)..];
            insert(tx, screen, ledger, fresh, &mut boots, now_ms)?;
            gaps::take(tx, ledger, batch)?;
            tx.execute(
                "UPDATE ledgers SET last_seq = ?2 WHERE id = ?1",
                values![ledger, end],
            )?;
            verdicts::settle(tx, screen, ledger, now_ms)?;
            Ok(PlaysTaken {
                acked_through: end,
                rejected: refused(tx, ledger, batch.first_seq)?,
                play_floor: screens::play_floor(tx, screen)?,
            })
        })?;
        let is_new = |seq: u64| seq > last_before;
        let refused = taken.rejected.iter().filter(|row| is_new(row.seq)).count();
        let new = plays.iter().filter(|play| is_new(play.seq)).count();
        self.stored.plays(new.saturating_sub(refused));
        Ok(taken)
    }
}

fn ledger(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    epoch: Epoch,
    now_ms: i64,
) -> Result<(i64, u64), DatabaseError> {
    let read = |row: &Row<'_>| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?));
    // The lock on the screen keeps others from making it meanwhile. One that is there is only read.
    let known = tx.optional(
        "SELECT id, last_seq FROM ledgers WHERE screen = ?1 AND epoch = ?2",
        values![screen.get(), epoch.to_string()],
        read,
    )?;
    if let Some(known) = known {
        return Ok(known);
    }
    tx.one(
        "INSERT INTO ledgers (screen, epoch, last_seq, opened_ms) VALUES (?1, ?2, 0, ?3) RETURNING id, last_seq",
        values![screen.get(), epoch.to_string(), now_ms],
        read,
    )
}

/// The first of these rows that is here already and is another: another play had its place before
/// the terminal's file was put back to an older state.
fn forked_at(
    tx: &Transaction<'_>,
    ledger: i64,
    last_seq: u64,
    plays: &[Play],
) -> Result<Option<u64>, DatabaseError> {
    let Some(first) = plays.first().filter(|first| first.seq <= last_seq) else {
        return Ok(None);
    };
    // What was pruned of a ledger came before all that is left of it.
    if let Some(from_seq) = pruned::forked_at(tx, ledger, plays)? {
        return Ok(Some(from_seq));
    }
    let until = plays.last().map_or(0, |last| last.seq);
    let mut forked = None;
    tx.each(
        "SELECT seq, coalesce(said_number, number), boots.boot, start_boot_ms
         FROM plays JOIN boots ON boots.id = plays.boot WHERE ledger = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY seq",
        values![ledger, first.seq, until],
        |row| {
            let (seq, number): (u64, i64) = (row.get(0)?, row.get(1)?);
            let (boot, start_boot_ms): (String, u64) = (row.get(2)?, row.get(3)?);
            let sent = usize::try_from(seq - first.seq).map_or(None, |at| plays.get(at));
            let is_same = sent.is_some_and(|play| {
                i64::from(play.number.get()) == number
                    && play.boot == boot
                    && play.start_boot_ms == start_boot_ms
            });
            if is_same {
                return Ok::<_, DatabaseError>(ControlFlow::Continue(()));
            }
            forked = Some(seq);
            Ok(ControlFlow::Break(()))
        },
    )?;
    Ok(forked)
}

fn insert(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    ledger: i64,
    plays: &[Play],
    boots: &mut Boots<'_, '_>,
    now_ms: i64,
) -> Result<(), DatabaseError> {
    boots.meet(plays.iter().map(|play| play.boot.as_str()))?;
    let pruned = pruned::among(tx, screen, plays, boots)?;
    let contents = content_ids(tx, plays)?;
    for plays in plays.chunks(ROWS_AT_ONCE) {
        let mut rows = Vec::with_capacity(plays.len());
        let mut counted = Vec::with_capacity(plays.len());
        for play in plays {
            let (boot, wall_ms) = boots.place(&play.boot, play.start_boot_ms)?;
            let content = contents[&play.content];
            counted.push((play, content, boot, wall_ms));
            let row: [Value<'static>; 12] = [
                ledger.into(),
                play.seq.into(),
                screen.get().into(),
                play.number.get().into(),
                content.into(),
                boot.into(),
                play.start_boot_ms.into(),
                play.visible_ms.into(),
                u8::from(play.outcome).into(),
                now_ms.into(),
                wall_ms.into(),
                u8::from(play.display).into(),
            ];
            rows.push(row);
        }
        // First all that have a number for themselves: which of several plays with one number that
        // is, and which of them are the same play, depends on their own order alone.
        // The lock on the screen keeps others from taking numbers meanwhile.
        let mut taken = taken_numbers(tx, screen, plays)?;
        let is_free: Vec<bool> = plays
            .iter()
            .map(|play| !pruned.taken.contains(&play.seq) && taken.insert(play.number))
            .collect();
        let free = rows.iter().zip(&is_free).filter(|(_, is_free)| **is_free);
        let free: Vec<&[Value<'static>; 12]> = free.map(|(row, _)| row).collect();
        tx.append("plays", &COLUMNS, &free)?;
        let stored: Vec<u64> = is_free.into_iter().map(u64::from).collect();
        let rows = unchanged(rows, &stored);
        let stored_beside = execute_but(tx, STORE_BESIDE, &rows, &pruned.again)?;
        count(tx, screen, ledger, &counted, &stored, &stored_beside)?;
        let stored = stored_beside;
        let refused: Vec<[Value<'_>; 3]> = unchanged(rows, &stored)
            .into_iter()
            .map(|[ledger, seq, ..]| [ledger, seq, DUPLICATE_NUMBER.into()])
            .collect();
        tx.execute_each(
            "INSERT INTO refused_plays (ledger, seq, code) VALUES (?1, ?2, ?3)",
            &refused,
        )?;
    }
    Ok(())
}

/// Which of the numbers of these plays a play of the screen has already.
fn taken_numbers(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    plays: &[Play],
) -> Result<HashSet<PlayNumber>, DatabaseError> {
    let mut numbers: Vec<u32> = plays.iter().map(|play| play.number.get()).collect();
    numbers.sort_unstable();
    // Nearly always one run; whatever a terminal says, no more rows are read than it has sent.
    let runs = numbers.chunk_by(|before, after| after - before <= 1);
    let runs: Vec<[Value<'_>; 3]> = runs
        .filter_map(|run| {
            Some([
                screen.get().into(),
                (*run.first()?).into(),
                (*run.last()?).into(),
            ])
        })
        .collect();
    let taken = tx.all_each(
        "SELECT number FROM plays WHERE screen = ?1 AND number BETWEEN ?2 AND ?3",
        &runs,
        |row| row.get::<u32>(0),
    )?;
    Ok(taken
        .into_iter()
        .flatten()
        .filter_map(PlayNumber::new)
        .collect())
}

/// Runs a statement for rows of plays, but for those with certain seqs, which it leaves unchanged.
fn execute_but(
    tx: &Transaction<'_>,
    sql: &str,
    rows: &[[Value<'static>; 12]],
    seqs: &HashSet<u64>,
) -> Result<Vec<u64>, DatabaseError> {
    if seqs.is_empty() {
        return tx.execute_each(sql, rows);
    }
    let left_out: HashSet<Value<'_>> = seqs.iter().map(|&seq| seq.into()).collect();
    let runs = |row: &[Value<'static>; 12]| !left_out.contains(&row[1]);
    let chosen: Vec<&[Value<'static>; 12]> = rows.iter().filter(|row| runs(row)).collect();
    let mut changed = tx.execute_each(sql, &chosen)?.into_iter();
    let of = |row| {
        if runs(row) {
            changed.next().unwrap_or(0)
        } else {
            0
        }
    };
    Ok(rows.iter().map(of).collect())
}

/// Counts the plays of a batch that were stored, under their own number or beside it.
fn count(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    ledger: i64,
    plays: &[(&Play, i64, i64, Option<i64>)],
    stored: &[u64],
    stored_beside: &[u64],
) -> Result<(), DatabaseError> {
    let mut changes = Changes::default();
    let mut boots: BTreeMap<(i64, i64), BootPlays> = BTreeMap::new();
    let mut beside = stored_beside.iter();
    let numbers = plays.iter().map(|(play, ..)| i64::from(play.number.get()));
    let first_scans = scanned::first_scans(tx, screen.get(), numbers)?;
    for (&(play, content, boot, wall_ms), &stored) in plays.iter().zip(stored) {
        if stored == 0 && beside.next().is_none_or(|&stored| stored == 0) {
            continue;
        }
        let key = PlayKey {
            screen: screen.get(),
            quarter: wall_ms.map_or(UNDATED, rollups::quarter_of),
            content,
            outcome: u8::from(play.outcome),
            display: u8::from(play.display),
        };
        let visible_ms = i64::try_from(play.visible_ms).unwrap_or(i64::MAX);
        // What is stored beside the number that it says has no scans.
        let first_ms = (stored > 0)
            .then(|| first_scans.get(&i64::from(play.number.get())).copied())
            .flatten();
        let is_scanned =
            wall_ms.is_some_and(|wall_ms| scanned::is_scanned(wall_ms, visible_ms, first_ms));
        let sums = PlaySums {
            plays: 1,
            visible_ms,
            scanned: i64::from(is_scanned),
        };
        changes.plays(key, sums);
        let of_boot = BootPlays::of(play.seq, play.start_boot_ms, play.visible_ms, wall_ms);
        boots
            .entry((boot, content))
            .and_modify(|known| known.add(of_boot))
            .or_insert(of_boot);
    }
    changes.note(tx)?;
    rollups::boots::add(tx, screen, ledger, &boots)
}

/// Keeps those rows for which a statement changed nothing.
fn unchanged<T>(rows: Vec<T>, changed: &[u64]) -> Vec<T> {
    let rows = rows.into_iter().zip(changed);
    rows.filter(|(_, changed)| **changed == 0)
        .map(|(row, _)| row)
        .collect()
}

/// Finds or makes the rows of all contents. A folder on a screen may have a name that turns text
/// around; nothing but reports reads that, so it is kept without. What the hub has assigned is
/// compared with the hub's own name.
fn content_ids<'a>(
    tx: &Transaction<'_>,
    plays: &'a [Play],
) -> Result<HashMap<&'a PlayContent, i64>, DatabaseError> {
    let contents: HashSet<&PlayContent> = plays.iter().map(|play| &play.content).collect();
    let mut contents: Vec<_> = contents
        .into_iter()
        .map(|content| {
            let campaign = if content.assignment == Assignment::NONE {
                foreign::plain(&content.campaign)
            } else {
                Cow::Borrowed(&*content.campaign)
            };
            let row = (
                content.assignment.get(),
                campaign,
                content.creative.to_string(),
            );
            (row, content)
        })
        .collect();
    // Other screens may have the same. In one order, so that two that make them at once never wait
    // for each other.
    contents.sort_unstable_by(|(row, _), (other, _)| row.cmp(other));
    let rows: Vec<[Value<'_>; 3]> = contents
        .iter()
        .map(|((assignment, campaign, creative), _)| {
            [(*assignment).into(), (&**campaign).into(), creative.into()]
        })
        .collect();
    // What is there is only read: whoever writes a row keeps others waiting for it.
    let known: Vec<Vec<i64>> = tx.all_each(
        "SELECT id FROM contents WHERE assignment = ?1 AND campaign = ?2 AND creative = ?3",
        &rows,
        |row| row.get(0),
    )?;
    let mut ids = HashMap::with_capacity(contents.len());
    let (mut missing, mut missing_rows) = (Vec::new(), Vec::new());
    for ((&(_, content), row), known) in contents.iter().zip(rows).zip(known) {
        if let Some(&id) = known.first() {
            ids.insert(content, id);
        } else {
            missing.push(content);
            missing_rows.push(row);
        }
    }
    let made: Vec<Vec<i64>> = tx.all_each(
        "INSERT INTO contents (assignment, campaign, creative) VALUES (?1, ?2, ?3)
         ON CONFLICT (assignment, campaign, creative) DO UPDATE SET assignment = contents.assignment RETURNING id",
        &missing_rows,
        |row| row.get(0),
    )?;
    for (content, made) in missing.into_iter().zip(made) {
        ids.insert(content, *made.first().ok_or(DatabaseError::NoRow)?);
    }
    Ok(ids)
}

fn refused(
    tx: &Transaction<'_>,
    ledger: i64,
    first_seq: u64,
) -> Result<Vec<Rejected>, DatabaseError> {
    tx.all(
        "SELECT seq, code FROM refused_plays WHERE ledger = ?1 AND seq >= ?2 ORDER BY seq",
        values![ledger, first_seq],
        |row| {
            Ok(Rejected {
                seq: row.get(0)?,
                code: row.get(1)?,
            })
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{TestDatabase, on_each_database};
    use crate::system::clock::DAY_MS;
    use passerby_protocol::dating::Anchor;
    use passerby_protocol::plays::{Display, Outcome};
    use passerby_protocol::{Digest, PlayNumber};

    const WALL_MS_MIN: i64 = *passerby_protocol::limits::WALL_MS.start();

    fn open(database: &TestDatabase) -> (Store, ScreenNumber) {
        let store = database.open();
        let (screen, _) = store
            .add_screen(&crate::people::Actor::COMMAND_LINE, "exit B", WALL_MS_MIN)
            .unwrap();
        (store, screen)
    }

    fn play(seq: u64, number: u32) -> Play {
        Play {
            seq,
            number: PlayNumber::new(number).unwrap(),
            content: PlayContent {
                assignment: Assignment::NONE,
                campaign: "demo".into(),
                creative: Digest([0; 32]),
            },
            boot: "boot".into(),
            start_boot_ms: 1_000 * seq,
            visible_ms: 900,
            outcome: Outcome::Complete,
            display: Display::Unknown,
        }
    }

    fn wall_times(store: &Store) -> Vec<Option<i64>> {
        let query = "SELECT wall_ms FROM plays ORDER BY seq";
        let times = store.read(|tx| tx.all(query, values![], |row| row.get(0)));
        times.unwrap()
    }

    #[test]
    fn plays_before_an_anchor_are_dated_when_it_comes() {
        on_each_database(|database| {
            let (store, screen) = open(database);
            let now = WALL_MS_MIN + 10 * DAY_MS;
            let early = PlayBatch::pack(Epoch(1), &[play(1, 1)], vec![]);
            store.take_plays(screen, &early, now).unwrap();
            assert_eq!(wall_times(&store), [None]);
            let anchor = Anchor {
                boot: "boot".into(),
                boot_ms: 5_000,
                wall_ms: now,
            };
            let late = PlayBatch::pack(Epoch(1), &[play(2, 2)], vec![anchor]);
            store.take_plays(screen, &late, now).unwrap();
            assert_eq!(wall_times(&store), [Some(now - 4_000), Some(now - 3_000)]);
        });
    }

    #[test]
    fn impossible_anchors_date_nothing() {
        on_each_database(|database| {
            let (store, screen) = open(database);
            let now = WALL_MS_MIN + DAY_MS;
            for (boot_ms, wall_ms) in [
                (0, 0),
                (0, now + 2 * DAY_MS),
                (u64::MAX, now),
                (0, i64::MIN),
            ] {
                let anchor = Anchor {
                    boot: "boot".into(),
                    boot_ms,
                    wall_ms,
                };
                let batch = PlayBatch::pack(Epoch(1), &[play(1, 1)], vec![anchor]);
                store.take_plays(screen, &batch, now).unwrap();
            }
            assert_eq!(wall_times(&store), [None]);
        });
    }

    #[test]
    fn a_start_past_any_uptime_names_its_row() {
        on_each_database(|database| {
            let (store, screen) = open(database);
            let mut bad = play(2, 2);
            bad.start_boot_ms = BOOT_MS_MAX + 1;
            let batch = PlayBatch::pack(Epoch(1), &[play(1, 1), bad], vec![]);
            let refused = store.take_plays(screen, &batch, WALL_MS_MIN).unwrap_err();
            assert!(matches!(
                refused,
                BatchRefused::Batch(BatchError::Row { seq: 2, .. })
            ));
            assert!(wall_times(&store).is_empty());
        });
    }

    #[test]
    fn a_refused_row_is_refused_again_when_its_batch_is_sent_again() {
        on_each_database(|database| {
            let (store, screen) = open(database);
            // The same play in two rows.
            let again = Play {
                start_boot_ms: play(1, 7).start_boot_ms,
                ..play(2, 7)
            };
            let batch = PlayBatch::pack(Epoch(1), &[play(1, 7), again, play(3, 8)], vec![]);
            let first = store.take_plays(screen, &batch, WALL_MS_MIN).unwrap();
            assert_eq!(first.acked_through, 3);
            assert_eq!(
                first.rejected,
                [Rejected {
                    seq: 2,
                    code: DUPLICATE_NUMBER.into()
                }]
            );
            assert_eq!(
                store.take_plays(screen, &batch, WALL_MS_MIN).unwrap(),
                first
            );
            assert_eq!(wall_times(&store).len(), 2);
        });
    }

    #[test]
    fn of_plays_with_one_number_in_one_batch_each_is_stored_once() {
        on_each_database(|database| {
            let (store, screen) = open(database);
            let play_at = |seq, number, start_boot_ms| Play {
                start_boot_ms,
                ..play(seq, number)
            };
            let rows = [
                play_at(1, 7, 1_000),
                play_at(2, 7, 2_000),
                play_at(3, 8, 3_000),
                // The first two again, and two others once more with each other.
                play_at(4, 7, 2_000),
                play_at(5, 7, 1_000),
                play_at(6, 8, 4_000),
                play_at(7, 8, 4_000),
                play_at(8, 9, 5_000),
            ];
            let batch = PlayBatch::pack(Epoch(1), &rows, vec![]);
            let taken = store.take_plays(screen, &batch, WALL_MS_MIN).unwrap();
            let refused: Vec<u64> = taken.rejected.iter().map(|row| row.seq).collect();
            assert_eq!(refused, [4, 5, 7]);
            let query = "SELECT seq, number, said_number FROM plays ORDER BY seq";
            let stored: Result<Vec<(u64, i64, Option<i64>)>, DatabaseError> = store.read(|tx| {
                tx.all(query, values![], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })
            });
            assert_eq!(
                stored.unwrap(),
                [
                    (1, 7, None),
                    (2, -1, Some(7)),
                    (3, 8, None),
                    (6, -2, Some(8)),
                    (8, 9, None),
                ]
            );
        });
    }
}
