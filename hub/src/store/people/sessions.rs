//! Who is signed in, by the SHA-256 of the secret in their cookie.
//!
//! Invariants: signing in always makes a new secret; a session ends [`SESSION_MS`] after it was
//! made, [`IDLE_MS`] after it was last used, with the person, and with their password; nobody has
//! more than [`SESSIONS_MAX`].

use crate::database::{DatabaseError, Lock, Transaction, values};
use crate::people::{Actor, Secret};
use crate::store::audit::Verb;
use crate::store::people::PeopleError;
use crate::store::people::person::{COLUMN_COUNT, COLUMNS, Person, by_id, person};
use crate::store::{Result, Store, audit};
use crate::system::clock::{DAY_MS, HOUR_MS};

/// How long a session lasts at most.
pub const SESSION_MS: i64 = 30 * DAY_MS;
/// How long one lasts that nobody uses.
const IDLE_MS: i64 = 7 * DAY_MS;
/// How long somebody has for the second step.
const HALF_MS: i64 = 10 * 60 * 1_000;
/// How exactly it is known when a session was last used: not each page writes.
const SEEN_EVERY_MS: i64 = HOUR_MS / 12;
/// Most sessions of one person; the one that was used longest ago gives way.
pub const SESSIONS_MAX: usize = 20;
/// Longest name of a browser that is kept, in characters.
const CLIENT_CHARS_MAX: usize = 120;

/// Somebody who has a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Who.
    pub person: Person,
    /// Whether all steps are done; nothing else is open before.
    pub is_whole: bool,
}

/// A session, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionLine {
    /// By which it is named: the SHA-256 of its secret.
    pub handle: [u8; 32],
    /// Since when.
    pub made_ms: i64,
    /// When it was last used, to some minutes.
    pub seen_ms: i64,
    /// What the browser calls itself.
    pub client: String,
}

/// Ends all sessions of somebody but one.
pub(super) fn end_all(
    tx: &Transaction<'_>,
    id: i64,
    but: Option<&[u8; 32]>,
) -> Result<u64, DatabaseError> {
    let none = [0; 32];
    tx.execute(
        "DELETE FROM sessions WHERE person = ?1 AND secret_sha256 <> ?2",
        values![id, but.unwrap_or(&none)],
    )
}

impl Store {
    /// Begins a session of somebody who has shown that they know their password.
    ///
    /// # Errors
    /// There is nobody of this number any more.
    pub fn begin_session(
        &self,
        id: i64,
        client: &str,
        now_ms: i64,
    ) -> Result<(Secret, bool), PeopleError> {
        let secret = Secret::new();
        let client = passerby_protocol::foreign::one_line(client, CLIENT_CHARS_MAX);
        let is_whole = self.write(Lock::Screens(&[]), |tx| {
            let person = by_id(tx, id)?.ok_or(PeopleError::Unknown)?;
            let is_whole = !person.has_second_step;
            tx.execute(
                "DELETE FROM sessions WHERE seen_ms <= ?1 OR made_ms <= ?2 OR made_ms > ?3
                 OR (NOT is_whole AND made_ms <= ?4)",
                values![now_ms - IDLE_MS, now_ms - SESSION_MS, now_ms + DAY_MS, now_ms - HALF_MS],
            )?;
            tx.execute(
                "DELETE FROM sessions WHERE person = ?1 AND secret_sha256 NOT IN
                 (SELECT secret_sha256 FROM sessions WHERE person = ?1 ORDER BY seen_ms DESC, secret_sha256 LIMIT ?2)",
                values![id, SESSIONS_MAX - 1],
            )?;
            tx.execute(
                "INSERT INTO sessions (secret_sha256, person, is_whole, made_ms, seen_ms, client)
                 VALUES (?1, ?2, ?3, ?4, ?4, ?5)",
                values![secret.sha256(), id, is_whole, now_ms, &client],
            )?;
            if is_whole {
                note_sign_in(tx, &person, now_ms)?;
            }
            Ok::<_, PeopleError>(is_whole)
        })?;
        Ok((secret, is_whole))
    }

    /// Returns who has a session, and notes now and then that it is used.
    ///
    /// # Errors
    /// The database fails.
    pub fn session(&self, sha256: &[u8; 32], now_ms: i64) -> Result<Option<SignedIn>> {
        let found = self.read_once(|tx| {
            tx.optional(
                &format!(
                    "SELECT {COLUMNS}, is_whole, sessions.made_ms, sessions.seen_ms
                     FROM sessions JOIN people ON people.id = person WHERE secret_sha256 = ?1"
                ),
                values![sha256],
                |row| {
                    Ok::<_, DatabaseError>((
                        SignedIn {
                            person: person(row)?,
                            is_whole: row.get(COLUMN_COUNT)?,
                        },
                        row.get::<i64>(COLUMN_COUNT + 1)?,
                        row.get::<i64>(COLUMN_COUNT + 2)?,
                    ))
                },
            )
        })?;
        let Some((signed_in, made_ms, seen_ms)) = found else {
            return Ok(None);
        };
        let lasts_ms = if signed_in.is_whole {
            SESSION_MS
        } else {
            HALF_MS
        };
        let age_ms = now_ms - made_ms;
        if age_ms >= lasts_ms || age_ms < -DAY_MS || now_ms - seen_ms >= IDLE_MS {
            return Ok(None);
        }
        if now_ms - seen_ms >= SEEN_EVERY_MS {
            self.write(Lock::Screens(&[]), |tx| {
                tx.execute(
                    "UPDATE sessions SET seen_ms = ?2 WHERE secret_sha256 = ?1",
                    values![sha256, now_ms],
                )
            })?;
        }
        Ok(Some(signed_in))
    }

    /// Returns somebody's sessions, the one that was used last first.
    ///
    /// # Errors
    /// The database fails.
    pub fn sessions_of(&self, id: i64, now_ms: i64) -> Result<Vec<SessionLine>> {
        self.read_once(|tx| {
            Ok(tx.all(
                "SELECT secret_sha256, made_ms, seen_ms, client FROM sessions
                 WHERE person = ?1 AND is_whole AND seen_ms > ?2 AND made_ms > ?3 ORDER BY seen_ms DESC, secret_sha256",
                values![id, now_ms - IDLE_MS, now_ms - SESSION_MS],
                |row| {
                    Ok::<_, DatabaseError>(SessionLine {
                        handle: row.get(0)?,
                        made_ms: row.get(1)?,
                        seen_ms: row.get(2)?,
                        client: row.get(3)?,
                    })
                },
            )?)
        })
    }

    /// Ends one session: signing out.
    ///
    /// # Errors
    /// The database fails.
    pub fn end_session(&self, sha256: &[u8; 32]) -> Result<()> {
        self.write(Lock::Screens(&[]), |tx| {
            tx.execute(
                "DELETE FROM sessions WHERE secret_sha256 = ?1",
                values![sha256],
            )?;
            Ok(())
        })
    }

    /// Ends all sessions of somebody but one. Returns how many.
    ///
    /// # Errors
    /// The database fails.
    pub fn end_other_sessions(
        &self,
        actor: &Actor,
        id: i64,
        but: &[u8; 32],
        now_ms: i64,
    ) -> Result<u64, PeopleError> {
        self.write(Lock::Screens(&[]), |tx| {
            let ended = end_all(tx, id, Some(but))?;
            let said = (actor.named(), ended.to_string());
            audit::note(tx, actor, Verb::EndedSessions, (&said.0, &said.1), now_ms)?;
            Ok(ended)
        })
    }
}

/// Notes that somebody is in.
pub(super) fn note_sign_in(
    tx: &Transaction<'_>,
    person: &Person,
    now_ms: i64,
) -> Result<(), DatabaseError> {
    tx.execute(
        "UPDATE people SET seen_ms = ?2 WHERE id = ?1",
        values![person.id, now_ms],
    )?;
    audit::note(
        tx,
        &person.actor(),
        Verb::SignedIn,
        (&person.name, ""),
        now_ms,
    )
}
