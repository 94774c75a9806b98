//! A voice that somebody leaves.

use passerby_protocol::ScreenNumber;

use crate::database::{Id, Lock, Transaction, values};
use crate::scans::visitor::Visitor;
use crate::store::voices::records::{NewVoice, SaidVoice};
use crate::store::{Result, Store, StoreError};

/// Most voices of one visitor under one link.
pub const OF_VISIT_MAX: i64 = 3;
/// Most voices of one visitor in a day, to all campaigns.
pub const OF_DAY_MAX: i64 = 8;
/// Most voices to one campaign in a minute.
pub(super) const OF_MINUTE_MAX: i64 = 60;
/// Most voices to one campaign whose words are kept at one time.
const KEPT_MAX: i64 = 20_000;
/// The same of pictures, which are far larger.
const PICTURES_MAX: i64 = 2_000;

/// A link, and what it goes back to.
struct Link {
    share: i64,
    screen: ScreenNumber,
    campaign: String,
    creative: String,
    play: i64,
    generation: i64,
}

impl Store {
    /// Keeps what the owner of a link says to the publisher, once a form.
    ///
    /// # Errors
    /// The database fails.
    pub fn say(
        &self,
        link: &str,
        visitor: Visitor,
        new: NewVoice<'_>,
        now_ms: i64,
    ) -> Result<SaidVoice> {
        let found = self.read_once(|tx| {
            tx.optional(
                "SELECT shares.id, screen, campaign, creative, play, generation
                 FROM shares JOIN scans ON scans.id = scan WHERE shares.name = ?1 AND owner = ?2",
                values![link, visitor.0],
                |row| {
                    Ok::<_, StoreError>(Link {
                        share: row.get(0)?,
                        screen: row.get::<Id<_>>(1)?.0,
                        campaign: row.get(2)?,
                        creative: row.get(3)?,
                        play: row.get(4)?,
                        generation: row.get(5)?,
                    })
                },
            )
        })?;
        let Some(link) = found else {
            return Ok(SaidVoice::NotOwn);
        };
        self.write(Lock::Screens(&[link.screen]), |tx| {
            let is_known = tx.exists(
                "SELECT 1 FROM voices WHERE share = ?1 AND once = ?2",
                values![link.share, new.once],
            )?;
            if is_known {
                return Ok(SaidVoice::Kept);
            }
            if let Some(refused) = refused(tx, &link, visitor, new, now_ms)? {
                return Ok(refused);
            }
            keep(tx, &link, visitor, new, now_ms)?;
            Ok::<_, StoreError>(SaidVoice::Kept)
        })
    }
}

/// Why no more is taken, if that is so.
fn refused(
    tx: &Transaction<'_>,
    link: &Link,
    visitor: Visitor,
    new: NewVoice<'_>,
    now_ms: i64,
) -> Result<Option<SaidVoice>> {
    let is_blocked = tx.exists(
        "SELECT 1 FROM voice_blocks WHERE campaign = ?1 AND visitor = ?2 AND until_ms > ?3",
        values![&link.campaign, visitor.0, now_ms],
    )?;
    if is_blocked {
        return Ok(Some(SaidVoice::Blocked));
    }
    // What the day's pseudonym has left is of today.
    let (of_visit, of_day): (i64, i64) = tx.one(
        "SELECT count(CASE WHEN share = ?1 THEN 1 END), count(*) FROM voices WHERE visitor = ?2",
        values![link.share, visitor.0],
        |row| Ok::<_, StoreError>((row.get(0)?, row.get(1)?)),
    )?;
    if of_visit >= OF_VISIT_MAX || of_day >= OF_DAY_MAX {
        return Ok(Some(SaidVoice::TooMany));
    }
    let of_minute: i64 = tx.value(
        "SELECT count(*) FROM voices WHERE campaign = ?1 AND said_ms > ?2",
        values![&link.campaign, now_ms - 60_000],
    )?;
    if of_minute >= OF_MINUTE_MAX {
        return Ok(Some(SaidVoice::Busy));
    }
    let kept: i64 = tx.value(
        "SELECT count(*) FROM voice_words WHERE campaign = ?1",
        values![&link.campaign],
    )?;
    let pictures: i64 = match new.picture {
        Some(_) => tx.value(
            "SELECT count(*) FROM voice_pictures WHERE campaign = ?1",
            values![&link.campaign],
        )?,
        None => 0,
    };
    let is_full = kept >= KEPT_MAX || pictures >= PICTURES_MAX;
    Ok(is_full.then_some(SaidVoice::Full))
}

fn keep(
    tx: &Transaction<'_>,
    link: &Link,
    visitor: Visitor,
    new: NewVoice<'_>,
    now_ms: i64,
) -> Result<()> {
    let voice: i64 = tx.value(
        "INSERT INTO voices (name, campaign, creative, screen, play, generation, share, visitor, once, said_ms, state, has_picture)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'waiting', ?11) RETURNING id",
        values![
            new.name,
            &link.campaign,
            &link.creative,
            link.screen.get(),
            link.play,
            link.generation,
            link.share,
            visitor.0,
            new.once,
            now_ms,
            new.picture.is_some(),
        ],
    )?;
    tx.execute(
        "INSERT INTO voice_words (voice, campaign, sealed, consent, agreed_ms, for_screen, ends_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        values![
            voice,
            &link.campaign,
            new.sealed,
            new.consent,
            now_ms,
            new.for_screen,
            new.ends_ms,
        ],
    )?;
    if let Some(picture) = new.picture {
        tx.execute(
            "INSERT INTO voice_pictures (voice, campaign, sealed, width, height, small_sealed, small_width, small_height)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            values![
                voice,
                &link.campaign,
                &picture.large,
                picture.large_px.0,
                picture.large_px.1,
                &picture.small,
                picture.small_px.0,
                picture.small_px.1,
            ],
        )?;
    }
    Ok(())
}
