//! Rows by screen, campaign and creative.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use passerby_protocol::foreign;
use passerby_protocol::plays::SET_ASIDE;
use passerby_protocol::{Assignment, ScreenNumber};

use crate::database::{DatabaseError, Row, Sql, Transaction, Value};
use crate::store::report::breakdown::boundaries::Boundaries;
use crate::store::report::breakdown::figures::{BreakdownError, By, Figures, Filter, Key, Rows};
use crate::store::report::breakdown::{sums, unassigned};
use crate::store::report::plays::LOCAL_CAMPAIGNS_MAX;
use crate::store::rollups::UNDATED;
use crate::store::rollups::spans::OF_DAYS;

/// Counts by screen, campaign or creative. Whatever is of all screens or of all campaigns has sums
/// of its own; what is of one of them is read of that alone.
pub(super) fn rows(
    tx: &Transaction<'_>,
    by: By,
    filter: &Filter,
    boundaries: &Boundaries,
) -> Result<Rows, BreakdownError> {
    let mut rows = Rows::new();
    match (by, filter.screen, &filter.campaign) {
        (By::Screen, None, None) => {
            for (screen, figures) in sums::by_screen(tx, boundaries)? {
                rows.insert(Key::Screen(screen), figures);
            }
        }
        (By::Screen, Some(screen), None) => {
            let figures = sums::of_screen(tx, screen.get(), boundaries)?;
            rows.insert(Key::Screen(screen.get().into()), figures);
        }
        (By::Screen, _, Some(campaign)) => {
            by_quarters(tx, by, filter, boundaries, &mut rows)?;
            of_campaign(tx, campaign.as_str(), filter, boundaries, &mut rows)?;
        }
        (_, None, _) => {
            for ((campaign, creative), figures) in sums::by_creative(tx, filter, boundaries)? {
                let key = key_of_content(by, campaign, creative);
                rows.entry(key).or_default().add(&figures);
            }
        }
        (_, Some(_), _) => {
            // By the hour they lie by screen, by the quarter by campaign.
            if by == By::Creative || boundaries.hours().is_ok() {
                by_creative(tx, by, filter, boundaries, &mut rows)?;
            } else {
                by_quarters(tx, by, filter, boundaries, &mut rows)?;
            }
            by_content(tx, by, filter, boundaries, &mut rows)?;
        }
    }
    without_unassigned(tx, by, filter, boundaries, &mut rows)?;
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

/// Adds plays of a campaign by screen. Where most of them lie between the boundaries, they are all
/// that there are less those outside, of which there is less to read.
fn of_campaign(
    tx: &Transaction<'_>,
    campaign: &str,
    filter: &Filter,
    boundaries: &Boundaries,
    rows: &mut Rows,
) -> Result<(), DatabaseError> {
    let played = |between| played(tx, campaign, filter.screen, between);
    let (from, until) = boundaries.quarters();
    let mut found: BTreeMap<i64, Figures> = BTreeMap::new();
    if boundaries.are_set() && !are_most(tx, campaign, (from, until))? {
        found.extend(played(Some((from, until)))?);
    } else {
        found.extend(played(None)?);
        let outside = [(UNDATED, from), (until, i64::MAX)];
        for outside in outside.into_iter().filter(|(from, until)| from < until) {
            for (screen, figures) in played(Some(outside))? {
                if let Some(all) = found.get_mut(&screen) {
                    all.plays = all.plays.saturating_sub(figures.plays);
                    all.visible_ms = all.visible_ms.saturating_sub(figures.visible_ms);
                }
            }
        }
    }
    for (screen, figures) in found {
        rows.entry(Key::Screen(screen)).or_default().add(&figures);
    }
    Ok(())
}

/// Whether most plays of a campaign lie between two quarters of an hour, as far as whole days tell.
fn are_most(
    tx: &Transaction<'_>,
    campaign: &str,
    (from, until): (i64, i64),
) -> Result<bool, DatabaseError> {
    let (first, last) = (from.div_euclid(OF_DAYS), until.div_euclid(OF_DAYS));
    tx.one(
        "SELECT CAST(coalesce(sum(CASE WHEN at >= ?3 AND at <= ?4 THEN plays ELSE 0 END), 0) AS BIGINT),
                CAST(coalesce(sum(plays), 0) AS BIGINT)
         FROM creative_sums WHERE span = ?1 AND campaign = ?2 AND creative <> ''",
        &[OF_DAYS.into(), campaign.into(), first.into(), last.into()],
        |row| Ok(row.get::<i64>(0)? > row.get::<i64>(1)? / 2),
    )
}

/// Reads plays of a campaign by screen, of all times or between two quarters of an hour: its
/// contents, the screens that played these, and of each of them what it played.
fn played(
    tx: &Transaction<'_>,
    campaign: &str,
    screen: Option<ScreenNumber>,
    between: Option<(i64, i64)>,
) -> Result<Vec<(i64, Figures)>, DatabaseError> {
    let mut values: Vec<Value<'_>> = vec![campaign.into()];
    let mut of_screen = String::new();
    if let Some(screen) = screen {
        values.push(screen.get().into());
        of_screen = format!(" AND screen = ?{}", values.len());
    }
    let sums = "CAST(sum(plays) AS BIGINT) AS plays, CAST(sum(visible_ms) AS BIGINT) AS visible_ms";
    let of_contents = format!(
        "FROM contents JOIN play_totals ON content = contents.id
         WHERE campaign = ?1 AND assignment <> 0{of_screen}"
    );
    let read = |row: &Row<'_>| Ok::<_, DatabaseError>((row.get(0)?, figures_of(row, 1)?));
    let Some((from, until)) = between else {
        let of_all = format!("SELECT screen, {sums} {of_contents} GROUP BY screen");
        return tx.all(of_all.as_str(), &values, read);
    };
    values.extend([from.into(), until.into()]);
    let (until, from) = (values.len(), values.len() - 1);
    let known = format!("(SELECT DISTINCT screen, content {of_contents}) AS known");
    let is_between = format!("quarter >= ?{from} AND quarter < ?{until}");
    let joined = format!(
        "SELECT known.screen, {sums} FROM {known} CROSS JOIN play_quarters AS played
         WHERE played.screen = known.screen AND played.content = known.content AND {is_between}
         GROUP BY known.screen"
    );
    // A screen has one row for each content of the campaign that it was given.
    let looked_up = format!(
        "SELECT known.screen, {} FROM {known}
         CROSS JOIN LATERAL (SELECT {sums} FROM play_quarters
                             WHERE screen = known.screen AND content = known.content AND {is_between}) AS played
         WHERE played.plays IS NOT NULL GROUP BY known.screen",
        sums.replace("sum(", "sum(played.")
    );
    tx.all(Sql::pair(&joined, &looked_up), &values, read)
}

/// Adds plays of one screen by what they were of.
fn by_content(
    tx: &Transaction<'_>,
    by: By,
    filter: &Filter,
    boundaries: &Boundaries,
    rows: &mut Rows,
) -> Result<(), DatabaseError> {
    let Asked {
        table,
        conditions,
        values,
    } = Asked::of(filter, boundaries);
    let found = tx.all(
        &format!(
            "SELECT contents.campaign, contents.creative, contents.assignment, played.plays, played.visible_ms
             FROM (SELECT content, CAST(sum(plays) AS BIGINT) AS plays,
                          CAST(sum(visible_ms) AS BIGINT) AS visible_ms
                   FROM {table} WHERE plays > 0{conditions} GROUP BY content) AS played
             JOIN contents ON contents.id = played.content"
        ),
        &values,
        |row| {
            let is_local = row.get::<u32>(2)? == Assignment::NONE.get();
            let creative = if is_local { String::new() } else { row.get(1)? };
            Ok::<_, DatabaseError>((key_of_content(by, row.get(0)?, creative), figures_of(row, 3)?))
        },
    )?;
    for (key, figures) in found {
        rows.entry(key).or_default().add(&figures);
    }
    Ok(())
}

/// The row of what was played: a campaign's or creative's, or what a screen has of its own, which
/// has no creative.
fn key_of_content(by: By, campaign: String, creative: String) -> Key {
    if !creative.is_empty() {
        return key(by, 0, campaign, creative);
    }
    match by {
        _ if campaign == SET_ASIDE => Key::SetAside,
        // A database may be older than the check of what comes in.
        By::Campaign => Key::LocalCampaign(foreign::escaped(&campaign).into_owned()),
        _ => Key::Local,
    }
}

/// Takes off what screens played that the hub never gave to them: it is in no total.
fn without_unassigned(
    tx: &Transaction<'_>,
    by: By,
    filter: &Filter,
    boundaries: &Boundaries,
    rows: &mut Rows,
) -> Result<(), DatabaseError> {
    for one in unassigned::read(tx, filter, boundaries.quarters())? {
        if let Some(figures) = rows.get_mut(&key(by, one.screen, one.campaign, one.creative)) {
            figures.plays = figures.plays.saturating_sub(one.plays);
            figures.visible_ms = figures.visible_ms.saturating_sub(one.visible_ms);
        }
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
    let column = match by {
        By::Screen => "screen",
        _ => "campaign",
    };
    let found = tx.all(
        &format!(
            "SELECT {column}, CAST(sum(scans) AS BIGINT), CAST(sum(visits) AS BIGINT), CAST(sum(pressed) AS BIGINT),
                    CAST(sum(shares) AS BIGINT)
             FROM campaign_quarters WHERE TRUE{conditions} GROUP BY {column}"
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

/// What counts besides plays of one screen, by campaign and creative: of all times, or by hours.
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
        let of_all =
            format!("SELECT 0 AS screen, campaign, creative, {first}, {second} FROM {rows_of}");
        let of_creatives = format!(
            "SELECT CAST(0 AS BIGINT) AS screen, campaign, creative, {sums} FROM {rows_of} GROUP BY campaign, creative"
        );
        tx.each(
            // SQLite would sort all rows first; they are put together here all the same.
            Sql::pair(&of_all, &of_creatives),
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
