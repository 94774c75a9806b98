//! What people do with films of their drafts on their way: they call them off, and have them tried
//! again.

use passerby_protocol::CampaignId;

use crate::database::{DatabaseError, Lock, Transaction, values};
use crate::people::Actor;
use crate::store::audit::Verb;
use crate::store::drafts::records::{DraftError, standing};
use crate::store::films::{FilmState, has_room};
use crate::store::slots::rules;
use crate::store::{Store, StoreError, audit};

impl Store {
    /// Has a film of a draft stay as it came. Whoever is at it gives up.
    ///
    /// # Errors
    /// See [`DraftError`]; it is over already.
    pub fn call_film_off(
        &self,
        actor: &Actor,
        (campaign, film): (&CampaignId, i64),
        now_ms: i64,
    ) -> Result<(), DraftError> {
        self.write(Lock::Everything, |tx| {
            let (name, state) = find(tx, actor, (campaign, film), now_ms)?;
            if !matches!(state, FilmState::Waiting | FilmState::Running) {
                return Err(DraftError::FilmElsewhere(state));
            }
            tx.execute(
                "UPDATE film_jobs SET state = 'called-off', ended_ms = ?2, claim = '', told = '' WHERE id = ?1",
                values![film, now_ms],
            )?;
            let said = (campaign.as_str(), &*name);
            audit::note(tx, actor, Verb::CalledFilmOff, said, now_ms)?;
            Ok(())
        })
    }

    /// Has a film that failed, or was called off, tried again.
    ///
    /// # Errors
    /// See [`DraftError`]; it is not over, or something came of it.
    pub fn try_film_again(
        &self,
        actor: &Actor,
        (campaign, film): (&CampaignId, i64),
        now_ms: i64,
    ) -> Result<(), DraftError> {
        self.write(Lock::Everything, |tx| {
            let (name, state) = find(tx, actor, (campaign, film), now_ms)?;
            if !matches!(state, FilmState::Failed | FilmState::CalledOff) {
                return Err(DraftError::FilmElsewhere(state));
            }
            if !has_room(tx, actor)? {
                return Err(DraftError::TooManyFilms);
            }
            tx.execute(
                "UPDATE film_jobs SET state = 'waiting', ended_ms = NULL, next_ms = 0, attempts = 0, permille = 0,
                     told = ''
                 WHERE id = ?1",
                values![film],
            )?;
            let said = (campaign.as_str(), &*name);
            audit::note(tx, actor, Verb::TriedFilmAgain, said, now_ms)?;
            Ok(())
        })
    }
}

/// A film of a draft that the actor may change: what it is called, and where it stands.
fn find(
    tx: &Transaction<'_>,
    actor: &Actor,
    (campaign, film): (&CampaignId, i64),
    now_ms: i64,
) -> Result<(String, FilmState), DraftError> {
    let standing = standing(tx, actor, campaign, None)?;
    rules::admit(tx, actor, (campaign, &standing.group), now_ms)?;
    let found = tx.optional(
        "SELECT name, state FROM film_jobs AS job WHERE id = ?2 AND campaign = ?1
           AND EXISTS (SELECT 1 FROM draft_files AS own WHERE own.campaign = ?1
                         AND own.file IN (job.source, coalesce(job.result, job.source)))",
        values![campaign.as_str(), film],
        |row| {
            let state: String = row.get(1)?;
            Ok::<_, DatabaseError>((row.get(0)?, FilmState::of_word(&state)))
        },
    )?;
    Ok(found.ok_or(StoreError::OutOfScope)?)
}
