//! What a statement answers, read in one way whatever the database.

use rusqlite::types::ValueRef;
use tokio_postgres::types::Type;

use crate::database::DatabaseError;

/// One column of one row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Column<'a> {
    /// `NULL`.
    Null,
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// True or false, where the database has such a type.
    Boolean(bool),
}

/// One row of an answer.
pub(crate) struct Row<'a>(Source<'a>);

enum Source<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

impl<'a> From<&'a rusqlite::Row<'a>> for Row<'a> {
    fn from(row: &'a rusqlite::Row<'a>) -> Self {
        Self(Source::Sqlite(row))
    }
}

impl<'a> From<&'a tokio_postgres::Row> for Row<'a> {
    fn from(row: &'a tokio_postgres::Row) -> Self {
        Self(Source::Postgres(row))
    }
}

impl Row<'_> {
    /// Reads a column, the first is 0.
    ///
    /// # Errors
    /// There is no such column, or it is something else.
    pub(crate) fn get<T: FromColumn>(&self, at: usize) -> Result<T, DatabaseError> {
        let column = match self.0 {
            Source::Sqlite(row) => sqlite_column(row, at)?,
            Source::Postgres(row) => postgres_column(row, at)?,
        };
        T::from_column(column).ok_or_else(|| DatabaseError::Column {
            at,
            wanted: std::any::type_name::<T>(),
        })
    }
}

/// What can be read from a column.
pub(crate) trait FromColumn: Sized {
    /// Returns `None` if the column is something else.
    fn from_column(column: Column<'_>) -> Option<Self>;
}

impl FromColumn for i64 {
    fn from_column(column: Column<'_>) -> Option<Self> {
        match column {
            Column::Integer(number) => Some(number),
            Column::Boolean(is_true) => Some(i64::from(is_true)),
            _ => None,
        }
    }
}

macro_rules! from_integer {
    ($($to:ty),*) => { $(
        impl FromColumn for $to {
            fn from_column(column: Column<'_>) -> Option<Self> {
                i64::from_column(column).and_then(|number| number.try_into().ok())
            }
        }
    )* };
}
from_integer!(u64, u32, u16, u8, usize);

impl FromColumn for bool {
    fn from_column(column: Column<'_>) -> Option<Self> {
        i64::from_column(column).map(|number| number != 0)
    }
}

impl FromColumn for String {
    fn from_column(column: Column<'_>) -> Option<Self> {
        match column {
            Column::Text(text) => Some(text.to_owned()),
            _ => None,
        }
    }
}

impl FromColumn for Vec<u8> {
    fn from_column(column: Column<'_>) -> Option<Self> {
        match column {
            Column::Bytes(bytes) => Some(bytes.to_vec()),
            _ => None,
        }
    }
}

impl<const N: usize> FromColumn for [u8; N] {
    fn from_column(column: Column<'_>) -> Option<Self> {
        match column {
            Column::Bytes(bytes) => bytes.try_into().ok(),
            _ => None,
        }
    }
}

impl<T: FromColumn> FromColumn for Option<T> {
    fn from_column(column: Column<'_>) -> Option<Self> {
        match column {
            Column::Null => Some(None),
            other => T::from_column(other).map(Some),
        }
    }
}

/// A column whose text or number is an id of the protocol.
pub(crate) struct Id<T>(pub(crate) T);

impl<T: std::str::FromStr> FromColumn for Id<T> {
    fn from_column(column: Column<'_>) -> Option<Self> {
        match column {
            Column::Integer(number) => number.to_string().parse().ok().map(Self),
            Column::Text(text) => text.parse().ok().map(Self),
            _ => None,
        }
    }
}

/// Reads a column of a row of SQLite.
fn sqlite_column<'a>(row: &'a rusqlite::Row<'a>, at: usize) -> Result<Column<'a>, DatabaseError> {
    let wrong = |wanted| DatabaseError::Column { at, wanted };
    Ok(match row.get_ref(at)? {
        ValueRef::Null => Column::Null,
        ValueRef::Integer(number) => Column::Integer(number),
        ValueRef::Real(_) => return Err(wrong("a whole number")),
        ValueRef::Text(text) => {
            Column::Text(std::str::from_utf8(text).map_err(|_| wrong("a text in UTF-8"))?)
        }
        ValueRef::Blob(bytes) => Column::Bytes(bytes),
    })
}

/// Reads a column of a row of PostgreSQL.
fn postgres_column(row: &tokio_postgres::Row, at: usize) -> Result<Column<'_>, DatabaseError> {
    let wrong = |wanted| DatabaseError::Column { at, wanted };
    let Some(column) = row.columns().get(at) else {
        return Err(wrong("a column"));
    };
    let read = match *column.type_() {
        Type::INT8 => row.try_get::<_, Option<i64>>(at)?.map(Column::Integer),
        Type::INT4 => row
            .try_get::<_, Option<i32>>(at)?
            .map(|number| Column::Integer(number.into())),
        Type::BOOL => row.try_get::<_, Option<bool>>(at)?.map(Column::Boolean),
        Type::TEXT => row.try_get::<_, Option<&str>>(at)?.map(Column::Text),
        Type::BYTEA => row.try_get::<_, Option<&[u8]>>(at)?.map(Column::Bytes),
        _ => return Err(wrong("BIGINT, TEXT, BYTEA or BOOLEAN")),
    };
    Ok(read.unwrap_or(Column::Null))
}
