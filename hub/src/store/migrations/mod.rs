//! The steps of the database's schema, one file each, and how a database takes those it lacks.
//!
//! Invariants: SQLite's `user_version` is the number of steps that a database has taken; they are
//! taken in one transaction, all that are missing or none. A step that was released never changes;
//! what follows is a further file with the next number, and a further line here.

use rusqlite::{Connection, TransactionBehavior};

use crate::store::{Result, StoreError};

/// Each step brings a database from its place in this list to the next.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("0001_first_tables.sql"),
    include_str!("0002_campaign_parts.sql"),
    include_str!("0003_token_keys.sql"),
    include_str!("0004_domains.sql"),
    include_str!("0005_standings.sql"),
    include_str!("0006_gaps.sql"),
    include_str!("0007_revoked_screens.sql"),
    include_str!("0008_anchors.sql"),
    include_str!("0009_device_keys.sql"),
    include_str!("0010_said_numbers.sql"),
    include_str!("0011_share_children.sql"),
    include_str!("0012_assigned_contents.sql"),
    include_str!("0013_visit_grades.sql"),
    include_str!("0014_kept_salts.sql"),
    include_str!("0015_counted_visitors.sql"),
];

/// Brings a database to the newest form.
///
/// # Errors
/// A newer hub made it, or a step fails; it is as it was then.
pub(super) fn migrate(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let done = usize::try_from(found).unwrap_or(usize::MAX);
    let Some(steps) = MIGRATIONS.get(done..) else {
        return Err(StoreError::Newer {
            found,
            known: MIGRATIONS.len(),
        });
    };
    for step in steps {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_the_step_of_its_number() {
        let folder = passerby_testing::package_folder().join("src/store/migrations");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "sql"))
            .collect();
        files.sort();
        assert_eq!(files.len(), MIGRATIONS.len());
        for (number, (file, step)) in (1..).zip(files.iter().zip(MIGRATIONS)) {
            let name = file.file_name().unwrap().to_str().unwrap();
            assert!(name.starts_with(&format!("{number:04}_")), "{name}");
            assert_eq!(std::fs::read_to_string(file).unwrap(), *step, "{name}");
        }
    }
}
