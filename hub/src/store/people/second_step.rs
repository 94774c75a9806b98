//! The second step of signing in.
//!
//! Invariants: a code and a recovery code work once; a session becomes whole in the transaction
//! that uses the code, and gets a new secret then.

use crate::database::{DatabaseError, Lock, Transaction, values};
use crate::people::{Actor, OneTimeKey, Secret};
use crate::store::audit::Verb;
use crate::store::people::person::by_id;
use crate::store::people::{PeopleError, sessions};
use crate::store::{Result, Store, audit};

/// What became of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecondStep {
    /// It was right: the session has this secret from now on.
    Done(Secret),
    /// It was not.
    Wrong,
}

/// The key and the half minute that was used last.
fn key_of(
    tx: &Transaction<'_>,
    id: i64,
) -> Result<Option<(OneTimeKey, Option<i64>)>, DatabaseError> {
    tx.optional(
        "SELECT one_time, used_step FROM people WHERE id = ?1 AND one_time IS NOT NULL",
        values![id],
        |row| Ok((OneTimeKey::from_bytes(row.get(0)?), row.get(1)?)),
    )
}

impl Store {
    /// Has a person need a second step from now on, once they have shown a code. Returns the
    /// recovery codes; `None` for a wrong code.
    ///
    /// # Errors
    /// There is nobody of this number.
    pub fn begin_second_step(
        &self,
        actor: &Actor,
        id: i64,
        key: &OneTimeKey,
        code: &str,
        now_ms: i64,
    ) -> Result<Option<Vec<String>>, PeopleError> {
        let Some(step) = key.step_of(code, None, now_ms) else {
            return Ok(None);
        };
        let codes = OneTimeKey::recovery_codes();
        self.write(Lock::Everything, |tx| {
            let person = by_id(tx, id)?.ok_or(PeopleError::Unknown)?;
            tx.execute(
                "UPDATE people SET one_time = ?2, used_step = ?3 WHERE id = ?1",
                values![id, key.bytes(), step],
            )?;
            tx.execute("DELETE FROM recovery_codes WHERE person = ?1", values![id])?;
            for (_, sha256) in &codes {
                tx.execute(
                    "INSERT INTO recovery_codes (person, code_sha256) VALUES (?1, ?2)",
                    values![id, sha256],
                )?;
            }
            audit::note(tx, actor, Verb::BeganSecondStep, (&person.name, ""), now_ms)?;
            Ok::<_, PeopleError>(())
        })?;
        Ok(Some(codes.into_iter().map(|(text, _)| text).collect()))
    }

    /// Has a person need no second step any more.
    ///
    /// # Errors
    /// There is nobody of this number.
    pub fn end_second_step(&self, actor: &Actor, id: i64, now_ms: i64) -> Result<(), PeopleError> {
        self.write(Lock::Everything, |tx| {
            let person = by_id(tx, id)?.ok_or(PeopleError::Unknown)?;
            tx.execute(
                "UPDATE people SET one_time = NULL, used_step = NULL WHERE id = ?1",
                values![id],
            )?;
            tx.execute("DELETE FROM recovery_codes WHERE person = ?1", values![id])?;
            audit::note(tx, actor, Verb::EndedSecondStep, (&person.name, ""), now_ms)?;
            Ok(())
        })
    }

    /// Makes a session whole with a code, or a recovery code, which is used up then.
    ///
    /// # Errors
    /// There is nobody of this number any more.
    pub fn second_step(
        &self,
        id: i64,
        session: &[u8; 32],
        code: &str,
        now_ms: i64,
    ) -> Result<SecondStep, PeopleError> {
        let secret = Secret::new();
        self.write(Lock::Everything, |tx| {
            let person = by_id(tx, id)?.ok_or(PeopleError::Unknown)?;
            let Some((key, used)) = key_of(tx, id)? else {
                return Ok(SecondStep::Wrong);
            };
            if let Some(step) = key.step_of(code, used, now_ms) {
                tx.execute(
                    "UPDATE people SET used_step = ?2 WHERE id = ?1",
                    values![id, step],
                )?;
            } else {
                let recovery = OneTimeKey::recovery_sha256(code);
                let used = tx.execute(
                    "DELETE FROM recovery_codes WHERE person = ?1 AND code_sha256 = ?2",
                    values![id, recovery],
                )?;
                if used == 0 {
                    return Ok(SecondStep::Wrong);
                }
            }
            let made = tx.execute(
                "UPDATE sessions SET secret_sha256 = ?3, is_whole = TRUE WHERE secret_sha256 = ?1 AND person = ?2 AND NOT is_whole",
                values![session, id, secret.sha256()],
            )?;
            if made == 0 {
                return Ok(SecondStep::Wrong);
            }
            sessions::note_sign_in(tx, &person, now_ms)?;
            Ok(SecondStep::Done(secret.clone()))
        })
    }

    /// Returns how many recovery codes somebody has left.
    ///
    /// # Errors
    /// The database fails.
    pub fn recovery_codes_left(&self, id: i64) -> Result<usize> {
        self.read_once(|tx| {
            Ok(tx.value(
                "SELECT count(*) FROM recovery_codes WHERE person = ?1",
                values![id],
            )?)
        })
    }
}
