//! Rows in the text form that PostgreSQL's `COPY` takes: columns apart by tabs, rows by line ends,
//! `\N` for what is missing, a backslash before what would be taken for one of these.

use std::io::Write as _;

use crate::database::{DatabaseError, Value};

/// Writes rows.
///
/// # Errors
/// A number is past what a database can hold.
pub(super) fn of<'v>(rows: &[impl AsRef<[Value<'v>]>]) -> Result<Vec<u8>, DatabaseError> {
    let mut text = Vec::with_capacity(rows.len() * 64);
    for row in rows {
        for (at, value) in row.as_ref().iter().enumerate() {
            if at > 0 {
                text.push(b'\t');
            }
            write_value(value, &mut text)?;
        }
        text.push(b'\n');
    }
    Ok(text)
}

/// Writes bytes as hexadecimal digits, two a byte.
pub(crate) fn push_hex(bytes: &[u8], text: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 15)]);
    }
}

fn write_value(value: &Value<'_>, text: &mut Vec<u8>) -> Result<(), DatabaseError> {
    match value {
        Value::Integer(None) | Value::Text(None) | Value::Bytes(None) | Value::Boolean(None) => {
            text.extend(b"\\N");
        }
        Value::Integer(Some(number)) => {
            // Nothing is refused by a vector.
            let _ = write!(text, "{number}");
        }
        Value::Boolean(Some(is_true)) => text.push(if *is_true { b't' } else { b'f' }),
        Value::Bytes(Some(bytes)) => {
            text.extend(b"\\\\x");
            push_hex(bytes, text);
        }
        Value::Text(Some(said)) => {
            for byte in said.bytes() {
                match byte {
                    b'\\' => text.extend(b"\\\\"),
                    b'\t' => text.extend(b"\\t"),
                    b'\n' => text.extend(b"\\n"),
                    b'\r' => text.extend(b"\\r"),
                    other => text.push(other),
                }
            }
        }
        Value::TooLarge(number) => return Err(DatabaseError::TooLarge(*number)),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_in_the_form_is_told_apart() {
        let row = vec![
            Value::from(-7_i64),
            Value::from(None::<i64>),
            Value::from("a\tb\\N\n\r"),
            Value::from([1_u8, 0xff]),
            Value::from(true),
        ];
        let text = of(&[row, vec![Value::from("")]]).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "-7\t\\N\ta\\tb\\\\N\\n\\r\t\\\\x01ff\tt\n\n"
        );
        assert!(of(&[vec![Value::TooLarge(u64::MAX)]]).is_err());
    }
}
