//! What a breakdown is asked for, what it says, and why there is none.

use std::collections::BTreeMap;

use jiff::civil::Date;
use passerby_protocol::{CampaignId, ScreenNumber};
use serde::Serialize;

use crate::conversions::Worth;
use crate::database::DatabaseError;
use crate::store::report::names::Names;
use crate::store::{FanCounts, StoreError};

/// What rows are by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Days.
    Day,
    /// Hours of the day, from 0.
    Hour,
    /// Days of the week.
    Weekday,
    /// Screens.
    Screen,
    /// Campaigns.
    Campaign,
    /// Creatives.
    Creative,
}

/// What is counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The first day; what has no date is not counted then.
    pub from: Option<Date>,
    /// The last day.
    pub until: Option<Date>,
    /// Only this campaign of the hub's.
    pub campaign: Option<CampaignId>,
    /// Only this screen.
    pub screen: Option<ScreenNumber>,
}

/// What one row is about. In the order in which rows are listed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A day.
    Day(Date),
    /// An hour of the day, 0 to 23.
    Hour(i8),
    /// A day of the week, from 0 = Monday.
    Weekday(i8),
    /// What has no date.
    Undated,
    /// A screen, by number.
    Screen(i64),
    /// A campaign of the hub's, by the name of its folder.
    Campaign(String),
    /// A creative that the hub published, by its SHA-256.
    Creative(String),
    /// A folder on a screen itself.
    LocalCampaign(String),
    /// Folders on the screens themselves, all or those past the list.
    Local,
    /// Plays whose rows came without content.
    SetAside,
}

/// What is said of each row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Plays.
    pub plays: u64,
    /// For how long these were visible, in milliseconds.
    pub visible_ms: u64,
    /// Scans that count.
    pub scans: u64,
    /// Visits of their chains.
    pub visits: u64,
    /// Visitors who pressed the button, tools apart; counted when they first opened the page.
    pub presses: u64,
    /// Links that somebody got from somebody else.
    pub shares: u64,
    /// What shops reported, with a click of a chain that counts, but for what anybody may have said
    /// and what was taken back whole.
    pub conversions: u64,
}

/// Who came to follow, left and came back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct FanMoves {
    /// Who began.
    pub new: u64,
    /// Who left.
    pub gone: u64,
    /// How often those who follow came back to a screen.
    pub returns: u64,
}

/// Rows of figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breakdown {
    /// What they are by.
    pub by: By,
    /// What was counted.
    pub filter: Filter,
    /// The name of the time zone whose days and hours these are.
    pub time_zone: String,
    /// Those in which anything was counted; of hours and weekdays all.
    pub rows: Vec<(Key, Figures)>,
    /// All rows together.
    pub total: Figures,
    /// Who follow the campaign, or any, by mail: at the end of the time, and who began and left
    /// within it.
    pub fans: FanCounts,
    /// Who came and left by row; of creatives none.
    pub fan_moves: BTreeMap<Key, FanMoves>,
    /// What the conversions of rows are worth.
    pub worth: BTreeMap<Key, Worth>,
    /// What people call what the rows are about.
    pub names: Names,
}

/// Says why there is no breakdown.
#[derive(Debug, thiserror::Error)]
pub enum BreakdownError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No such campaign.
    #[error(
        "no campaign {0} was ever published here; `passerby-hub report --by campaign` lists those that were"
    )]
    UnknownCampaign(CampaignId),
    /// No such screen.
    #[error("there is no screen {0} here; `passerby-hub screen list` lists all")]
    UnknownScreen(ScreenNumber),
    /// The days are in the wrong order.
    #[error("the last day, {until}, is before the first, {from}")]
    Backwards {
        /// The first.
        from: Date,
        /// The last.
        until: Date,
    },
    /// A day that no clock shows.
    #[error("the time zone {zone} cannot tell when {date} begins; name another day")]
    NoSuchDay {
        /// The day.
        date: Date,
        /// The time zone.
        zone: String,
    },
    /// Creatives on one screen are counted by whole hours.
    #[error(
        "the figures of creatives on one screen are kept by whole hours of UTC, and days in the time zone {zone} begin within one; leave out the dates or the screen, or ask --by campaign"
    )]
    PartOfHour {
        /// The time zone.
        zone: String,
    },
    /// Nothing is counted so finely.
    #[error(
        "figures are kept by the quarter of an hour, and hours of the time zone {zone} begin within one; set the time zone of this machine, or TZ, to that of a place"
    )]
    PartOfQuarter {
        /// The time zone.
        zone: String,
    },
}

impl From<DatabaseError> for BreakdownError {
    fn from(error: DatabaseError) -> Self {
        Self::Store(error.into())
    }
}

/// The rows, as they are counted.
pub(super) type Rows = BTreeMap<Key, Figures>;

impl Figures {
    pub(super) fn add(&mut self, other: &Self) {
        self.plays += other.plays;
        self.visible_ms += other.visible_ms;
        self.scans += other.scans;
        self.visits += other.visits;
        self.presses += other.presses;
        self.shares += other.shares;
        self.conversions += other.conversions;
    }
}

impl Breakdown {
    /// What the conversions of one row are worth.
    pub fn worth_of(&self, key: &Key) -> Worth {
        self.worth.get(key).cloned().unwrap_or_default()
    }

    /// Who came to follow and left, of one row; `None` of creatives, which nobody follows.
    pub fn fans_of(&self, key: &Key) -> Option<FanMoves> {
        let moves = self.fan_moves.get(key).copied();
        (self.by != By::Creative).then(|| moves.unwrap_or_default())
    }

    /// What those of all rows are worth.
    pub fn worth_of_all(&self) -> Worth {
        let mut all = Worth::default();
        for worth in self.worth.values() {
            all.add_all(worth);
        }
        all
    }
}
