//! People who come back: the phones on which they are remembered, and what they get once.
//!
//! Invariants: a phone is known only by a cookie that its owner asked for, of which nothing but a
//! keyed hash is kept; a visit counts once a link; a code is used once, and whoever tries it again
//! is told when that was.

use jiff::civil::Date;
use passerby_protocol::{Campaign, CampaignId};

use crate::database::{DatabaseError, Id, Lock, Row, values};
use crate::people::Actor;
use crate::store::audit::Verb;
use crate::store::campaign_list::refuse_others;
use crate::store::followers::{COLUMNS, FOLLOW_MS, Follower, PHONE_MS, follower_of, hour_of};
use crate::store::{Result, Store, StoreError, audit};

/// Longest name of whoever redeems a code, in characters.
const BY_CHARS_MAX: usize = 80;

/// Somebody whose phone is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Who it is.
    pub follower: Follower,
    /// What the code of theirs is, sealed, if they have one.
    pub sealed_code: Option<Vec<u8>>,
    /// When they used it.
    pub redeemed_ms: Option<i64>,
}

/// What became of a code that somebody wanted to redeem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redeemed {
    /// It is used now, for what the campaign offers.
    Now {
        /// Of which campaign it is.
        campaign: CampaignId,
        /// The offer, as far as there still is one.
        offer: Option<String>,
    },
    /// It was used before.
    Before {
        /// When.
        at_ms: i64,
        /// By whom.
        by: String,
    },
    /// The offer's last day is over.
    Over(Date),
    /// There is no such code, or the word is another one.
    Unknown,
}

/// Who redeems a code.
#[derive(Debug, Clone, Copy)]
pub enum Redeemer<'a> {
    /// Somebody who knows the campaign's word.
    Word(&'a [u8; 32]),
    /// Somebody who signed in and runs campaigns.
    Person(&'a Actor),
}

impl Store {
    /// Finds out whether a phone that opens its own link of a scan is known to the campaign, or to
    /// another of the same group, and counts the visit.
    ///
    /// # Errors
    /// The database fails.
    pub fn greet(&self, phone_hmac: &[u8; 32], link: &str, now_ms: i64) -> Result<Option<Known>> {
        let found: Option<(i64, Follower, i64, i64)> = self.read_once(|tx| {
            let found = tx.optional(
                &format!(
                    "SELECT {COLUMNS}, shares.id, last_share, scans.screen FROM shares JOIN scans ON scans.id = shares.scan
                     LEFT JOIN campaign_groups AS own ON own.campaign = scans.campaign
                     JOIN followers ON phone_hmac = ?1 AND phone_ends_ms > ?3 AND confirmed_ms IS NOT NULL
                     LEFT JOIN campaign_groups AS theirs ON theirs.campaign = followers.campaign
                     WHERE shares.name = ?2 AND shares.parent IS NULL
                       AND (followers.campaign = scans.campaign OR own.group_name = theirs.group_name)
                     ORDER BY followers.campaign = scans.campaign DESC, followers.id LIMIT 1"
                ),
                values![phone_hmac, link, now_ms],
                |row| {
                    let counted = (row.get(12)?, follower_of(row)?, row.get(13)?, row.get(14)?);
                    Ok::<_, DatabaseError>(counted)
                },
            );
            Ok::<_, StoreError>(found?)
        })?;
        let Some((share, mut follower, last, screen)) = found else {
            return Ok(None);
        };
        if share > last {
            let counted = self.write(Lock::Everything, |tx| {
                let counted = tx.execute(
                    "UPDATE followers SET visits = visits + 1, visit_ms = ?3, last_share = ?2, ends_ms = ?4
                     WHERE id = ?1 AND last_share < ?2",
                    values![follower.id, share, now_ms, now_ms + FOLLOW_MS],
                )?;
                if counted > 0 {
                    tx.execute(
                        "INSERT INTO follow_returns (campaign, screen, at_ms, returns) VALUES (?1, ?2, ?3, 1)
                         ON CONFLICT (campaign, screen, at_ms) DO UPDATE SET returns = follow_returns.returns + 1",
                        values![follower.campaign.as_str(), screen, hour_of(now_ms)],
                    )?;
                }
                Ok::<_, DatabaseError>(counted)
            })?;
            follower.visits += counted;
            follower.visit_ms = now_ms;
        }
        self.with_code(follower).map(Some)
    }

    /// Tells whether a phone is that of whoever has a private link.
    ///
    /// # Errors
    /// The database fails.
    pub fn is_phone_of(&self, name: &str, phone_hmac: &[u8; 32], now_ms: i64) -> Result<bool> {
        self.read_once(|tx| {
            Ok(tx.exists(
                "SELECT 1 FROM followers WHERE name = ?1 AND phone_hmac = ?2 AND phone_ends_ms > ?3",
                values![name, phone_hmac, now_ms],
            )?)
        })
    }

    /// Returns somebody with their code.
    ///
    /// # Errors
    /// The database fails.
    pub fn with_code(&self, follower: Follower) -> Result<Known> {
        let code: Option<(Option<Vec<u8>>, Option<i64>)> = self.read_once(|tx| {
            let code = tx.optional(
                "SELECT sealed, redeemed_ms FROM fan_offers WHERE campaign = ?1 AND follower = ?2",
                values![follower.campaign.as_str(), follower.id],
                |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
            );
            Ok::<_, StoreError>(code?)
        })?;
        let (sealed_code, redeemed_ms) = code.unwrap_or_default();
        Ok(Known {
            follower,
            sealed_code,
            redeemed_ms,
        })
    }

    /// Gives somebody a code, unless they have one.
    ///
    /// # Errors
    /// The database fails.
    pub fn give_code(
        &self,
        follower: &Follower,
        code_hmac: &[u8; 32],
        sealed: &[u8],
        now_ms: i64,
    ) -> Result<()> {
        self.write(Lock::Everything, |tx| {
            // Whoever has left meanwhile gets none.
            tx.execute(
                "INSERT INTO fan_offers (code_hmac, campaign, follower, sealed, made_ms)
                 SELECT ?1, campaign, id, ?3, ?4 FROM followers WHERE id = ?2 ON CONFLICT DO NOTHING",
                values![code_hmac, follower.id, sealed, now_ms],
            )
        })?;
        Ok(())
    }

    /// Ties a phone to whoever has a private link, in place of the one before. Returns whether
    /// there is such a person.
    ///
    /// # Errors
    /// The database fails.
    pub fn remember_phone(&self, name: &str, phone_hmac: &[u8; 32], now_ms: i64) -> Result<bool> {
        let tied = self.write(Lock::Everything, |tx| {
            tx.execute(
                "UPDATE followers SET phone_hmac = ?2, phone_ends_ms = ?3
                 WHERE name = ?1 AND confirmed_ms IS NOT NULL AND ends_ms > ?4",
                values![name, phone_hmac, now_ms + PHONE_MS, now_ms],
            )
        })?;
        Ok(tied > 0)
    }

    /// Forgets the phone of whoever has a private link, and every tie of the phone that asks.
    ///
    /// # Errors
    /// The database fails.
    pub fn forget_phone(&self, name: &str, phone_hmac: Option<&[u8; 32]>) -> Result<()> {
        self.write(Lock::Everything, |tx| {
            tx.execute(
                "UPDATE followers SET phone_hmac = NULL, phone_ends_ms = NULL WHERE name = ?1 OR phone_hmac = ?2",
                values![name, phone_hmac.map(|hmac| &hmac[..])],
            )
        })?;
        self.wipe_soon();
        Ok(())
    }

    /// Uses a code, once.
    ///
    /// # Errors
    /// The database fails.
    pub fn redeem_code(
        &self,
        code_hmac: &[u8; 32],
        redeemer: Redeemer<'_>,
        (today, now_ms): (Date, i64),
    ) -> Result<Redeemed> {
        self.write(Lock::Everything, |tx| {
            let found = tx.optional(
                "SELECT fan_offers.campaign, body, redeemed_ms, redeemed_by, word_hmac FROM fan_offers
                 JOIN campaigns ON campaigns.id = fan_offers.campaign
                 LEFT JOIN fan_words ON fan_words.campaign = fan_offers.campaign WHERE code_hmac = ?1",
                values![code_hmac],
                found_code,
            )?;
            let Some(FoundCode {
                campaign,
                body,
                redeemed_ms,
                by,
                word,
            }) = found
            else {
                return Ok(Redeemed::Unknown);
            };
            let name = match redeemer {
                Redeemer::Word(given) => {
                    let known = word.unwrap_or_default();
                    if !bool::from(subtle::ConstantTimeEq::ct_eq(&known[..], &given[..])) {
                        return Ok(Redeemed::Unknown);
                    }
                    "the shop's staff".to_owned()
                }
                Redeemer::Person(actor) => match refuse_others(tx, actor, campaign.as_str()) {
                    Ok(()) => actor.named().chars().take(BY_CHARS_MAX).collect(),
                    Err(StoreError::OutOfScope) => return Ok(Redeemed::Unknown),
                    Err(error) => return Err(error),
                },
            };
            if let Some(at_ms) = redeemed_ms {
                return Ok(Redeemed::Before {
                    at_ms,
                    by: by.unwrap_or_default(),
                });
            }
            let read: Campaign = serde_json::from_str(&body)?;
            let fans = read.follow.and_then(|follow| follow.for_fans);
            let fans = fans.unwrap_or_default();
            if let Some(last) = fans.offer_until.filter(|last| *last < today) {
                return Ok(Redeemed::Over(last));
            }
            tx.execute(
                "UPDATE fan_offers SET redeemed_ms = ?2, redeemed_by = ?3 WHERE code_hmac = ?1",
                values![code_hmac, now_ms, &name],
            )?;
            Ok(Redeemed::Now {
                campaign,
                offer: fans.offer,
            })
        })
    }

    /// Sets the word by which a shop's staff redeems codes, in place of the one before.
    ///
    /// # Errors
    /// The asker has nothing to do with the campaign, or the database fails.
    pub fn set_fan_word(
        &self,
        actor: &Actor,
        campaign: &CampaignId,
        word_hmac: &[u8; 32],
        now_ms: i64,
    ) -> Result<()> {
        self.write(Lock::Everything, |tx| {
            refuse_others(tx, actor, campaign.as_str())?;
            if !tx.exists(
                "SELECT 1 FROM campaigns WHERE id = ?1",
                values![campaign.as_str()],
            )? {
                return Err(StoreError::OutOfScope);
            }
            tx.execute(
                "INSERT INTO fan_words (campaign, word_hmac, made_ms) VALUES (?1, ?2, ?3)
                 ON CONFLICT (campaign) DO UPDATE SET word_hmac = excluded.word_hmac, made_ms = excluded.made_ms",
                values![campaign.as_str(), word_hmac, now_ms],
            )?;
            let subject = format!("campaign {campaign}");
            audit::note(tx, actor, Verb::SetFanWord, (&subject, ""), now_ms)?;
            Ok(())
        })
    }
}

/// A code that is there.
struct FoundCode {
    campaign: CampaignId,
    /// The campaign as it is now, as JSON.
    body: String,
    redeemed_ms: Option<i64>,
    by: Option<String>,
    /// The keyed hash of the campaign's word.
    word: Option<Vec<u8>>,
}

fn found_code(row: &Row<'_>) -> Result<FoundCode, DatabaseError> {
    Ok(FoundCode {
        campaign: row.get::<Id<_>>(0)?.0,
        body: row.get(1)?,
        redeemed_ms: row.get(2)?,
        by: row.get(3)?,
        word: row.get(4)?,
    })
}
