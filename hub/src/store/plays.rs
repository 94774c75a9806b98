//! Plays: stored once each, however often they are sent.
//!
//! Invariant: a ledger's cursor moves in the same transaction that stores its rows, so after any
//! crash, lost answer or repeated batch the plays up to the cursor are here exactly once, and
//! nothing after it is. What a play counts for is not decided here, but by what its screen was
//! given (`assigned_contents`), whenever somebody asks: a hub that is restored from a backup may
//! learn of that later than of the play.

use std::borrow::Cow;
use std::collections::HashMap;

use passerby_protocol::foreign;
use passerby_protocol::plays::{BatchError, Play, PlayBatch, PlayContent};
use passerby_protocol::wire::Rejected;
use passerby_protocol::{Assignment, Epoch, PlayNumber, ScreenNumber};
use rusqlite::{Transaction, params};

use crate::store::dates::{BOOT_MS_MAX, Boots};
use crate::store::{Result, Store, StoreError, gaps, screens, verdicts};

/// The code of a play that is here already, from another ledger of the same screen.
const DUPLICATE_NUMBER: &str = "duplicate-play-number";

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

impl From<rusqlite::Error> for BatchRefused {
    fn from(error: rusqlite::Error) -> Self {
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
        self.write(|tx| {
            tx.execute(
                "UPDATE screens SET last_seen_ms = ?2 WHERE number = ?1",
                params![screen.get(), now_ms],
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
            let fresh = plays.into_iter().filter(|play| play.seq > last_seq);
            insert(tx, screen, ledger, fresh, &mut boots, now_ms)?;
            gaps::take(tx, ledger, batch)?;
            tx.execute(
                "UPDATE ledgers SET last_seq = ?2 WHERE id = ?1",
                params![ledger, end],
            )?;
            verdicts::settle(tx, screen, ledger, now_ms)?;
            Ok(PlaysTaken {
                acked_through: end,
                rejected: refused(tx, ledger, batch.first_seq)?,
                play_floor: screens::play_floor(tx, screen)?,
            })
        })
    }
}

fn ledger(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    epoch: Epoch,
    now_ms: i64,
) -> rusqlite::Result<(i64, u64)> {
    tx.prepare_cached(
        "INSERT INTO ledgers (screen, epoch, last_seq, opened_ms) VALUES (?1, ?2, 0, ?3)
         ON CONFLICT (screen, epoch) DO UPDATE SET last_seq = last_seq RETURNING id, last_seq",
    )?
    .query_row(params![screen.get(), epoch.to_string(), now_ms], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

/// The first of these rows that is here already and is another: another play had its place before
/// the terminal's file was put back to an older state.
fn forked_at(
    tx: &Transaction<'_>,
    ledger: i64,
    last_seq: u64,
    plays: &[Play],
) -> rusqlite::Result<Option<u64>> {
    let Some(first) = plays.first().filter(|first| first.seq <= last_seq) else {
        return Ok(None);
    };
    let mut known = tx.prepare_cached(
        "SELECT seq, ifnull(said_number, number), boots.boot, start_boot_ms
         FROM plays JOIN boots ON boots.id = plays.boot WHERE ledger = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY seq",
    )?;
    let until = plays.last().map_or(0, |last| last.seq);
    let mut rows = known.query(params![ledger, first.seq, until])?;
    while let Some(row) = rows.next()? {
        let seq: u64 = row.get(0)?;
        let sent = usize::try_from(seq - first.seq).map_or(None, |at| plays.get(at));
        let is_same = sent.is_some_and(|play| {
            row.get(1) == Ok(play.number.get())
                && row.get(2) == Ok(play.boot.clone())
                && row.get(3) == Ok(play.start_boot_ms)
        });
        if !is_same {
            return Ok(Some(seq));
        }
    }
    Ok(None)
}

/// Stores a play whose number another one has, under one of its own. Returns whether it is a play
/// that was not here yet.
fn insert_beside(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    (ledger, content, boot): (i64, i64, i64),
    play: &Play,
    now_ms: i64,
    wall_ms: Option<i64>,
) -> rusqlite::Result<bool> {
    let is_known = tx
        .prepare_cached(
            "SELECT 1 FROM plays WHERE boot = ?1 AND start_boot_ms = ?2 AND ifnull(said_number, number) = ?3",
        )?
        .exists(params![boot, play.start_boot_ms, play.number.get()])?;
    if is_known {
        return Ok(false);
    }
    tx.prepare_cached(
        "INSERT INTO plays (ledger, seq, screen, number, content, boot, start_boot_ms, visible_ms, outcome, received_ms, wall_ms, display, said_number)
         VALUES (?1, ?2, ?3, (SELECT min(min(number), 0) - 1 FROM plays WHERE screen = ?3), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute(params![
        ledger,
        play.seq,
        screen.get(),
        content,
        boot,
        play.start_boot_ms,
        play.visible_ms,
        u8::from(play.outcome),
        now_ms,
        wall_ms,
        u8::from(play.display),
        play.number.get(),
    ])?;
    Ok(true)
}

fn insert(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    ledger: i64,
    plays: impl Iterator<Item = Play>,
    boots: &mut Boots<'_, '_>,
    now_ms: i64,
) -> rusqlite::Result<()> {
    let mut contents = HashMap::new();
    let mut insert = tx.prepare_cached(
        "INSERT INTO plays (ledger, seq, screen, number, content, boot, start_boot_ms, visible_ms, outcome, received_ms, wall_ms, display)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (screen, number) DO NOTHING",
    )?;
    let mut refuse = tx.prepare_cached("INSERT INTO refused_plays VALUES (?1, ?2, ?3)")?;
    for play in plays {
        let content = match contents.get(&play.content) {
            Some(&id) => id,
            None => content_id(tx, &play.content)?,
        };
        let (boot, wall_ms) = boots.place(&play.boot, play.start_boot_ms)?;
        let inserted = insert.execute(params![
            ledger,
            play.seq,
            screen.get(),
            play.number.get(),
            content,
            boot,
            play.start_boot_ms,
            play.visible_ms,
            u8::from(play.outcome),
            now_ms,
            wall_ms,
            u8::from(play.display),
        ])?;
        let ids = (ledger, content, boot);
        if inserted == 0 && !insert_beside(tx, screen, ids, &play, now_ms, wall_ms)? {
            refuse.execute(params![ledger, play.seq, DUPLICATE_NUMBER])?;
        }
        contents.insert(play.content, content);
    }
    Ok(())
}

/// Finds or makes a content's row. A folder on a screen may have a name that turns text around;
/// nothing but reports reads that, so it is kept without. What the hub has assigned is compared
/// with the hub's own name.
fn content_id(tx: &Transaction<'_>, content: &PlayContent) -> rusqlite::Result<i64> {
    let campaign = if content.assignment == Assignment::NONE {
        foreign::plain(&content.campaign)
    } else {
        Cow::Borrowed(&*content.campaign)
    };
    tx.prepare_cached(
        "INSERT INTO contents (assignment, campaign, creative) VALUES (?1, ?2, ?3)
         ON CONFLICT (assignment, campaign, creative) DO UPDATE SET assignment = assignment RETURNING id",
    )?
    .query_row(
        params![content.assignment.get(), campaign, content.creative.to_string()],
        |row| row.get(0),
    )
}

fn refused(tx: &Transaction<'_>, ledger: i64, first_seq: u64) -> rusqlite::Result<Vec<Rejected>> {
    tx.prepare_cached(
        "SELECT seq, code FROM refused_plays WHERE ledger = ?1 AND seq >= ?2 ORDER BY seq",
    )?
    .query_map(params![ledger, first_seq], |row| {
        Ok(Rejected {
            seq: row.get(0)?,
            code: row.get(1)?,
        })
    })?
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::clock::DAY_MS;
    use passerby_protocol::dating::Anchor;
    use passerby_protocol::plays::{Display, Outcome};
    use passerby_protocol::{Digest, PlayNumber};

    const WALL_MS_MIN: i64 = *passerby_protocol::limits::WALL_MS.start();

    fn store() -> (tempfile::TempDir, Store, ScreenNumber) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let (screen, _) = store.add_screen("exit B", WALL_MS_MIN).unwrap();
        (folder, store, screen)
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
        let connection = store.connection();
        let mut query = connection
            .prepare("SELECT wall_ms FROM plays ORDER BY seq")
            .unwrap();
        query
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    }

    #[test]
    fn plays_before_an_anchor_are_dated_when_it_comes() {
        let (_folder, store, screen) = store();
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
    }

    #[test]
    fn impossible_anchors_date_nothing() {
        let (_folder, store, screen) = store();
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
    }

    #[test]
    fn a_start_past_any_uptime_names_its_row() {
        let (_folder, store, screen) = store();
        let mut bad = play(2, 2);
        bad.start_boot_ms = BOOT_MS_MAX + 1;
        let batch = PlayBatch::pack(Epoch(1), &[play(1, 1), bad], vec![]);
        let refused = store.take_plays(screen, &batch, WALL_MS_MIN).unwrap_err();
        assert!(matches!(
            refused,
            BatchRefused::Batch(BatchError::Row { seq: 2, .. })
        ));
        assert!(wall_times(&store).is_empty());
    }

    #[test]
    fn a_refused_row_is_refused_again_when_its_batch_is_sent_again() {
        let (_folder, store, screen) = store();
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
    }
}
