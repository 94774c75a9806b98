//! What is kept of drafts and versions, and why something is not done with them.

use passerby_protocol::toml_fields::Problem;
use passerby_protocol::{CampaignId, Digest};
use serde::{Deserialize, Serialize};

use crate::database::{DatabaseError, Transaction, values};
use crate::people::{Actor, Scope};
use crate::store::drafts::claims::ClaimError;
use crate::store::films::{FilmJob, FilmState};
use crate::store::quotas::QuotaFault;
use crate::store::slots::SlotFault;
use crate::store::slots::rules::Refused;
use crate::store::versions::{CampaignFile, ChosenScreens};
use crate::store::{PublishError, StoreError};
use crate::system::clock;

/// Most drafts of one hub.
pub const DRAFTS_MAX: usize = 10_000;
/// Most files of one draft.
pub const DRAFT_FILES_MAX: usize = 500;
/// Most bytes that the files of all drafts and versions have together, each counted once: 100 GiB.
pub const STORED_BYTES_MAX: u64 = 100 << 30;

/// Where a draft stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DraftState {
    /// Somebody works on it.
    Draft,
    /// It was handed in, and waits for somebody who may publish.
    Submitted,
}

impl DraftState {
    /// The word for it in the database and in calls.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
        }
    }

    pub(super) fn of_word(word: &str) -> Self {
        if word == Self::Submitted.word() {
            Self::Submitted
        } else {
            Self::Draft
        }
    }
}

/// What was found when a draft was looked at as screens do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The revision that was looked at.
    pub revision: u64,
    /// Why it cannot be published.
    pub problems: Vec<Problem>,
    /// What is well to know although it airs.
    pub notes: Vec<Problem>,
    /// The files that air, one for each placement; empty where there are problems.
    pub airing: Vec<String>,
}

/// A draft in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftRow {
    /// The name of its folder.
    pub campaign: CampaignId,
    /// Its text.
    pub text: String,
    /// Where it stands.
    pub state: DraftState,
    /// Its group; empty for none.
    pub group: String,
    /// Who changed it last.
    pub changed_by: String,
    /// When.
    pub changed_ms: i64,
    /// How many files it has.
    pub files: u64,
    /// Whether its campaign is on the screens.
    pub is_live: bool,
    /// Whether what is on the screens is this draft as it is.
    pub is_as_published: bool,
}

/// One draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// As lists have it.
    pub row: DraftRow,
    /// One more with each change.
    pub revision: u64,
    /// The screens that it is for.
    pub targets: ChosenScreens,
    /// What whoever handed it in, or sent it back, has to say.
    pub note: String,
    /// What was found when it was looked at last, maybe as it was before.
    pub found: Option<Found>,
    /// The version of the campaign that it goes back to.
    pub version: Option<u64>,
    /// The newest version of the campaign.
    pub newest_version: Option<u64>,
    /// Its files, by name.
    pub files: Vec<CampaignFile>,
    /// What is done, or was, to make films of it ready for screens.
    pub films: Vec<FilmJob>,
}

impl Draft {
    /// Tells whether a film of it is still being made ready.
    pub fn has_open_films(&self) -> bool {
        self.films.iter().any(FilmJob::is_open)
    }

    /// Makes sure that it is what its reader has seen, where they say what that was.
    ///
    /// # Errors
    /// [`DraftError::Changed`].
    pub fn as_seen(self, revision: Option<u64>) -> Result<Self, DraftError> {
        if revision.is_none_or(|seen| seen == self.revision) {
            return Ok(self);
        }
        Err(DraftError::Changed {
            by: self.row.changed_by,
            at_ms: self.row.changed_ms,
        })
    }
}

/// A file whose bytes are stored and claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// What the campaign will call it.
    pub name: String,
    /// Its content.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
    /// Such as `image/png`.
    pub media_type: &'static str,
}

/// What a new draft begins with.
#[derive(Debug, Clone, Default)]
pub struct NewDraft {
    /// Its `campaign.toml`; may be empty.
    pub text: String,
    /// Its files.
    pub files: Vec<NewFile>,
    /// The group that its campaign will be in; empty for none.
    pub group: String,
    /// The screens that it is for.
    pub targets: ChosenScreens,
}

/// What is changed of a draft; what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct DraftChange {
    /// Another text.
    pub text: Option<String>,
    /// Other screens.
    pub targets: Option<ChosenScreens>,
    /// Files that come, or come in place of those of the same names.
    pub add: Vec<NewFile>,
    /// Files that go; with all, whatever is not added.
    pub remove: Vec<String>,
    /// Whether all files go that are not added.
    pub removes_others: bool,
}

/// Says why something is not done with a draft.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// There is a campaign or a draft of that name.
    #[error("there is a campaign {0:?} already; take another name")]
    Taken(String),
    /// It was changed meanwhile.
    #[error("{by} changed it meanwhile, at {}; look at it as it is now, and try again", clock::rfc3339(*.at_ms))]
    Changed {
        /// Who did.
        by: String,
        /// When, as Unix time in milliseconds.
        at_ms: i64,
    },
    /// There are too many of them.
    #[error("there are {DRAFTS_MAX} drafts already; delete one first")]
    TooManyDrafts,
    /// It would have too many files.
    #[error("a campaign has at most {DRAFT_FILES_MAX} files; take some out first")]
    TooManyFiles,
    /// All files together take too much room.
    #[error("the files of all drafts and versions would take more than {} GiB; delete drafts first", STORED_BYTES_MAX >> 30)]
    Full,
    /// The slot that it is of has no room for it.
    #[error(transparent)]
    Quota(#[from] QuotaFault),
    /// It is for screens that the publisher has nothing to do with.
    #[error("it is for screens that are in no group of yours; choose screens or groups that are")]
    OtherScreens,
    /// What is published of it airs on screens that the actor has nothing to do with.
    #[error(
        "it airs on screens that are in no group of yours; ask somebody who runs these to publish it"
    )]
    AirsElsewhere,
    /// Screens would show a film otherwise than it will be.
    #[error("a film of it is still being made ready; publish it when that is done, or call it off")]
    FilmsWait,
    /// Too many films wait.
    #[error("too many films wait to be made ready; try again when some are done")]
    TooManyFilms,
    /// A film is over already, or not over yet.
    #[error("this film is {} by now; look at it again", .0.word())]
    FilmElsewhere(FilmState),
    /// It is not waiting.
    #[error("it was not handed in, or was taken back")]
    NotSubmitted,
    /// A file is just being deleted.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// It does not go into the slot that it is of.
    #[error(transparent)]
    Slot(#[from] SlotFault),
    /// It was not published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// It is not there, or the database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Refused> for DraftError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Slot(fault) => Self::Slot(fault),
            Refused::Store(error) => Self::Store(error),
        }
    }
}

impl From<DatabaseError> for DraftError {
    fn from(error: DatabaseError) -> Self {
        Self::Store(error.into())
    }
}

/// The group of a draft's campaign, as SQL over `drafts`, `campaigns` and `campaign_groups`.
pub(super) const GROUP: &str = "CASE WHEN campaigns.id IS NULL THEN drafts.group_name ELSE coalesce(campaign_groups.group_name, '') END";
/// The tables for it.
pub(super) const FROM: &str = "FROM drafts LEFT JOIN campaigns ON campaigns.id = drafts.campaign
     LEFT JOIN campaign_groups ON campaign_groups.campaign = drafts.campaign";

/// Where a draft is that somebody is about to change.
pub(super) struct Standing {
    pub(super) revision: u64,
    pub(super) state: DraftState,
    pub(super) group: String,
}

/// Finds a draft that the actor has to do with, as it was seen by them if they say so.
pub(super) fn standing(
    tx: &Transaction<'_>,
    actor: &Actor,
    id: &CampaignId,
    seen: Option<u64>,
) -> Result<Standing, DraftError> {
    let found = tx.optional(
        &format!("SELECT revision, state, {GROUP}, changed_by, changed_ms {FROM} WHERE drafts.campaign = ?1"),
        values![id.as_str()],
        |row| {
            let standing = Standing {
                revision: row.get(0)?,
                state: DraftState::of_word(&row.get::<String>(1)?),
                group: row.get(2)?,
            };
            Ok::<_, DatabaseError>((standing, row.get::<String>(3)?, row.get::<i64>(4)?))
        },
    )?;
    let (standing, by, at_ms) = found.ok_or(StoreError::OutOfScope)?;
    if !actor.scope().has_campaigns_of(&standing.group) {
        return Err(StoreError::OutOfScope.into());
    }
    if seen.is_some_and(|seen| seen != standing.revision) {
        return Err(DraftError::Changed { by, at_ms });
    }
    Ok(standing)
}

/// Tells whether a scope has the draft of a group.
pub(super) fn has(scope: &Scope, group: &str) -> bool {
    scope.has_campaigns_of(group)
}
