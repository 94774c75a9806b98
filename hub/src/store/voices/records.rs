//! Voices as they are stored.

use passerby_protocol::{Campaign, CampaignId, ScreenNumber};
use serde::Serialize;

use crate::database::{DatabaseError, Row};

/// What became of a voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum VoiceState {
    /// Its publisher has not read it.
    Waiting,
    /// Its publisher has read it.
    Read,
    /// It has an answer.
    Answered,
    /// Its publisher took it down.
    Removed,
    /// Its writer erased it.
    Erased,
    /// Its time was over.
    Expired,
}

impl VoiceState {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Read,
        Self::Answered,
        Self::Removed,
        Self::Erased,
        Self::Expired,
    ];

    /// The word for it in databases and calls.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Read => "read",
            Self::Answered => "answered",
            Self::Removed => "removed",
            Self::Erased => "erased",
            Self::Expired => "expired",
        }
    }

    /// Finds one by its word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Reads one from a row.
    pub(super) fn of_row(row: &Row<'_>, at: usize) -> Result<Self, DatabaseError> {
        // One of a newer hub is looked at by nobody here.
        Ok(Self::of_word(&row.get::<String>(at)?).unwrap_or(Self::Expired))
    }
}

/// A picture, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedPicture {
    /// A JPEG.
    pub large: Vec<u8>,
    /// Its size in pixels.
    pub large_px: (u32, u32),
    /// The same, small.
    pub small: Vec<u8>,
    /// Its size in pixels.
    pub small_px: (u32, u32),
}

/// What is to be kept of a voice.
#[derive(Debug, Clone, Copy)]
pub struct NewVoice<'a> {
    /// What it is called.
    pub name: &'a str,
    /// What its form had: the same form twice is one voice.
    pub once: [u8; 16],
    /// The words, sealed.
    pub sealed: &'a [u8],
    /// The picture, if there is one.
    pub picture: Option<&'a SealedPicture>,
    /// To which version of the words its writer agreed.
    pub consent: u32,
    /// Whether its writer agreed to a screen.
    pub for_screen: bool,
    /// Until when what was said is kept.
    pub ends_ms: i64,
}

/// What became of a voice that was to be left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaidVoice {
    /// It is kept, now or since the form was sent before.
    Kept,
    /// There is no such link, or it is not theirs.
    NotOwn,
    /// They have left as many as one may, on this visit or today.
    TooMany,
    /// The campaign gets more than it can take just now.
    Busy,
    /// The campaign keeps as many as it can.
    Full,
    /// The publisher takes no more of theirs today.
    Blocked,
}

/// A voice of somebody's own, in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnVoice {
    /// What it is called.
    pub name: String,
    /// What its form had.
    pub once: [u8; 16],
    /// What became of it.
    pub state: VoiceState,
    /// When it was left.
    pub said_ms: i64,
}

/// What is kept of what somebody said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptWords {
    /// Sentence and name, sealed.
    pub sealed: Vec<u8>,
    /// To which version of the words they agreed.
    pub consent: u32,
    /// When.
    pub agreed_ms: i64,
    /// Whether they agreed to a screen.
    pub for_screen: bool,
    /// When the publisher did.
    pub approved_ms: Option<i64>,
    /// Until when it is kept.
    pub ends_ms: i64,
}

/// All that is kept of one voice.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptVoice {
    /// What it is called.
    pub name: String,
    /// To whose campaign.
    pub campaign: CampaignId,
    /// As it is now.
    pub body: Campaign,
    /// What became of it.
    pub state: VoiceState,
    /// When it was left.
    pub said_ms: i64,
    /// What was said, while it is kept.
    pub words: Option<KeptWords>,
    /// The size of its picture, while that is kept.
    pub picture_px: Option<(u32, u32)>,
    /// What the publisher says, sealed, and when.
    pub answer: Option<(Vec<u8>, i64)>,
}

/// Which voices of a campaign are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VoiceFilter {
    /// Those of this state; those with words of any without one.
    pub state: Option<VoiceState>,
    /// Older than this one, by its number.
    pub before: Option<i64>,
}

/// A voice for its publisher's eyes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiceRow {
    /// Its number, by which lists go on.
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// What became of it.
    pub state: VoiceState,
    /// When it was left.
    pub said_ms: i64,
    /// Of what.
    pub creative: String,
    /// At which screen its chain began.
    pub screen: ScreenNumber,
    /// What that is called.
    pub screen_name: String,
    /// How often the link was passed on since the scan.
    pub generation: u32,
    /// What was said, while it is kept.
    pub words: Option<KeptWords>,
    /// The size of its small picture, while that is kept.
    pub small_px: Option<(u32, u32)>,
    /// What the publisher says, sealed, and when.
    pub answer: Option<(Vec<u8>, i64)>,
    /// Whether its writer's pseudonym is still known, so that they can be refused.
    pub is_of_today: bool,
}

/// What a publisher does with a voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoiceChange<'a> {
    /// Has read it.
    Read,
    /// Answers it; the answer is sealed.
    Answer(&'a [u8]),
    /// Lets a screen show it, or no more.
    Approve(bool),
    /// Takes it down; the reason is sealed.
    Remove(&'a [u8]),
    /// Takes no more of its writer's today, and takes down what of theirs has no answer.
    Block,
}
