//! Rows of a table between two keys, in the order of the key.

use std::ops::ControlFlow;

use sha2::{Digest as _, Sha256};

use passerby_protocol::Digest;

use crate::database::{DatabaseError, Transaction, Value};
use crate::store::copying::rows;
use crate::store::copying::tables::Table;

/// The key of a row: a value for each column of the table's key.
pub(crate) type Key = Vec<Value<'static>>;

/// Which rows.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Range<'a> {
    /// Those behind this key; all from the first when there is none.
    pub(crate) after: Option<&'a Key>,
    /// Those up to this key, with it; all to the last when there is none.
    pub(crate) until: Option<&'a Key>,
}

impl Range<'_> {
    /// The condition and its values.
    pub(super) fn condition(&self, table: &Table) -> (String, Vec<Value<'static>>) {
        let key = table.key.join(", ");
        let (mut conditions, mut values) = (Vec::new(), Vec::new());
        for (bound, sign) in [(self.after, ">"), (self.until, "<=")] {
            if let Some(bound) = bound {
                let first = values.len() + 1;
                let places: Vec<String> = (first..first + bound.len())
                    .map(|at| format!("?{at}"))
                    .collect();
                conditions.push(format!("({key}) {sign} ({})", places.join(", ")));
                values.extend(bound.iter().cloned());
            }
        }
        let condition = match conditions.len() {
            0 => String::new(),
            _ => format!(" WHERE {}", conditions.join(" AND ")),
        };
        (condition, values)
    }
}

/// Reads rows. `read` gets each with its line.
///
/// # Errors
/// The database fails, or `read` does.
pub(crate) fn each_row<E: From<DatabaseError>>(
    tx: &Transaction<'_>,
    table: &Table,
    range: Range<'_>,
    mut read: impl FnMut(Vec<Value<'static>>, &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let (condition, values) = range.condition(table);
    let columns = table.names().join(", ");
    let query = format!(
        "SELECT {columns} FROM {}{condition} ORDER BY {}",
        table.name,
        table.key.join(", ")
    );
    let kinds = table.kinds();
    let mut line = Vec::new();
    tx.each_of_many(&query, &values, |row| {
        let row = rows::read(row, &kinds)?;
        line.clear();
        rows::write(&row, &mut line);
        read(row, &line)?;
        Ok(ControlFlow::Continue(()))
    })
}

/// Counts rows and makes a digest of their lines.
#[derive(Clone, Default)]
pub(crate) struct Total {
    rows: u64,
    hasher: Sha256,
}

impl Total {
    /// Takes in a row.
    pub(crate) fn add(&mut self, line: &[u8]) {
        self.rows += 1;
        self.hasher.update(line);
    }

    /// How many there were, and their digest.
    pub(crate) fn end(self) -> (u64, Digest) {
        (self.rows, Digest(self.hasher.finalize().into()))
    }
}
