//! Rows of all screens together, by campaign and creative, and of each screen: from the sums of
//! days, and of quarters of an hour where a day is not whole.

use std::collections::BTreeMap;

use crate::database::{DatabaseError, Row, Sql, Transaction, Value};
use crate::store::report::breakdown::boundaries::Boundaries;
use crate::store::report::breakdown::figures::{Figures, Filter};
use crate::store::rollups::spans::{OF_QUARTERS, Part};

/// All sums of a table, each under its own name.
const ALL_SUMS: &str =
    "CAST(sum(plays) AS BIGINT) AS plays, CAST(sum(visible_ms) AS BIGINT) AS visible_ms,
     CAST(sum(scans) AS BIGINT) AS scans, CAST(sum(visits) AS BIGINT) AS visits,
     CAST(sum(pressed) AS BIGINT) AS pressed, CAST(sum(shares) AS BIGINT) AS shares";

/// A campaign and a creative of it; the name of a folder on a screen itself, and none.
pub(super) type Of = (String, String);

/// Reads a row's six sums, the first in this column.
pub(super) fn six(row: &Row<'_>, at: usize) -> Result<[i64; 6], DatabaseError> {
    let mut six = [0; 6];
    for (place, sum) in six.iter_mut().enumerate() {
        *sum = row.get(at + place)?;
    }
    Ok(six)
}

/// Takes sums for figures; what was taken off before it was added is nothing.
pub(super) fn figures(six: [i64; 6]) -> Figures {
    let [plays, visible_ms, scans, visits, presses, shares] =
        six.map(|sum| u64::try_from(sum).unwrap_or(0));
    Figures {
        plays,
        visible_ms,
        scans,
        visits,
        presses,
        shares,
        ..Figures::default()
    }
}

/// Rows of sums, added or taken off.
struct Signed<K>(BTreeMap<K, [i64; 6]>);

impl<K: Ord> Signed<K> {
    fn add(&mut self, part: &Part, found: Vec<(K, [i64; 6])>) {
        let sign = if part.is_added { 1 } else { -1 };
        for (key, by) in found {
            let sums = self.0.entry(key).or_insert([0; 6]);
            for (sum, by) in sums.iter_mut().zip(by) {
                *sum += sign * by;
            }
        }
    }

    fn into_figures(self) -> impl Iterator<Item = (K, Figures)> {
        self.0.into_iter().map(|(key, sums)| (key, figures(sums)))
    }
}

/// Counts by campaign and creative, on all screens; with what screens say that they were given and
/// were not.
pub(super) fn by_creative(
    tx: &Transaction<'_>,
    filter: &Filter,
    boundaries: &Boundaries,
) -> Result<impl Iterator<Item = (Of, Figures)>, DatabaseError> {
    let mut rows = Signed(BTreeMap::new());
    for part in boundaries.parts() {
        let values: [Value<'_>; 3] = [part.span.into(), part.from.into(), part.until.into()];
        let read =
            |row: &Row<'_>| Ok::<_, DatabaseError>(((row.get(0)?, row.get(1)?), six(row, 2)?));
        let found = if let Some(campaign) = &filter.campaign {
            let of_campaign = format!(
                "SELECT campaign, creative, {ALL_SUMS} FROM creative_sums
                 WHERE span = ?1 AND campaign = ?4 AND creative <> '' AND at >= ?2 AND at < ?3
                 GROUP BY campaign, creative"
            );
            let values: Vec<_> = values
                .into_iter()
                .chain([campaign.as_str().into()])
                .collect();
            tx.all(of_campaign.as_str(), &values, read)?
        } else {
            // Of each that there is, its own rows: those of a stretch lie together by creative.
            let joined = format!(
                "SELECT known.campaign, known.creative, {}
                 FROM creative_sums AS known CROSS JOIN creative_sums AS summed
                 WHERE known.span = 0 AND summed.span = ?1 AND summed.campaign = known.campaign
                     AND summed.creative = known.creative AND summed.at >= ?2 AND summed.at < ?3
                 GROUP BY known.campaign, known.creative",
                ALL_SUMS.replace("sum(", "sum(summed.")
            );
            let looked_up = format!(
                "SELECT known.campaign, known.creative, summed.* FROM creative_sums AS known
                 CROSS JOIN LATERAL (SELECT {ALL_SUMS} FROM creative_sums
                                     WHERE span = ?1 AND campaign = known.campaign AND creative = known.creative
                                         AND at >= ?2 AND at < ?3) AS summed
                 WHERE known.span = 0 AND summed.plays IS NOT NULL"
            );
            tx.all(Sql::pair(&joined, &looked_up), &values, read)?
        };
        rows.add(&part, found);
    }
    Ok(rows.into_figures())
}

/// Counts by screen, of all campaigns and of what screens have of their own; with what they say
/// that they were given and were not.
pub(super) fn by_screen(
    tx: &Transaction<'_>,
    boundaries: &Boundaries,
) -> Result<impl Iterator<Item = (i64, Figures)>, DatabaseError> {
    let mut rows = Signed(BTreeMap::new());
    for part in boundaries.parts() {
        let read = |row: &Row<'_>| Ok::<_, DatabaseError>((row.get(0)?, six(row, 1)?));
        let found = if part.span == OF_QUARTERS {
            let of_quarters = format!(
                "SELECT screen, {ALL_SUMS} FROM screen_quarters WHERE quarter >= ?1 AND quarter < ?2 GROUP BY screen"
            );
            let values: [Value<'_>; 2] = [part.from.into(), part.until.into()];
            tx.all(of_quarters.as_str(), &values, read)?
        } else {
            // Of one day, and of all times, a screen has one row: there is nothing to add up.
            let (sums, grouped) = if part.until == part.from + 1 {
                ("plays, visible_ms, scans, visits, pressed, shares", "")
            } else {
                (ALL_SUMS, " GROUP BY screen")
            };
            let of_days = format!(
                "SELECT screen, {sums} FROM screen_sums WHERE span = ?1 AND at >= ?2 AND at < ?3{grouped}"
            );
            let values: [Value<'_>; 3] = [part.span.into(), part.from.into(), part.until.into()];
            tx.all(of_days.as_str(), &values, read)?
        };
        rows.add(&part, found);
    }
    Ok(rows.into_figures())
}

/// Counts one screen as a whole, likewise.
pub(super) fn of_screen(
    tx: &Transaction<'_>,
    screen: u32,
    boundaries: &Boundaries,
) -> Result<Figures, DatabaseError> {
    let (from, until) = boundaries.quarters();
    let found = tx.one(
        "SELECT CAST(coalesce(sum(plays), 0) AS BIGINT), CAST(coalesce(sum(visible_ms), 0) AS BIGINT),
                CAST(coalesce(sum(scans), 0) AS BIGINT), CAST(coalesce(sum(visits), 0) AS BIGINT),
                CAST(coalesce(sum(pressed), 0) AS BIGINT), CAST(coalesce(sum(shares), 0) AS BIGINT)
         FROM screen_quarters WHERE screen = ?1 AND quarter >= ?2 AND quarter < ?3",
        &[screen.into(), from.into(), until.into()],
        |row| six(row, 0),
    )?;
    Ok(figures(found))
}

/// Counts one campaign on all screens by the quarter of an hour, likewise.
pub(super) fn of_campaign(
    tx: &Transaction<'_>,
    campaign: &str,
    boundaries: &Boundaries,
) -> Result<Vec<(i64, Figures)>, DatabaseError> {
    let (from, until) = boundaries.quarters();
    tx.all(
        format!(
            "SELECT at, {ALL_SUMS} FROM creative_sums
             WHERE span = ?1 AND campaign = ?2 AND creative <> '' AND at >= ?3 AND at < ?4 GROUP BY at"
        )
        .as_str(),
        &[
            OF_QUARTERS.into(),
            campaign.into(),
            from.into(),
            until.into(),
        ],
        |row| Ok::<_, DatabaseError>((row.get(0)?, figures(six(row, 1)?))),
    )
}
