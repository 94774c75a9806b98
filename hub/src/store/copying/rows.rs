//! Rows as text, the same whichever database they come from: a JSON array a row, with bytes as
//! hexadecimal digits.
//!
//! Invariant: equal rows are equal texts, so a digest of a table's rows in the order of its key is
//! the same on both databases.

use serde_json::Value as Json;

use crate::database::{DatabaseError, Row, Value, push_hex};
use crate::store::copying::tables::Kind;

/// Reads the columns of a row, from the first on.
///
/// # Errors
/// A column is something else.
pub(crate) fn read(row: &Row<'_>, kinds: &[Kind]) -> Result<Vec<Value<'static>>, DatabaseError> {
    let columns = kinds.iter().enumerate().map(|(at, kind)| {
        Ok(match kind {
            Kind::Integer => Value::from(row.get::<Option<i64>>(at)?),
            Kind::Text => Value::from(row.get::<Option<String>>(at)?),
            Kind::Bytes => Value::Bytes(row.get::<Option<Vec<u8>>>(at)?.map(Into::into)),
            Kind::Boolean => Value::from(row.get::<Option<bool>>(at)?),
        })
    });
    columns.collect()
}

/// Writes a row as a line.
pub(crate) fn write(row: &[Value<'_>], line: &mut Vec<u8>) {
    line.push(b'[');
    for (at, value) in row.iter().enumerate() {
        if at > 0 {
            line.push(b',');
        }
        match value {
            Value::Integer(Some(number)) => line.extend(number.to_string().bytes()),
            Value::Boolean(Some(true)) => line.extend(b"true"),
            Value::Boolean(Some(false)) => line.extend(b"false"),
            Value::Text(Some(text)) => {
                // A text and a buffer in memory: neither can fail.
                let _ = serde_json::to_writer(&mut *line, text);
            }
            Value::Bytes(Some(bytes)) => {
                line.push(b'"');
                push_hex(bytes, line);
                line.push(b'"');
            }
            Value::TooLarge(number) => line.extend(number.to_string().bytes()),
            Value::Integer(None)
            | Value::Text(None)
            | Value::Bytes(None)
            | Value::Boolean(None) => {
                line.extend(b"null");
            }
        }
    }
    line.extend(b"]\n");
}

/// Reads a line; `None` when it is not a row with these columns.
pub(crate) fn parse(line: &[u8], kinds: &[Kind]) -> Option<Vec<Value<'static>>> {
    let row: Vec<Json> = serde_json::from_slice(line).ok()?;
    if row.len() != kinds.len() {
        return None;
    }
    let values = row.into_iter().zip(kinds).map(|(value, kind)| {
        Some(match (kind, value) {
            (Kind::Integer, Json::Null) => Value::Integer(None),
            (Kind::Integer, Json::Number(number)) => Value::from(number.as_i64()?),
            (Kind::Text, Json::Null) => Value::Text(None),
            (Kind::Text, Json::String(text)) => Value::from(text),
            (Kind::Bytes, Json::Null) => Value::Bytes(None),
            (Kind::Bytes, Json::String(digits)) => Value::Bytes(Some(unhex(&digits)?.into())),
            (Kind::Boolean, Json::Null) => Value::Boolean(None),
            (Kind::Boolean, Json::Bool(is_true)) => Value::from(is_true),
            _ => return None,
        })
    });
    values.collect()
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_comes_back_from_its_line_and_nothing_else_is_a_row() {
        let kinds = [Kind::Integer, Kind::Text, Kind::Bytes, Kind::Boolean];
        for row in [
            vec![
                Value::from(i64::MIN),
                Value::from("a \"b\"\n\u{1f600}"),
                Value::from([0_u8, 0x9f]),
                Value::from(false),
            ],
            vec![
                Value::Integer(None),
                Value::Text(None),
                Value::Bytes(None),
                Value::Boolean(None),
            ],
        ] {
            let mut line = Vec::new();
            write(&row, &mut line);
            assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
            assert_eq!(parse(&line, &kinds), Some(row));
        }
        for line in [
            "[1,\"a\",\"0g\",true]",
            "[1,\"a\",\"000\",true]",
            "[1,\"a\",\"00\"]",
            "[1.5,\"a\",\"00\",true]",
            "[\"1\",\"a\",\"00\",true]",
            "[1,\"a\",\"00\",true",
            "{}",
            "",
        ] {
            assert_eq!(parse(line.as_bytes(), &kinds), None, "{line}");
        }
    }
}
