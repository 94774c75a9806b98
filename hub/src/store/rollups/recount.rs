//! Counts all rows anew, and compares with the figures by the hour.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::database::{DatabaseError, Row, Transaction};
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

/// A table of figures, how it is made from the rows, and how many of its columns are its key.
struct Table {
    name: &'static str,
    keys: usize,
    sums: usize,
    kept: &'static str,
    counted: &'static str,
}

const TABLES: [Table; 4] = [
    Table {
        name: "play_hours",
        keys: 5,
        sums: 2,
        kept: "SELECT screen, hour, content, outcome, display, plays, visible_ms FROM play_hours",
        counted: "SELECT screen, coalesce(wall_ms / 3600000, -1), content, outcome, display, count(*),
                         CAST(sum(visible_ms) AS BIGINT)
                  FROM plays GROUP BY 1, 2, 3, 4, 5",
    },
    Table {
        name: "scan_hours",
        keys: 6,
        sums: 4,
        kept: "SELECT screen, hour, campaign, creative, grade, standing, scans, openings, seen, confirmed
               FROM scan_hours",
        counted: "SELECT screen, scanned_ms / 3600000, campaign, creative, scans.grade, standing, count(*),
                         CAST(sum(openings) AS BIGINT), count(coalesce(seen_ms, confirmed_ms)), count(confirmed_ms)
                  FROM scans
                  LEFT JOIN shares ON shares.scan = scans.id AND shares.parent IS NULL
                  LEFT JOIN visits ON visits.share = shares.id AND visits.visitor = shares.owner
                  GROUP BY 1, 2, 3, 4, 5, 6",
    },
    Table {
        name: "visit_hours",
        keys: 7,
        sums: 4,
        kept: "SELECT screen, hour, campaign, creative, generation, grade, counted, visits, seen, confirmed, pressed
               FROM visit_hours",
        counted: "SELECT screen, visited_ms / 3600000, campaign, creative, shares.generation, visits.grade,
                         scans.grade < 2 AND standing < 2, count(*), count(coalesce(seen_ms, confirmed_ms)),
                         count(confirmed_ms), count(clicked_ms)
                  FROM visits JOIN shares ON shares.id = share JOIN scans ON scans.id = scan
                  GROUP BY 1, 2, 3, 4, 5, 6, 7",
    },
    Table {
        name: "boot_plays",
        keys: 4,
        sums: 6,
        kept: "SELECT ledger, boot, content, screen, plays, first_seq, first_start_boot_ms, last_end_boot_ms,
                      coalesce(first_wall_ms, -1), coalesce(last_wall_ms, -1)
               FROM boot_plays",
        counted: "SELECT ledger, boot, content, screen, count(*), min(seq), min(start_boot_ms),
                         max(start_boot_ms + visible_ms), coalesce(min(wall_ms), -1),
                         coalesce(max(wall_ms + visible_ms), -1)
                  FROM plays GROUP BY ledger, boot, content, screen",
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
        self.read(|tx| {
            let mut differences = Vec::new();
            for table in &TABLES {
                differences.extend(compare(tx, table)?);
            }
            differences.truncate(DIFFERENCES_MAX);
            Ok(differences)
        })
    }
}

fn compare(tx: &Transaction<'_>, table: &Table) -> Result<Vec<Difference>, DatabaseError> {
    let read = |row: &Row<'_>| {
        let mut key = Vec::new();
        for at in 0..table.keys {
            key.push(match row.get::<i64>(at) {
                Ok(number) => number.to_string(),
                Err(_) => row.get::<String>(at)?,
            });
        }
        let sums: Result<Vec<i64>, DatabaseError> = (table.keys..table.keys + table.sums)
            .map(|at| row.get(at))
            .collect();
        Ok::<_, DatabaseError>((key.join(", "), sums?))
    };
    let mut kept: BTreeMap<String, Vec<i64>> = tx.all(table.kept, &[], read)?.into_iter().collect();
    // What was taken off to the last is as good as what was never there.
    kept.retain(|_, sums| sums.iter().any(|sum| *sum != 0));
    let mut differences = Vec::new();
    for (key, counted) in tx.all(table.counted, &[], read)? {
        let kept = kept.remove(&key).unwrap_or_default();
        if kept != counted {
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
