//! All that the hub knows of one screen, and what all of them did today.

use passerby_protocol::limits::GAP_PLAYS_MAX;
use passerby_protocol::wire::Heartbeat;
use passerby_protocol::{Campaign, ScreenNumber, foreign};

use crate::database::{DatabaseError, values};
use crate::people::Scope;
use crate::store::rollups::{QUARTER_MS, quarter_of};
use crate::store::screen_list::{self, ScreenRow};
use crate::store::{Result, Store, StoreError};

/// Plays and scans of some time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Played {
    /// Plays.
    pub plays: u64,
    /// Scans that count.
    pub scans: u64,
}

/// What the hub knows of one screen.
#[derive(Debug, Clone)]
pub struct ScreenFacts {
    /// As lists have it.
    pub row: ScreenRow,
    /// Since when it is a screen of this hub.
    pub made_ms: i64,
    /// Since when it is out of service.
    pub revoked_ms: Option<i64>,
    /// What its terminal said last.
    pub heartbeat: Option<Heartbeat>,
    /// Since when it airs what it airs.
    pub content_since_ms: Option<i64>,
    /// The version of what is published for it.
    pub manifest_version: u64,
    /// The folders and titles of the campaigns that are published for it.
    pub campaigns: Vec<(String, String)>,
    /// Plays of it that are known to be missing.
    pub missing: u64,
    /// By hour since the moment that was asked for.
    pub hours: Vec<Played>,
}

impl ScreenFacts {
    /// All hours together.
    pub fn today(&self) -> Played {
        self.hours
            .iter()
            .fold(Played::default(), |sum, hour| Played {
                plays: sum.plays + hour.plays,
                scans: sum.scans + hour.scans,
            })
    }
}

/// Most hours that are asked for at once.
const HOURS_MAX: usize = 25;

impl Store {
    /// Returns what is known of a screen, if it is in the scope, with its plays and scans from a
    /// moment on, by hour.
    ///
    /// # Errors
    /// The database fails.
    pub fn screen_facts(
        &self,
        screen: ScreenNumber,
        scope: &Scope,
        (from_ms, now_ms): (i64, i64),
    ) -> Result<Option<ScreenFacts>> {
        self.read(|tx| {
            let Some(row) = screen_list::one(tx, screen, scope, now_ms)? else {
                return Ok(None);
            };
            let facts = tx.one(
                "SELECT created_ms, revoked_ms, heartbeat, content_since_ms, manifest_version FROM screens WHERE number = ?1",
                values![screen.get()],
                |columns| {
                    let heartbeat: Option<String> = columns.get(2)?;
                    Ok::<_, DatabaseError>(ScreenFacts {
                        row,
                        made_ms: columns.get(0)?,
                        revoked_ms: columns.get(1)?,
                        heartbeat: heartbeat.and_then(|text| serde_json::from_str(&text).ok()),
                        content_since_ms: columns.get(3)?,
                        manifest_version: columns.get(4)?,
                        campaigns: Vec::new(),
                        missing: 0,
                        hours: Vec::new(),
                    })
                },
            )?;
            let campaigns = tx.all(
                "SELECT id, body FROM airing JOIN campaigns ON id = campaign WHERE screen = ?1 ORDER BY id",
                values![screen.get()],
                |columns| {
                    let campaign: Campaign = serde_json::from_str(&columns.get::<String>(1)?)?;
                    let title = foreign::escaped(&campaign.title).into_owned();
                    Ok::<_, StoreError>((columns.get(0)?, title))
                },
            )?;
            let missing = tx.value(
                "SELECT CAST(coalesce(sum(least(plays, ?2)), 0) AS BIGINT) FROM gaps JOIN ledgers ON ledgers.id = ledger WHERE screen = ?1",
                values![screen.get(), GAP_PLAYS_MAX],
            )?;
            let (first, last) = (quarter_of(from_ms), quarter_of(now_ms));
            // Each quarter is looked up, since rows of all screens lie between them.
            let quarters: Vec<(i64, Played)> = tx.all(
                "WITH RECURSIVE asked(at) AS (SELECT CAST(?2 AS BIGINT) UNION ALL SELECT at + 1 FROM asked WHERE at < ?3)
                 SELECT quarter, plays, scans FROM asked JOIN screen_quarters ON quarter = at AND screen = ?1",
                values![screen.get(), first, last],
                |columns| {
                    let played = Played {
                        plays: columns.get(1)?,
                        scans: columns.get(2)?,
                    };
                    Ok::<_, DatabaseError>((columns.get(0)?, played))
                },
            )?;
            let per_hour = (60 * 60 * 1_000) / QUARTER_MS;
            let count = usize::try_from((last - first) / per_hour + 1).unwrap_or(1);
            let mut hours = vec![Played::default(); count.min(HOURS_MAX)];
            for (quarter, played) in quarters {
                let at = usize::try_from((quarter - first) / per_hour).ok();
                if let Some(hour) = at.and_then(|at| hours.get_mut(at)) {
                    hour.plays += played.plays;
                    hour.scans += played.scans;
                }
            }
            Ok(Some(ScreenFacts {
                campaigns,
                missing,
                hours,
                ..facts
            }))
        })
    }

    /// Counts the plays and scans of all screens from a moment on.
    ///
    /// # Errors
    /// The database fails.
    pub fn played_since(&self, from_ms: i64) -> Result<Played> {
        self.read_once(|tx| {
            Ok(tx.one(
                "SELECT CAST(coalesce(sum(plays), 0) AS BIGINT), CAST(coalesce(sum(scans), 0) AS BIGINT)
                 FROM hub_quarters WHERE quarter >= ?1",
                values![quarter_of(from_ms)],
                |row| {
                    Ok::<_, DatabaseError>(Played {
                        plays: row.get(0)?,
                        scans: row.get(1)?,
                    })
                },
            )?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Lock;
    use crate::people::Actor;
    use crate::store::testing::on_each_database;

    #[test]
    fn a_screen_shows_its_own_plays_of_the_day_by_hour() {
        on_each_database(|database| {
            let store = database.open();
            let (screen, _) = store.add_screen(&Actor::COMMAND_LINE, "Exit A", 0).unwrap();
            store.add_screen(&Actor::COMMAND_LINE, "Exit B", 0).unwrap();
            let put = |quarter: i64, screen: u32, plays: i64| {
                let put: Result<()> = store.write(Lock::Everything, |tx| {
                    tx.execute(
                        "INSERT INTO screen_quarters (quarter, screen, plays, visible_ms, scans, visits, pressed, shares)
                         VALUES (?1, ?2, ?3, 0, 1, 0, 0, 0)",
                        values![quarter, screen, plays],
                    )?;
                    tx.execute(
                        "INSERT INTO hub_quarters (quarter, plays, visible_ms, scans, visits, pressed, shares)
                         VALUES (?1, ?2, 0, 1, 0, 0, 0) ON CONFLICT (quarter)
                         DO UPDATE SET plays = hub_quarters.plays + excluded.plays,
                                       scans = hub_quarters.scans + excluded.scans",
                        values![quarter, plays],
                    )?;
                    Ok(())
                });
                put.unwrap();
            };
            // The day begins at quarter 100.
            for (quarter, number, plays) in [
                (99, 1, 50),
                (100, 1, 3),
                (103, 1, 4),
                (104, 1, 5),
                (104, 2, 9),
            ] {
                put(quarter, number, plays);
            }
            let day = (100 * QUARTER_MS, 105 * QUARTER_MS);
            let facts = store
                .screen_facts(screen, &Scope::ALL, day)
                .unwrap()
                .unwrap();
            let plays: Vec<u64> = facts.hours.iter().map(|hour| hour.plays).collect();
            assert_eq!(plays, [7, 5]);
            assert_eq!(
                facts.today(),
                Played {
                    plays: 12,
                    scans: 3
                }
            );
            assert_eq!(
                store.played_since(day.0).unwrap(),
                Played {
                    plays: 21,
                    scans: 4
                }
            );
        });
    }
}
