//! What is handed to a statement in place of `?1`, `?2` …, whatever the database.
//!
//! Invariant: each value has a kind also when it is missing, so that PostgreSQL never has to guess
//! the type of a parameter: whole numbers are `BIGINT`, texts `TEXT`, bytes `BYTEA`, truth
//! `BOOLEAN`.

use std::borrow::Cow;

/// A value for a statement, or `None` for `NULL`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Value<'a> {
    /// A whole number of 64 bits.
    Integer(Option<i64>),
    /// A text.
    Text(Option<Cow<'a, str>>),
    /// Bytes.
    Bytes(Option<Cow<'a, [u8]>>),
    /// True or false; SQLite keeps 1 or 0.
    Boolean(Option<bool>),
    /// A number past what a database can hold; a statement with it fails.
    TooLarge(u64),
}

impl Value<'_> {
    /// Copies what it borrows.
    pub(crate) fn into_owned(self) -> Value<'static> {
        match self {
            Self::Integer(number) => Value::Integer(number),
            Self::Text(text) => Value::Text(text.map(|text| Cow::Owned(text.into_owned()))),
            Self::Bytes(bytes) => Value::Bytes(bytes.map(|bytes| Cow::Owned(bytes.into_owned()))),
            Self::Boolean(is_true) => Value::Boolean(is_true),
            Self::TooLarge(number) => Value::TooLarge(number),
        }
    }
}

/// Makes the values of a statement, in the order of their numbers.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::database::Value::from($value)),*] };
}
pub(crate) use values;

/// The same as a list that is kept: one of many sets of values.
macro_rules! owned_values {
    ($($value:expr),* $(,)?) => { [$($crate::database::Value::from($value)),*] };
}
pub(crate) use owned_values;

/// What has an empty value of its own kind.
pub(crate) trait Optional<'a>: Into<Value<'a>> {
    /// `NULL` of that kind.
    const NULL: Value<'a>;
}

macro_rules! optional {
    ($null:expr; $($from:ty),*) => { $(
        impl<'a> Optional<'a> for $from {
            const NULL: Value<'a> = $null;
        }
    )* };
}
optional!(Value::Integer(None); i64, u64, u32, u16, u8, usize);
optional!(Value::Text(None); String, &'a str);
optional!(Value::Bytes(None); &'a [u8], [u8; 16], [u8; 32]);
optional!(Value::Boolean(None); bool);

impl<'a, T: Optional<'a>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(T::NULL, Into::into)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(Some(value))
    }
}

impl From<u64> for Value<'_> {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or(Self::TooLarge(value), Self::from)
    }
}

impl From<usize> for Value<'_> {
    fn from(value: usize) -> Self {
        Self::from(u64::try_from(value).unwrap_or(u64::MAX))
    }
}

macro_rules! small {
    ($($from:ty),*) => { $(
        impl From<$from> for Value<'_> {
            fn from(value: $from) -> Self {
                Self::Integer(Some(i64::from(value)))
            }
        }
    )* };
}
small!(u32, u16, u8);

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Boolean(Some(value))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Some(Cow::Borrowed(value)))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::from(value.as_str())
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Self::Text(Some(Cow::Owned(value)))
    }
}

impl<'a> From<Cow<'a, str>> for Value<'a> {
    fn from(value: Cow<'a, str>) -> Self {
        Self::Text(Some(value))
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(Some(Cow::Borrowed(value)))
    }
}

impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(value: &'a Vec<u8>) -> Self {
        Self::from(value.as_slice())
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Self::from(value.as_slice())
    }
}

impl<const N: usize> From<[u8; N]> for Value<'_> {
    fn from(value: [u8; N]) -> Self {
        Self::Bytes(Some(Cow::Owned(value.to_vec())))
    }
}
