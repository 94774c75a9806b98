//! What a publisher asks to be done with a voice, from the console or by a program.
//!
//! Invariant: what the publisher says is sealed for its voice before it is kept.

use passerby_protocol::CampaignId;

use crate::keys::Keys;
use crate::people::Actor;
use crate::server::AppState;
use crate::store::{StoreError, VoiceChange};
use crate::voices::{AnswerError, Part, checked_answer};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum VoiceWish {
    /// It was read.
    Read,
    /// An answer.
    Answer(String),
    /// A screen may show it, or no more.
    Approve(bool),
    /// It is taken down, with a reason.
    Remove(String),
    /// No more is taken of its writer today.
    Block,
}

/// Says why nothing was done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WishError {
    /// Nothing of this name can be done.
    #[error("do is read, answer, approve, withdraw, remove or block")]
    Unknown,
    /// What the publisher says is not taken.
    #[error("text: {0}")]
    Answer(#[from] AnswerError),
}

impl VoiceWish {
    /// The words for what can be done.
    pub(crate) const WORDS: &[&str] = &["read", "answer", "approve", "withdraw", "remove", "block"];

    /// Reads what is to be done, and what the publisher says.
    ///
    /// # Errors
    /// See [`WishError`].
    pub(crate) fn read(word: &str, text: &str) -> Result<Self, WishError> {
        Ok(match word {
            "read" => Self::Read,
            "answer" => Self::Answer(checked_answer(text)?),
            "approve" => Self::Approve(true),
            "withdraw" => Self::Approve(false),
            "remove" => Self::Remove(checked_answer(text)?),
            "block" => Self::Block,
            _ => return Err(WishError::Unknown),
        })
    }

    /// Does it. Returns whether there was anything to do it with.
    ///
    /// # Errors
    /// The asker has nothing to do with the campaign, or the database fails.
    pub(crate) fn fulfil(
        &self,
        app: &AppState,
        actor: &Actor,
        (campaign, voice): (&CampaignId, &str),
        now_ms: i64,
    ) -> Result<bool, StoreError> {
        let keys: &Keys = app.hub.keys();
        let sealed = match self {
            Self::Answer(text) | Self::Remove(text) => {
                Part::Answer.seal(keys, voice, text.as_bytes())
            }
            Self::Read | Self::Approve(_) | Self::Block => Vec::new(),
        };
        let change = match self {
            Self::Read => VoiceChange::Read,
            Self::Answer(_) => VoiceChange::Answer(&sealed),
            Self::Approve(is_approved) => VoiceChange::Approve(*is_approved),
            Self::Remove(_) => VoiceChange::Remove(&sealed),
            Self::Block => VoiceChange::Block,
        };
        let store = &app.hub.store;
        store.change_voice(actor, (campaign, voice), change, now_ms)
    }
}
