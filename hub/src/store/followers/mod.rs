//! People who follow a campaign by mail.
//!
//! Invariants: nobody follows without having confirmed it; what leads to a person is in `followers`
//! and in what refers to it, and goes with it in one transaction; that somebody followed, and left,
//! is a figure to the hour and stays without them.

mod coming_back;
pub(super) mod figures;
mod joining;
mod mails;
mod news;
#[cfg(test)]
mod tests;
mod words;

use passerby_protocol::CampaignId;

pub use crate::store::followers::coming_back::{Known, Redeemed, Redeemer, SHOP_STAFF};
pub use crate::store::followers::figures::{FanCounts, FanGroups};
pub use crate::store::followers::joining::{AskedToFollow, NewFollower, PhoneToRemember};
pub use crate::store::followers::mails::{FollowMail, MailEnd, MailLimits};
pub use crate::store::followers::news::{
    BODY_CHARS_MAX, NEWS_LISTED, NewNews, News, NewsError, SUBJECT_CHARS_MAX,
};
pub use crate::store::followers::words::TypedElsewhere;

use crate::database::{DatabaseError, Id, Row};
use crate::system::clock::DAY_MS;

/// For how long somebody may confirm.
pub const CONFIRM_MS: i64 = 2 * DAY_MS;
/// For how long somebody follows who is not heard of again.
pub const FOLLOW_MS: i64 = 730 * DAY_MS;
/// For how long a phone is remembered at most (RFC 6265bis, 5.5: browsers keep no cookie longer).
pub const PHONE_MS: i64 = 400 * DAY_MS;
/// Length of the steps in which figures have times.
const HOUR_MS: i64 = 3_600_000;

/// One who follows a campaign, or was asked to confirm it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follower {
    /// Their number.
    pub id: i64,
    /// The name of their private link.
    pub name: String,
    /// What they follow.
    pub campaign: CampaignId,
    /// The address, sealed.
    pub sealed: Vec<u8>,
    /// The language in which they read.
    pub language: String,
    /// The version of the text that they agreed to.
    pub consent: u32,
    /// When they asked for it.
    pub asked_ms: i64,
    /// When they confirmed it.
    pub confirmed_ms: Option<i64>,
    /// Until when it is kept.
    pub ends_ms: i64,
    /// Until when a phone of theirs is remembered.
    pub phone_ends_ms: Option<i64>,
    /// How often they were here.
    pub visits: u64,
    /// When they were last.
    pub visit_ms: i64,
}

const COLUMNS: &str = "followers.id, followers.name, followers.campaign, followers.sealed, followers.language,
     followers.consent, followers.asked_ms, followers.confirmed_ms, followers.ends_ms, followers.phone_ends_ms,
     followers.visits, followers.visit_ms";

fn follower_of(row: &Row<'_>) -> Result<Follower, DatabaseError> {
    Ok(Follower {
        id: row.get(0)?,
        name: row.get(1)?,
        campaign: row.get::<Id<CampaignId>>(2)?.0,
        sealed: row.get(3)?,
        language: row.get(4)?,
        consent: row.get(5)?,
        asked_ms: row.get(6)?,
        confirmed_ms: row.get(7)?,
        ends_ms: row.get(8)?,
        phone_ends_ms: row.get(9)?,
        visits: row.get(10)?,
        visit_ms: row.get(11)?,
    })
}

const fn hour_of(ms: i64) -> i64 {
    ms - ms.rem_euclid(HOUR_MS)
}
