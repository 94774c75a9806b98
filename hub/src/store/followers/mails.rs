//! Mail on its way to people who follow: claimed by whoever sends it, and what became of it.
//!
//! Invariants: news goes to one person at most once. A row is marked as begun, on disk, before the
//! mail server hears of it; one that was begun and whose end nobody noted, since the process died
//! or the connection broke behind the text, is counted as uncertain and never begun again. What the
//! server has surely not taken is tried again, with growing pauses.

use crate::database::{DatabaseError, Lock, Row, Transaction, values};
use crate::store::followers::joining::forget;
use crate::store::followers::{COLUMNS, Follower, follower_of};
use crate::store::{Result, Store, StoreError};
use crate::system::clock::DAY_MS;

/// Whoever sends is done or gone by then.
const BEGUN_MS_MAX: i64 = 10 * 60_000;
/// How often a mail is tried that the server has surely not taken.
const ATTEMPTS_MAX: usize = 6;
/// Pauses after such attempts, in minutes.
const PAUSES_MIN: [i64; ATTEMPTS_MAX] = [1, 5, 15, 60, 180, 0];
/// Most that are begun at one time.
const BEGUN_MAX: i64 = 12;

/// How much goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailLimits {
    /// Mails a minute, of the whole hub.
    pub a_minute: i64,
    /// News of one campaign in 24 hours.
    pub a_day: i64,
}

/// A mail that somebody is to send now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowMail {
    /// Its number.
    pub id: i64,
    /// Whom it is for.
    pub follower: Follower,
    /// The news; `None` for the mail that asks to confirm, or that brings the link.
    pub news: Option<i64>,
    /// When it was made.
    pub made_ms: i64,
    /// How often it was tried before.
    pub attempts: usize,
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailEnd {
    /// The server has taken it.
    Sent,
    /// The server has surely not taken it, and may later.
    Later,
    /// It will not take it.
    Refused,
    /// There is no such address: whoever had it follows no longer.
    NoAddress,
    /// Nobody knows.
    Uncertain,
}

fn mail_of(row: &Row<'_>) -> Result<FollowMail, DatabaseError> {
    Ok(FollowMail {
        follower: follower_of(row)?,
        id: row.get(12)?,
        news: row.get(13)?,
        made_ms: row.get(14)?,
        attempts: row.get(15)?,
    })
}

impl Store {
    /// Tells whether there is anything to send, or anything whose end nobody noted.
    ///
    /// # Errors
    /// The database fails.
    pub fn has_follow_mails(&self, now_ms: i64) -> Result<bool> {
        self.read_once(|tx| {
            Ok(tx.exists(
                "SELECT 1 FROM follow_mails WHERE next_ms <= ?1 AND begun_ms IS NULL AND ended_ms IS NULL
                 UNION ALL SELECT 1 FROM follow_mails WHERE begun_ms <= ?2 AND ended_ms IS NULL",
                values![now_ms, now_ms - BEGUN_MS_MAX],
            )?)
        })
    }

    /// Claims mails that are due and within the limits, those that ask to confirm first.
    ///
    /// # Errors
    /// The database fails.
    pub fn begin_follow_mails(&self, limits: MailLimits, now_ms: i64) -> Result<Vec<FollowMail>> {
        self.write(Lock::Everything, |tx| {
            end_uncertain(tx, now_ms)?;
            let begun: i64 = tx.value(
                "SELECT count(*) FROM follow_mails WHERE begun_ms > ?1",
                values![now_ms - 60_000],
            )?;
            let free = (limits.a_minute - begun).clamp(0, BEGUN_MAX);
            let mut mails = tx.all(
                &format!(
                    "SELECT {COLUMNS}, follow_mails.id, news, made_ms, attempts
                     FROM follow_mails JOIN followers ON followers.id = follower
                     WHERE next_ms <= ?1 AND begun_ms IS NULL AND ended_ms IS NULL AND news IS NULL
                     ORDER BY follow_mails.id LIMIT ?2"
                ),
                values![now_ms, free],
                mail_of,
            )?;
            let left = free - i64::try_from(mails.len()).unwrap_or(free);
            if left > 0 {
                mails.extend(news_within(tx, limits.a_day, left, now_ms)?);
            }
            for mail in &mails {
                tx.execute(
                    "UPDATE follow_mails SET begun_ms = ?2, attempts = attempts + 1 WHERE id = ?1",
                    values![mail.id, now_ms],
                )?;
            }
            Ok(mails)
        })
    }

    /// Notes what became of a mail that was begun.
    ///
    /// # Errors
    /// The database fails.
    pub fn end_follow_mail(&self, mail: &FollowMail, end: MailEnd, now_ms: i64) -> Result<()> {
        let pause = PAUSES_MIN.get(mail.attempts);
        let again = pause.filter(|_| end == MailEnd::Later && mail.attempts + 1 < ATTEMPTS_MAX);
        self.write(Lock::Everything, |tx| {
            if let Some(minutes) = again {
                tx.execute(
                    "UPDATE follow_mails SET begun_ms = NULL, next_ms = ?2 WHERE id = ?1",
                    values![mail.id, now_ms + minutes * 60_000],
                )?;
                return Ok::<_, StoreError>(());
            }
            // It may be gone with whom it was for.
            let ended = tx.execute(
                "UPDATE follow_mails SET ended_ms = ?2 WHERE id = ?1 AND ended_ms IS NULL",
                values![mail.id, now_ms],
            )?;
            if let Some(news) = mail.news.filter(|_| ended > 0) {
                let column = match end {
                    MailEnd::Sent => "sent",
                    MailEnd::Uncertain => "uncertain",
                    _ => "failed",
                };
                tx.execute(
                    &format!("UPDATE follow_news SET {column} = {column} + 1 WHERE id = ?1"),
                    values![news],
                )?;
                end_news(tx, now_ms)?;
            }
            if end == MailEnd::NoAddress {
                forget(tx, "id = ?1", values![mail.follower.id], now_ms)?;
            }
            Ok(())
        })
    }
}

/// The news that may go out now: of each campaign as much as it has left of its day.
fn news_within(
    tx: &Transaction<'_>,
    a_day: i64,
    left: i64,
    now_ms: i64,
) -> Result<Vec<FollowMail>, DatabaseError> {
    let spent: Vec<(String, i64)> = tx.all(
        "SELECT campaign, count(*) FROM follow_mails WHERE news IS NOT NULL AND begun_ms > ?1 GROUP BY campaign",
        values![now_ms - DAY_MS],
        |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
    )?;
    let due: Vec<String> = tx.all(
        "SELECT DISTINCT campaign FROM follow_mails
         WHERE next_ms <= ?1 AND begun_ms IS NULL AND ended_ms IS NULL AND news IS NOT NULL ORDER BY campaign",
        values![now_ms],
        |row| row.get(0),
    )?;
    let mut mails: Vec<FollowMail> = Vec::new();
    // One large campaign does not hold up the others.
    let each = (left / i64::try_from(due.len().max(1)).unwrap_or(1)).max(1);
    for campaign in due {
        let begun = spent.iter().find(|(known, _)| *known == campaign);
        let may = (a_day - begun.map_or(0, |(_, begun)| *begun)).clamp(0, each);
        mails.extend(tx.all(
            &format!(
                "SELECT {COLUMNS}, follow_mails.id, news, made_ms, attempts
                 FROM follow_mails JOIN followers ON followers.id = follower
                 WHERE follow_mails.campaign = ?1 AND next_ms <= ?2 AND begun_ms IS NULL AND ended_ms IS NULL
                   AND news IS NOT NULL
                 ORDER BY follow_mails.id LIMIT ?3"
            ),
            values![&campaign, now_ms, may],
            mail_of,
        )?);
    }
    mails.truncate(usize::try_from(left).unwrap_or_default());
    Ok(mails)
}

/// Counts what was begun and did not end: whoever sent it is gone.
fn end_uncertain(tx: &Transaction<'_>, now_ms: i64) -> Result<(), DatabaseError> {
    let lost: Vec<(i64, Option<i64>)> = tx.all(
        "SELECT id, news FROM follow_mails WHERE begun_ms <= ?1 AND ended_ms IS NULL",
        values![now_ms - BEGUN_MS_MAX],
        |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
    )?;
    for (mail, news) in &lost {
        tx.execute(
            "UPDATE follow_mails SET ended_ms = ?2 WHERE id = ?1",
            values![*mail, now_ms],
        )?;
        tx.execute(
            "UPDATE follow_news SET uncertain = uncertain + 1 WHERE id = ?1",
            values![*news],
        )?;
    }
    end_news(tx, now_ms)
}

/// Notes which news has gone to everybody.
pub(super) fn end_news(tx: &Transaction<'_>, now_ms: i64) -> Result<(), DatabaseError> {
    tx.execute(
        "UPDATE follow_news SET ended_ms = ?1 WHERE begun_ms IS NOT NULL AND ended_ms IS NULL AND NOT EXISTS
             (SELECT 1 FROM follow_mails WHERE news = follow_news.id AND follow_mails.ended_ms IS NULL)",
        values![now_ms],
    )?;
    Ok(())
}
