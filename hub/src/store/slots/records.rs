//! What is kept of a slot, how it stands, and why something does not go into it.

use std::collections::BTreeSet;

use jiff::civil::Date;
use passerby_protocol::creative::CreativeKind;
use passerby_protocol::{CampaignId, foreign};

use crate::database::DatabaseError;
use crate::store::StoreError;
use crate::store::versions::ChosenScreens;

/// Most slots of one hub, closed ones among them.
pub const SLOTS_MAX: usize = 2_000;
/// Most pieces of one slot.
pub const SLOT_PIECES_MAX: u32 = 100;
/// Most days of one slot.
pub const SLOT_DAYS_MAX: i32 = 400;

/// What may come into a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SlotKind {
    /// Pictures and drawings.
    Picture,
    /// Films.
    Film,
    /// Cards, tickers and web pages.
    Text,
}

impl SlotKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Picture, Self::Film, Self::Text];

    /// The word for it in the database, in forms and in calls.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Picture => "picture",
            Self::Film => "film",
            Self::Text => "text",
        }
    }

    /// Finds one by its word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The one that a file is of.
    pub fn of_file(name: &str) -> Option<Self> {
        CreativeKind::of_name(name).map(|kind| match kind {
            CreativeKind::Picture | CreativeKind::Drawing => Self::Picture,
            CreativeKind::Video => Self::Film,
            CreativeKind::Card | CreativeKind::Ticker | CreativeKind::Page => Self::Text,
        })
    }
}

/// How a slot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotState {
    /// Pieces may come in.
    Open,
    /// Its last day is over.
    Ended,
    /// Somebody closed it.
    Closed,
}

impl SlotState {
    /// The word for it in calls.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Ended => "ended",
            Self::Closed => "closed",
        }
    }
}

/// A slot that is to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSlot {
    /// What it is called; the group of its campaign is called so too.
    pub name: String,
    /// The campaign that its pieces will be.
    pub campaign: CampaignId,
    /// The first day on which they air.
    pub first: Date,
    /// The last one.
    pub last: Date,
    /// How many there may be.
    pub pieces_max: u32,
    /// Of which kinds.
    pub kinds: BTreeSet<SlotKind>,
    /// On which screens.
    pub targets: ChosenScreens,
}

/// A slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Its number.
    pub id: i64,
    /// As it was opened.
    pub terms: NewSlot,
    /// Who opened it.
    pub made_by: String,
    /// When, as Unix time in milliseconds.
    pub made_ms: i64,
    /// When somebody closed it.
    pub closed_ms: Option<i64>,
    /// How many pieces there are.
    pub pieces: u64,
    /// Whether its draft was begun.
    pub has_draft: bool,
    /// Whether it waits for approval.
    pub is_submitted: bool,
    /// Whether its campaign is published.
    pub is_live: bool,
    /// Whether the draft is what is published.
    pub is_as_published: bool,
}

impl Slot {
    /// How it stands on a day.
    pub fn state(&self, today: Date) -> SlotState {
        if self.closed_ms.is_some() {
            SlotState::Closed
        } else if today > self.terms.last {
            SlotState::Ended
        } else {
            SlotState::Open
        }
    }
}

/// Says why something does not go into a slot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SlotFault {
    /// Its time is over.
    #[error("this slot is closed; nothing more goes into it")]
    Closed,
    /// Too many pieces.
    #[error("this slot has room for {0} pieces; take some out first")]
    TooMany(u32),
    /// A piece of another kind.
    #[error("{} is of a kind that this slot does not take", foreign::escaped(.0))]
    Kind(String),
    /// It would air outside its days.
    #[error("a slot airs from {0} to {1} and on no other days; its stages must lie within them")]
    Days(Date, Date),
    /// It would air elsewhere.
    #[error("the screens of a slot are those that it was opened for")]
    Screens,
    /// A draft that is not the slot's own.
    #[error("this group belongs to a slot, which has one campaign; hand pieces in there")]
    NotItsCampaign,
}

/// Says why a slot was not opened or closed.
#[derive(Debug, thiserror::Error)]
pub enum SlotError {
    /// A slot, or a group, is called so.
    #[error("there is a slot or a group {0:?} already; take another name")]
    NameTaken(String),
    /// There are too many.
    #[error("there are {SLOTS_MAX} slots already")]
    TooMany,
    /// The days are none, or too many.
    #[error("a slot has 1 to {SLOT_DAYS_MAX} days, the last of them not over yet")]
    Days,
    /// It has no pieces, or too many.
    #[error("a slot has 1 to {SLOT_PIECES_MAX} pieces of at least one kind")]
    Pieces,
    /// It is for screens that the opener has nothing to do with.
    #[error("it is for screens that are in no group of yours; choose screens or groups that are")]
    OtherScreens,
    /// Who should hand in may not, or has too many slots.
    #[error("choose a contributor who is held to groups of campaigns, and to fewer than 50")]
    Contributor,
    /// There is no such slot, or the database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DatabaseError> for SlotError {
    fn from(error: DatabaseError) -> Self {
        Self::Store(error.into())
    }
}
