//! What publishers and writers do with voices.

use passerby_protocol::CampaignId;

use crate::database::{DatabaseError, Lock, Transaction, values};
use crate::people::Actor;
use crate::store::audit::Verb;
use crate::store::campaign_list::refuse_others;
use crate::store::voices::forget::forget_words;
use crate::store::voices::records::{VoiceChange, VoiceState};
use crate::store::{Result, Store, StoreError, audit};
use crate::system::clock::DAY_MS;

/// A voice that is to be changed.
struct Known {
    id: i64,
    state: VoiceState,
    has_words: bool,
    for_screen: bool,
    visitor: Option<[u8; 16]>,
}

impl Store {
    /// Has a publisher read, answer, approve or take down a voice, or take no more of its writer's.
    /// Returns whether there was anything to change.
    ///
    /// # Errors
    /// The asker has nothing to do with the campaign, or the database fails.
    pub fn change_voice(
        &self,
        actor: &Actor,
        (campaign, name): (&CampaignId, &str),
        change: VoiceChange<'_>,
        now_ms: i64,
    ) -> Result<bool> {
        self.write(Lock::Screens(&[]), |tx| {
            refuse_others(tx, actor, campaign.as_str())?;
            let Some(known) = known(tx, campaign, name)? else {
                return Ok(false);
            };
            let verb = match change {
                VoiceChange::Read => {
                    if known.state == VoiceState::Waiting {
                        set_state(tx, known.id, VoiceState::Read)?;
                    }
                    return Ok(known.has_words);
                }
                VoiceChange::Answer(sealed) => {
                    if !known.has_words {
                        return Ok(false);
                    }
                    say(tx, known.id, sealed, now_ms)?;
                    set_state(tx, known.id, VoiceState::Answered)?;
                    tx.execute(
                        "UPDATE voices SET answered_ms = coalesce(answered_ms, ?2) WHERE id = ?1",
                        values![known.id, now_ms],
                    )?;
                    Verb::AnsweredVoice
                }
                VoiceChange::Approve(is_approved) => {
                    if !known.has_words || is_approved && !known.for_screen {
                        return Ok(false);
                    }
                    tx.execute(
                        "UPDATE voice_words SET approved_ms = ?2 WHERE voice = ?1",
                        values![known.id, is_approved.then_some(now_ms)],
                    )?;
                    if known.state == VoiceState::Waiting {
                        set_state(tx, known.id, VoiceState::Read)?;
                    }
                    if is_approved {
                        Verb::ApprovedVoice
                    } else {
                        Verb::WithdrewVoice
                    }
                }
                VoiceChange::Remove(sealed) => {
                    if !known.has_words {
                        return Ok(false);
                    }
                    forget_words(tx, known.id)?;
                    say(tx, known.id, sealed, now_ms)?;
                    set_state(tx, known.id, VoiceState::Removed)?;
                    Verb::RemovedVoice
                }
                VoiceChange::Block => {
                    let Some(visitor) = known.visitor else {
                        return Ok(false);
                    };
                    block(tx, campaign, visitor, now_ms)?;
                    Verb::BlockedVoices
                }
            };
            // Neither the words nor the voice, which would lead to whoever left it.
            let subject = format!("campaign {campaign}");
            audit::note(tx, actor, verb, (&subject, ""), now_ms)?;
            Ok(true)
        })
    }

    /// Forgets what somebody said, by the name of their voice, with the answer to it. Returns
    /// whether there was anything.
    ///
    /// # Errors
    /// The database fails.
    pub fn erase_voice(&self, name: &str) -> Result<bool> {
        self.write(Lock::Screens(&[]), |tx| {
            let found = tx.optional(
                "SELECT id, state FROM voices WHERE name = ?1",
                values![name],
                |row| Ok::<_, DatabaseError>((row.get::<i64>(0)?, VoiceState::of_row(row, 1)?)),
            )?;
            let Some((id, state)) = found else {
                return Ok(false);
            };
            if matches!(state, VoiceState::Erased | VoiceState::Expired) {
                return Ok(false);
            }
            forget_words(tx, id)?;
            set_state(tx, id, VoiceState::Erased)?;
            Ok::<_, StoreError>(true)
        })
    }
}

fn known(
    tx: &Transaction<'_>,
    campaign: &CampaignId,
    name: &str,
) -> Result<Option<Known>, DatabaseError> {
    tx.optional(
        "SELECT id, state, voice_words.voice IS NOT NULL, coalesce(for_screen, FALSE), visitor
         FROM voices LEFT JOIN voice_words ON voice = id WHERE name = ?1 AND voices.campaign = ?2",
        values![name, campaign.as_str()],
        |row| {
            Ok(Known {
                id: row.get(0)?,
                state: VoiceState::of_row(row, 1)?,
                has_words: row.get(2)?,
                for_screen: row.get(3)?,
                visitor: row.get(4)?,
            })
        },
    )
}

fn set_state(tx: &Transaction<'_>, voice: i64, state: VoiceState) -> Result<(), DatabaseError> {
    tx.execute(
        "UPDATE voices SET state = ?2 WHERE id = ?1",
        values![voice, state.word()],
    )?;
    Ok(())
}

/// Keeps what the publisher says of a voice, in place of what they said before.
fn say(tx: &Transaction<'_>, voice: i64, sealed: &[u8], now_ms: i64) -> Result<(), DatabaseError> {
    tx.execute(
        "INSERT INTO voice_answers (voice, sealed, said_ms) VALUES (?1, ?2, ?3)
         ON CONFLICT (voice) DO UPDATE SET sealed = excluded.sealed, said_ms = excluded.said_ms",
        values![voice, sealed, now_ms],
    )?;
    Ok(())
}

/// Takes no more of a visitor's until their pseudonym is another, and takes down what of theirs has
/// no answer.
fn block(
    tx: &Transaction<'_>,
    campaign: &CampaignId,
    visitor: [u8; 16],
    now_ms: i64,
) -> Result<(), DatabaseError> {
    tx.execute(
        "INSERT INTO voice_blocks (campaign, visitor, until_ms) VALUES (?1, ?2, ?3)
         ON CONFLICT (campaign, visitor) DO UPDATE SET until_ms = excluded.until_ms",
        values![campaign.as_str(), visitor, now_ms + 2 * DAY_MS],
    )?;
    let theirs: Vec<i64> = tx.all(
        "SELECT id FROM voices WHERE visitor = ?1 AND campaign = ?2 AND state IN ('waiting', 'read')",
        values![visitor, campaign.as_str()],
        |row| row.get(0),
    )?;
    for voice in theirs {
        forget_words(tx, voice)?;
        set_state(tx, voice, VoiceState::Removed)?;
    }
    Ok(())
}
