//! Tokens by which programs ask in somebody's name.
//!
//! Invariants: a token may what it was made for and its person's role still may; it has an end; it
//! ends with its person.

use std::collections::BTreeSet;

use crate::database::{DatabaseError, Lock, values};
use crate::people::{Actor, Right, Secret};
use crate::store::audit::Verb;
use crate::store::people::PeopleError;
use crate::store::people::person::{COLUMN_COUNT, COLUMNS, person};
use crate::store::{Result, Store, audit};
use crate::system::clock::HOUR_MS;

/// Most tokens of one person.
pub const TOKENS_MAX: usize = 50;
/// How exactly it is known when a token was last used.
const USED_EVERY_MS: i64 = HOUR_MS;

/// A token, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenLine {
    /// By which it is named: the SHA-256 of its secret.
    pub handle: [u8; 32],
    /// What it is called.
    pub name: String,
    /// What it was made for.
    pub rights: BTreeSet<Right>,
    /// Until when it works.
    pub expires_ms: i64,
    /// When it was last used, to the hour.
    pub used_ms: Option<i64>,
}

/// Who asks by a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenUse {
    /// With what it may do.
    pub actor: Actor,
    /// Until when it works.
    pub expires_ms: i64,
}

fn rights_of(text: &str) -> BTreeSet<Right> {
    text.split(' ').filter_map(Right::of_word).collect()
}

impl Store {
    /// Makes a token of somebody's.
    ///
    /// # Errors
    /// They have too many.
    pub fn make_token(
        &self,
        actor: &Actor,
        (person, name): (i64, &str),
        rights: &BTreeSet<Right>,
        expires_ms: i64,
        now_ms: i64,
    ) -> Result<Secret, PeopleError> {
        let secret = Secret::new();
        let words: Vec<&str> = rights.iter().map(|right| right.word()).collect();
        let words = words.join(" ");
        self.write(Lock::Everything, |tx| {
            tx.execute(
                "DELETE FROM api_tokens WHERE person = ?1 AND expires_ms <= ?2",
                values![person, now_ms],
            )?;
            let count: usize = tx.value(
                "SELECT count(*) FROM api_tokens WHERE person = ?1",
                values![person],
            )?;
            if count >= TOKENS_MAX {
                return Err(PeopleError::TooMany(TOKENS_MAX));
            }
            tx.execute(
                "INSERT INTO api_tokens (secret_sha256, person, name, rights, made_ms, expires_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                values![secret.sha256(), person, name, &words, now_ms, expires_ms],
            )?;
            audit::note(tx, actor, Verb::MadeToken, (name, &words), now_ms)?;
            Ok(())
        })?;
        Ok(secret)
    }

    /// Returns somebody's tokens that still work, by name.
    ///
    /// # Errors
    /// The database fails.
    pub fn tokens_of(&self, person: i64, now_ms: i64) -> Result<Vec<TokenLine>> {
        self.read_once(|tx| {
            Ok(tx.all(
                "SELECT secret_sha256, name, rights, expires_ms, used_ms FROM api_tokens
                 WHERE person = ?1 AND expires_ms > ?2 ORDER BY name, secret_sha256",
                values![person, now_ms],
                |row| {
                    Ok::<_, DatabaseError>(TokenLine {
                        handle: row.get(0)?,
                        name: row.get(1)?,
                        rights: rights_of(&row.get::<String>(2)?),
                        expires_ms: row.get(3)?,
                        used_ms: row.get(4)?,
                    })
                },
            )?)
        })
    }

    /// Ends a token of somebody's.
    ///
    /// # Errors
    /// They have no such token.
    pub fn end_token(
        &self,
        actor: &Actor,
        person: i64,
        handle: &[u8; 32],
        now_ms: i64,
    ) -> Result<(), PeopleError> {
        self.write(Lock::Everything, |tx| {
            let name = tx.optional(
                "DELETE FROM api_tokens WHERE secret_sha256 = ?1 AND person = ?2 RETURNING name",
                values![handle, person],
                |row| row.get::<String>(0),
            )?;
            let name = name.ok_or(PeopleError::Unknown)?;
            audit::note(tx, actor, Verb::EndedToken, (&name, ""), now_ms)?;
            Ok(())
        })
    }

    /// Returns who asks by a token, and notes now and then that it is used.
    ///
    /// # Errors
    /// The database fails.
    pub fn token_use(&self, sha256: &[u8; 32], now_ms: i64) -> Result<Option<TokenUse>> {
        let found = self.read_once(|tx| {
            tx.optional(
                &format!(
                    "SELECT {COLUMNS}, api_tokens.name, rights, expires_ms, used_ms
                     FROM api_tokens JOIN people ON people.id = person WHERE secret_sha256 = ?1"
                ),
                values![sha256],
                |row| {
                    let whose = person(row)?;
                    let rights = rights_of(&row.get::<String>(COLUMN_COUNT + 1)?);
                    let token = row.get(COLUMN_COUNT)?;
                    let actor =
                        Actor::token(whose.id, whose.name, token, whose.role, rights, whose.scope);
                    Ok::<_, DatabaseError>((
                        TokenUse {
                            actor,
                            expires_ms: row.get(COLUMN_COUNT + 2)?,
                        },
                        row.get::<Option<i64>>(COLUMN_COUNT + 3)?,
                    ))
                },
            )
        })?;
        let Some((token_use, used_ms)) = found.filter(|(found, _)| now_ms < found.expires_ms)
        else {
            return Ok(None);
        };
        if used_ms.is_none_or(|used_ms| now_ms - used_ms >= USED_EVERY_MS) {
            self.write(Lock::Screens(&[]), |tx| {
                tx.execute(
                    "UPDATE api_tokens SET used_ms = ?2 WHERE secret_sha256 = ?1",
                    values![sha256, now_ms],
                )
            })?;
        }
        Ok(Some(token_use))
    }
}
