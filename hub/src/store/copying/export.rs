//! Reading all tables as they are at one moment.

use passerby_protocol::Digest;

use crate::database::{DatabaseError, Id, Transaction, once, values};
use crate::store::Store;
use crate::store::copying::ranges::{Range, each_row};
use crate::store::copying::tables::Table;

/// All tables at one moment.
pub(crate) struct Snapshot<'a, 'b>(&'a Transaction<'b>);

impl Store {
    /// Reads a state that the database has now, however long that takes; writers do not wait.
    ///
    /// # Errors
    /// The database fails, or the work does.
    pub(crate) fn snapshot<T, E: From<DatabaseError>>(
        &self,
        work: impl FnOnce(&Snapshot<'_, '_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.read(once(|tx| work(&Snapshot(tx))))
    }
}

impl Snapshot<'_, '_> {
    /// Reads the rows of a table as lines, in the order of its key.
    ///
    /// # Errors
    /// The database fails, or `read` does.
    pub(crate) fn lines<E: From<DatabaseError>>(
        &self,
        table: &Table,
        mut read: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        each_row(self.0, table, Range::default(), |_, line| read(line))
    }

    /// Lists every creative with its size in bytes.
    ///
    /// # Errors
    /// The database fails.
    pub(crate) fn creatives(&self) -> Result<Vec<(Digest, u64)>, DatabaseError> {
        let all = "SELECT sha256, size FROM creatives ORDER BY sha256";
        self.0.all(all, values![], |row| {
            let Id(digest) = row.get(0)?;
            Ok((digest, row.get(1)?))
        })
    }
}
