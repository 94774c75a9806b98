//! Files that nobody names any more, and how they go without taking one that somebody is about to
//! name.
//!
//! Whoever stores a file claims it first, for an hour, and names it in a row within that time.
//! Whoever deletes files marks those that nobody names and nobody has claimed, deletes their bytes,
//! and then their rows. A claim of a file that is marked is refused until it is gone.

use std::collections::{BTreeMap, BTreeSet};

use passerby_protocol::Digest;

use crate::database::{DatabaseError, Id, Lock, Transaction, Value, owned_values, values};
use crate::people::Actor;
use crate::publish::folder::Publication;
use crate::store::quotas::{QuotaFault, refuse};
use crate::store::{Result, Store, StoreError};

/// For how long a claim holds, in milliseconds: longer than any upload and any publication.
const CLAIM_MS: i64 = 3_600_000;
/// Most files that go at one time.
const DROPPED_AT_ONCE: usize = 500;

/// What nobody names: no campaign, no screen's numbers or files, no version, no draft.
const UNNAMED: &str = "NOT EXISTS (SELECT 1 FROM campaign_items WHERE creative = sha256)
     AND NOT EXISTS (SELECT 1 FROM campaign_parts WHERE part = sha256)
     AND NOT EXISTS (SELECT 1 FROM assignments WHERE creative = sha256)
     AND NOT EXISTS (SELECT 1 FROM screen_files WHERE screen_files.file = sha256)
     AND NOT EXISTS (SELECT 1 FROM account_pictures WHERE account_pictures.file = sha256)
     AND NOT EXISTS (SELECT 1 FROM campaign_version_files WHERE campaign_version_files.file = sha256)
     AND NOT EXISTS (SELECT 1 FROM draft_files WHERE draft_files.file = sha256)";

/// Says why files are not claimed.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// One is just being deleted.
    #[error("a file with the same content is just being deleted; try again in a minute")]
    Dropped,
    /// There is no room for one.
    #[error(transparent)]
    Full(#[from] QuotaFault),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DatabaseError> for ClaimError {
    fn from(error: DatabaseError) -> Self {
        Self::Store(error.into())
    }
}

/// Who claims files, and what bounds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimBy {
    /// A person, with their own room and that of the hub.
    Person(i64),
    /// Nobody in particular: a command or a source, with the room of the hub.
    Nobody,
    /// The hub itself, for what takes the place of what is counted.
    Exchange,
}

impl ClaimBy {
    /// Whoever asks.
    pub fn of(actor: &Actor) -> Self {
        actor.person_id().map_or(Self::Nobody, Self::Person)
    }
}

/// A file that is claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileClaim {
    /// Its content.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
}

impl FileClaim {
    /// All files of a publication.
    pub fn all_of(publication: &Publication) -> Vec<Self> {
        let creatives = publication.creatives.iter();
        creatives
            .map(|creative| Self {
                digest: creative.digest,
                size: creative.size,
            })
            .collect()
    }
}

/// Refuses files that are being deleted.
pub(super) fn refuse_dropped(
    tx: &Transaction<'_>,
    digests: &BTreeSet<String>,
) -> Result<(), ClaimError> {
    for digest in digests {
        let is_dropped = tx.exists(
            "SELECT 1 FROM file_claims WHERE file = ?1 AND dropped",
            values![digest],
        )?;
        if is_dropped {
            return Err(ClaimError::Dropped);
        }
    }
    Ok(())
}

impl Store {
    /// Claims files for whoever is about to store and name them. From now on they are counted, to
    /// the hub and to the first who claims them.
    ///
    /// # Errors
    /// See [`ClaimError`]; none is claimed then.
    pub fn claim_files(
        &self,
        by: ClaimBy,
        files: &[FileClaim],
        now_ms: i64,
    ) -> Result<(), ClaimError> {
        let person = match by {
            ClaimBy::Person(person) => Some(person),
            ClaimBy::Nobody | ClaimBy::Exchange => None,
        };
        // Two names of one content are one file.
        let files: BTreeMap<String, u64> = files
            .iter()
            .map(|file| (file.digest.to_string(), file.size))
            .collect();
        let digests: BTreeSet<String> = files.keys().cloned().collect();
        let rows: Vec<_> = files
            .iter()
            .map(|(digest, size)| owned_values![digest, now_ms + CLAIM_MS, *size, person])
            .collect();
        self.write(Lock::Everything, |tx| {
            refuse_dropped(tx, &digests)?;
            let mut is_new = false;
            for digest in &digests {
                is_new |= !tx.exists(
                    "SELECT 1 FROM creatives WHERE sha256 = ?1
                     UNION ALL SELECT 1 FROM file_claims WHERE file = ?1 AND size IS NOT NULL",
                    values![digest],
                )?;
            }
            tx.execute_each(
                "INSERT INTO file_claims (file, until_ms, dropped, size, person) VALUES (?1, ?2, FALSE, ?3, ?4)
                 ON CONFLICT (file) DO UPDATE SET until_ms = excluded.until_ms",
                &rows,
            )?;
            // What is there already costs nothing, also where there is no room any more.
            if is_new && by != ClaimBy::Exchange {
                refuse(tx, person)??;
            }
            Ok(())
        })
    }

    /// Marks files that nobody names and returns all that are marked, also by a process that was
    /// cut off.
    ///
    /// # Errors
    /// The database fails.
    pub fn drop_unnamed(&self, now_ms: i64) -> Result<Vec<Digest>> {
        self.write(Lock::Everything, |tx| {
            // What was stored and never named has no row but its claim.
            tx.execute(
                "UPDATE file_claims SET dropped = TRUE WHERE until_ms <= ?1 AND NOT dropped
                   AND NOT EXISTS (SELECT 1 FROM creatives WHERE sha256 = file_claims.file)",
                values![now_ms],
            )?;
            tx.execute(
                "DELETE FROM file_claims WHERE until_ms <= ?1 AND NOT dropped",
                values![now_ms],
            )?;
            tx.execute(
                &format!(
                    "INSERT INTO file_claims (file, until_ms, dropped)
                     SELECT sha256, ?1, TRUE FROM creatives
                     WHERE {UNNAMED} AND NOT EXISTS (SELECT 1 FROM file_claims WHERE file_claims.file = sha256)
                     ORDER BY sha256 LIMIT ?2"
                ),
                values![now_ms, DROPPED_AT_ONCE],
            )?;
            Ok(tx.all(
                "SELECT file FROM file_claims WHERE dropped ORDER BY file LIMIT ?1",
                values![2 * DROPPED_AT_ONCE],
                |row| Ok::<_, DatabaseError>(row.get::<Id<Digest>>(0)?.0),
            )?)
        })
    }

    /// Forgets files whose bytes are gone.
    ///
    /// # Errors
    /// The database fails.
    pub fn forget_dropped(&self, digests: &[Digest]) -> Result<()> {
        let rows: Vec<_> = digests
            .iter()
            .map(|digest| [Value::from(digest.to_string())])
            .collect();
        self.write(Lock::Everything, |tx| {
            tx.execute_each("DELETE FROM creatives WHERE sha256 = ?1", &rows)?;
            tx.execute_each("DELETE FROM file_people WHERE file = ?1", &rows)?;
            tx.execute_each("DELETE FROM file_claims WHERE file = ?1", &rows)?;
            Ok(())
        })
    }
}
