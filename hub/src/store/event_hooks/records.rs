//! Web hooks and events as they are stored.

use std::collections::BTreeSet;

use passerby_protocol::CampaignId;
use serde::{Deserialize, Serialize};

use crate::conversions::Proof;
use crate::database::DatabaseError;
use crate::store::StoreError;
use crate::store::alerts::{AlertWords, HookKind};

/// Most web hooks of one hub.
pub const EVENT_HOOKS_MAX: usize = 200;

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// A shop reported something, or took it back.
    Conversion,
    /// Somebody opened a link that somebody else passed on.
    Share,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Conversion, Self::Share];

    /// The word for it in databases and calls.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Conversion => "conversion",
            Self::Share => "share",
        }
    }

    /// Finds one by its word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// A conversion, as programs are told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversionEvent {
    /// Of which campaign.
    pub campaign: String,
    /// The shop's id of it.
    pub id: String,
    /// What was done; `refund` for what is taken back.
    pub kind: String,
    /// The id of what is taken back.
    pub order: Option<String>,
    /// A decimal number.
    pub value: Option<String>,
    /// Of ISO 4217.
    pub currency: Option<String>,
    /// Who says so.
    pub proof: Proof,
    /// The click, as the shop said it.
    pub click: Option<String>,
    /// Where the chain began; none without a click that is known.
    pub screen: Option<u32>,
    /// How often the link had been passed on.
    pub generation: Option<i64>,
}

/// A link that was passed on, as programs are told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareEvent {
    /// Of which campaign.
    pub campaign: String,
    /// Where the chain began.
    pub screen: u32,
    /// How often the link has been passed on since the scan.
    pub generation: i64,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A conversion.
    Conversion(ConversionEvent),
    /// A share.
    Share(ShareEvent),
    /// Nothing: somebody tries whether it arrives.
    Test,
}

/// What somebody wants of a web hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventHookSettings {
    /// What people call it.
    pub name: String,
    /// In which form it wants to be told.
    pub kind: HookKind,
    /// Of what.
    pub events: BTreeSet<EventKind>,
    /// Of which campaign; of all without one.
    pub campaign: Option<CampaignId>,
    /// In which language, where it is told in words.
    pub words: AlertWords,
    /// The host of its address, which has no secret in it.
    pub host: Option<String>,
}

/// A web hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventHook {
    /// Its number.
    pub id: i64,
    /// What it is.
    pub settings: EventHookSettings,
    /// Its address and secret.
    pub sealed_hook: Vec<u8>,
    /// Whether it is told nothing for now.
    pub paused: bool,
    /// Who made it.
    pub made_by: String,
    /// When.
    pub made_ms: i64,
    /// How much it has taken.
    pub sent: u64,
    /// When it took something last.
    pub sent_ms: Option<i64>,
    /// How often it failed since then.
    pub failures: u32,
    /// Before then nothing is tried.
    pub next_ms: i64,
    /// Why it failed last.
    pub problem: Option<String>,
    /// How much is on its way to it.
    pub waiting: u64,
    /// How much was given up.
    pub given_up: u64,
}

/// What somebody is to send now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedEvent {
    /// Its number, the same whenever it is sent again.
    pub id: i64,
    /// What happened.
    pub event: Event,
    /// When.
    pub made_ms: i64,
    /// How often it was tried, with this time.
    pub attempts: u32,
}

/// What was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadEvent {
    /// Its number.
    pub message: i64,
    /// What happened.
    pub event: EventKind,
    /// Of which campaign.
    pub campaign: String,
    /// When.
    pub made_ms: i64,
    /// When it was given up.
    pub failed_ms: i64,
    /// Why.
    pub problem: String,
}

/// Which web hooks are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that took what they were sent last.
    Well,
    /// Those that failed.
    Failing,
}

/// Says why a web hook was not added or changed.
#[derive(Debug, thiserror::Error)]
pub enum EventHookError {
    /// There are too many.
    #[error("there are {EVENT_HOOKS_MAX} web hooks already; remove one")]
    TooMany,
    /// There is none, or it is none of the asker's.
    #[error("there is no such web hook, or it is of a campaign that you have nothing to do with")]
    Unknown,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DatabaseError> for EventHookError {
    fn from(error: DatabaseError) -> Self {
        Self::Store(error.into())
    }
}
