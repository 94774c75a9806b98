//! How somebody comes to follow a campaign, and how they leave.
//!
//! Invariants: one mailbox is asked to confirm once an hour and three times a day, whoever asks;
//! who leaves is gone with all that refers to them, and their figure says only that somebody left.

use passerby_protocol::{CampaignId, ScreenNumber};

use crate::database::{DatabaseError, Id, Lock, Transaction, Value, values};
use crate::people::Actor;
use crate::scans::visitor::Visitor;
use crate::store::audit::Verb;
use crate::store::campaign_list::refuse_others;
use crate::store::followers::{
    COLUMNS, CONFIRM_MS, FOLLOW_MS, Follower, PHONE_MS, follower_of, hour_of,
};
use crate::store::{Result, Store, StoreError, audit};
use crate::system::clock::DAY_MS;

/// Mails that one address or one pseudonym is sent in an hour and in a day before it is confirmed.
const AN_HOUR_MAX: i64 = 1;
const A_DAY_MAX: i64 = 3;
const HOUR_MS: i64 = 3_600_000;
/// Most people whose time is over that are forgotten in one transaction.
const FORGOTTEN_MAX: u32 = 500;

/// Somebody who wants to follow.
#[derive(Debug, Clone, Copy)]
pub struct NewFollower<'a> {
    /// The name of their private link, unless the address has one.
    pub name: &'a str,
    /// What finds the address again.
    pub address_hmac: &'a [u8; 32],
    /// The same of the mailbox to which it leads, as far as that is known.
    pub mailbox_hmac: &'a [u8; 32],
    /// The address, sealed for that name.
    pub sealed: &'a [u8],
    /// In which language they read.
    pub language: &'a str,
    /// The version of the text that they agreed to.
    pub consent: u32,
    /// What finds their phone again, if they want to be remembered on it.
    pub phone_hmac: Option<&'a [u8; 32]>,
}

/// Which phone somebody is remembered on who has confirmed, and asked for that before.
#[derive(Debug, Clone, Copy)]
pub enum PhoneToRemember<'a> {
    /// The one on which the address was typed: whoever confirms says that it is theirs.
    AsAsked,
    /// The same, but only where this is what finds the phone that confirms.
    IfItConfirms(Option<&'a [u8; 32]>),
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedToFollow {
    /// A mail goes out. If it was asked for, the phone is tied to whoever confirms and says that it
    /// is theirs.
    Asked,
    /// They follow already: a mail with their link goes out, and this phone is tied to nobody.
    Known,
    /// The address, or whoever asks, was sent enough for now.
    TooOften,
    /// There is no such link, or it is not theirs.
    NotOwn,
}

/// Somebody who has asked to follow, as they are before they confirm.
struct Asked {
    follower: i64,
    confirmed_ms: Option<i64>,
    campaign: String,
    screen: i64,
    /// When the scan was by which they came, while it is kept.
    scanned_ms: Option<i64>,
}

impl Store {
    /// Has somebody asked by mail whether they want to follow the campaign of a link of theirs.
    ///
    /// # Errors
    /// The database fails.
    pub fn ask_to_follow(
        &self,
        link: &str,
        visitor: Visitor,
        new: NewFollower<'_>,
        now_ms: i64,
    ) -> Result<AskedToFollow> {
        self.write(Lock::Everything, |tx| {
            let found: Option<(i64, CampaignId, ScreenNumber, i64)> = tx.optional(
                "SELECT shares.id, campaign, screen, scans.id FROM shares JOIN scans ON scans.id = scan
                 WHERE shares.name = ?1 AND owner = ?2",
                values![link, visitor.0],
                |row| {
                    let campaign: Id<CampaignId> = row.get(1)?;
                    let screen: Id<ScreenNumber> = row.get(2)?;
                    Ok::<_, DatabaseError>((row.get(0)?, campaign.0, screen.0, row.get(3)?))
                },
            )?;
            let Some((share, campaign, screen, scan)) = found else {
                return Ok(AskedToFollow::NotOwn);
            };
            let asking = [&new.address_hmac[..], &new.mailbox_hmac[..], &visitor.0[..]];
            for who in asking {
                if is_too_often(tx, who, now_ms)? {
                    return Ok(AskedToFollow::TooOften);
                }
            }
            for who in asking {
                tx.execute(
                    "INSERT INTO follow_attempts (who, at_ms) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                    values![who, now_ms],
                )?;
            }
            let known: Option<(i64, Option<i64>)> = tx.optional(
                "SELECT id, confirmed_ms FROM followers WHERE campaign = ?1 AND address_hmac = ?2",
                values![campaign.as_str(), new.address_hmac],
                |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
            )?;
            if let Some((follower, Some(_))) = known {
                add_mail(tx, follower, &campaign, now_ms)?;
                return Ok(AskedToFollow::Known);
            }
            // Whoever asks again has agreed again, and only the newest link is good.
            if let Some((follower, None)) = known {
                remove(tx, follower, None)?;
            }
            let phone_ends_ms = new.phone_hmac.map(|_| now_ms + PHONE_MS);
            let follower = tx.value(
                "INSERT INTO followers (name, campaign, screen, address_hmac, sealed, language, consent, asked_ms, ends_ms,
                                        phone_hmac, phone_ends_ms, visit_ms, last_share, scan, link)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?8, ?12, ?13, ?14) RETURNING id",
                values![
                    new.name,
                    campaign.as_str(),
                    screen.get(),
                    new.address_hmac,
                    new.sealed,
                    new.language,
                    new.consent,
                    now_ms,
                    now_ms + CONFIRM_MS,
                    new.phone_hmac.map(|hmac| &hmac[..]),
                    phone_ends_ms,
                    share,
                    scan,
                    link
                ],
            )?;
            add_mail(tx, follower, &campaign, now_ms)?;
            Ok(AskedToFollow::Asked)
        })
    }

    /// Returns whoever has a private link of this name.
    ///
    /// # Errors
    /// The database fails.
    pub fn follower(&self, name: &str, now_ms: i64) -> Result<Option<Follower>> {
        self.read_once(|tx| {
            Ok(tx.optional(
                &format!("SELECT {COLUMNS} FROM followers WHERE name = ?1 AND ends_ms > ?2"),
                values![name, now_ms],
                follower_of,
            )?)
        })
    }

    /// Notes that somebody has confirmed; once more changes nothing. Returns whether there is such
    /// a person. The phone on which the address was typed is remembered only where it is the one
    /// that confirms, or where whoever confirms says that it is theirs.
    ///
    /// # Errors
    /// The database fails.
    pub fn confirm_follower(
        &self,
        name: &str,
        phone: PhoneToRemember<'_>,
        now_ms: i64,
    ) -> Result<bool> {
        self.write(Lock::Everything, |tx| {
            let found = tx.optional(
                "SELECT followers.id, confirmed_ms, followers.campaign, followers.screen, scanned_ms
                 FROM followers LEFT JOIN scans ON scans.id = followers.scan
                 WHERE followers.name = ?1 AND ends_ms > ?2",
                values![name, now_ms],
                |row| {
                    Ok::<_, DatabaseError>(Asked {
                        follower: row.get(0)?,
                        confirmed_ms: row.get(1)?,
                        campaign: row.get(2)?,
                        screen: row.get(3)?,
                        scanned_ms: row.get(4)?,
                    })
                },
            )?;
            let Some(asked) = found else {
                return Ok(false);
            };
            if asked.confirmed_ms.is_some() {
                return Ok(true);
            }
            let fact: i64 = tx.value(
                "INSERT INTO follow_facts (campaign, screen, joined_ms, scanned_ms) VALUES (?1, ?2, ?3, ?4) RETURNING id",
                values![
                    &asked.campaign,
                    asked.screen,
                    hour_of(now_ms),
                    asked.scanned_ms.map(hour_of)
                ],
            )?;
            tx.execute(
                "UPDATE followers SET confirmed_ms = ?2, ends_ms = ?3, fact = ?4 WHERE id = ?1",
                values![asked.follower, now_ms, now_ms + FOLLOW_MS, fact],
            )?;
            if let PhoneToRemember::IfItConfirms(hmac) = phone {
                tx.execute(
                    "UPDATE followers SET phone_hmac = NULL, phone_ends_ms = NULL
                     WHERE id = ?1 AND NOT coalesce(phone_hmac = ?2, FALSE)",
                    values![asked.follower, hmac.map(|hmac| &hmac[..])],
                )?;
            }
            Ok(true)
        })
    }

    /// Forgets whoever has a private link of this name. Returns whether there was anybody.
    ///
    /// # Errors
    /// The database fails.
    pub fn leave(&self, name: &str, now_ms: i64) -> Result<bool> {
        self.forget_those("name = ?1", values![name], now_ms)
            .map(|gone| gone > 0)
    }

    /// Forgets an address everywhere. Returns how many campaigns it followed, or was asked to.
    ///
    /// # Errors
    /// The database fails.
    pub fn erase_address(&self, address_hmac: &[u8; 32], now_ms: i64) -> Result<u64> {
        let gone = self.forget_those("address_hmac = ?1", values![address_hmac], now_ms)?;
        self.write(Lock::Everything, |tx| {
            tx.execute(
                "DELETE FROM follow_attempts WHERE who = ?1",
                values![address_hmac],
            )
        })?;
        self.wipe_soon();
        Ok(gone)
    }

    /// Forgets an address in one campaign, for somebody who runs it.
    ///
    /// # Errors
    /// The asker has nothing to do with the campaign, or the database fails.
    pub fn erase_follower(
        &self,
        actor: &Actor,
        campaign: &CampaignId,
        address_hmac: &[u8; 32],
        now_ms: i64,
    ) -> Result<bool> {
        let gone = self.write(Lock::Everything, |tx| {
            refuse_others(tx, actor, campaign.as_str())?;
            let gone = forget(
                tx,
                "campaign = ?1 AND address_hmac = ?2",
                values![campaign.as_str(), address_hmac],
                now_ms,
            )?;
            if gone > 0 {
                let subject = format!("campaign {campaign}");
                audit::note(tx, actor, Verb::ErasedFollower, (&subject, ""), now_ms)?;
            }
            Ok::<_, StoreError>(gone > 0)
        })?;
        self.wipe_soon();
        Ok(gone)
    }

    /// Forgets whoever did not confirm, or was not heard of for too long, phones that are
    /// remembered no longer, and attempts of the day before.
    ///
    /// # Errors
    /// The database fails.
    pub fn forget_followers(&self, now_ms: i64) -> Result<()> {
        loop {
            let condition = format!(
                "id IN (SELECT id FROM followers WHERE ends_ms <= ?1 ORDER BY ends_ms LIMIT {FORGOTTEN_MAX})"
            );
            let gone = self.forget_those(&condition, values![now_ms], now_ms)?;
            if gone < u64::from(FORGOTTEN_MAX) {
                break;
            }
        }
        let is_due = self.read_once(|tx| {
            Ok::<_, StoreError>(tx.exists(
                "SELECT 1 FROM follow_attempts WHERE at_ms <= ?1
                 UNION ALL SELECT 1 FROM followers WHERE phone_ends_ms <= ?2
                 UNION ALL SELECT 1 FROM follow_mails WHERE ended_ms <= ?1",
                values![now_ms - DAY_MS, now_ms],
            )?)
        })?;
        if !is_due {
            return Ok(());
        }
        self.write(Lock::Everything, |tx| {
            tx.execute(
                "DELETE FROM follow_attempts WHERE at_ms <= ?1",
                values![now_ms - DAY_MS],
            )?;
            tx.execute(
                "UPDATE followers SET phone_hmac = NULL, phone_ends_ms = NULL WHERE phone_ends_ms <= ?1",
                values![now_ms],
            )?;
            // While news goes out, its rows say who has had it.
            tx.execute(
                "DELETE FROM follow_mails WHERE ended_ms <= ?1
                 AND (news IS NULL OR news IN (SELECT id FROM follow_news WHERE ended_ms IS NOT NULL))",
                values![now_ms - DAY_MS],
            )
        })?;
        self.wipe_soon();
        Ok(())
    }

    fn forget_those(&self, condition: &str, values: &[Value<'_>], now_ms: i64) -> Result<u64> {
        let is_any = self.read_once(|tx| {
            tx.exists(
                &format!("SELECT 1 FROM followers WHERE {condition}"),
                values,
            )
        })?;
        if !is_any {
            return Ok(0);
        }
        let gone = self.write(Lock::Everything, |tx| forget(tx, condition, values, now_ms))?;
        self.wipe_soon();
        Ok(gone)
    }
}

fn is_too_often(tx: &Transaction<'_>, who: &[u8], now_ms: i64) -> Result<bool, DatabaseError> {
    for (time_ms, most) in [(HOUR_MS, AN_HOUR_MAX), (DAY_MS, A_DAY_MAX)] {
        let count: i64 = tx.value(
            "SELECT count(*) FROM follow_attempts WHERE who = ?1 AND at_ms > ?2",
            values![who, now_ms - time_ms],
        )?;
        if count >= most {
            return Ok(true);
        }
    }
    Ok(false)
}

fn add_mail(
    tx: &Transaction<'_>,
    follower: i64,
    campaign: &CampaignId,
    now_ms: i64,
) -> Result<(), DatabaseError> {
    tx.execute(
        "DELETE FROM follow_mails WHERE follower = ?1 AND news IS NULL AND begun_ms IS NULL AND ended_ms IS NULL",
        values![follower],
    )?;
    tx.execute(
        "INSERT INTO follow_mails (follower, campaign, made_ms, next_ms) VALUES (?1, ?2, ?3, ?3)",
        values![follower, campaign.as_str(), now_ms],
    )?;
    Ok(())
}

/// Forgets some people. Returns how many.
pub(super) fn forget(
    tx: &Transaction<'_>,
    condition: &str,
    values: &[Value<'_>],
    now_ms: i64,
) -> Result<u64, DatabaseError> {
    let found: Vec<(i64, Option<i64>, Vec<u8>)> = tx.all(
        &format!("SELECT id, fact, address_hmac FROM followers WHERE {condition}"),
        values,
        |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    for (follower, fact, address_hmac) in &found {
        tx.execute(
            "DELETE FROM follow_attempts WHERE who = ?1",
            values![address_hmac],
        )?;
        remove(tx, *follower, fact.map(|fact| (fact, now_ms)))?;
    }
    Ok(found.len().try_into().unwrap_or(u64::MAX))
}

/// Removes one, with all that refers to them.
fn remove(
    tx: &Transaction<'_>,
    follower: i64,
    fact: Option<(i64, i64)>,
) -> Result<(), DatabaseError> {
    // News that they were still to get is for one less.
    tx.execute(
        "UPDATE follow_news SET total = total - 1 WHERE id IN
             (SELECT news FROM follow_mails WHERE follower = ?1 AND ended_ms IS NULL)",
        values![follower],
    )?;
    tx.execute(
        "DELETE FROM follow_mails WHERE follower = ?1",
        values![follower],
    )?;
    tx.execute(
        "DELETE FROM fan_offers WHERE follower = ?1 AND redeemed_ms IS NULL",
        values![follower],
    )?;
    tx.execute(
        "UPDATE fan_offers SET follower = NULL, sealed = NULL WHERE follower = ?1",
        values![follower],
    )?;
    tx.execute("DELETE FROM followers WHERE id = ?1", values![follower])?;
    if let Some((fact, now_ms)) = fact {
        tx.execute(
            "UPDATE follow_facts SET gone_ms = ?2 WHERE id = ?1",
            values![fact, hour_of(now_ms)],
        )?;
    }
    Ok(())
}
