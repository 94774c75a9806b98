//! Rows by day, hour of the day and weekday.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use passerby_protocol::CampaignId;

use crate::database::{DatabaseError, Transaction, Value};
use crate::store::report::breakdown::boundaries::Boundaries;
use crate::store::report::breakdown::figures::{By, Figures, Filter, Key, Rows};
use crate::store::rollups::{QUARTER_MS, UNDATED};

/// Counts by the quarter of an hour, but plays of one campaign by the hour where the time zone asks
/// for no more; and puts that together to days, hours or weekdays.
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
    let (unit_ms, mut all) = match &filter.campaign {
        Some(campaign) => {
            let plays = plays_of_campaign(tx, campaign, filter, boundaries)?;
            (boundaries.unit.ms(), plays)
        }
        None => (QUARTER_MS, BTreeMap::new()),
    };
    let rest = counted(tx, filter, boundaries)?;
    if filter.campaign.is_some() {
        for (quarter, figures) in rest {
            all.entry(quarter * QUARTER_MS / unit_ms)
                .or_default()
                .add(&figures);
        }
    } else {
        all = rest;
        for (quarter, of) in unassigned(tx, filter, boundaries)? {
            let all = all.entry(quarter).or_default();
            all.plays = all.plays.saturating_sub(of.plays);
            all.visible_ms = all.visible_ms.saturating_sub(of.visible_ms);
        }
    }
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
fn key(by: By, ms: Option<i64>, time_zone: &TimeZone) -> Key {
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

/// Plays of a campaign and how long they were visible, by the unit of the boundaries.
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

/// Plays of what the hub never gave to their screen, by quarter. There are hardly ever any.
fn unassigned(
    tx: &Transaction<'_>,
    filter: &Filter,
    boundaries: &Boundaries,
) -> Result<ByTime, DatabaseError> {
    let is_any = "SELECT 1 FROM unassigned_plays LIMIT 1";
    if !tx.exists(is_any, &[])? {
        return Ok(ByTime::new());
    }
    let (from, until) = boundaries.quarters();
    let mut values: Vec<Value<'_>> = vec![from.into(), until.into()];
    let of_screen = of_screen(filter, &mut values);
    plays(
        tx,
        &format!(
            "SELECT quarter, CAST(sum(played.plays) AS BIGINT), CAST(sum(played.visible_ms) AS BIGINT)
             FROM (SELECT unassigned.screen, unassigned.content FROM unassigned_plays AS unassigned
                   LEFT JOIN assigned_contents AS assigned
                       ON assigned.screen = unassigned.screen AND assigned.content = unassigned.content
                   WHERE assigned.content IS NULL) AS strange
             JOIN play_quarters AS played ON played.screen = strange.screen AND played.content = strange.content
             WHERE quarter >= ?1 AND quarter < ?2{of_screen} GROUP BY quarter"
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

/// What counts, by quarter of an hour; and all plays, unless only one campaign is asked for.
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
            };
            Ok::<_, DatabaseError>((row.get(0)?, figures))
        },
    )?;
    Ok(found.into_iter().collect())
}
