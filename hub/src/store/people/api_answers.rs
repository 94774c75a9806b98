//! What was answered to calls with an idempotency key, so that a call which is made again gets the
//! same answer and changes nothing twice.
//!
//! Invariant: of two calls with one key one is made; of a call that was cut off half-way nobody
//! says that it was or was not.

use crate::database::{DatabaseError, Lock, values};
use crate::store::{Result, Store};
use crate::system::clock::DAY_MS;

/// How long an answer is kept.
const KEPT_MS: i64 = DAY_MS;
/// Most answers that are kept of one token; the oldest go.
const ANSWERS_MAX: usize = 1_000;

/// How a call with a key stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Nobody made it: it is this caller's to make.
    New,
    /// It was made, and this was the answer.
    Answered(KeptAnswer),
    /// It is being made, or was cut off.
    Unfinished,
    /// The key belongs to another call.
    Other,
}

/// An answer that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: String,
}

impl Store {
    /// Takes a key for a call, whose SHA-256 tells it from others.
    ///
    /// # Errors
    /// The database fails.
    pub fn begin_call(
        &self,
        token: &[u8; 32],
        key: &str,
        asked: &[u8; 32],
        now_ms: i64,
    ) -> Result<Asked> {
        self.write(Lock::Screens(&[]), |tx| {
            tx.execute(
                "DELETE FROM api_answers WHERE at_ms <= ?1",
                values![now_ms - KEPT_MS],
            )?;
            tx.execute(
                "DELETE FROM api_answers WHERE token_sha256 = ?1 AND key IN
                 (SELECT key FROM api_answers WHERE token_sha256 = ?1 ORDER BY at_ms DESC LIMIT 1000000 OFFSET ?2)",
                values![token, ANSWERS_MAX],
            )?;
            let is_new = tx.execute(
                "INSERT INTO api_answers (token_sha256, key, asked_sha256, at_ms) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO NOTHING",
                values![token, key, asked, now_ms],
            )?;
            if is_new > 0 {
                return Ok(Asked::New);
            }
            let known = tx.one(
                "SELECT asked_sha256, status, body FROM api_answers WHERE token_sha256 = ?1 AND key = ?2",
                values![token, key],
                |row| {
                    Ok::<_, DatabaseError>((
                        row.get::<[u8; 32]>(0)?,
                        row.get::<Option<u16>>(1)?,
                        row.get::<Option<String>>(2)?,
                    ))
                },
            )?;
            Ok(match known {
                (of, _, _) if of != *asked => Asked::Other,
                (_, Some(status), Some(body)) => Asked::Answered(KeptAnswer { status, body }),
                _ => Asked::Unfinished,
            })
        })
    }

    /// Keeps the answer to a call that was begun; `None` lets it be made anew.
    ///
    /// # Errors
    /// The database fails.
    pub fn end_call(&self, token: &[u8; 32], key: &str, answer: Option<&KeptAnswer>) -> Result<()> {
        self.write(Lock::Screens(&[]), |tx| {
            match answer {
                Some(KeptAnswer { status, body }) => tx.execute(
                    "UPDATE api_answers SET status = ?3, body = ?4 WHERE token_sha256 = ?1 AND key = ?2",
                    values![token, key, *status, body],
                )?,
                None => tx.execute(
                    "DELETE FROM api_answers WHERE token_sha256 = ?1 AND key = ?2",
                    values![token, key],
                )?,
            };
            Ok(())
        })
    }
}
