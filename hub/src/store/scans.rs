//! Scans: one a play, visitor and day, resolved from the token alone.
//!
//! Invariant: a scan is recorded before its link is answered, and a second opening by the same visitor finds the first.

use passerby_protocol::token::Claims;
use passerby_protocol::{Campaign, CampaignId, Digest};
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{Id, Result, Store};
use crate::clock::{self, DAY_MS};
use crate::random;
use crate::visitor::{Grade, Visitor};

/// Most scans of one play; a code that was photographed and posted may be opened more often, uncounted.
const SCANS_OF_PLAY_MAX: i64 = 20_000;
/// Days of bad tokens that are kept.
const BAD_TOKEN_DAYS_MAX: i64 = 400;

/// What a token's assignment stands for, with the campaign as it is published now.
#[derive(Debug, Clone)]
pub struct Landed {
    /// The campaign.
    pub id: CampaignId,
    /// As it is now.
    pub campaign: Campaign,
    /// What was on the screen.
    pub creative: Digest,
}

/// One opening of a verified token.
pub struct Scan<'a> {
    /// What the token says.
    pub claims: &'a Claims,
    /// What that stands for.
    pub landed: &'a Landed,
    /// Who opened it.
    pub visitor: Visitor,
    /// With what.
    pub grade: Grade,
    /// Whether it leads to a page, and so to a link that can be passed on.
    pub begins_chain: bool,
}

impl Store {
    /// Resolves what a token stands for.
    ///
    /// # Errors
    /// The database fails.
    pub fn landed(&self, claims: &Claims) -> Result<Option<Landed>> {
        self.read(|tx| {
            let found = tx
                .prepare_cached(
                    "SELECT campaign, body, creative FROM assignments JOIN campaigns ON id = campaign
                     WHERE screen = ?1 AND number = ?2",
                )?
                .query_row(params![claims.screen.get(), claims.assignment.get()], |row| {
                    Ok((row.get::<_, Id<_>>(0)?.0, row.get::<_, String>(1)?, row.get::<_, Id<_>>(2)?.0))
                })
                .optional()?;
            found
                .map(|(id, body, creative)| {
                    Ok(Landed {
                        id,
                        campaign: serde_json::from_str(&body)?,
                        creative,
                    })
                })
                .transpose()
        })
    }

    /// Records a scan, once a play, visitor and day, and returns the name of the link that begins its chain; `None`
    /// when no chain was asked for, or the play has all the scans that are kept of one.
    ///
    /// # Errors
    /// The database fails.
    pub fn record_scan(&self, scan: &Scan<'_>, now_ms: i64) -> Result<Option<String>> {
        self.write(|tx| {
            let Some(id) = scan_row(tx, scan, now_ms)?.filter(|_| scan.begins_chain) else {
                return Ok(None);
            };
            tx.prepare_cached(
                "INSERT INTO shares (name, scan, generation, made_for, created_ms) VALUES (?1, ?2, 0, ?3, ?4)
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![random::share_name(), id, scan.visitor.0, now_ms])?;
            Ok(tx
                .prepare_cached("SELECT name FROM shares WHERE scan = ?1 AND parent IS NULL")?
                .query_row([id], |row| row.get(0))?)
        })
    }

    /// Counts a token that is not one of ours.
    ///
    /// # Errors
    /// The database fails.
    pub fn count_bad_token(&self, now_ms: i64) -> Result<()> {
        self.write(|tx| {
            tx.prepare_cached(
                "INSERT INTO bad_tokens (day, count) VALUES (?1, 1) ON CONFLICT (day) DO UPDATE SET count = count + 1",
            )?
            .execute([clock::utc_day(now_ms)])?;
            tx.prepare_cached("DELETE FROM bad_tokens WHERE day < ?1")?
                .execute([clock::utc_day(now_ms - BAD_TOKEN_DAYS_MAX * DAY_MS)])?;
            Ok(())
        })
    }

    /// Returns the salt of today's pseudonyms, making it when the day is new, and forgets old ones.
    ///
    /// # Errors
    /// The database fails.
    pub fn salt(&self, now_ms: i64) -> Result<[u8; 32]> {
        let today = clock::utc_day(now_ms);
        let known = self.read(|tx| {
            tx.prepare_cached("SELECT salt FROM salts WHERE day = ?1")?
                .query_row([&today], |row| row.get(0))
                .optional()
        })?;
        if let Some(salt) = known {
            return Ok(salt);
        }
        self.write(|tx| {
            // Yesterday's stays for requests that began before midnight.
            tx.execute("DELETE FROM salts WHERE day < ?1", [clock::utc_day(now_ms - DAY_MS)])?;
            Ok(tx.query_row(
                "INSERT INTO salts VALUES (?1, ?2) ON CONFLICT (day) DO UPDATE SET salt = salt RETURNING salt",
                params![today, random::bytes::<32>()],
                |row| row.get(0),
            )?)
        })
    }
}

fn scan_row(tx: &Transaction<'_>, scan: &Scan<'_>, now_ms: i64) -> rusqlite::Result<Option<i64>> {
    let (claims, landed, visitor) = (scan.claims, scan.landed, scan.visitor);
    let (screen, play) = (claims.screen.get(), claims.play.get());
    let known = tx
        .prepare_cached("SELECT id FROM scans WHERE screen = ?1 AND play = ?2 AND visitor = ?3")?
        .query_row(params![screen, play, visitor.0], |row| row.get(0))
        .optional()?;
    if known.is_some() {
        return Ok(known);
    }
    let count: i64 = tx
        .prepare_cached("SELECT count(*) FROM scans WHERE screen = ?1 AND play = ?2")?
        .query_row([screen, play], |row| row.get(0))?;
    if count >= SCANS_OF_PLAY_MAX {
        return Ok(None);
    }
    tx.prepare_cached(
        "INSERT INTO scans (screen, play, visitor, grade, assignment, campaign, creative, minted_ms, scanned_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING id",
    )?
    .query_row(
        params![
            screen,
            play,
            visitor.0,
            grade_code(scan.grade),
            claims.assignment.get(),
            landed.id.as_str(),
            landed.creative.to_string(),
            claims.minted_ms(),
            now_ms,
        ],
        |row| row.get(0),
    )
    .map(Some)
}

const fn grade_code(grade: Grade) -> u8 {
    match grade {
        Grade::Browser => 0,
        Grade::Tool => 1,
        Grade::Robot => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn salts_change_daily_and_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let first = store.salt(0).unwrap();
        assert_eq!(store.salt(DAY_MS - 1).unwrap(), first);
        assert_ne!(store.salt(DAY_MS).unwrap(), first);
        store.salt(3 * DAY_MS).unwrap();
        let kept: i64 = store
            .connection()
            .query_row("SELECT count(*) FROM salts", [], |row| row.get(0))
            .unwrap();
        assert_eq!(kept, 1);
    }
}
