//! The figures with which the report of a campaign begins, as its kind wants them. An event: how
//! much came at once, what came after its end, who read its story. Fans: who comes back, who
//! follows, whom they bring. Of both: the burst, and what of it went on into the fans' phase.
//!
//! Invariants: a figure is made of scans, visits and links that count, and of all of them, whatever
//! days a report is asked for; what cannot be known without the consent of somebody is not guessed,
//! and is `None` with its reason in the documents.

mod followers;
mod returning;
mod went_on;

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use passerby_protocol::campaign::{Campaign, Kind, Landing, Phase};
use passerby_protocol::{CampaignId, limits};
use serde::Serialize;

use crate::database::{DatabaseError, Transaction, values};
use crate::store::report::chains::{Of, Reproduction, generations};
use crate::store::rollups::spans::OF_QUARTERS;
use crate::store::rollups::{QUARTER_MS, quarter_of};
use crate::store::{Result, Store, campaigns};
use crate::system::clock;

pub use crate::store::report::kinds::followers::Followers;
pub use crate::store::report::kinds::returning::Returning;
pub use crate::store::report::kinds::went_on::WentOn;

/// Quarters of an hour in a day.
const DAY: i64 = 96;

/// What the report of a campaign begins with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KindReport {
    /// Which kind it is.
    pub kind: Kind,
    /// Of an event and of both: how much came at once; `None` without a scan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burst: Option<Burst>,
    /// Of an event: what came after its last day; `None` while it is not over, or has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tail: Option<Tail>,
    /// Of fans: who comes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returning: Option<Returning>,
    /// Of fans and of both: who follows; `None` where the campaign has no way to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub followers: Option<Followers>,
    /// Of fans: how many new people one brings who brings any; `None` while no link is old enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regeneration: Option<Reproduction>,
    /// Of both: what of the burst went on; `None` without a phase in which people follow, or before
    /// it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub went_on: Option<WentOn>,
}

/// Scans that came at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Burst {
    /// Scans in the hour that had the most.
    pub scans: u64,
    /// When that hour began, by the hub's calendar.
    pub hour: DateTime,
    /// Scans within 24 hours after the first.
    pub day: u64,
    /// Scans within 48 hours after the first.
    pub two_days: u64,
    /// All of them; of both kinds those before the fans' phase.
    pub of: u64,
}

/// What came after the last day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Tail {
    /// The last day.
    pub last_day: Date,
    /// Scans after it.
    pub scans: u64,
    /// Scans in all.
    pub of: u64,
    /// Pages opened after it, which tell what came of the event.
    pub readers: u64,
}

/// Scans and visits of a campaign, by the quarter of an hour.
type Quarters = BTreeMap<i64, (u64, u64)>;

impl Store {
    /// Counts what the report of a campaign begins with; `None` when it is not known here. Hours
    /// and days are those of a calendar.
    ///
    /// # Errors
    /// The database fails, or the campaign cannot be read.
    pub fn kind_report(
        &self,
        campaign: &CampaignId,
        zone: &TimeZone,
        now_ms: i64,
    ) -> Result<Option<KindReport>> {
        self.add_up_figures()?;
        self.read(|tx| {
            let campaign = campaigns::known_form(tx, campaign)?;
            of_campaign(tx, &campaign, zone, now_ms)
        })
    }
}

fn of_campaign(
    tx: &Transaction<'_>,
    campaign: &CampaignId,
    zone: &TimeZone,
    now_ms: i64,
) -> Result<Option<KindReport>> {
    let body: Option<String> = tx.optional(
        "SELECT body FROM campaigns WHERE id = ?1",
        values![campaign.as_str()],
        |row| row.get(0),
    )?;
    let Some(body) = body else {
        return Ok(None);
    };
    let read: Campaign = serde_json::from_str(&body)?;
    let mut report = KindReport {
        kind: read.kind,
        burst: None,
        tail: None,
        returning: None,
        followers: None,
        regeneration: None,
        went_on: None,
    };
    let phases = &read.phases;
    let has_mail = read.follow.as_ref().is_some_and(|follow| follow.mail);
    match read.kind {
        Kind::Event => {
            let quarters = quarters(tx, campaign)?;
            report.burst = burst(&quarters, zone);
            report.tail = last_day(phases).and_then(|last_day| tail(&quarters, last_day, now_ms));
        }
        Kind::Fans => {
            report.returning = Some(returning::returning(tx, campaign)?);
            report.followers = followers::followers(tx, campaign, has_mail, now_ms)?;
            let of = Of::campaign_and_screen(Some(campaign), None);
            report.regeneration = generations(tx, &of, now_ms)?.by_sharer();
        }
        Kind::Combined => {
            let mut quarters = quarters(tx, campaign)?;
            report.followers = followers::followers(tx, campaign, has_mail, now_ms)?;
            if let Some(begins_ms) = fans_begin_ms(phases, read.landing) {
                quarters.retain(|quarter, _| *quarter < quarter_of(begins_ms));
                if begins_ms <= now_ms {
                    let days = days(&quarters, zone);
                    let found = went_on::went_on(tx, campaign, begins_ms, zone, days)?;
                    report.went_on = Some(found);
                }
            }
            report.burst = burst(&quarters, zone);
        }
    }
    Ok(Some(report))
}

/// Reads scans and visits of a campaign.
fn quarters(tx: &Transaction<'_>, campaign: &CampaignId) -> Result<Quarters, DatabaseError> {
    let found = tx.all(
        "SELECT at, CAST(sum(scans) AS BIGINT), CAST(sum(visits) AS BIGINT) FROM creative_sums
         WHERE span = ?1 AND campaign = ?2 AND creative <> '' AND at >= 0 GROUP BY at",
        values![OF_QUARTERS, campaign.as_str()],
        |row| Ok::<_, DatabaseError>((row.get(0)?, (row.get(1)?, row.get(2)?))),
    )?;
    Ok(found.into_iter().collect())
}

/// The beginning of the hour in which a quarter of one is, by a calendar.
fn hour_of(quarter: i64, zone: &TimeZone) -> DateTime {
    let at = Timestamp::from_millisecond(quarter * QUARTER_MS).unwrap_or_default();
    let local = zone.to_datetime(at);
    local.date().at(local.hour(), 0, 0, 0)
}

fn burst(quarters: &Quarters, zone: &TimeZone) -> Option<Burst> {
    let scans = || {
        let of = quarters
            .iter()
            .map(|(quarter, (scans, _))| (*quarter, *scans));
        of.filter(|(_, scans)| *scans > 0)
    };
    let first = scans().next()?.0;
    let mut hours: BTreeMap<DateTime, u64> = BTreeMap::new();
    for (quarter, scans) in scans() {
        *hours.entry(hour_of(quarter, zone)).or_default() += scans;
    }
    // The earliest of those that have as many.
    let (hour, most) = hours
        .into_iter()
        .reduce(|best, next| if next.1 > best.1 { next } else { best })?;
    let within = |days: i64| {
        let until = first + days * DAY;
        scans()
            .filter(|(quarter, _)| *quarter < until)
            .map(|(_, scans)| scans)
            .sum()
    };
    Some(Burst {
        scans: most,
        hour,
        day: within(1),
        two_days: within(2),
        of: scans().map(|(_, scans)| scans).sum(),
    })
}

/// The days of a calendar on which anybody scanned.
fn days(quarters: &Quarters, zone: &TimeZone) -> u64 {
    let scanned = quarters.iter().filter(|(_, (scans, _))| *scans > 0);
    let mut days: Vec<Date> = scanned
        .map(|(quarter, _)| hour_of(*quarter, zone).date())
        .collect();
    days.dedup();
    days.len() as u64
}

/// The last day of all phases; `None` where one has no end.
fn last_day(phases: &[Phase]) -> Option<Date> {
    let ends: Option<Vec<Date>> = phases.iter().map(|phase| phase.until).collect();
    ends?.into_iter().max()
}

fn tail(quarters: &Quarters, last_day: Date, now_ms: i64) -> Option<Tail> {
    let end_ms = clock::end_of(Some(last_day), *limits::WALL_MS.end());
    if end_ms > now_ms {
        return None;
    }
    let after = quarters.range(quarter_of(end_ms)..);
    let (scans, readers) = after.fold((0, 0), |sum, (_, (scans, visits))| {
        (sum.0 + scans, sum.1 + visits)
    });
    Some(Tail {
        last_day,
        scans,
        of: quarters.values().map(|(scans, _)| scans).sum(),
        readers,
    })
}

/// When the first phase begins in which people are asked to follow.
fn fans_begin_ms(phases: &[Phase], landing: Landing) -> Option<i64> {
    let follows = |phase: &&Phase| phase.landing.unwrap_or(landing) == Landing::Follow;
    let mut begins = None;
    let mut before: Option<Date> = None;
    for phase in phases {
        // Without a first day of its own it begins after the one before.
        let from = phase
            .from
            .or_else(|| before.map(|before| before.saturating_add(1.day())));
        if follows(&phase) {
            begins = from;
            break;
        }
        before = phase.until;
    }
    begins.map(|begins| clock::start_of(Some(begins), 0))
}

#[cfg(test)]
mod tests;
