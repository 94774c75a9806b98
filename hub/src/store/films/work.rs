//! What whoever makes films does with them: takes one up, says how far it is, and what came of it.

use passerby_protocol::{CampaignId, Digest};

use crate::database::{DatabaseError, Id, Lock, Transaction, values};
use crate::publish::conversion::{Reason, told};
use crate::store::films::records::OPEN;
use crate::store::quotas::hand_over;
use crate::store::{Result, Store};
use crate::system::clock::DAY_MS;

/// For how long a claim is believed after whoever has it has last been heard of, in milliseconds.
pub const CLAIM_MS: i64 = 15_000;
/// How often a film is taken up by processes that end over it.
const ATTEMPTS_MAX: u32 = 5;
/// For how many days what became of a film is known that no draft has any more.
const KEPT_DAYS: i64 = 90;

/// A film that somebody is to look at now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedFilm {
    /// Its number.
    pub id: i64,
    /// By what it was claimed.
    pub claim: String,
    /// The draft that it is in.
    pub campaign: CampaignId,
    /// What that calls it.
    pub name: String,
    /// What came.
    pub source: Digest,
    /// In bytes.
    pub size: u64,
}

/// A film that was made, whose bytes are stored and claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MadeFilm<'a> {
    /// Its content.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
    /// Such as `video/mp4`.
    pub media_type: &'static str,
    /// What is to be said of it; may be empty.
    pub told: &'a str,
}

impl Store {
    /// Takes up the next film, under a claim that nobody else has; `None` where none waits.
    ///
    /// # Errors
    /// The database fails.
    pub fn claim_film(&self, claim: &str, now_ms: i64) -> Result<Option<ClaimedFilm>> {
        self.write(Lock::Everything, |tx| {
            settle(tx, now_ms)?;
            // Whose last film was begun longest ago is next.
            let next = tx.optional(
                "SELECT job.id, campaign, name, source, size FROM film_jobs AS job JOIN creatives ON sha256 = source
                 WHERE (state = 'waiting' AND next_ms <= ?1) OR (state = 'running' AND until_ms <= ?1)
                 ORDER BY coalesce((SELECT max(begun_ms) FROM film_jobs AS own WHERE own.person = job.person), 0),
                     job.id
                 LIMIT 1",
                values![now_ms],
                |row| {
                    Ok::<_, DatabaseError>(ClaimedFilm {
                        id: row.get(0)?,
                        claim: claim.to_owned(),
                        campaign: row.get::<Id<CampaignId>>(1)?.0,
                        name: row.get(2)?,
                        source: row.get::<Id<Digest>>(3)?.0,
                        size: row.get(4)?,
                    })
                },
            )?;
            if let Some(film) = &next {
                tx.execute(
                    "UPDATE film_jobs SET state = 'running', claim = ?2, until_ms = ?3, begun_ms = ?4, permille = 0,
                         told = '', attempts = attempts + 1
                     WHERE id = ?1",
                    values![film.id, claim, now_ms + CLAIM_MS, now_ms],
                )?;
            }
            Ok(next)
        })
    }

    /// Says how far a film is, of a thousand, and for what it is made anew; false where it is
    /// wanted no more, or another's by now.
    ///
    /// # Errors
    /// The database fails.
    pub fn film_goes_on(
        &self,
        film: &ClaimedFilm,
        (permille, reasons): (u32, &[Reason]),
        now_ms: i64,
    ) -> Result<bool> {
        let reasons = serde_json::to_string(reasons)?;
        self.write(Lock::Everything, |tx| {
            let kept = tx.execute(
                "UPDATE film_jobs SET permille = ?3, reasons = ?4, until_ms = ?5
                 WHERE id = ?1 AND claim = ?2 AND state = 'running'
                   AND EXISTS (SELECT 1 FROM draft_files AS own
                               WHERE own.campaign = film_jobs.campaign AND own.file = film_jobs.source)",
                values![film.id, &film.claim, permille, &reasons, now_ms + CLAIM_MS],
            )?;
            Ok(kept == 1)
        })
    }

    /// Leaves a film to whoever takes it up next, from a moment on, and says why.
    ///
    /// # Errors
    /// The database fails.
    pub fn leave_film(&self, film: &ClaimedFilm, told: &str, next_ms: i64) -> Result<()> {
        self.write(Lock::Everything, |tx| {
            tx.execute(
                "UPDATE film_jobs SET state = 'waiting', claim = '', permille = 0, told = ?3, next_ms = ?4,
                     attempts = attempts - 1
                 WHERE id = ?1 AND claim = ?2 AND state = 'running'",
                values![film.id, &film.claim, told, next_ms],
            )?;
            Ok(())
        })
    }

    /// Says that screens play a film well as it is.
    ///
    /// # Errors
    /// The database fails.
    pub fn keep_film(&self, film: &ClaimedFilm, now_ms: i64) -> Result<()> {
        self.end_film(film, "kept", "", now_ms)
    }

    /// Says that nothing came of a film, and why.
    ///
    /// # Errors
    /// The database fails.
    pub fn fail_film(&self, film: &ClaimedFilm, told: &str, now_ms: i64) -> Result<()> {
        self.end_film(film, "failed", told, now_ms)
    }

    fn end_film(&self, film: &ClaimedFilm, state: &str, told: &str, now_ms: i64) -> Result<()> {
        self.write(Lock::Everything, |tx| {
            tx.execute(
                "UPDATE film_jobs SET state = ?3, told = ?4, ended_ms = ?5, claim = ''
                 WHERE id = ?1 AND claim = ?2 AND state = 'running'",
                values![film.id, &film.claim, state, told, now_ms],
            )?;
            Ok(())
        })
    }

    /// Has what was made take the place of a film in its draft. What was found of the draft is
    /// forgotten, since it was found of another film; its revision stays, since it is the same one
    /// to whoever works on it. Returns false where it is wanted no more, or another's by now.
    ///
    /// # Errors
    /// The database fails; nothing changed then.
    pub fn put_film(&self, film: &ClaimedFilm, made: MadeFilm<'_>, now_ms: i64) -> Result<bool> {
        let (source, result) = (film.source.to_string(), made.digest.to_string());
        self.write(Lock::Everything, |tx| {
            let is_ours = tx.exists(
                "SELECT 1 FROM film_jobs WHERE id = ?1 AND claim = ?2 AND state = 'running'",
                values![film.id, &film.claim],
            )?;
            if !is_ours {
                return Ok(false);
            }
            tx.execute(
                "INSERT INTO creatives (sha256, size, media_type, thumbnail, thumbnail_width, thumbnail_height)
                 VALUES (?1, ?2, ?3, ?4, 0, 0) ON CONFLICT (sha256) DO NOTHING",
                values![&result, made.size, made.media_type, &[][..]],
            )?;
            let replaced = tx.execute(
                "UPDATE draft_files SET file = ?3 WHERE campaign = ?1 AND file = ?2",
                values![film.campaign.as_str(), &source, &result],
            )?;
            if replaced == 0 {
                return Ok(false);
            }
            hand_over(tx, (&source, &result))?;
            tx.execute(
                "UPDATE drafts SET checked = NULL WHERE campaign = ?1",
                values![film.campaign.as_str()],
            )?;
            tx.execute(
                "UPDATE film_jobs SET state = 'made', result = ?2, told = ?3, permille = 1000, ended_ms = ?4,
                     claim = ''
                 WHERE id = ?1",
                values![film.id, &result, made.told, now_ms],
            )?;
            Ok(true)
        })
    }
}

/// Ends what nobody wants any more and what processes end over, and forgets what is long over.
fn settle(tx: &Transaction<'_>, now_ms: i64) -> Result<(), DatabaseError> {
    tx.execute(
        &format!(
            "UPDATE film_jobs SET state = 'called-off', ended_ms = ?1, claim = ''
             WHERE {OPEN} AND (state = 'waiting' OR until_ms <= ?1)
               AND NOT EXISTS (SELECT 1 FROM draft_files AS own
                               WHERE own.campaign = film_jobs.campaign AND own.file = film_jobs.source)"
        ),
        values![now_ms],
    )?;
    tx.execute(
        "UPDATE film_jobs SET state = 'failed', ended_ms = ?1, claim = '', told = ?3
         WHERE state = 'running' AND until_ms <= ?1 AND attempts >= ?2",
        values![now_ms, ATTEMPTS_MAX, told::ENDED_OVER],
    )?;
    tx.execute(
        "DELETE FROM film_jobs WHERE ended_ms < ?1
           AND NOT EXISTS (SELECT 1 FROM draft_files AS own
                           WHERE own.file IN (film_jobs.source, coalesce(film_jobs.result, film_jobs.source)))",
        values![now_ms - KEPT_DAYS * DAY_MS],
    )?;
    Ok(())
}
