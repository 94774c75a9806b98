//! Counts all rows anew, and compares with the figures by the hour and what is noted of them and
//! not yet added up. What was pruned of the rows counts as what was kept of it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::database::{DatabaseError, Row, Transaction, Value};
use crate::store::rollups::changes::Changes;
use crate::store::rollups::links::links_of_rows;
use crate::store::rollups::sum_table::SumTable;
use crate::store::rollups::tables::{
    CAMPAIGN_QUARTERS, CONVERSION_QUARTERS, CONVERSION_TOTALS, CREATIVE_SUMS, Contents,
    HUB_QUARTERS, LINK_DAYS, PLAY_HOURS, PLAY_QUARTERS, PLAY_TOTALS, SCAN_HOURS, SCAN_TOTALS,
    SCREEN_QUARTERS, SCREEN_SUMS, SHARE_HOURS, SHARE_TOTALS, VISIT_HOURS, VISIT_TOTALS,
};
use crate::store::{Result, Store};

/// One table of figures that has other numbers than its rows have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The table of figures.
    pub table: &'static str,
    /// What it is counted by, as text.
    pub key: String,
    /// What the table says; empty when it has nothing.
    pub kept: Vec<i64>,
    /// What a count of the rows says.
    pub counted: Vec<i64>,
}

/// A table of figures, and how it is made from the rows.
struct Counted {
    table: &'static SumTable,
    /// How it is read where it has no number of what is not known.
    kept: Option<&'static str>,
    counted: &'static str,
    /// Whether it is counted from rows, and not from other tables of figures, which lack the same
    /// notes.
    is_from_rows: bool,
}

static BOOT_PLAYS: SumTable = SumTable {
    name: "boot_plays",
    keys: &["ledger", "boot", "content", "screen"],
    sums: &[
        "plays",
        "first_seq",
        "first_start_boot_ms",
        "last_end_boot_ms",
        "first_wall_ms",
        "last_wall_ms",
    ],
};

static CHAINS: SumTable = SumTable {
    name: "chains",
    keys: &["scan", "campaign", "screen", "counted", "scanned_ms"],
    sums: &["links", "depth", "newest_ms"],
};

static TABLES: [Counted; 19] = [
    Counted {
        table: &PLAY_HOURS,
        kept: None,
        counted: "SELECT screen, hour, content, outcome, display, CAST(sum(plays) AS BIGINT),
                         CAST(sum(visible_ms) AS BIGINT)
                  FROM (SELECT screen, coalesce(wall_ms / 3600000, -1) AS hour, content, outcome, display,
                               count(*) AS plays, CAST(sum(visible_ms) AS BIGINT) AS visible_ms
                        FROM plays GROUP BY 1, 2, 3, 4, 5
                        UNION ALL
                        SELECT screen, CASE WHEN quarter < 0 THEN -1 ELSE quarter / 4 END, content, outcome, display, plays,
                               visible_ms
                        FROM pruned_play_quarters) AS added
                  GROUP BY 1, 2, 3, 4, 5",
        is_from_rows: true,
    },
    Counted {
        table: &SCAN_HOURS,
        kept: None,
        counted: "SELECT screen, hour, campaign, creative, grade, standing, CAST(sum(scans) AS BIGINT),
                         CAST(sum(openings) AS BIGINT), CAST(sum(seen) AS BIGINT), CAST(sum(confirmed) AS BIGINT)
                  FROM (SELECT screen, scanned_ms / 3600000 AS hour, campaign, creative, scans.grade, standing,
                               count(*) AS scans, CAST(sum(openings) AS BIGINT) AS openings,
                               count(coalesce(seen_ms, confirmed_ms)) AS seen, count(confirmed_ms) AS confirmed
                        FROM scans
                        LEFT JOIN shares ON shares.scan = scans.id AND shares.parent IS NULL
                        LEFT JOIN visits ON visits.share = shares.id AND visits.visitor = shares.owner
                        GROUP BY 1, 2, 3, 4, 5, 6
                        UNION ALL
                        SELECT screen, quarter / 4, campaign, creative, grade, standing, scans, openings, seen, confirmed
                        FROM pruned_scan_quarters) AS added
                  GROUP BY 1, 2, 3, 4, 5, 6",
        is_from_rows: true,
    },
    Counted {
        table: &VISIT_HOURS,
        kept: None,
        counted: "SELECT screen, hour, campaign, creative, generation, grade, counted, CAST(sum(visits) AS BIGINT),
                         CAST(sum(seen) AS BIGINT), CAST(sum(confirmed) AS BIGINT), CAST(sum(pressed) AS BIGINT)
                  FROM (SELECT screen, visited_ms / 3600000 AS hour, campaign, creative, shares.generation, visits.grade,
                               scans.grade < 2 AND standing < 2 AS counted, count(*) AS visits,
                               count(coalesce(seen_ms, confirmed_ms)) AS seen, count(confirmed_ms) AS confirmed,
                               count(clicked_ms) AS pressed
                        FROM visits JOIN shares ON shares.id = share JOIN scans ON scans.id = scan
                        GROUP BY 1, 2, 3, 4, 5, 6, 7
                        UNION ALL
                        SELECT screen, quarter / 4, campaign, creative, generation, grade, counted, visits, seen, confirmed,
                               pressed
                        FROM pruned_visit_quarters) AS added
                  GROUP BY 1, 2, 3, 4, 5, 6, 7",
        is_from_rows: true,
    },
    Counted {
        table: &BOOT_PLAYS,
        kept: Some("SELECT ledger, boot, content, screen, plays, first_seq, first_start_boot_ms, last_end_boot_ms,
                      coalesce(first_wall_ms, -1), coalesce(last_wall_ms, -1)
               FROM boot_plays"),
        counted: "SELECT ledger, boot, content, screen, CAST(sum(plays) AS BIGINT), min(first_seq),
                         min(first_start_boot_ms), max(last_end_boot_ms), coalesce(min(first_wall_ms), -1),
                         coalesce(max(last_wall_ms), -1)
                  FROM (SELECT ledger, boot, content, screen, count(*) AS plays, min(seq) AS first_seq,
                               min(start_boot_ms) AS first_start_boot_ms,
                               max(start_boot_ms + visible_ms) AS last_end_boot_ms, min(wall_ms) AS first_wall_ms,
                               max(wall_ms + visible_ms) AS last_wall_ms
                        FROM plays GROUP BY ledger, boot, content, screen
                        UNION ALL
                        SELECT ledger, boot, content, screen, plays, first_seq, first_start_boot_ms, last_end_boot_ms,
                               first_wall_ms, last_wall_ms
                        FROM pruned_boot_plays) AS added
                  GROUP BY ledger, boot, content, screen",
        is_from_rows: true,
    },
    Counted {
        table: &SHARE_HOURS,
        kept: None,
        counted: "SELECT screen, hour, campaign, creative, generation, counted, CAST(sum(shares) AS BIGINT)
                  FROM (SELECT screen, created_ms / 3600000 AS hour, campaign, creative, generation,
                               grade < 2 AND standing < 2 AS counted, count(*) AS shares
                        FROM shares JOIN scans ON scans.id = scan WHERE parent IS NOT NULL
                        GROUP BY 1, 2, 3, 4, 5, 6
                        UNION ALL
                        SELECT screen, quarter / 4, campaign, creative, generation, counted, shares
                        FROM pruned_share_quarters) AS added
                  GROUP BY 1, 2, 3, 4, 5, 6",
        is_from_rows: true,
    },
    Counted {
        table: &PLAY_QUARTERS,
        kept: None,
        counted: "SELECT screen, content, quarter, CAST(sum(plays) AS BIGINT), CAST(sum(visible_ms) AS BIGINT),
                         CAST(sum(scanned) AS BIGINT)
                  FROM (SELECT plays.screen, content, coalesce(wall_ms / 900000, -1) AS quarter, count(*) AS plays,
                               CAST(sum(visible_ms) AS BIGINT) AS visible_ms,
                               count(*) FILTER (WHERE first_ms <= wall_ms + visible_ms + 86400000) AS scanned
                        FROM plays
                        LEFT JOIN (SELECT screen, play, min(scanned_ms) AS first_ms FROM counted_scans
                                   GROUP BY screen, play) AS firsts
                            ON firsts.screen = plays.screen AND firsts.play = plays.number
                        GROUP BY 1, 2, 3
                        UNION ALL
                        SELECT screen, content, quarter, plays, visible_ms, scanned FROM pruned_play_quarters) AS added
                  GROUP BY 1, 2, 3",
        is_from_rows: true,
    },
    Counted {
        table: &CAMPAIGN_QUARTERS,
        kept: None,
        counted: "SELECT campaign, quarter, screen, CAST(sum(scans) AS BIGINT), CAST(sum(visits) AS BIGINT),
                         CAST(sum(pressed) AS BIGINT), CAST(sum(shares) AS BIGINT)
                  FROM (SELECT campaign, scanned_ms / 900000 AS quarter, screen, 1 AS scans, 0 AS visits, 0 AS pressed,
                               0 AS shares
                        FROM counted_scans
                        UNION ALL
                        SELECT campaign, visited_ms / 900000, screen, 0, 1,
                               CASE WHEN visits.grade = 0 AND clicked_ms IS NOT NULL THEN 1 ELSE 0 END, 0
                        FROM visits JOIN shares ON shares.id = share JOIN counted_scans ON counted_scans.id = scan
                        UNION ALL
                        SELECT campaign, created_ms / 900000, screen, 0, 0, 0, 1
                        FROM shares JOIN counted_scans ON counted_scans.id = scan WHERE parent IS NOT NULL
                        UNION ALL
                        SELECT campaign, quarter, screen, scans, 0, 0, 0 FROM pruned_scan_quarters
                        WHERE grade < 2 AND standing < 2
                        UNION ALL
                        SELECT campaign, quarter, screen, 0, visits, CASE WHEN grade = 0 THEN pressed ELSE 0 END, 0
                        FROM pruned_visit_quarters WHERE counted
                        UNION ALL
                        SELECT campaign, quarter, screen, 0, 0, 0, shares FROM pruned_share_quarters WHERE counted)
                      AS added
                  GROUP BY campaign, quarter, screen",
        is_from_rows: true,
    },
    Counted {
        table: &CONVERSION_QUARTERS,
        kept: None,
        counted: "SELECT campaign, quarter, screen, creative, generation, kind, unproved, currency, counted,
                         CAST(sum(conversions) AS BIGINT), CAST(sum(withdrawn) AS BIGINT), CAST(sum(value) AS BIGINT)
                  FROM (SELECT conversions.campaign, at_ms / 900000 AS quarter, conversions.screen,
                               conversions.creative, generation, kind, proof = 2 AS unproved, currency,
                               coalesce(scans.grade < 2 AND standing < 2, counted) AS counted, 1 AS conversions,
                               CASE WHEN withdrawn THEN 1 ELSE 0 END AS withdrawn, value - refunded AS value
                        FROM conversions LEFT JOIN scans ON scans.id = scan
                        UNION ALL
                        SELECT campaign, quarter, screen, creative, generation, kind, unproved, currency, counted,
                               conversions, withdrawn, value
                        FROM pruned_conversion_quarters) AS added
                  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9",
        is_from_rows: true,
    },
    // What these say is counted above.
    Counted {
        table: &CONVERSION_TOTALS,
        kept: None,
        counted: "SELECT campaign, screen, creative, generation, kind, unproved, currency, counted,
                         CAST(sum(conversions) AS BIGINT), CAST(sum(withdrawn) AS BIGINT), CAST(sum(value) AS BIGINT)
                  FROM conversion_quarters
                  GROUP BY campaign, screen, creative, generation, kind, unproved, currency, counted",
        is_from_rows: false,
    },
    Counted {
        table: &SCREEN_QUARTERS,
        kept: None,
        counted: "SELECT quarter, screen, CAST(sum(plays) AS BIGINT), CAST(sum(visible_ms) AS BIGINT),
                         CAST(sum(scans) AS BIGINT), CAST(sum(visits) AS BIGINT), CAST(sum(pressed) AS BIGINT),
                         CAST(sum(shares) AS BIGINT)
                  FROM (SELECT quarter, screen, plays, visible_ms, 0 AS scans, 0 AS visits, 0 AS pressed, 0 AS shares
                        FROM play_quarters
                        UNION ALL
                        SELECT quarter, screen, 0, 0, scans, visits, pressed, shares FROM campaign_quarters) AS summed
                  GROUP BY quarter, screen",
        is_from_rows: false,
    },
    Counted {
        table: &HUB_QUARTERS,
        kept: None,
        counted: "SELECT quarter, CAST(sum(plays) AS BIGINT), CAST(sum(visible_ms) AS BIGINT),
                         CAST(sum(scans) AS BIGINT), CAST(sum(visits) AS BIGINT), CAST(sum(pressed) AS BIGINT),
                         CAST(sum(shares) AS BIGINT)
                  FROM screen_quarters GROUP BY quarter",
        is_from_rows: false,
    },
    Counted {
        table: &PLAY_TOTALS,
        kept: None,
        counted: "SELECT screen, content, outcome, display,
                         CAST(sum(plays) AS BIGINT), CAST(sum(visible_ms) AS BIGINT)
                  FROM play_hours GROUP BY screen, content, outcome, display",
        is_from_rows: false,
    },
    Counted {
        table: &SCAN_TOTALS,
        kept: None,
        counted: "SELECT screen, campaign, creative, grade, standing,
                         CAST(sum(scans) AS BIGINT), CAST(sum(openings) AS BIGINT), CAST(sum(seen) AS BIGINT), CAST(sum(confirmed) AS BIGINT)
                  FROM scan_hours GROUP BY screen, campaign, creative, grade, standing",
        is_from_rows: false,
    },
    Counted {
        table: &VISIT_TOTALS,
        kept: None,
        counted: "SELECT screen, campaign, creative, generation, grade, counted,
                         CAST(sum(visits) AS BIGINT), CAST(sum(seen) AS BIGINT), CAST(sum(confirmed) AS BIGINT), CAST(sum(pressed) AS BIGINT)
                  FROM visit_hours GROUP BY screen, campaign, creative, generation, grade, counted",
        is_from_rows: false,
    },
    Counted {
        table: &SHARE_TOTALS,
        kept: None,
        counted: "SELECT screen, campaign, creative, generation, counted,
                         CAST(sum(shares) AS BIGINT)
                  FROM share_hours GROUP BY screen, campaign, creative, generation, counted",
        is_from_rows: false,
    },
    // What plays of these say is counted above; scans by creative and quarter are nowhere else.
    Counted {
        table: &CREATIVE_SUMS,
        kept: None,
        counted: "WITH added AS (
                      SELECT campaign, CASE WHEN assignment = 0 THEN '' ELSE creative END AS creative, quarter,
                             plays, visible_ms, 0 AS scans, 0 AS visits, 0 AS pressed, 0 AS shares
                      FROM (SELECT content, coalesce(wall_ms / 900000, -1) AS quarter, count(*) AS plays,
                                   CAST(sum(visible_ms) AS BIGINT) AS visible_ms
                            FROM plays GROUP BY 1, 2
                            UNION ALL
                            SELECT content, quarter, plays, visible_ms FROM pruned_play_quarters) AS played
                      JOIN contents ON contents.id = content
                      UNION ALL
                      SELECT campaign, creative, scanned_ms / 900000, 0, 0, 1, 0, 0, 0 FROM counted_scans
                      UNION ALL
                      SELECT campaign, creative, visited_ms / 900000, 0, 0, 0, 1,
                             CASE WHEN visits.grade = 0 AND clicked_ms IS NOT NULL THEN 1 ELSE 0 END, 0
                      FROM visits JOIN shares ON shares.id = share JOIN counted_scans ON counted_scans.id = scan
                      UNION ALL
                      SELECT campaign, creative, created_ms / 900000, 0, 0, 0, 0, 0, 1
                      FROM shares JOIN counted_scans ON counted_scans.id = scan WHERE parent IS NOT NULL
                      UNION ALL
                      SELECT campaign, creative, quarter, 0, 0, scans, 0, 0, 0 FROM pruned_scan_quarters
                      WHERE grade < 2 AND standing < 2
                      UNION ALL
                      SELECT campaign, creative, quarter, 0, 0, 0, visits,
                             CASE WHEN grade = 0 THEN pressed ELSE 0 END, 0
                      FROM pruned_visit_quarters WHERE counted
                      UNION ALL
                      SELECT campaign, creative, quarter, 0, 0, 0, 0, 0, shares FROM pruned_share_quarters
                      WHERE counted),
                  quarters AS (
                      SELECT campaign, creative, quarter, CAST(sum(plays) AS BIGINT) AS plays,
                             CAST(sum(visible_ms) AS BIGINT) AS visible_ms, CAST(sum(scans) AS BIGINT) AS scans,
                             CAST(sum(visits) AS BIGINT) AS visits, CAST(sum(pressed) AS BIGINT) AS pressed,
                             CAST(sum(shares) AS BIGINT) AS shares
                      FROM added GROUP BY campaign, creative, quarter),
                  spans AS (
                      SELECT 1 AS span, campaign, creative, quarter AS at, plays, visible_ms, scans, visits, pressed,
                             shares
                      FROM quarters
                      UNION ALL
                      SELECT 96, campaign, creative, CASE WHEN quarter < 0 THEN -1 ELSE quarter / 96 END, plays,
                             visible_ms, scans, visits, pressed, shares
                      FROM quarters
                      UNION ALL
                      SELECT 0, campaign, creative, 0, plays, visible_ms, scans, visits, pressed, shares
                      FROM quarters)
                  SELECT CAST(span AS BIGINT), campaign, creative, at, CAST(sum(plays) AS BIGINT),
                         CAST(sum(visible_ms) AS BIGINT), CAST(sum(scans) AS BIGINT), CAST(sum(visits) AS BIGINT),
                         CAST(sum(pressed) AS BIGINT), CAST(sum(shares) AS BIGINT)
                  FROM spans GROUP BY span, campaign, creative, at",
        is_from_rows: true,
    },
    Counted {
        table: &SCREEN_SUMS,
        kept: None,
        counted: "SELECT CAST(span AS BIGINT), at, screen, CAST(sum(plays) AS BIGINT),
                         CAST(sum(visible_ms) AS BIGINT), CAST(sum(scans) AS BIGINT), CAST(sum(visits) AS BIGINT),
                         CAST(sum(pressed) AS BIGINT), CAST(sum(shares) AS BIGINT)
                  FROM (SELECT 96 AS span, CASE WHEN quarter < 0 THEN -1 ELSE quarter / 96 END AS at, screen, plays,
                               visible_ms, scans, visits, pressed, shares
                        FROM screen_quarters
                        UNION ALL
                        SELECT 0, 0, screen, plays, visible_ms, scans, visits, pressed, shares
                        FROM screen_quarters) AS spans
                  GROUP BY span, at, screen",
        is_from_rows: false,
    },
    Counted {
        table: &LINK_DAYS,
        kept: None,
        counted: concat!(
            "SELECT campaign, screen, generation, day, counted, CAST(sum(links) AS BIGINT), CAST(sum(brought) AS BIGINT),
                    CAST(sum(sharers) AS BIGINT), CAST(sum(squares) AS BIGINT), CAST(sum(in_hour) AS BIGINT),
                    CAST(sum(in_day) AS BIGINT), CAST(sum(in_week) AS BIGINT), CAST(sum(later) AS BIGINT)
             FROM (",
            links_of_rows!(""),
            " UNION ALL
             SELECT campaign, screen, generation, day, counted, links, brought, sharers, squares, in_hour, in_day, in_week,
                    later
             FROM pruned_link_days) AS added
             GROUP BY campaign, screen, generation, day, counted"
        ),
        is_from_rows: true,
    },
    // Of a chain of which links were pruned it stays known how many there were.
    Counted {
        table: &CHAINS,
        kept: Some(
            "SELECT scan, campaign, screen, counted, scanned_ms, links, depth, newest_ms FROM chains
             WHERE scanned_ms >= (SELECT before_ms FROM pruned_before)",
        ),
        counted: "SELECT scans.id, campaign, screen, grade < 2 AND standing < 2, scanned_ms, count(*), max(generation),
                         max(created_ms)
                  FROM shares JOIN scans ON scans.id = scan
                  WHERE parent IS NOT NULL AND scanned_ms >= (SELECT before_ms FROM pruned_before)
                  GROUP BY scans.id, campaign, screen, grade < 2 AND standing < 2, scanned_ms",
        is_from_rows: true,
    },
];

/// Differences that are listed, at most.
const DIFFERENCES_MAX: usize = 100;

impl Store {
    /// Counts all rows anew and returns where the figures by the hour say something else: nowhere,
    /// unless this program has a fault or the database was changed by hand. At most 100.
    ///
    /// # Errors
    /// The database fails.
    pub fn recount(&self) -> Result<Vec<Difference>> {
        self.read_giving_way(|tx| {
            let noted = Changes::noted(tx)?;
            let contents = Contents::read(tx, &noted)?;
            let mut differences = Vec::new();
            for counted in &TABLES {
                differences.extend(compare(tx, counted, (&noted, &contents))?);
            }
            differences.truncate(DIFFERENCES_MAX);
            Ok(differences)
        })
    }
}

fn compare(
    tx: &Transaction<'_>,
    of: &Counted,
    (noted, contents): (&Changes, &Contents),
) -> Result<Vec<Difference>, DatabaseError> {
    let table = of.table;
    let (keys, sums) = (table.keys.len(), table.sums.len());
    let read = |row: &Row<'_>| {
        let mut key = Vec::new();
        for at in 0..keys {
            key.push(match row.get::<i64>(at) {
                Ok(number) => number.to_string(),
                Err(_) => row.get::<String>(at)?,
            });
        }
        let sums: Result<Vec<i64>, DatabaseError> =
            (keys..keys + sums).map(|at| row.get(at)).collect();
        Ok::<_, DatabaseError>((key.join(", "), sums?))
    };
    let reading = of.kept.map_or_else(|| table.reading(), str::to_owned);
    let found = tx.all(reading.as_str(), &[], read)?;
    let mut kept: BTreeMap<String, Vec<i64>> = found.into_iter().collect();
    if of.is_from_rows {
        for row in noted.rows_of(table.name, contents) {
            let (key, by) = row.split_at(keys);
            let key: Vec<String> = key.iter().map(text_of).collect();
            let sums = kept.entry(key.join(", ")).or_insert_with(|| vec![0; sums]);
            for (sum, by) in sums.iter_mut().zip(by) {
                *sum += number_of(by);
            }
        }
    }
    // What was taken off to the last is as good as what was never there.
    kept.retain(|_, sums| sums.iter().any(|sum| *sum != 0));
    let mut differences = Vec::new();
    for (key, counted) in tx.all(of.counted, &[], read)? {
        let kept = kept.remove(&key).unwrap_or_default();
        if kept != counted && (!kept.is_empty() || counted.iter().any(|sum| *sum != 0)) {
            differences.push(Difference {
                table: table.name,
                key,
                kept,
                counted,
            });
        }
    }
    differences.extend(kept.into_iter().map(|(key, kept)| Difference {
        table: table.name,
        key,
        kept,
        counted: Vec::new(),
    }));
    Ok(differences)
}

/// A part of a key as text; truth is 1 or 0.
fn text_of(value: &Value<'_>) -> String {
    match value {
        Value::Text(Some(text)) => text.clone().into_owned(),
        other => number_of(other).to_string(),
    }
}

fn number_of(value: &Value<'_>) -> i64 {
    match value {
        Value::Integer(Some(number)) => *number,
        Value::Boolean(Some(is_true)) => i64::from(*is_true),
        _ => 0,
    }
}
