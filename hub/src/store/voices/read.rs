//! Voices, read: by their writers, and by publishers.

use passerby_protocol::{CampaignId, foreign};

use crate::database::{DatabaseError, Id, Row, Value, values};
use crate::people::Scope;
use crate::scans::visitor::Visitor;
use crate::store::screen_list::Conditions;
use crate::store::voices::records::{
    KeptVoice, KeptWords, OwnVoice, VoiceFilter, VoiceRow, VoiceState,
};
use crate::store::{Result, Store, StoreError};

/// What is read of words, in this order.
const WORDS: &str = "voice_words.sealed, consent, agreed_ms, for_screen, approved_ms, ends_ms";

fn words(row: &Row<'_>, at: usize) -> Result<Option<KeptWords>, DatabaseError> {
    let Some(sealed) = row.get(at)? else {
        return Ok(None);
    };
    Ok(Some(KeptWords {
        sealed,
        consent: row.get(at + 1)?,
        agreed_ms: row.get(at + 2)?,
        for_screen: row.get(at + 3)?,
        approved_ms: row.get(at + 4)?,
        ends_ms: row.get(at + 5)?,
    }))
}

/// A picture's size, if there is one.
fn size(row: &Row<'_>, at: usize) -> Result<Option<(u32, u32)>, DatabaseError> {
    let (width, height): (Option<u32>, Option<u32>) = (row.get(at)?, row.get(at + 1)?);
    Ok(width.zip(height))
}

/// What the publisher says, and when.
fn answer(row: &Row<'_>, at: usize) -> Result<Option<(Vec<u8>, i64)>, DatabaseError> {
    let (sealed, said_ms): (Option<Vec<u8>>, Option<i64>) = (row.get(at)?, row.get(at + 1)?);
    Ok(sealed.zip(said_ms))
}

impl Store {
    /// Lists what was said under a link by whoever has its owner's pseudonym, the newest first, as
    /// far as that is still known. Two people may have one: who was it knows what its form had.
    ///
    /// # Errors
    /// The database fails.
    pub fn own_voices(&self, link: &str, visitor: Visitor) -> Result<Vec<OwnVoice>> {
        self.read_once(|tx| {
            Ok(tx.all(
                "SELECT voices.name, state, said_ms, once FROM shares JOIN voices ON share = shares.id
                 WHERE shares.name = ?1 AND visitor = ?2 ORDER BY voices.id DESC",
                values![link, visitor.0],
                |row| {
                    Ok::<_, DatabaseError>(OwnVoice {
                        name: row.get(0)?,
                        state: VoiceState::of_row(row, 1)?,
                        said_ms: row.get(2)?,
                        once: row.get(3)?,
                    })
                },
            )?)
        })
    }

    /// Returns all that is kept of a voice; `None` where there is none of this name.
    ///
    /// # Errors
    /// The database fails.
    pub fn voice(&self, name: &str) -> Result<Option<KeptVoice>> {
        self.read_once(|tx| {
            tx.optional(
                &format!(
                    "SELECT voices.campaign, body, state, voices.said_ms, {WORDS}, width, height, voice_answers.sealed,
                            voice_answers.said_ms
                     FROM voices JOIN campaigns ON campaigns.id = voices.campaign
                     LEFT JOIN voice_words ON voice_words.voice = voices.id
                     LEFT JOIN voice_pictures ON voice_pictures.voice = voices.id
                     LEFT JOIN voice_answers ON voice_answers.voice = voices.id
                     WHERE voices.name = ?1"
                ),
                values![name],
                |row| {
                    Ok::<_, StoreError>(KeptVoice {
                        name: name.to_owned(),
                        campaign: row.get::<Id<CampaignId>>(0)?.0,
                        body: serde_json::from_str(&row.get::<String>(1)?)?,
                        state: VoiceState::of_row(row, 2)?,
                        said_ms: row.get(3)?,
                        words: words(row, 4)?,
                        picture_px: size(row, 10)?,
                        answer: answer(row, 12)?,
                    })
                },
            )
        })
    }

    /// Returns a voice's picture, sealed, large or small. With a scope, only of a campaign in it.
    ///
    /// # Errors
    /// The database fails.
    pub fn voice_picture(
        &self,
        name: &str,
        is_small: bool,
        of: Option<(&CampaignId, &Scope)>,
    ) -> Result<Option<Vec<u8>>> {
        let column = if is_small { "small_sealed" } else { "sealed" };
        let found = self.read_once(|tx| {
            tx.optional(
                &format!(
                    "SELECT voice_pictures.{column}, voices.campaign, coalesce(group_name, '')
                     FROM voices JOIN voice_pictures ON voice = voices.id
                     LEFT JOIN campaign_groups ON campaign_groups.campaign = voices.campaign
                     WHERE voices.name = ?1"
                ),
                values![name],
                |row| {
                    let (campaign, group): (String, String) = (row.get(1)?, row.get(2)?);
                    Ok::<_, StoreError>((row.get::<Vec<u8>>(0)?, campaign, group))
                },
            )
        })?;
        Ok(found
            .filter(|(_, campaign, group)| {
                of.is_none_or(|(wanted, scope)| {
                    wanted.as_str() == campaign && scope.has_campaigns_of(group)
                })
            })
            .map(|(picture, ..)| picture))
    }

    /// Lists voices of a campaign, the newest first, at most so many; `None` where the asker has
    /// nothing to do with it, or there is none.
    ///
    /// # Errors
    /// The database fails.
    pub fn campaign_voices(
        &self,
        campaign: &CampaignId,
        scope: &Scope,
        filter: VoiceFilter,
        count: usize,
    ) -> Result<Option<Vec<VoiceRow>>> {
        if self.campaign_facts(campaign, scope)?.is_none() {
            return Ok(None);
        }
        let before = filter.before.unwrap_or(i64::MAX);
        let mut asked = Conditions {
            sql: "voices.campaign = ?1 AND voices.id < ?2".to_owned(),
            values: vec![Value::from(campaign.as_str()), Value::from(before)],
        };
        match filter.state {
            Some(state) => {
                let place = asked.value(state.word());
                asked.sql += &format!(" AND state = {place}");
            }
            None => asked.sql += " AND voice_words.voice IS NOT NULL",
        }
        let count = asked.value(count);
        let rows = self.read_once(|tx| {
            tx.all(
                &format!(
                    "SELECT voices.id, voices.name, state, voices.said_ms, creative, screen, coalesce(screens.name, ''),
                            generation, visitor IS NOT NULL, {WORDS}, small_width, small_height, voice_answers.sealed,
                            voice_answers.said_ms
                     FROM voices LEFT JOIN screens ON number = screen
                     LEFT JOIN voice_words ON voice_words.voice = voices.id
                     LEFT JOIN voice_pictures ON voice_pictures.voice = voices.id
                     LEFT JOIN voice_answers ON voice_answers.voice = voices.id
                     WHERE {} ORDER BY voices.id DESC LIMIT {count}",
                    asked.sql
                ),
                &asked.values,
                row_of,
            )
        })?;
        Ok(Some(rows))
    }

    /// Counts the voices of a scope that nobody has read.
    ///
    /// # Errors
    /// The database fails.
    pub fn voices_waiting(&self, scope: &Scope) -> Result<u64> {
        let mut asked = Conditions {
            sql: "state = 'waiting'".to_owned(),
            values: Vec::new(),
        };
        asked.among("coalesce(group_name, '')", scope.campaigns.as_ref());
        self.read_once(|tx| {
            let sql = format!(
                "SELECT count(*) FROM voices LEFT JOIN campaign_groups ON campaign_groups.campaign = voices.campaign
                 WHERE {}",
                asked.sql
            );
            Ok(tx.value(&sql, &asked.values)?)
        })
    }

    /// The campaigns of a scope with voices that nobody has read, and how many; those with the most
    /// first.
    ///
    /// # Errors
    /// The database fails.
    pub fn campaigns_with_voices(
        &self,
        scope: &Scope,
        count: usize,
    ) -> Result<Vec<(CampaignId, u64)>> {
        let mut asked = Conditions {
            sql: "state = 'waiting'".to_owned(),
            values: Vec::new(),
        };
        asked.among("coalesce(group_name, '')", scope.campaigns.as_ref());
        let count = asked.value(count);
        self.read_once(|tx| {
            let sql = format!(
                "SELECT voices.campaign, count(*) FROM voices
                 LEFT JOIN campaign_groups ON campaign_groups.campaign = voices.campaign
                 WHERE {} GROUP BY voices.campaign ORDER BY 2 DESC, 1 LIMIT {count}",
                asked.sql
            );
            Ok(tx.all(&sql, &asked.values, |row| {
                Ok::<_, DatabaseError>((row.get::<Id<CampaignId>>(0)?.0, row.get(1)?))
            })?)
        })
    }

    /// Counts the voices of one campaign that nobody has read.
    ///
    /// # Errors
    /// The database fails.
    pub fn voices_waiting_for(&self, campaign: &CampaignId) -> Result<u64> {
        self.read_once(|tx| {
            Ok(tx.value(
                "SELECT count(*) FROM voices WHERE campaign = ?1 AND state = 'waiting'",
                values![campaign.as_str()],
            )?)
        })
    }
}

fn row_of(row: &Row<'_>) -> Result<VoiceRow> {
    let name: String = row.get(6)?;
    Ok(VoiceRow {
        id: row.get(0)?,
        name: row.get(1)?,
        state: VoiceState::of_row(row, 2)?,
        said_ms: row.get(3)?,
        creative: row.get(4)?,
        screen: row.get::<Id<_>>(5)?.0,
        screen_name: foreign::escaped(&name).into_owned(),
        generation: row.get(7)?,
        is_of_today: row.get(8)?,
        words: words(row, 9)?,
        small_px: size(row, 15)?,
        answer: answer(row, 17)?,
    })
}
