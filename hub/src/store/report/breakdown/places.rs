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

/// Adds plays. They are added up by screen or content, which are few, and not by both.
fn plays(
    tx: &Transaction<'_>,
    by: By,
    filter: &Filter,
    boundaries: &Boundaries,
    rows: &mut Rows,
) -> Result<(), DatabaseError> {
    let asked = Asked::of(filter, boundaries);
    if matches!(by, By::Screen) {
        by_screen(tx, filter, boundaries, &asked, rows)?;
    } else {
        by_content(tx, by, &asked, rows)?;
    }
    without_unassigned(tx, by, &asked, rows)
}

/// Which rows of plays are asked for.
struct Asked {
    table: &'static str,
    conditions: String,
    values: Vec<Value<'static>>,
}

impl Asked {
    fn of(filter: &Filter, boundaries: &Boundaries) -> Self {
        let unit = boundaries.unit;
        let (table, between) = if boundaries.are_set() {
            (unit.table(), Some((unit.column(), boundaries.units())))
        } else {
            ("play_totals", None)
        };
        let (mut conditions, mut values) = conditions(filter, between, false);
        if let Some(campaign) = &filter.campaign {
            values.push(campaign.to_string().into());
            conditions += &format!(
                " AND content IN (SELECT id FROM contents WHERE assignment <> 0 AND campaign = ?{})",
                values.len()
            );
        }
        Self {
            table,
            conditions,
            values,
        }
    }
}

fn figures_of(row: &Row<'_>, at: usize) -> Result<Figures, DatabaseError> {
    Ok(Figures {
        plays: row.get(at)?,
        visible_ms: row.get(at + 1)?,
        ..Figures::default()
    })
}

fn by_screen(
    tx: &Transaction<'_>,
    filter: &Filter,
    boundaries: &Boundaries,
    asked: &Asked,
    rows: &mut Rows,
) -> Result<(), DatabaseError> {
    // Between days there are fewer rows for all contents together.
    let all = (filter.campaign.is_none() && boundaries.are_set()).then(|| {
        let between = Some(("quarter", boundaries.quarters()));
        let (conditions, values) = conditions(filter, between, false);
        Asked {
            table: "screen_quarters",
            conditions,
            values,
        }
    });
    let Asked {
        table,
        conditions,
        values,
    } = all.as_ref().unwrap_or(asked);
    let found = tx.all(
        &format!(
            "SELECT screen, CAST(sum(plays) AS BIGINT), CAST(sum(visible_ms) AS BIGINT)
             FROM {table} WHERE plays > 0{conditions} GROUP BY screen"
        ),
        values,
        |row| Ok::<_, DatabaseError>((Key::Screen(row.get(0)?), figures_of(row, 1)?)),
    )?;
    for (key, figures) in found {
        rows.entry(key).or_default().add(&figures);
    }
    Ok(())
}

fn by_content(
    tx: &Transaction<'_>,
    by: By,
    asked: &Asked,
    rows: &mut Rows,
) -> Result<(), DatabaseError> {
    let Asked {
        table,
        conditions,
        values,
    } = asked;
    let found = tx.all(
        &format!(
            "SELECT contents.campaign, contents.creative, contents.assignment, played.plays, played.visible_ms
             FROM (SELECT content, CAST(sum(plays) AS BIGINT) AS plays,
                          CAST(sum(visible_ms) AS BIGINT) AS visible_ms
                   FROM {table} WHERE plays > 0{conditions} GROUP BY content) AS played
             JOIN contents ON contents.id = played.content"
        ),
        values,
        |row| Ok::<_, DatabaseError>((key_of_content(row, by)?, figures_of(row, 3)?)),
    )?;
    for (key, figures) in found {
        rows.entry(key).or_default().add(&figures);
    }
    Ok(())
}

/// The row of what was played: a campaign's or creative's, or what a screen has of its own.
fn key_of_content(row: &Row<'_>, by: By) -> Result<Key, DatabaseError> {
    let (campaign, assignment): (String, u32) = (row.get(0)?, row.get(2)?);
    if assignment != Assignment::NONE.get() {
        return Ok(key(by, 0, campaign, row.get(1)?));
    }
    Ok(match by {
        _ if campaign == SET_ASIDE => Key::SetAside,
        // A database may be older than the check of what comes in.
        By::Campaign => Key::LocalCampaign(foreign::escaped(&campaign).into_owned()),
        _ => Key::Local,
    })
}

/// Takes off what screens played that the hub never gave to them: it is in no total.
fn without_unassigned(
    tx: &Transaction<'_>,
    by: By,
    asked: &Asked,
    rows: &mut Rows,
) -> Result<(), DatabaseError> {
    let unassigned = tx.all(
        "SELECT unassigned.screen, unassigned.content, contents.campaign, contents.creative
         FROM unassigned_plays AS unassigned JOIN contents ON contents.id = unassigned.content
         LEFT JOIN assigned_contents AS assigned
             ON assigned.screen = unassigned.screen AND assigned.content = unassigned.content
         WHERE assigned.content IS NULL",
        &[],
        |row| {
            let of: (i64, i64) = (row.get(0)?, row.get(1)?);
            Ok::<_, DatabaseError>((of, key(by, of.0, row.get(2)?, row.get(3)?)))
        },
    )?;
    let (screen, content) = (asked.values.len() + 1, asked.values.len() + 2);
    let sql = format!(
        "SELECT CAST(coalesce(sum(plays), 0) AS BIGINT), CAST(coalesce(sum(visible_ms), 0) AS BIGINT)
         FROM {} WHERE plays > 0{} AND screen = ?{screen} AND content = ?{content}",
        asked.table, asked.conditions
    );
    for (of, key) in unassigned {
        let Some(figures) = rows.get_mut(&key) else {
            continue;
        };
        let values = asked.values.iter().cloned();
        let values: Vec<_> = values.chain([of.0.into(), of.1.into()]).collect();
        let off: Figures = tx.one(&sql, &values, |row| figures_of(row, 0))?;
        figures.plays = figures.plays.saturating_sub(off.plays);
        figures.visible_ms = figures.visible_ms.saturating_sub(off.visible_ms);
    }
    Ok(())
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
        let sums = format!("CAST(sum({first}) AS BIGINT), CAST(sum({second}) AS BIGINT)");
        let of_screens = format!(
            "SELECT screen, '' AS campaign, '' AS creative, {sums} FROM {rows_of} GROUP BY screen"
        );
        let of_all =
            format!("SELECT 0 AS screen, campaign, creative, {first}, {second} FROM {rows_of}");
        let of_creatives = format!(
            "SELECT CAST(0 AS BIGINT) AS screen, campaign, creative, {sums} FROM {rows_of} GROUP BY campaign, creative"
        );
        tx.each(
            match by {
                // They lie by screen.
                By::Screen => Sql::from(of_screens.as_str()),
                // SQLite would sort all rows first; they are put together here all the same.
                _ => Sql::pair(&of_all, &of_creatives),
            },
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
