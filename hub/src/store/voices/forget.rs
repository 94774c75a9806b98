//! What goes of voices, and when.

use crate::database::{DatabaseError, Lock, Transaction, values};
use crate::store::{Result, Store, StoreError};
use crate::system::clock::DAY_MS;

/// For how long a writer's pseudonym is kept: as long as its salt.
const PSEUDONYM_MS: i64 = 2 * DAY_MS;

/// Forgets what was said, the picture and what the publisher says of it.
pub(super) fn forget_words(tx: &Transaction<'_>, voice: i64) -> Result<(), DatabaseError> {
    for table in ["voice_pictures", "voice_answers", "voice_words"] {
        tx.execute(
            &format!("DELETE FROM {table} WHERE voice = ?1"),
            values![voice],
        )?;
    }
    Ok(())
}

impl Store {
    /// Forgets what was said where its time is over, pseudonyms of earlier days, and whom campaigns
    /// refused then.
    ///
    /// # Errors
    /// The database fails.
    pub fn forget_voices(&self, days: i64, now_ms: i64) -> Result<()> {
        let old_ms = now_ms - PSEUDONYM_MS;
        let said_before_ms = now_ms - days * DAY_MS;
        let is_due = self.read_once(|tx| {
            Ok::<_, StoreError>(tx.exists(
                "SELECT 1 FROM voice_words WHERE ends_ms <= ?1 UNION ALL
                 SELECT 1 FROM voice_blocks WHERE until_ms <= ?1 UNION ALL
                 SELECT 1 FROM voices WHERE visitor IS NOT NULL AND said_ms <= ?2 UNION ALL
                 SELECT 1 FROM voices JOIN voice_answers ON voice = id
                 WHERE state = 'removed' AND voices.said_ms <= ?3",
                values![now_ms, old_ms, said_before_ms],
            )?)
        })?;
        if !is_due {
            return Ok(());
        }
        self.write(Lock::Screens(&[]), |tx| {
            let over: Vec<i64> = tx.all(
                "SELECT voice FROM voice_words WHERE ends_ms <= ?1",
                values![now_ms],
                |row| row.get(0),
            )?;
            for voice in over {
                forget_words(tx, voice)?;
                tx.execute(
                    "UPDATE voices SET state = 'expired' WHERE id = ?1",
                    values![voice],
                )?;
            }
            // The reason why one was taken down, which has no words of its own any more.
            tx.execute(
                "DELETE FROM voice_answers WHERE voice IN
                     (SELECT id FROM voices WHERE state = 'removed' AND said_ms <= ?1)",
                values![said_before_ms],
            )?;
            tx.execute(
                "UPDATE voices SET visitor = NULL, once = NULL WHERE visitor IS NOT NULL AND said_ms <= ?1",
                values![old_ms],
            )?;
            tx.execute(
                "DELETE FROM voice_blocks WHERE until_ms <= ?1",
                values![now_ms],
            )?;
            Ok(())
        })
    }
}
