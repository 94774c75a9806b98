//! The figures of chains, from the sums by the day on which links were made.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use passerby_protocol::{CampaignId, ScreenNumber};
use serde::Serialize;

use crate::database::{DatabaseError, Id, Row, Transaction, Value};
use crate::store::report::breakdown::Filter;
use crate::store::report::chains::interval::{Estimate, of_counts};
use crate::store::rollups::link_sums::{BRING_MS, day_of};
use crate::system::clock::DAY_MS;

/// Most screens that are listed.
pub const PLACES_MAX: usize = 20;

/// The links of one generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct GenerationLine {
    /// How often they were passed on since the scan.
    pub generation: u64,
    /// How many there are.
    pub links: u64,
    /// How many links others got from them.
    pub brought: u64,
}

/// How many others one person brings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Reproduction {
    /// Of so many links, each of one person.
    pub links: u64,
    /// Others got so many from them within seven days.
    pub brought: u64,
    /// How many that are by each.
    #[serde(flatten)]
    pub estimate: Estimate,
    /// The links were made until the end of this day of UTC, so all have had seven days.
    pub until: Date,
}

/// Links that others got, by how long after the scan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct AfterScan {
    /// Within an hour.
    pub hour: u64,
    /// Later, within a day.
    pub day: u64,
    /// Later, within seven days.
    pub week: u64,
    /// Later.
    pub later: u64,
}

/// What began at one screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlaceLine {
    /// Its number.
    pub screen: ScreenNumber,
    /// Its name.
    pub name: Option<String>,
    /// Links of scans there.
    pub scans: u64,
    /// Links that others got.
    pub shares: u64,
    /// The highest generation.
    pub depth: u64,
}

/// Which rows are asked for.
pub(in crate::store::report) struct Of {
    condition: String,
    values: Vec<Value<'static>>,
    /// Whether the campaign is left to be looked at row by row: of one screen there are few.
    is_by_screen: bool,
}

impl Of {
    pub(super) fn new(filter: &Filter) -> Self {
        Self::campaign_and_screen(filter.campaign.as_ref(), filter.screen)
    }

    /// Those of a campaign, of a screen, or of both.
    pub(in crate::store::report) fn campaign_and_screen(
        campaign: Option<&CampaignId>,
        screen: Option<ScreenNumber>,
    ) -> Self {
        let (mut condition, mut values) = ("counted = TRUE".to_owned(), Vec::new());
        if let Some(screen) = screen {
            values.push(screen.get().into());
            condition += &format!(" AND screen = ?{}", values.len());
        }
        if let Some(campaign) = campaign {
            values.push(campaign.to_string().into());
            condition += &format!(" AND campaign = ?{}", values.len());
        }
        Self {
            condition,
            values,
            is_by_screen: screen.is_some(),
        }
    }

    pub(super) fn condition(&self) -> &str {
        &self.condition
    }

    /// The same in a form in which no index but that of screens is asked.
    pub(super) fn by_screen(&self) -> String {
        if self.is_by_screen {
            self.condition.replace(" campaign = ", " campaign || '' = ")
        } else {
            self.condition.clone()
        }
    }

    pub(super) fn values(&self) -> &[Value<'static>] {
        &self.values
    }

    /// Its values with one more, and where that stands.
    pub(super) fn with(&self, value: impl Into<Value<'static>>) -> (Vec<Value<'static>>, usize) {
        let mut values = self.values.clone();
        values.push(value.into());
        let at = values.len();
        (values, at)
    }
}

/// What the sums say.
pub(in crate::store::report) struct Sums {
    pub(super) lines: Vec<GenerationLine>,
    pub(super) after_scan: AfterScan,
    settled: Settled,
    until: Option<Date>,
}

/// Sums of links that are old enough.
#[derive(Debug, Clone, Copy, Default)]
struct Settled {
    links: u64,
    brought: u64,
    sharers: u64,
    squares: u64,
}

/// Reads the sums by generation.
pub(in crate::store::report) fn generations(
    tx: &Transaction<'_>,
    of: &Of,
    now_ms: i64,
) -> Result<Sums, DatabaseError> {
    // The last day all of whose links have had the time.
    let last = day_of(now_ms - BRING_MS) - 1;
    let until = Timestamp::from_millisecond(last * DAY_MS);
    let mut sums = Sums {
        lines: Vec::new(),
        after_scan: AfterScan::default(),
        settled: Settled::default(),
        until: until.ok().map(|until| until.to_zoned(TimeZone::UTC).date()),
    };
    let (values, at) = of.with(last);
    let read = |row: &Row<'_>| {
        let mut numbers = [0_u64; 10];
        for (number, at) in numbers.iter_mut().zip(0..) {
            *number = row.get(at)?;
        }
        Ok::<_, DatabaseError>(numbers)
    };
    let rows = tx.all(
        &format!(
            "SELECT generation, CAST(sum(links) AS BIGINT), CAST(sum(in_hour) AS BIGINT), CAST(sum(in_day) AS BIGINT),
                    CAST(sum(in_week) AS BIGINT), CAST(sum(later) AS BIGINT),
                    CAST(sum(CASE WHEN day <= ?{at} THEN links ELSE 0 END) AS BIGINT),
                    CAST(sum(CASE WHEN day <= ?{at} THEN brought ELSE 0 END) AS BIGINT),
                    CAST(sum(CASE WHEN day <= ?{at} THEN sharers ELSE 0 END) AS BIGINT),
                    CAST(sum(CASE WHEN day <= ?{at} THEN squares ELSE 0 END) AS BIGINT)
             FROM link_days WHERE {} GROUP BY generation ORDER BY generation",
            of.condition()
        ),
        &values,
        read,
    )?;
    for [generation, links, hour, day, week, later, settled @ ..] in rows {
        if links > 0 {
            sums.lines.push(GenerationLine {
                generation,
                links,
                brought: hour + day + week + later,
            });
        }
        sums.after_scan.hour += hour;
        sums.after_scan.day += day;
        sums.after_scan.week += week;
        sums.after_scan.later += later;
        let [links, brought, sharers, squares] = settled;
        sums.settled.links += links;
        sums.settled.brought += brought;
        sums.settled.sharers += sharers;
        sums.settled.squares += squares;
    }
    Ok(sums)
}

impl Sums {
    /// How many others the person of each link brings.
    pub(super) fn reproduction(&self) -> Option<Reproduction> {
        let settled = self.settled;
        Some(Reproduction {
            links: settled.links,
            brought: settled.brought,
            estimate: of_counts(settled.links, settled.brought, settled.squares)?,
            until: self.until?,
        })
    }

    /// The same of those who bring any: each brings one, and some bring more, and how many more is
    /// estimated.
    pub(in crate::store::report) fn by_sharer(&self) -> Option<Reproduction> {
        let Settled {
            brought,
            sharers,
            squares,
            ..
        } = self.settled;
        let more = brought.saturating_sub(sharers);
        // The sum of (n - 1) squared.
        let squares = (squares + sharers).saturating_sub(2 * brought);
        let of_more = of_counts(sharers, more, squares)?;
        Some(Reproduction {
            links: sharers,
            brought,
            estimate: Estimate {
                value: of_more.value + 1.0,
                low: of_more.low + 1.0,
                high: of_more.high + 1.0,
            },
            until: self.until?,
        })
    }
}

/// Reads where chains began, and how many links those that are listed have that others got.
pub(super) fn places(
    tx: &Transaction<'_>,
    of: &Of,
) -> Result<(Vec<PlaceLine>, u64), DatabaseError> {
    let (values, at) = of.with(PLACES_MAX);
    let places = tx.all(
        &format!(
            "SELECT screen, scans, shares, depth
             FROM (SELECT screen, CAST(sum(CASE WHEN generation = 0 THEN links ELSE 0 END) AS BIGINT) AS scans,
                          CAST(sum(in_hour + in_day + in_week + later) AS BIGINT) AS shares,
                          max(CASE WHEN links > 0 THEN generation ELSE 0 END) AS depth
                   FROM link_days WHERE {} GROUP BY screen) AS places
             WHERE scans > 0 OR shares > 0 ORDER BY shares DESC, scans DESC, screen LIMIT ?{at}",
            of.condition()
        ),
        &values,
        |row| {
            Ok::<_, DatabaseError>(PlaceLine {
                screen: row.get::<Id<_>>(0)?.0,
                name: None,
                scans: row.get(1)?,
                shares: row.get(2)?,
                depth: row.get(3)?,
            })
        },
    )?;
    let listed = places.iter().map(|place| place.shares).sum();
    Ok((places, listed))
}
