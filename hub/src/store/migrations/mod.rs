//! The steps of the schema, one file each and a list for each database, and how a database takes
//! those it lacks.
//!
//! Invariants: a database knows how many steps it has taken (SQLite's `user_version`; the table
//! `schema_steps` of PostgreSQL); they are taken in one transaction, all that are missing or none,
//! and by one process if several start at once. A step that was released never changes; what
//! follows is a further file with the next number, and a further line here.

use rusqlite::{Connection, TransactionBehavior};

use crate::database::{Database, DatabaseError, Lock, Transaction, values};
use crate::store::{Result, StoreError};

/// Each step brings a file of SQLite from its place in this list to the next.
pub(super) const SQLITE: &[&str] = &[
    include_str!("sqlite/0001_first_tables.sql"),
    include_str!("sqlite/0002_campaign_parts.sql"),
    include_str!("sqlite/0003_token_keys.sql"),
    include_str!("sqlite/0004_domains.sql"),
    include_str!("sqlite/0005_standings.sql"),
    include_str!("sqlite/0006_gaps.sql"),
    include_str!("sqlite/0007_revoked_screens.sql"),
    include_str!("sqlite/0008_anchors.sql"),
    include_str!("sqlite/0009_device_keys.sql"),
    include_str!("sqlite/0010_said_numbers.sql"),
    include_str!("sqlite/0011_share_children.sql"),
    include_str!("sqlite/0012_assigned_contents.sql"),
    include_str!("sqlite/0013_visit_grades.sql"),
    include_str!("sqlite/0014_kept_salts.sql"),
    include_str!("sqlite/0015_counted_visitors.sql"),
    include_str!("sqlite/0016_booleans.sql"),
    include_str!("sqlite/0017_rollups.sql"),
    include_str!("sqlite/0018_pruned.sql"),
    include_str!("sqlite/0019_report_figures.sql"),
    include_str!("sqlite/0020_change_number.sql"),
    include_str!("sqlite/0021_noted_figures.sql"),
    include_str!("sqlite/0022_enrolment_token_indexes.sql"),
    include_str!("sqlite/0023_acme.sql"),
    include_str!("sqlite/0024_people.sql"),
    include_str!("sqlite/0025_sources.sql"),
    include_str!("sqlite/0026_alerts.sql"),
    include_str!("sqlite/0027_emergencies.sql"),
    include_str!("sqlite/0028_drafts.sql"),
    include_str!("sqlite/0029_slots.sql"),
    include_str!("sqlite/0030_hub_quarters.sql"),
    include_str!("sqlite/0031_screen_frames.sql"),
    include_str!("sqlite/0032_report_sums.sql"),
    include_str!("sqlite/0033_screen_places.sql"),
    include_str!("sqlite/0034_films.sql"),
    include_str!("sqlite/0035_quotas.sql"),
    include_str!("sqlite/0036_moments.sql"),
    include_str!("sqlite/0037_chains.sql"),
    include_str!("sqlite/0038_voices.sql"),
    include_str!("sqlite/0039_followers.sql"),
    include_str!("sqlite/0040_conversions.sql"),
    include_str!("sqlite/0041_event_hooks.sql"),
    include_str!("sqlite/0042_moment_reports.sql"),
    include_str!("sqlite/0043_follow_returns.sql"),
    include_str!("sqlite/0044_airing.sql"),
];

/// The same for PostgreSQL.
pub(super) const POSTGRES: &[&str] = &[
    include_str!("postgres/0001_first_tables.sql"),
    include_str!("postgres/0002_rollups.sql"),
    include_str!("postgres/0003_pruned.sql"),
    include_str!("postgres/0004_report_figures.sql"),
    include_str!("postgres/0005_change_number.sql"),
    include_str!("postgres/0006_processes.sql"),
    include_str!("postgres/0007_noted_figures.sql"),
    include_str!("postgres/0008_enrolment_token_indexes.sql"),
    include_str!("postgres/0009_acme.sql"),
    include_str!("postgres/0010_people.sql"),
    include_str!("postgres/0011_sources.sql"),
    include_str!("postgres/0012_alerts.sql"),
    include_str!("postgres/0013_emergencies.sql"),
    include_str!("postgres/0014_drafts.sql"),
    include_str!("postgres/0015_slots.sql"),
    include_str!("postgres/0016_hub_quarters.sql"),
    include_str!("postgres/0017_screen_frames.sql"),
    include_str!("postgres/0018_report_sums.sql"),
    include_str!("postgres/0019_screen_places.sql"),
    include_str!("postgres/0020_films.sql"),
    include_str!("postgres/0021_quotas.sql"),
    include_str!("postgres/0022_moments.sql"),
    include_str!("postgres/0023_chains.sql"),
    include_str!("postgres/0024_voices.sql"),
    include_str!("postgres/0025_followers.sql"),
    include_str!("postgres/0026_conversions.sql"),
    include_str!("postgres/0027_event_hooks.sql"),
    include_str!("postgres/0028_moment_reports.sql"),
    include_str!("postgres/0029_follow_returns.sql"),
    include_str!("postgres/0030_airing.sql"),
];

/// How many steps each database has taken in one version of the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Steps {
    /// Of a file of SQLite.
    pub(crate) sqlite: usize,
    /// Of a database of PostgreSQL.
    pub(crate) postgres: usize,
}

impl Steps {
    /// Those of this version.
    pub(crate) const NEWEST: Self = Self {
        sqlite: SQLITE.len(),
        postgres: POSTGRES.len(),
    };
}

/// Brings a database to the newest form.
///
/// # Errors
/// A newer hub made it, or a step fails; it is as it was then.
pub(super) fn migrate(database: &Database) -> Result<()> {
    migrate_to(database, Steps::NEWEST)
}

/// Brings a database to the form that it had in some version of the hub; one that is past that
/// stays as it is.
///
/// # Errors
/// A newer hub made it, or a step fails; it is as it was then.
pub(super) fn migrate_to(database: &Database, until: Steps) -> Result<()> {
    match database {
        Database::Sqlite(file) => {
            file.with_writer(|connection| migrate_sqlite(connection, until.sqlite))
        }
        Database::Postgres(server) => {
            if !database.read(has_steps)? {
                let made = server.with_connection(|connection| {
                    connection.run("CREATE TABLE schema_steps (number BIGINT PRIMARY KEY)")
                });
                // Another process may have made it at the same time.
                if made.is_err() && !database.read(has_steps)? {
                    made?;
                }
            }
            migrate_postgres(database, until.postgres)
        }
    }
}

/// Tells whether a database of PostgreSQL has the table of the steps that it has taken.
fn has_steps(tx: &Transaction<'_>) -> Result<bool, DatabaseError> {
    tx.exists(
        "SELECT 1 FROM pg_tables
         WHERE tablename = 'schema_steps' AND schemaname = ANY (current_schemas(FALSE))",
        values![],
    )
}

/// Tells whether a hub has begun in a database: it has taken a step.
///
/// # Errors
/// The database fails.
pub(super) fn is_begun(database: &Database) -> Result<bool> {
    let steps: i64 = match database {
        Database::Sqlite(file) => file.with_writer(|connection| steps_of_file(connection))?,
        Database::Postgres(_) => database.read(|tx| match has_steps(tx)? {
            true => steps_of_server(tx),
            false => Ok::<_, DatabaseError>(0),
        })?,
    };
    Ok(steps > 0)
}

fn migrate_sqlite(connection: &mut Connection, until: usize) -> Result<()> {
    // Most files lack none, and then nobody who writes is to be waited for.
    if missing(SQLITE, steps_of_file(connection)?, until)?.is_empty() {
        return Ok(());
    }
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(DatabaseError::from)?;
    // Another process may have taken them meanwhile.
    let found = steps_of_file(&transaction)?;
    let steps = missing(SQLITE, found, until)?;
    for step in steps {
        transaction
            .execute_batch(step)
            .map_err(DatabaseError::from)?;
    }
    let taken = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    transaction
        .pragma_update(None, "user_version", found.saturating_add(taken))
        .and_then(|()| transaction.commit())
        .map_err(DatabaseError::from)?;
    Ok(())
}

/// How many steps a file has taken.
fn steps_of_file(connection: &Connection) -> Result<i64, DatabaseError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// How many steps a database of PostgreSQL has taken that has their table.
fn steps_of_server(tx: &Transaction<'_>) -> Result<i64, DatabaseError> {
    tx.value("SELECT count(*) FROM schema_steps", values![])
}

fn migrate_postgres(database: &Database, until: usize) -> Result<()> {
    // Most databases lack none, and then nobody who writes is to wait for the lock of everything.
    let found = database.read(steps_of_server)?;
    if missing(POSTGRES, found, until)?.is_empty() {
        return Ok(());
    }
    database.write(Lock::Everything, |tx| {
        // Another process may have taken them meanwhile.
        let found = steps_of_server(tx)?;
        for (number, step) in (found + 1..).zip(missing(POSTGRES, found, until)?) {
            tx.run(step)?;
            tx.execute(
                "INSERT INTO schema_steps (number) VALUES (?1)",
                values![number],
            )?;
        }
        Ok(())
    })
}

/// The steps up to the given one that a database with so many has not taken.
fn missing(
    steps: &'static [&'static str],
    found: i64,
    until: usize,
) -> Result<&'static [&'static str]> {
    let done = usize::try_from(found).unwrap_or(usize::MAX);
    if done > steps.len() {
        return Err(StoreError::Newer {
            found,
            known: steps.len(),
        });
    }
    Ok(&steps[done..until.clamp(done, steps.len())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::on_each_database;

    #[test]
    fn what_lacks_no_step_is_opened_and_reported_while_somebody_writes() {
        on_each_database(|database| {
            let store = database.open();
            let written = store.write(Lock::Everything, |_| {
                let reader = database.try_open()?;
                let report = reader.report()?;
                Ok::<_, StoreError>(report.screens.len())
            });
            assert_eq!(written.unwrap(), 0);
        });
    }

    #[test]
    fn each_file_is_the_step_of_its_number() {
        for (name, steps) in [("sqlite", SQLITE), ("postgres", POSTGRES)] {
            let folder = passerby_testing::package_folder()
                .join("src/store/migrations")
                .join(name);
            let mut files: Vec<_> = std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .collect();
            files.sort();
            assert_eq!(files.len(), steps.len());
            for (number, (file, step)) in (1..).zip(files.iter().zip(steps)) {
                let name = file.file_name().unwrap().to_str().unwrap();
                assert!(name.starts_with(&format!("{number:04}_")), "{name}");
                assert_eq!(std::fs::read_to_string(file).unwrap(), *step, "{name}");
            }
        }
    }
}
