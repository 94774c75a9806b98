//! Moments that people pass on: that somebody did, which is a figure, and what they typed, which is
//! theirs.
//!
//! Invariants: what a person typed is in tables of its own, sealed, and has an end; only whoever a
//! link belongs to passes a moment on under it; that somebody did is counted once a link, and stays
//! when the words go; a card goes with the words that stand on it.

use passerby_protocol::{CampaignId, ScreenNumber};

use crate::database::{DatabaseError, Lock, Transaction, values};
use crate::people::{Actor, Scope};
use crate::scans::visitor::Visitor;
use crate::store::audit::Verb;
use crate::store::campaign_list::refuse_others;
use crate::store::{Result, Store, audit};

/// How often the words of one link may be changed.
const CHANGES_MAX: i64 = 30;
/// Most cards that are kept, the newest; others are drawn anew.
const CARDS_MAX: i64 = 2_000;
/// Most moments of a campaign that are listed.
pub const MOMENTS_LISTED: u32 = 200;

/// What somebody typed, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedMoment {
    /// The link that it belongs to.
    pub link: String,
    /// The words.
    pub sealed: Vec<u8>,
    /// When they agreed, as Unix time in milliseconds.
    pub agreed_ms: i64,
    /// Until when it is kept.
    pub ends_ms: i64,
}

/// What is to be kept of a moment.
#[derive(Debug, Clone, Copy)]
pub struct NewMoment<'a> {
    /// The words; `None` where nothing was typed.
    pub sealed: Option<&'a [u8]>,
    /// Whether there is a sentence.
    pub has_sentence: bool,
    /// Whether there is a name.
    pub has_name: bool,
    /// Until when the words are kept.
    pub ends_ms: i64,
    /// When those words were agreed to that whoever asks was found to have typed: these it takes
    /// the place of, and of no others.
    pub replaces_ms: Option<i64>,
}

/// What became of a moment that was to be passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassedOn {
    /// It is kept.
    Kept,
    /// There is no such link, or it is not theirs.
    NotOwn,
    /// Its words were changed too often.
    TooOften,
    /// There are words of somebody else's, or others than whoever asks has seen.
    Others,
}

/// A moment for the publisher's eyes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MomentRow {
    /// The words.
    pub moment: SealedMoment,
    /// How often readers reported it.
    pub reports: u64,
    /// At which screen its chain began.
    pub screen: ScreenNumber,
    /// What that is called.
    pub screen_name: String,
}

impl Store {
    /// Counts that somebody passes a moment on under their own link, once, and keeps the words in
    /// place of those that they typed before. `visitor`: whoever asks; the link must be theirs.
    ///
    /// # Errors
    /// The database fails.
    pub fn pass_on(
        &self,
        link: &str,
        visitor: Visitor,
        new: NewMoment<'_>,
        now_ms: i64,
    ) -> Result<PassedOn> {
        let found: Option<(i64, ScreenNumber)> = self.read_once(|tx| {
            tx.optional(
                "SELECT shares.id, screen FROM shares JOIN scans ON scans.id = scan
                 WHERE shares.name = ?1 AND owner = ?2",
                values![link, visitor.0],
                |row| {
                    let screen: crate::database::Id<ScreenNumber> = row.get(1)?;
                    Ok::<_, crate::store::StoreError>((row.get(0)?, screen.0))
                },
            )
        })?;
        let Some((share, screen)) = found else {
            return Ok(PassedOn::NotOwn);
        };
        self.write(Lock::Screens(&[screen]), |tx| {
            let words: Option<i64> = tx.optional(
                "SELECT agreed_ms FROM moments WHERE share = ?1 AND ends_ms > ?2",
                values![share, now_ms],
                |row| row.get(0),
            )?;
            if words.is_some() && words != new.replaces_ms {
                return Ok(PassedOn::Others);
            }
            let changes: Option<i64> = tx.optional(
                "SELECT changes FROM passed_on WHERE share = ?1",
                values![share],
                |row| row.get(0),
            )?;
            if changes.is_some_and(|changes| changes >= CHANGES_MAX) {
                return Ok(PassedOn::TooOften);
            }
            tx.execute(
                "INSERT INTO passed_on (share, passed_ms, has_sentence, has_name, changes) VALUES (?1, ?2, ?3, ?4, 1)
                 ON CONFLICT (share) DO UPDATE SET changes = passed_on.changes + 1,
                     has_sentence = passed_on.has_sentence OR excluded.has_sentence,
                     has_name = passed_on.has_name OR excluded.has_name",
                values![share, now_ms, new.has_sentence, new.has_name],
            )?;
            forget_words(tx, share)?;
            if let Some(sealed) = new.sealed {
                tx.execute(
                    "INSERT INTO moments (share, campaign, sealed, agreed_ms, ends_ms)
                     SELECT ?1, campaign, ?2, ?3, ?4 FROM shares JOIN scans ON scans.id = scan WHERE shares.id = ?1",
                    values![share, sealed, now_ms, new.ends_ms],
                )?;
            }
            Ok(PassedOn::Kept)
        })
    }

    /// Returns the words of a link, unless they are at their end.
    ///
    /// # Errors
    /// The database fails.
    pub fn moment(&self, link: &str, now_ms: i64) -> Result<Option<SealedMoment>> {
        self.read_once(|tx| {
            tx.optional(
                "SELECT sealed, agreed_ms, ends_ms FROM shares JOIN moments ON share = shares.id
                 WHERE name = ?1 AND ends_ms > ?2",
                values![link, now_ms],
                |row| {
                    Ok(SealedMoment {
                        link: link.to_owned(),
                        sealed: row.get(0)?,
                        agreed_ms: row.get(1)?,
                        ends_ms: row.get(2)?,
                    })
                },
            )
        })
    }

    /// Whether somebody passed a moment on under a link.
    ///
    /// # Errors
    /// The database fails.
    pub fn is_told(&self, link: &str) -> Result<bool> {
        self.read_once(|tx| {
            Ok(tx.exists(
                "SELECT 1 FROM shares JOIN passed_on ON share = shares.id WHERE name = ?1",
                values![link],
            )?)
        })
    }

    /// Forgets the words of a link, with the card that has them. Returns whether there were any.
    ///
    /// # Errors
    /// The database fails.
    pub fn erase_moment(&self, link: &str) -> Result<bool> {
        let Some(share) = self.share_number(link)? else {
            return Ok(false);
        };
        self.write(Lock::Screens(&[]), |tx| Ok(forget_words(tx, share)?))
    }

    /// Notes that a reader reports the words that a link's page shows to them: of their own link
    /// those of the one above it, of another's its own where it has any. A link reports them once.
    ///
    /// # Errors
    /// The database fails.
    pub fn report_moment(&self, link: &str, visitor: Visitor) -> Result<()> {
        self.write(Lock::Screens(&[]), |tx| {
            let reported: Option<i64> = tx.optional(
                "INSERT INTO moment_reports (share, reporter)
                 SELECT moments.share, shares.id FROM shares JOIN moments ON moments.share =
                     CASE WHEN owner IS DISTINCT FROM ?2
                               AND EXISTS (SELECT 1 FROM moments AS own WHERE own.share = shares.id)
                          THEN shares.id ELSE parent END
                 WHERE name = ?1 ON CONFLICT DO NOTHING RETURNING share",
                values![link, visitor.0],
                |row| row.get(0),
            )?;
            if let Some(share) = reported {
                tx.execute(
                    "UPDATE moments SET reports = reports + 1 WHERE share = ?1",
                    values![share],
                )?;
            }
            Ok(())
        })
    }

    /// Returns the moments of a campaign, those that were reported first, then the newest.
    ///
    /// # Errors
    /// The database fails.
    pub fn campaign_moments(
        &self,
        campaign: &CampaignId,
        scope: &Scope,
        now_ms: i64,
    ) -> Result<Option<Vec<MomentRow>>> {
        let Some(_) = self.campaign_facts(campaign, scope)? else {
            return Ok(None);
        };
        self.read_once(|tx| {
            let rows = tx.all(
                "SELECT shares.name, sealed, agreed_ms, ends_ms, reports, scans.screen, screens.name
                 FROM moments JOIN shares ON shares.id = share JOIN scans ON scans.id = scan
                 JOIN screens ON screens.number = scans.screen
                 WHERE moments.campaign = ?1 AND ends_ms > ?2 ORDER BY reports DESC, agreed_ms DESC LIMIT ?3",
                values![campaign.as_str(), now_ms, MOMENTS_LISTED],
                |row| {
                    let screen: crate::database::Id<ScreenNumber> = row.get(5)?;
                    let name: String = row.get(6)?;
                    Ok::<_, DatabaseError>(MomentRow {
                        moment: SealedMoment {
                            link: row.get(0)?,
                            sealed: row.get(1)?,
                            agreed_ms: row.get(2)?,
                            ends_ms: row.get(3)?,
                        },
                        reports: row.get(4)?,
                        screen: screen.0,
                        screen_name: passerby_protocol::foreign::escaped(&name).into_owned(),
                    })
                },
            )?;
            Ok(Some(rows))
        })
    }

    /// Takes the words of a link down. Returns whether there were any of this campaign.
    ///
    /// # Errors
    /// The asker has nothing to do with the campaign, or the database fails.
    pub fn remove_moment(
        &self,
        actor: &Actor,
        campaign: &CampaignId,
        link: &str,
        now_ms: i64,
    ) -> Result<bool> {
        self.write(Lock::Screens(&[]), |tx| {
            refuse_others(tx, actor, campaign.as_str())?;
            let share: Option<i64> = tx.optional(
                "SELECT share FROM moments JOIN shares ON shares.id = share WHERE name = ?1 AND campaign = ?2",
                values![link, campaign.as_str()],
                |row| row.get(0),
            )?;
            let Some(share) = share else {
                return Ok(false);
            };
            forget_words(tx, share)?;
            // Neither the words nor the link, which would lead to whoever typed them.
            let subject = format!("campaign {campaign}");
            audit::note(tx, actor, Verb::RemovedMoment, (&subject, ""), now_ms)?;
            Ok(true)
        })
    }

    /// Returns the postcard of a link, sealed, if it was drawn.
    ///
    /// # Errors
    /// The database fails.
    pub fn postcard(&self, link: &str, now_ms: i64) -> Result<Option<Vec<u8>>> {
        self.read_once(|tx| {
            tx.optional(
                "SELECT sealed FROM shares JOIN moment_postcards ON share = shares.id WHERE name = ?1 AND ends_ms > ?2",
                values![link, now_ms],
                |row| Ok(row.get(0)?),
            )
        })
    }

    /// Keeps a postcard, unless the words on it were changed since they were read: `agreed_ms` is
    /// that of the words, if there are any.
    ///
    /// # Errors
    /// The database fails.
    pub fn keep_postcard(
        &self,
        link: &str,
        sealed: &[u8],
        agreed_ms: Option<i64>,
        (now_ms, ends_ms): (i64, i64),
    ) -> Result<()> {
        let Some(share) = self.share_number(link)? else {
            return Ok(());
        };
        self.write(Lock::Screens(&[]), |tx| {
            let known: Option<i64> = tx.optional(
                "SELECT agreed_ms FROM moments WHERE share = ?1",
                values![share],
                |row| row.get(0),
            )?;
            if known != agreed_ms {
                return Ok(());
            }
            tx.execute(
                "INSERT INTO moment_postcards (share, sealed, made_ms, ends_ms) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (share) DO UPDATE SET sealed = excluded.sealed, made_ms = excluded.made_ms, ends_ms = excluded.ends_ms",
                values![share, sealed, now_ms, ends_ms],
            )?;
            Ok(())
        })
    }

    /// Forgets words and cards that are at their end, and the oldest of too many cards.
    ///
    /// # Errors
    /// The database fails.
    pub fn forget_moments(&self, now_ms: i64) -> Result<()> {
        let is_due = self.read_once(|tx| {
            Ok::<_, crate::store::StoreError>(tx.exists(
                "SELECT 1 FROM moments WHERE ends_ms <= ?1 UNION ALL SELECT 1 FROM moment_postcards WHERE ends_ms <= ?1
                 UNION ALL SELECT 1 FROM (SELECT count(*) AS cards FROM moment_postcards) AS counted WHERE cards > ?2",
                values![now_ms, CARDS_MAX],
            )?)
        })?;
        if !is_due {
            return Ok(());
        }
        self.write(Lock::Screens(&[]), |tx| {
            tx.execute("DELETE FROM moments WHERE ends_ms <= ?1", values![now_ms])?;
            tx.execute(
                "DELETE FROM moment_reports WHERE share NOT IN (SELECT share FROM moments)",
                values![],
            )?;
            tx.execute(
                "DELETE FROM moment_postcards WHERE ends_ms <= ?1",
                values![now_ms],
            )?;
            tx.execute(
                "DELETE FROM moment_postcards WHERE share NOT IN
                     (SELECT share FROM moment_postcards ORDER BY made_ms DESC LIMIT ?1)",
                values![CARDS_MAX],
            )?;
            Ok(())
        })
    }

    fn share_number(&self, link: &str) -> Result<Option<i64>> {
        self.read_once(|tx| {
            tx.optional(
                "SELECT id FROM shares WHERE name = ?1",
                values![link],
                |row| Ok(row.get(0)?),
            )
        })
    }
}

/// Forgets the words of a link, and its card. Returns whether there were any words.
fn forget_words(tx: &Transaction<'_>, share: i64) -> Result<bool, DatabaseError> {
    tx.execute(
        "DELETE FROM moment_postcards WHERE share = ?1",
        values![share],
    )?;
    tx.execute(
        "DELETE FROM moment_reports WHERE share = ?1",
        values![share],
    )?;
    Ok(tx.execute("DELETE FROM moments WHERE share = ?1", values![share])? > 0)
}
