//! Values as PostgreSQL takes them, one by one or as arrays.

use std::error::Error;

use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type};

use crate::database::DatabaseError;
use crate::database::value::Value;

/// Writes a statement as PostgreSQL has it: `?1` is `$1` there, and what is a whole number when it
/// is added up is added as such, by an aggregate of the schema's own: the built-in sum of BIGINT
/// takes four times as long. No text in our statements has a question mark.
pub(super) fn for_server(sql: &str) -> String {
    sql.replace('?', "$")
        .replace("CAST(sum(", "CAST(whole_sum(")
}

pub(super) const fn type_of(value: &Value<'_>) -> Type {
    match value {
        Value::Integer(_) | Value::TooLarge(_) => Type::INT8,
        Value::Text(_) => Type::TEXT,
        Value::Bytes(_) => Type::BYTEA,
        Value::Boolean(_) => Type::BOOL,
    }
}

pub(super) fn parameters<'a>(values: &'a [Value<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    values
        .iter()
        .map(|value| -> &(dyn ToSql + Sync) { value })
        .collect()
}

/// How many values a set has.
pub(super) fn width<'v>(sets: &[impl AsRef<[Value<'v>]>]) -> usize {
    sets.first().map_or(0, |set| set.as_ref().len())
}

/// The values of all sets that stand at one place.
pub(super) enum Array<'a> {
    Integers(Vec<Option<i64>>),
    Texts(Vec<Option<&'a str>>),
    Bytes(Vec<Option<&'a [u8]>>),
    Booleans(Vec<Option<bool>>),
}

/// Turns sets of values into arrays, one for each place in a set.
pub(super) fn arrays<'a, 'v: 'a>(
    sets: &'a [impl AsRef<[Value<'v>]>],
) -> Result<Vec<Array<'a>>, DatabaseError> {
    let mixed = |at| DatabaseError::Column {
        at,
        wanted: "values of one kind",
    };
    let Some(first) = sets.first() else {
        return Ok(Vec::new());
    };
    let mut arrays: Vec<Array<'a>> = first
        .as_ref()
        .iter()
        .map(|value| empty(value, sets.len()))
        .collect();
    for set in sets {
        for (at, (value, array)) in set.as_ref().iter().zip(&mut arrays).enumerate() {
            match (value, array) {
                (Value::TooLarge(number), _) => return Err(DatabaseError::TooLarge(*number)),
                (Value::Integer(number), Array::Integers(array)) => array.push(*number),
                (Value::Text(text), Array::Texts(array)) => array.push(text.as_deref()),
                (Value::Bytes(bytes), Array::Bytes(array)) => array.push(bytes.as_deref()),
                (Value::Boolean(is_true), Array::Booleans(array)) => array.push(*is_true),
                _ => return Err(mixed(at)),
            }
        }
    }
    Ok(arrays)
}

pub(super) fn empty<'a>(of: &Value<'_>, sets: usize) -> Array<'a> {
    match of {
        Value::Integer(_) | Value::TooLarge(_) => Array::Integers(Vec::with_capacity(sets)),
        Value::Text(_) => Array::Texts(Vec::with_capacity(sets)),
        Value::Bytes(_) => Array::Bytes(Vec::with_capacity(sets)),
        Value::Boolean(_) => Array::Booleans(Vec::with_capacity(sets)),
    }
}

pub(super) fn types_of_arrays<'v>(sets: &[impl AsRef<[Value<'v>]>]) -> Vec<Type> {
    let values = sets.first().map_or(&[][..], |set| set.as_ref());
    let array_of = |value: &Value<'_>| match value {
        Value::Integer(_) | Value::TooLarge(_) => Type::INT8_ARRAY,
        Value::Text(_) => Type::TEXT_ARRAY,
        Value::Bytes(_) => Type::BYTEA_ARRAY,
        Value::Boolean(_) => Type::BOOL_ARRAY,
    };
    values.iter().map(array_of).collect()
}

pub(super) fn array_parameters<'a>(arrays: &'a [Array<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    arrays
        .iter()
        .map(|array| -> &(dyn ToSql + Sync) {
            match array {
                Array::Integers(array) => array,
                Array::Texts(array) => array,
                Array::Bytes(array) => array,
                Array::Booleans(array) => array,
            }
        })
        .collect()
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        of: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Integer(number) => number.to_sql(of, out),
            Self::Text(text) => text.as_deref().to_sql(of, out),
            Self::Bytes(bytes) => bytes.as_deref().to_sql(of, out),
            Self::Boolean(is_true) => is_true.to_sql(of, out),
            Self::TooLarge(number) => Err(Box::new(DatabaseError::TooLarge(*number))),
        }
    }

    fn accepts(of: &Type) -> bool {
        [Type::INT8, Type::TEXT, Type::BYTEA, Type::BOOL].contains(of)
    }

    tokio_postgres::types::to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_named_and_whole_numbers_added_up_as_postgresql_has_them() {
        assert_eq!(
            for_server(
                "SELECT CAST(sum(plays) AS BIGINT), max(at) FROM sums WHERE at < ?2 AND screen = ?1"
            ),
            "SELECT CAST(whole_sum(plays) AS BIGINT), max(at) FROM sums WHERE at < $2 AND screen = $1"
        );
    }
}
