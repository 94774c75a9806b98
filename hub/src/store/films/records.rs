//! What is kept of films on their way, and how they get there.

use std::collections::BTreeSet;

use passerby_protocol::{CampaignId, Digest};
use serde::Serialize;

use crate::database::{DatabaseError, Id, Row, Transaction, values};
use crate::people::Actor;
use crate::publish::conversion::Reason;
use crate::store::versions::of_json;

/// Most films of one person that are open at one time, and most of a hub.
pub const FILMS_OF_ONE_MAX: usize = 100;
/// See [`FILMS_OF_ONE_MAX`].
pub const FILMS_OPEN_MAX: usize = 1_000;
/// Most films that are told of one draft.
const TOLD_MAX: usize = 500;

/// Where a film stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FilmState {
    /// Its turn has not come.
    Waiting,
    /// It is looked at, or made anew.
    Running,
    /// Another one has taken its place.
    Made,
    /// Screens play it well as it is.
    Kept,
    /// Nothing came of it; it stays as it came.
    Failed,
    /// Somebody wanted it no more; it stays as it came.
    CalledOff,
}

impl FilmState {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Running,
        Self::Made,
        Self::Kept,
        Self::Failed,
        Self::CalledOff,
    ];

    /// The word for it in the database and in calls.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Made => "made",
            Self::Kept => "kept",
            Self::Failed => "failed",
            Self::CalledOff => "called-off",
        }
    }

    pub(in crate::store) fn of_word(word: &str) -> Self {
        let known = Self::ALL.into_iter().find(|state| state.word() == word);
        known.unwrap_or(Self::Failed)
    }
}

/// One film that came into a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilmJob {
    /// Its number.
    pub id: i64,
    /// What the draft calls it.
    pub name: String,
    /// What came.
    pub source: Digest,
    /// Where it stands.
    pub state: FilmState,
    /// How much is done, of a thousand.
    pub permille: u32,
    /// Why it is made anew.
    pub reasons: Vec<Reason>,
    /// Why it failed or waits, or what else is to be said of it; may be empty.
    pub told: String,
    /// What was made.
    pub result: Option<Digest>,
    /// Who handed it in.
    pub made_by: String,
    /// When, as Unix time in milliseconds.
    pub made_ms: i64,
}

impl FilmJob {
    /// Tells whether the draft has to wait for it.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, FilmState::Waiting | FilmState::Running)
    }
}

/// What is open, as SQL over `film_jobs`.
pub(super) const OPEN: &str = "state IN ('waiting', 'running')";

fn job(row: &Row<'_>) -> Result<FilmJob, DatabaseError> {
    Ok(FilmJob {
        id: row.get(0)?,
        name: row.get(1)?,
        source: row.get::<Id<Digest>>(2)?.0,
        state: FilmState::of_word(&row.get::<String>(3)?),
        permille: row.get(4)?,
        reasons: of_json(&row.get::<String>(5)?),
        told: row.get(6)?,
        result: row.get::<Option<Id<Digest>>>(7)?.map(|digest| digest.0),
        made_by: row.get(8)?,
        made_ms: row.get(9)?,
    })
}

/// The films of a draft that still are in it, as they came or as they were made, by name; of each
/// the newest word.
pub(in crate::store) fn of_campaign(
    tx: &Transaction<'_>,
    id: &CampaignId,
) -> Result<Vec<FilmJob>, DatabaseError> {
    tx.all(
        "SELECT id, name, source, state, permille, reasons, told, result, made_by, made_ms FROM film_jobs AS job
         WHERE campaign = ?1
           AND EXISTS (SELECT 1 FROM draft_files AS own
                       WHERE own.campaign = ?1 AND own.file IN (job.source, coalesce(job.result, job.source)))
           AND NOT EXISTS (SELECT 1 FROM film_jobs AS later
                           WHERE later.campaign = ?1 AND later.source = job.source AND later.id > job.id)
         ORDER BY name, id LIMIT ?2",
        values![id.as_str(), TOLD_MAX],
        job,
    )
}

/// Tells whether a draft has a film that is open.
pub(in crate::store) fn has_open(
    tx: &Transaction<'_>,
    id: &CampaignId,
) -> Result<bool, DatabaseError> {
    tx.exists(
        &format!(
            "SELECT 1 FROM film_jobs AS job WHERE campaign = ?1 AND {OPEN}
               AND EXISTS (SELECT 1 FROM draft_files AS own WHERE own.campaign = ?1 AND own.file = job.source)"
        ),
        values![id.as_str()],
    )
}

/// Has the films among files that came into a draft looked at. One that was made anew before is
/// replaced by that at once; one that is known to be well is left. Returns false where too many
/// wait.
pub(in crate::store) fn take_up(
    tx: &Transaction<'_>,
    actor: &Actor,
    id: &CampaignId,
    files: &BTreeSet<String>,
    now_ms: i64,
) -> Result<bool, DatabaseError> {
    for file in files {
        let name = tx.optional(
            "SELECT name FROM draft_files JOIN creatives ON sha256 = file
             WHERE campaign = ?1 AND file = ?2 AND media_type LIKE 'video/%' ORDER BY name LIMIT 1",
            values![id.as_str(), file],
            |row| row.get::<String>(0),
        )?;
        let Some(name) = name else { continue };
        let is_known = tx.exists(
            &format!(
                "SELECT 1 FROM film_jobs WHERE source = ?1 AND (state = 'kept' OR campaign = ?2 AND {OPEN})
                 UNION ALL SELECT 1 FROM film_jobs WHERE result = ?1 AND state = 'made'"
            ),
            values![file, id.as_str()],
        )?;
        if is_known {
            continue;
        }
        let made = tx.optional(
            "SELECT result, reasons, told FROM film_jobs AS job JOIN creatives ON sha256 = result
             WHERE source = ?1 AND state = 'made'
               AND NOT EXISTS (SELECT 1 FROM file_claims WHERE file_claims.file = job.result AND dropped)
             ORDER BY id DESC LIMIT 1",
            values![file],
            |row| {
                let result: String = row.get(0)?;
                Ok::<_, DatabaseError>((result, row.get::<String>(1)?, row.get::<String>(2)?))
            },
        )?;
        let (state, result, reasons, told) = match made {
            Some((result, reasons, told)) => {
                tx.execute(
                    "UPDATE draft_files SET file = ?3 WHERE campaign = ?1 AND file = ?2",
                    values![id.as_str(), file, &result],
                )?;
                (FilmState::Made, Some(result), reasons, told)
            }
            None => (FilmState::Waiting, None, "[]".to_owned(), String::new()),
        };
        if result.is_none() && !has_room(tx, actor)? {
            return Ok(false);
        }
        let permille: u32 = if result.is_some() { 1_000 } else { 0 };
        tx.execute(
            "INSERT INTO film_jobs (campaign, name, source, state, permille, reasons, told, result, person, made_by,
                 made_ms, next_ms, ended_ms, claim, until_ms, attempts)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 0, ?12, '', 0, 0)",
            values![
                id.as_str(),
                &name,
                file,
                state.word(),
                permille,
                &reasons,
                &told,
                result.as_deref(),
                person(actor),
                actor.named(),
                now_ms,
                result.as_ref().map(|_| now_ms)
            ],
        )?;
    }
    Ok(true)
}

fn person(actor: &Actor) -> i64 {
    actor.person_id().unwrap_or_default()
}

/// Tells whether one more film of somebody's may wait.
pub(in crate::store) fn has_room(
    tx: &Transaction<'_>,
    actor: &Actor,
) -> Result<bool, DatabaseError> {
    let all: usize = tx.value(
        &format!("SELECT count(*) FROM film_jobs WHERE {OPEN}"),
        values![],
    )?;
    let own: usize = tx.value(
        &format!("SELECT count(*) FROM film_jobs WHERE person = ?1 AND {OPEN}"),
        values![person(actor)],
    )?;
    Ok(all < FILMS_OPEN_MAX && own < FILMS_OF_ONE_MAX)
}
