//! Rows by day, hour of the day and weekday.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use passerby_protocol::CampaignId;

use crate::database::{DatabaseError, Transaction, Value};
use crate::store::report::breakdown::boundaries::Boundaries;
use crate::store::report::breakdown::figures::{By, Figures, Filter, Key, Rows};
use crate::store::report::breakdown::{sums, unassigned};
use crate::store::rollups::{QUARTER_MS, UNDATED};

/// Counts by the quarter of an hour, but plays of one campaign on one screen by the hour where the
/// time zone asks for no more; and puts that together to days, hours or weekdays.
pub(super) fn rows(
    tx: &Transaction<'_>,
    by: By,
    filter: &Filter,
    boundaries: &Boundaries,
    time_zone: &TimeZone,
) -> Result<Rows, DatabaseError> {
    let mut rows = Rows::new();
    match by {
        By::Hour => rows.extend((0..24).map(|hour| (Key::Hour(hour), Figures::default()))),
        By::Weekday => rows.extend((0..7).map(|day| (Key::Weekday(day), Figures::default()))),
        _ => {}
    }
    let (unit_ms, all) = match (&filter.campaign, filter.screen) {
        (Some(campaign), Some(_)) => {
            let unit_ms = boundaries.unit.ms();
            let mut all = plays_of_campaign(tx, campaign, filter, boundaries)?;
            for (quarter, figures) in counted(tx, filter, boundaries)? {
                let at = quarter * QUARTER_MS / unit_ms;
                all.entry(at).or_default().add(&figures);
            }
            (unit_ms, all)
        }
        (campaign, _) => {
            let mut all = match campaign {
                Some(campaign) => sums::of_campaign(tx, campaign.as_str(), boundaries)?
                    .into_iter()
                    .collect(),
                None => counted(tx, filter, boundaries)?,
            };
            for of in unassigned::read(tx, filter, boundaries.quarters())? {
                let all = all.entry(of.quarter).or_default();
                all.plays = all.plays.saturating_sub(of.plays);
                all.visible_ms = all.visible_ms.saturating_sub(of.visible_ms);
            }
            (QUARTER_MS, all)
        }
    };
    for (at, figures) in all {
        if figures != Figures::default() {
            let ms = (at != UNDATED).then(|| at * unit_ms);
            rows.entry(key(by, ms, time_zone))
                .or_default()
                .add(&figures);
        }
    }
    Ok(rows)
}

/// The row of a moment.
pub(super) fn key(by: By, ms: Option<i64>, time_zone: &TimeZone) -> Key {
    let at = ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let Some(at) = at else {
        return Key::Undated;
    };
    let local = time_zone.to_datetime(at);
    match by {
        By::Hour => Key::Hour(local.hour()),
        By::Weekday => Key::Weekday(local.weekday().to_monday_zero_offset()),
        _ => Key::Day(local.date()),
    }
}

/// Figures by hour or quarter of one.
type ByTime = BTreeMap<i64, Figures>;

/// Plays of a campaign on a screen and how long they were visible, by the unit of the boundaries.
fn plays_of_campaign(
    tx: &Transaction<'_>,
    campaign: &CampaignId,
    filter: &Filter,
    boundaries: &Boundaries,
) -> Result<ByTime, DatabaseError> {
    let (unit, table) = (boundaries.unit.column(), boundaries.unit.table());
    let (from, until) = boundaries.units();
    let mut values: Vec<Value<'_>> = vec![from.into(), until.into(), campaign.as_str().into()];
    let of_screen = of_screen(filter, &mut values);
    plays(
        tx,
        &format!(
            "SELECT {unit}, CAST(sum(plays) AS BIGINT), CAST(sum(visible_ms) AS BIGINT)
             FROM assigned_contents AS assigned
             JOIN {table} AS played ON played.screen = assigned.screen AND played.content = assigned.content
             WHERE campaign = ?3 AND {unit} >= ?1 AND {unit} < ?2{of_screen} GROUP BY {unit}"
        ),
        &values,
    )
}

/// The condition on the screen of `played`, with its value after those that are there.
fn of_screen(filter: &Filter, values: &mut Vec<Value<'_>>) -> String {
    let Some(screen) = filter.screen else {
        return String::new();
    };
    values.push(screen.get().into());
    format!(" AND played.screen = ?{}", values.len())
}

fn plays(tx: &Transaction<'_>, sql: &str, values: &[Value<'_>]) -> Result<ByTime, DatabaseError> {
    let found = tx.all(sql, values, |row| {
        let figures = Figures {
            plays: row.get(1)?,
            visible_ms: row.get(2)?,
            ..Figures::default()
        };
        Ok::<_, DatabaseError>((row.get(0)?, figures))
    })?;
    Ok(found.into_iter().collect())
}

/// What counts, by quarter of an hour; and all plays, unless only one campaign is asked for, of one
/// screen then.
fn counted(
    tx: &Transaction<'_>,
    filter: &Filter,
    boundaries: &Boundaries,
) -> Result<ByTime, DatabaseError> {
    let (from, until) = boundaries.quarters();
    let mut values: Vec<Value<'_>> = vec![from.into(), until.into()];
    let of_screen = of_screen(filter, &mut values);
    let (table, plays, of_campaign) = match &filter.campaign {
        Some(campaign) => {
            values.push(campaign.as_str().into());
            let of_campaign = format!(" AND campaign = ?{}", values.len());
            (
                "campaign_quarters",
                "CAST(0 AS BIGINT), CAST(0 AS BIGINT)",
                of_campaign,
            )
        }
        // It lies by quarter, so that it is added up as it is read.
        None => (
            if filter.screen.is_some() {
                "screen_quarters"
            } else {
                "hub_quarters"
            },
            "CAST(sum(plays) AS BIGINT), CAST(sum(visible_ms) AS BIGINT)",
            String::new(),
        ),
    };
    let found = tx.all(
        &format!(
            "SELECT quarter, CAST(sum(scans) AS BIGINT), CAST(sum(visits) AS BIGINT), CAST(sum(pressed) AS BIGINT),
                    CAST(sum(shares) AS BIGINT), {plays}
             FROM {table} AS played WHERE quarter >= ?1 AND quarter < ?2{of_screen}{of_campaign}
             GROUP BY quarter"
        ),
        &values,
        |row| {
            let figures = Figures {
                scans: row.get(1)?,
                visits: row.get(2)?,
                presses: row.get(3)?,
                shares: row.get(4)?,
                plays: row.get(5)?,
                visible_ms: row.get(6)?,
                ..Figures::default()
            };
            Ok::<_, DatabaseError>((row.get(0)?, figures))
        },
    )?;
    Ok(found.into_iter().collect())
}
