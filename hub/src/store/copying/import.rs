//! Filling an empty database with the rows of a backup.

use std::path::Path;

use crate::database::{
    Database, DatabaseError, Lock, PostgresDatabase, Transaction, Value, once, values,
};
use crate::store::copying::unfinished;
use crate::store::copying::unfinished::Begun;
use crate::store::migrations::{self, Steps};
use crate::store::{Result, Store};

/// A database that is being filled.
pub(crate) struct Import<'a, 'b>(&'a Transaction<'b>);

impl Import<'_, '_> {
    /// Takes away the rows that steps of the schema have made; the last table first.
    ///
    /// # Errors
    /// The database fails.
    pub(crate) fn clear(&self, tables: &[&str]) -> Result<(), DatabaseError> {
        for table in tables.iter().rev() {
            self.0.execute(&format!("DELETE FROM {table}"), values![])?;
        }
        Ok(())
    }

    /// Appends rows to a table. Names are trusted.
    ///
    /// # Errors
    /// The database fails, or has no such table or column.
    pub(crate) fn append(
        &self,
        table: &str,
        columns: &[&str],
        rows: &[Vec<Value<'_>>],
    ) -> Result<(), DatabaseError> {
        self.0.append(table, columns, rows)
    }
}

impl Store {
    /// Makes the database of a folder with an older schema, fills it, and brings it to the newest.
    /// It is on disk, in one file, when this returns.
    ///
    /// # Errors
    /// The database or the work fails; what is in the folder then is of no use.
    pub(crate) fn fill_file<E>(
        folder: &Path,
        steps: Steps,
        work: impl FnOnce(&Import<'_, '_>) -> Result<(), E>,
    ) -> Result<(), E>
    where
        E: From<DatabaseError> + From<crate::store::StoreError>,
    {
        let database = Self::made_file(folder)?;
        migrations::migrate_to(&database, steps)?;
        database.write(Lock::Everything, once(|tx| work(&Import(tx))))?;
        migrations::migrate(&database)?;
        Ok(())
    }

    /// Begins to fill a database on a server; one that was begun before with the same id goes on.
    ///
    /// # Errors
    /// The server is away, there is a hub in the database, or another copy was begun there.
    pub(crate) fn begin_copy(address: &str, id: &str) -> Result<Begun> {
        unfinished::begin(&Database::Postgres(PostgresDatabase::new(address)?), id)
    }

    /// Fills a database on a server that [`Self::begin_copy`] found unfinished, with an older
    /// schema, and brings it to the newest.
    ///
    /// # Errors
    /// The database or the work fails; what is there then is of no use but to begin again.
    pub(crate) fn fill_server<E>(
        address: &str,
        steps: Steps,
        work: impl FnOnce(&Import<'_, '_>) -> Result<(), E>,
    ) -> Result<(), E>
    where
        E: From<DatabaseError> + From<crate::store::StoreError>,
    {
        let server = PostgresDatabase::new(address).map_err(E::from)?;
        let database = Database::Postgres(server);
        migrations::migrate_to(&database, steps)?;
        let filling = once(|tx| {
            work(&Import(tx))?;
            unfinished::follow_numbers(tx)?;
            unfinished::set_whole(tx)?;
            Ok::<_, E>(())
        });
        database.write(Lock::Everything, filling)?;
        Ok(())
    }

    /// Ends a copy into a database on a server: from now on hubs open it.
    ///
    /// # Errors
    /// The database fails, or another copy was begun there.
    pub(crate) fn end_copy(address: &str, id: &str) -> Result<()> {
        let database = Database::Postgres(PostgresDatabase::new(address)?);
        migrations::migrate(&database)?;
        database.write(Lock::Everything, |tx| {
            if unfinished::find(tx, id)?.is_some() {
                tx.run(
                    "DROP TABLE IF EXISTS unfinished_copy_chunks;
                     DROP TABLE IF EXISTS unfinished_copy_references;
                     DROP TABLE unfinished_copy",
                )?;
            }
            Ok(())
        })
    }
}
