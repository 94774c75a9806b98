//! Sources and their items as they are stored.

use serde::Serialize;

use crate::database::DatabaseError;
use crate::store::StoreError;

/// Most sources of one hub.
pub(super) const SOURCES_MAX: i64 = 200;
/// Most items of one source that are taken in or changed on one day: each may cost every screen one
/// of its assignment numbers.
pub const DAY_ITEMS_MAX: i64 = 200;
/// After how many days an item that has ended and that no document has any more is forgotten.
pub(super) const FORGET_DAYS: i64 = 90;

/// Where a source's content comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// It is fetched from a web server.
    Link,
    /// It is read from a file of the hub's machine.
    File,
    /// It is sent to the hub.
    Hook,
}

impl SourceKind {
    const WORDS: [(Self, &str); 3] = [
        (Self::Link, "link"),
        (Self::File, "file"),
        (Self::Hook, "hook"),
    ];

    pub(super) fn word(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(kind, _)| *kind == self);
        found.map_or("", |(_, word)| word)
    }

    pub(super) fn of_word(word: &str) -> Option<Self> {
        let found = Self::WORDS.iter().find(|(_, known)| *known == word);
        found.map(|(kind, _)| *kind)
    }
}

/// What becomes of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemState {
    /// Somebody has to approve it.
    Waiting,
    /// It is to be made and published.
    Ready,
    /// It is published.
    Airing,
    /// Its time is over, or newer ones have taken its place.
    Ended,
    /// Somebody has taken it down, for good.
    TakenDown,
    /// No card could be made of it.
    Failed,
}

impl ItemState {
    const WORDS: [(Self, &str); 6] = [
        (Self::Waiting, "waiting"),
        (Self::Ready, "ready"),
        (Self::Airing, "airing"),
        (Self::Ended, "ended"),
        (Self::TakenDown, "taken-down"),
        (Self::Failed, "failed"),
    ];

    /// How it is written.
    pub fn word(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(state, _)| *state == self);
        found.map_or("", |(_, word)| word)
    }

    pub(super) fn of_word(word: &str) -> Option<Self> {
        let found = Self::WORDS.iter().find(|(_, known)| *known == word);
        found.map(|(state, _)| *state)
    }
}

/// A source that is added.
#[derive(Debug, Clone)]
pub struct NewSource {
    /// What it is called.
    pub name: String,
    /// Where its content comes from.
    pub kind: SourceKind,
    /// The URL or path; none for a hook.
    pub location: Option<String>,
    /// SHA-256 of the secret of a hook.
    pub secret_sha256: Option<[u8; 32]>,
    /// Its rules as JSON.
    pub rules: String,
}

/// A source.
#[derive(Debug, Clone)]
pub struct SourceRecord {
    /// What it is called.
    pub name: String,
    /// Where its content comes from.
    pub kind: SourceKind,
    /// The URL or path; none for a hook.
    pub location: Option<String>,
    /// SHA-256 of the secret of a hook.
    pub secret_sha256: Option<[u8; 32]>,
    /// Its rules as JSON.
    pub rules: String,
    /// Whether it is not fetched for now.
    pub paused: bool,
    /// When it is to be fetched again.
    pub fetch_ms: i64,
    /// What its server called the document that it sent last.
    pub etag: Option<String>,
    /// When that was changed, as its server writes it.
    pub last_modified: Option<String>,
    /// When it was fetched last, well or not.
    pub fetched_ms: Option<i64>,
    /// When it was fetched well.
    pub succeeded_ms: Option<i64>,
    /// How often fetching has failed since then.
    pub failures: u32,
    /// Why it has failed last.
    pub problem: Option<String>,
    /// What of the last document was left out.
    pub left_out: Option<String>,
}

/// An item as a document has it.
#[derive(Debug, Clone)]
pub struct NewItem {
    /// By what it is known again; the first is what its document calls it.
    pub names: Vec<[u8; 32]>,
    /// SHA-256 of what it says.
    pub content: [u8; 32],
    /// For lists.
    pub title: String,
    /// What it says, as JSON.
    pub words: String,
    /// When it was published; now, when nobody says.
    pub order_ms: i64,
    /// When it ends.
    pub ends_ms: i64,
    /// What of it could not be used.
    pub told: Option<String>,
}

/// How items are taken in.
#[derive(Debug, Clone, Copy)]
pub struct TakeRules {
    /// Whether somebody has to approve each.
    pub needs_approval: bool,
    /// Whether one that says something else than before takes its own place.
    pub replaces: bool,
    /// Whether what is not among them has ended.
    pub is_whole: bool,
}

/// What came of taking items in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// Those that are new.
    pub new: u32,
    /// Those that say something else than before.
    pub changed: u32,
    /// Those that were known.
    pub known: u32,
    /// Those past [`DAY_ITEMS_MAX`], which come tomorrow if they are still there.
    pub too_many: u32,
}

/// An item.
#[derive(Debug, Clone)]
pub struct ItemRecord {
    /// Its number in its source.
    pub number: u32,
    /// What becomes of it.
    pub state: ItemState,
    /// For lists.
    pub title: String,
    /// What it says, as JSON.
    pub words: String,
    /// When it was published, as far as anybody says.
    pub order_ms: i64,
    /// When it ends.
    pub ends_ms: i64,
    /// Its campaign, once it has aired.
    pub campaign: Option<String>,
    /// What of it was left out, or why it does not air.
    pub told: Option<String>,
}

/// How a fetch went.
#[derive(Debug, Clone, Default)]
pub struct FetchOutcome {
    /// Why it failed; none when it did not.
    pub problem: Option<String>,
    /// What of the document was left out.
    pub left_out: Option<String>,
    /// What the server calls the document.
    pub etag: Option<String>,
    /// When it was changed, as the server writes it.
    pub last_modified: Option<String>,
    /// When it is to be fetched again.
    pub fetch_ms: i64,
}

/// Which items somebody means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhichItems {
    /// All that there are.
    All,
    /// Those with these numbers.
    Only(Vec<u32>),
}

/// Says why nothing was done with a source.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// There is one of that name.
    #[error("there is a source {0} already; remove it first, or take another name")]
    Known(String),
    /// There is none.
    #[error("there is no source {0}; see `passerby-hub source list`")]
    Unknown(String),
    /// It has no such item.
    #[error(
        "source {source_name} has no item {number} for this; see `passerby-hub source show {source_name}`"
    )]
    NoItem {
        /// The source.
        source_name: String,
        /// What was asked for.
        number: u32,
    },
    /// There are too many.
    #[error("there are {SOURCES_MAX} sources already; remove one first")]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DatabaseError> for SourceError {
    fn from(error: DatabaseError) -> Self {
        Self::Store(error.into())
    }
}
