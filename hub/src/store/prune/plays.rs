//! Prunes plays, from the beginning of each ledger on: there they came in this order.

use std::collections::BTreeMap;

use passerby_protocol::ScreenNumber;

use crate::database::{DatabaseError, Transaction, owned_values, values};
use crate::store::prune::days::{RowDays, Table};
use crate::store::prune::sums::{PrunedSums, keep_highest};
use crate::store::rollups;
use crate::store::rollups::boots::BootPlays;
use crate::store::rollups::{PlayKey, PlaySums, UNDATED, scanned};

/// Most plays that one transaction prunes: on a slow disk that is some hundredths of a second.
const ROWS_MAX: usize = 1_000;

/// A row that goes.
struct Pruned {
    seq: u64,
    number: i64,
    said_number: Option<i64>,
    content: i64,
    boot: i64,
    start_boot_ms: u64,
    visible_ms: u64,
    outcome: u8,
    display: u8,
    wall_ms: Option<i64>,
    received_ms: i64,
}

/// Plays that followed each other, see the table `pruned_runs`.
struct Run<'a> {
    first: &'a Pruned,
    last: &'a Pruned,
    start_boot_ms: (u64, u64),
}

impl<'a> Run<'a> {
    const fn of(play: &'a Pruned) -> Self {
        Self {
            first: play,
            last: play,
            start_boot_ms: (play.start_boot_ms, play.start_boot_ms),
        }
    }

    /// Takes the next play of the ledger up, if it goes on from here.
    fn goes_on_with(&mut self, play: &'a Pruned) -> bool {
        let last = self.last;
        let goes_on = play.seq == last.seq + 1
            && play.number == last.number + 1
            && play.boot == last.boot
            && play.wall_ms.is_some() == last.wall_ms.is_some()
            && play.said_number.is_none()
            && last.said_number.is_none();
        if goes_on {
            self.last = play;
            let (first_ms, last_ms) = self.start_boot_ms;
            let start_ms = play.start_boot_ms;
            self.start_boot_ms = (first_ms.min(start_ms), last_ms.max(start_ms));
        }
        goes_on
    }
}

/// Prunes the next plays of a ledger that came before a moment, after the row `after_seq`. Returns
/// the last row that went; `None` when there is nothing left to prune.
///
/// # Errors
/// The database fails.
pub(super) fn prune(
    tx: &Transaction<'_>,
    (screen, ledger): (ScreenNumber, i64),
    after_seq: u64,
    before_ms: i64,
    days: &mut RowDays,
) -> Result<Option<u64>, DatabaseError> {
    let mut plays: Vec<Pruned> = tx.all(
        "SELECT seq, number, said_number, content, boot, start_boot_ms, visible_ms, outcome, display, wall_ms, received_ms
         FROM plays WHERE ledger = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
        values![ledger, after_seq, ROWS_MAX],
        |row| {
            Ok::<_, DatabaseError>(Pruned {
                seq: row.get(0)?,
                number: row.get(1)?,
                said_number: row.get(2)?,
                content: row.get(3)?,
                boot: row.get(4)?,
                start_boot_ms: row.get(5)?,
                visible_ms: row.get(6)?,
                outcome: row.get(7)?,
                display: row.get(8)?,
                wall_ms: row.get(9)?,
                received_ms: row.get(10)?,
            })
        },
    )?;
    // What came after is kept, and all behind it, so that a beginning of the ledger goes.
    let old = plays.iter().take_while(|play| play.received_ms < before_ms);
    plays.truncate(old.count());
    let Some(last) = plays.last() else {
        return Ok(None);
    };
    // A scan is kept for as long as its play, so these are all that count it as scanned. Plays
    // under numbers below zero have none.
    let numbers = plays.iter().map(|play| play.number);
    let first_scans = scanned::first_scans(tx, screen.get(), numbers.filter(|&number| number > 0))?;
    let mut sums = PrunedSums::default();
    let mut boots: BTreeMap<(i64, i64), BootPlays> = BTreeMap::new();
    let mut runs: Vec<Run<'_>> = Vec::new();
    for play in &plays {
        let key = PlayKey {
            screen: screen.get(),
            quarter: play.wall_ms.map_or(UNDATED, rollups::quarter_of),
            content: play.content,
            outcome: play.outcome,
            display: play.display,
        };
        let visible_ms = i64::try_from(play.visible_ms).unwrap_or(i64::MAX);
        let first_ms = first_scans.get(&play.number).copied();
        let is_scanned = play
            .wall_ms
            .is_some_and(|wall_ms| scanned::is_scanned(wall_ms, visible_ms, first_ms));
        let one = PlaySums {
            plays: 1,
            visible_ms,
            scanned: i64::from(is_scanned),
        };
        sums.play(key, one);
        let of_boot = BootPlays::of(play.seq, play.start_boot_ms, play.visible_ms, play.wall_ms);
        boots
            .entry((play.boot, play.content))
            .and_modify(|known| known.add(of_boot))
            .or_insert(of_boot);
        if !runs.last_mut().is_some_and(|run| run.goes_on_with(play)) {
            runs.push(Run::of(play));
        }
        days.add(Table::Plays, play.received_ms);
    }
    sums.write(tx)?;
    rollups::boots::add_pruned(tx, screen, ledger, &boots)?;
    keep_runs(tx, screen, ledger, &runs)?;
    let highest = plays.iter().map(|play| play.number).max().unwrap_or(0);
    keep_highest(tx, screen.get(), highest)?;
    tx.execute(
        "DELETE FROM plays WHERE ledger = ?1 AND seq > ?2 AND seq <= ?3",
        values![ledger, after_seq, last.seq],
    )?;
    Ok(Some(last.seq))
}

/// Keeps runs, the first of which may go on with one that is kept already.
fn keep_runs(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    ledger: i64,
    mut runs: &[Run<'_>],
) -> Result<(), DatabaseError> {
    if let Some((run, others)) = runs.split_first()
        && run.first.said_number.is_none()
        && run.first.seq > 0
    {
        let changed = tx.execute(
            "UPDATE pruned_runs SET last_seq = ?5, last_number = ?6, last_wall_ms = ?7,
                    first_start_boot_ms = least(first_start_boot_ms, ?8),
                    last_start_boot_ms = greatest(last_start_boot_ms, ?9)
             WHERE ledger = ?1 AND last_seq = ?2 AND last_number = ?3 AND boot = ?4 AND said_number IS NULL
               AND (last_wall_ms IS NULL) = ?10",
            values![
                ledger,
                run.first.seq - 1,
                run.first.number - 1,
                run.first.boot,
                run.last.seq,
                run.last.number,
                run.last.wall_ms,
                run.start_boot_ms.0,
                run.start_boot_ms.1,
                run.last.wall_ms.is_none(),
            ],
        )?;
        if changed > 0 {
            runs = others;
        }
    }
    let rows: Vec<_> = runs
        .iter()
        .map(|run| {
            owned_values![
                screen.get(),
                run.first.number,
                run.last.number,
                run.first.said_number,
                ledger,
                run.first.seq,
                run.last.seq,
                run.first.boot,
                run.start_boot_ms.0,
                run.start_boot_ms.1,
                run.first.wall_ms,
                run.last.wall_ms
            ]
        })
        .collect();
    tx.execute_each(
        "INSERT INTO pruned_runs (screen, first_number, last_number, said_number, ledger, first_seq, last_seq, boot,
                                  first_start_boot_ms, last_start_boot_ms, first_wall_ms, last_wall_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        &rows,
    )?;
    Ok(())
}
