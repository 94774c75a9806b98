//! Rows by screen, campaign and creative.

use std::ops::ControlFlow;

use passerby_protocol::Assignment;
use passerby_protocol::foreign;
use passerby_protocol::plays::SET_ASIDE;

use crate::database::{DatabaseError, Row, Sql, Transaction, Value};
use crate::store::report::breakdown::boundaries::Boundaries;
use crate::store::report::breakdown::figures::{BreakdownError, By, Figures, Filter, Key, Rows};
use crate::store::report::plays::LOCAL_CAMPAIGNS_MAX;

/// Counts by screen, campaign or creative. Without dates that is in the totals; between dates,
/// plays are counted by hours or their quarters, and the rest of a screen or campaign by quarters.
pub(super) fn rows(
    tx: &Transaction<'_>,
    by: By,
    filter: &Filter,
    boundaries: &Boundaries,
) -> Result<Rows, BreakdownError> {
    let mut rows = Rows::new();
    if boundaries.are_set() && by != By::Creative {
        by_quarters(tx, by, filter, boundaries, &mut rows)?;
    } else {
        by_creative(tx, by, filter, boundaries, &mut rows)?;
    }
    plays(tx, by, filter, boundaries, &mut rows)?;
    rows.retain(|_, figures| *figures != Figures::default());
    list_most(&mut rows);
    Ok(rows)
}

/// Conditions on rows that have these columns, and their values.
fn conditions(
    filter: &Filter,
    between: Option<(&str, (i64, i64))>,
    has_campaign: bool,
) -> (String, Vec<Value<'static>>) {
    let (mut conditions, mut values) = (String::new(), Vec::new());
    if let Some((column, (from, until))) = between {
        values.extend([from.into(), until.into()]);
        conditions += &format!(" AND {column} >= ?1 AND {column} < ?2");
    }
    if let Some(screen) = filter.screen {
        values.push(screen.get().into());
        conditions += &format!(" AND screen = ?{}", values.len());
    }
    if let Some(campaign) = filter.campaign.as_ref().filter(|_| has_campaign) {
        values.push(campaign.to_string().into());
        conditions += &format!(" AND campaign = ?{}", values.len());
    }
    (conditions, values)
}

/// The row of what the hub published.
fn key(by: By, screen: i64, campaign: String, creative: String) -> Key {
    match by {
        By::Screen => Key::Screen(screen),
        By::Creative => Key::Creative(creative),
        _ => Key::Campaign(campaign),
    }
}

fn plays(
    tx: &Transaction<'_>,
    by: By,
    filter: &Filter,
    boundaries: &Boundaries,
    rows: &mut Rows,
) -> Result<(), DatabaseError> {
    let unit = boundaries.unit;
    let (table, between) = if boundaries.are_set() {
        (unit.table(), Some((unit.column(), boundaries.units())))
    } else {
        ("play_totals", None)
    };
    let (conditions, values) = conditions(filter, between, false);
    let found = tx.all(
        &format!(
            "SELECT played.screen, contents.campaign, contents.creative, contents.assignment,
                    assigned.content IS NOT NULL, played.plays, played.visible_ms
             FROM (SELECT screen, content, CAST(sum(plays) AS BIGINT) AS plays,
                          CAST(sum(visible_ms) AS BIGINT) AS visible_ms
                   FROM {table} WHERE plays > 0{conditions} GROUP BY screen, content) AS played
             JOIN contents ON contents.id = played.content
             LEFT JOIN assigned_contents AS assigned
                 ON assigned.screen = played.screen AND assigned.content = played.content"
        ),
        &values,
        |row| {
            let figures = Figures {
                plays: row.get(5)?,
                visible_ms: row.get(6)?,
                ..Figures::default()
            };
            Ok::<_, DatabaseError>(key_of_play(row, by, filter)?.map(|key| (key, figures)))
        },
    )?;
    for (key, figures) in found.into_iter().flatten() {
        rows.entry(key).or_default().add(&figures);
    }
    Ok(())
}

/// The row of plays; `None` for what is in no total, or not asked for.
fn key_of_play(row: &Row<'_>, by: By, filter: &Filter) -> Result<Option<Key>, DatabaseError> {
    let (screen, campaign): (i64, String) = (row.get(0)?, row.get(1)?);
    let (assignment, is_assigned): (u32, bool) = (row.get(3)?, row.get(4)?);
    if let Some(asked) = &filter.campaign
        && !(is_assigned && asked.as_str() == campaign)
    {
        return Ok(None);
    }
    if is_assigned {
        return Ok(Some(key(by, screen, campaign, row.get(2)?)));
    }
    if assignment != Assignment::NONE.get() {
        return Ok(None);
    }
    Ok(Some(match by {
        By::Screen => Key::Screen(screen),
        _ if campaign == SET_ASIDE => Key::SetAside,
        // A database may be older than the check of what comes in.
        By::Campaign => Key::LocalCampaign(foreign::escaped(&campaign).into_owned()),
        _ => Key::Local,
    }))
}

/// What counts besides plays, by screen or campaign, of the quarters of an hour in between.
fn by_quarters(
    tx: &Transaction<'_>,
    by: By,
    filter: &Filter,
    boundaries: &Boundaries,
    rows: &mut Rows,
) -> Result<(), DatabaseError> {
    let between = Some(("quarter", boundaries.quarters()));
    let (conditions, values) = conditions(filter, between, true);
    let (column, table) = match (by, &filter.campaign) {
        (By::Screen, None) => ("screen", "screen_quarters"),
        (By::Screen, Some(_)) => ("screen", "campaign_quarters"),
        _ => ("campaign", "campaign_quarters"),
    };
    let found = tx.all(
        &format!(
            "SELECT {column}, CAST(sum(scans) AS BIGINT), CAST(sum(visits) AS BIGINT), CAST(sum(pressed) AS BIGINT),
                    CAST(sum(shares) AS BIGINT)
             FROM {table} WHERE TRUE{conditions} GROUP BY {column}"
        ),
        &values,
        |row| {
            let key = match by {
                By::Screen => Key::Screen(row.get(0)?),
                _ => Key::Campaign(row.get(0)?),
            };
            let figures = Figures {
                scans: row.get(1)?,
                visits: row.get(2)?,
                presses: row.get(3)?,
                shares: row.get(4)?,
                ..Figures::default()
            };
            Ok::<_, DatabaseError>((key, figures))
        },
    )?;
    for (key, figures) in found {
        rows.entry(key).or_default().add(&figures);
    }
    Ok(())
}

/// What counts besides plays, by screen, campaign and creative: of all times, or by hours.
fn by_creative(
    tx: &Transaction<'_>,
    by: By,
    filter: &Filter,
    boundaries: &Boundaries,
    rows: &mut Rows,
) -> Result<(), BreakdownError> {
    let (kind, between) = if boundaries.are_set() {
        ("hours", Some(("hour", boundaries.hours()?)))
    } else {
        ("totals", None)
    };
    let (conditions, values) = conditions(filter, between, true);
    for (table, is_counted, first, second) in [
        ("scan", "grade < 2 AND standing < 2", "scans", "0"),
        (
            "visit",
            "counted",
            "visits",
            "CASE WHEN grade = 0 THEN pressed ELSE 0 END",
        ),
        ("share", "counted", "shares", "0"),
    ] {
        let rows_of = format!("{table}_{kind} WHERE {is_counted}{conditions}");
        tx.each(
            // SQLite would sort all rows first; they are put together here all the same.
            Sql::pair(
                &format!("SELECT screen, campaign, creative, {first}, {second} FROM {rows_of}"),
                &format!(
                    "SELECT screen, campaign, creative, CAST(sum({first}) AS BIGINT), CAST(sum({second}) AS BIGINT)
                     FROM {rows_of} GROUP BY screen, campaign, creative"
                ),
            ),
            &values,
            |row| {
                let key = key(by, row.get(0)?, row.get(1)?, row.get(2)?);
                let (first, second) = (row.get(3)?, row.get(4)?);
                let mut figures = Figures::default();
                match table {
                    "scan" => figures.scans = first,
                    "visit" => (figures.visits, figures.presses) = (first, second),
                    _ => figures.shares = first,
                }
                rows.entry(key).or_default().add(&figures);
                Ok::<_, DatabaseError>(ControlFlow::Continue(()))
            },
        )?;
    }
    Ok(())
}

/// Keeps those folders on the screens themselves that have the most plays; the rest is one row.
fn list_most(rows: &mut Rows) {
    let is_local = |key: &Key| matches!(key, Key::LocalCampaign(_));
    let mut folders: Vec<(u64, Key)> = rows
        .iter()
        .filter(|(key, _)| is_local(key))
        .map(|(key, figures)| (figures.plays, key.clone()))
        .collect();
    if folders.len() <= LOCAL_CAMPAIGNS_MAX {
        return;
    }
    folders.sort_by(|(a_plays, a), (b_plays, b)| b_plays.cmp(a_plays).then_with(|| a.cmp(b)));
    for (_, key) in folders.split_off(LOCAL_CAMPAIGNS_MAX) {
        let rest = rows.remove(&key).unwrap_or_default();
        rows.entry(Key::Local).or_default().add(&rest);
    }
}
