//! What is still known of single plays that were pruned, so that none is counted twice.
//!
//! Invariants: of each pruned play it is known in which ledger and boot it was, under which number,
//! and about when it began ([`Run`]); what was pruned of a ledger came before all that is left of
//! it; no play gets a number for itself that a pruned play of its screen had.

use std::collections::HashSet;

use passerby_protocol::ScreenNumber;
use passerby_protocol::plays::Play;

use crate::database::{DatabaseError, Row, Transaction, values};
use crate::store::dates::Boots;

/// Pruned plays that followed each other in a ledger, in one boot.
struct Run {
    first_seq: u64,
    last_seq: u64,
    first_number: i64,
    last_number: i64,
    /// What the terminal said, where the play had a number of its own below zero.
    said_number: Option<i64>,
    first_start_boot_ms: u64,
    last_start_boot_ms: u64,
}

/// The columns of a [`Run`].
const RUN: &str = "first_seq, last_seq, first_number, last_number, said_number, first_start_boot_ms, last_start_boot_ms";

impl Run {
    fn read(row: &Row<'_>) -> Result<Self, DatabaseError> {
        Ok(Self {
            first_seq: row.get(0)?,
            last_seq: row.get(1)?,
            first_number: row.get(2)?,
            last_number: row.get(3)?,
            said_number: row.get(4)?,
            first_start_boot_ms: row.get(5)?,
            last_start_boot_ms: row.get(6)?,
        })
    }

    fn began_at(&self, start_boot_ms: u64) -> bool {
        (self.first_start_boot_ms..=self.last_start_boot_ms).contains(&start_boot_ms)
    }

    /// Whether one of its plays has this number for itself.
    fn has_number(&self, play: &Play) -> bool {
        let number = i64::from(play.number.get());
        self.said_number.is_none() && (self.first_number..=self.last_number).contains(&number)
    }

    /// Whether a play of its boot is one of its plays, sent in whatever ledger.
    fn has(&self, play: &Play) -> bool {
        let said = Some(i64::from(play.number.get()));
        self.began_at(play.start_boot_ms) && (self.has_number(play) || self.said_number == said)
    }

    /// Whether a play of its boot is the one at its place in the ledger.
    fn is_at_its_seq(&self, play: &Play) -> bool {
        let place = i64::try_from(play.seq - self.first_seq).unwrap_or(i64::MAX);
        let number = self.said_number.unwrap_or(self.first_number + place);
        self.began_at(play.start_boot_ms) && number == i64::from(play.number.get())
    }
}

/// Plays that meet pruned ones, by their seqs.
#[derive(Default)]
pub(super) struct Among {
    /// A pruned play of the screen has their number.
    pub(super) taken: HashSet<u64>,
    /// Of these those that are such a play, sent once more in another ledger.
    pub(super) again: HashSet<u64>,
}

/// Looks for pruned plays among new rows of a ledger.
///
/// # Errors
/// The database fails.
pub(super) fn among(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    plays: &[Play],
    boots: &mut Boots<'_, '_>,
) -> Result<Among, DatabaseError> {
    let mut among = Among::default();
    let numbers = || plays.iter().map(|play| play.number.get());
    let (Some(first), Some(last)) = (numbers().min(), numbers().max()) else {
        return Ok(among);
    };
    // Numbers only grow, so this finds nothing unless a terminal has begun its ledger anew.
    let runs = tx.all(
        &format!(
            "SELECT {RUN}, boot FROM pruned_runs WHERE screen = ?1 AND last_number >= ?2 AND first_number <= ?3
             UNION ALL
             SELECT {RUN}, boot FROM pruned_runs WHERE screen = ?1 AND last_number < 0 AND said_number BETWEEN ?2 AND ?3"
        ),
        values![screen.get(), first, last],
        |row| Ok::<_, DatabaseError>((Run::read(row)?, row.get::<i64>(7)?)),
    )?;
    if runs.is_empty() {
        return Ok(among);
    }
    for play in plays {
        let (boot, _) = boots.place(&play.boot, play.start_boot_ms)?;
        if runs.iter().any(|(run, of)| *of == boot && run.has(play)) {
            among.again.insert(play.seq);
            among.taken.insert(play.seq);
        } else if runs.iter().any(|(run, _)| run.has_number(play)) {
            among.taken.insert(play.seq);
        }
    }
    Ok(among)
}

/// The first of these rows of a ledger that was pruned and was another.
///
/// # Errors
/// The database fails.
pub(super) fn forked_at(
    tx: &Transaction<'_>,
    ledger: i64,
    plays: &[Play],
) -> Result<Option<u64>, DatabaseError> {
    let (Some(first), Some(last)) = (plays.first(), plays.last()) else {
        return Ok(None);
    };
    // No more runs than rows.
    let runs = tx.all(
        &format!(
            "SELECT {RUN}, boots.boot FROM pruned_runs JOIN boots ON boots.id = pruned_runs.boot
             WHERE ledger = ?1 AND last_seq >= ?2 AND first_seq <= ?3 ORDER BY last_seq LIMIT ?4"
        ),
        values![ledger, first.seq, last.seq, plays.len()],
        |row| Ok::<_, DatabaseError>((Run::read(row)?, row.get::<String>(7)?)),
    )?;
    let forked = runs.iter().find_map(|(run, boot)| {
        let of_run = plays.iter();
        let mut of_run = of_run.filter(|play| (run.first_seq..=run.last_seq).contains(&play.seq));
        of_run.find(|play| play.boot != *boot || !run.is_at_its_seq(play))
    });
    Ok(forked.map(|play| play.seq))
}
