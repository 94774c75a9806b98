//! Lists and texts that are refused while they are read, not after: a few bytes of zstd can be millions of empty strings,
//! each of which takes 24 bytes of memory.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

/// Reads a list of at most `MAX` values.
///
/// # Errors
/// There is one more, or one is wrong.
pub(crate) fn list<'de, const MAX: usize, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_seq(List::<T, MAX>(PhantomData))
}

/// Reads a list of at most `MAX` texts of at most `BYTES` bytes each.
///
/// # Errors
/// There is one more, or one is longer, or no text.
pub(crate) fn texts<'de, const MAX: usize, const BYTES: usize, D>(
    deserializer: D,
) -> Result<Vec<String>, D::Error>
where
    D: Deserializer<'de>,
{
    let texts = deserializer.deserialize_seq(List::<Text<BYTES>, MAX>(PhantomData))?;
    Ok(texts.into_iter().map(|text| text.0).collect())
}

/// Reads a text of at most `BYTES` bytes.
///
/// # Errors
/// It is longer, or no text.
pub(crate) fn text<'de, const BYTES: usize, D>(deserializer: D) -> Result<String, D::Error>
where
    D: Deserializer<'de>,
{
    Text::<BYTES>::deserialize(deserializer).map(|text| text.0)
}

struct List<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for List<T, MAX> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {MAX}")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            if values.len() == MAX {
                return Err(A::Error::invalid_length(MAX + 1, &self));
            }
            values.push(value);
        }
        Ok(values)
    }
}

struct Text<const BYTES: usize>(String);

impl<'de, const BYTES: usize> Deserialize<'de> for Text<BYTES> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor::<BYTES>)
    }
}

struct TextVisitor<const BYTES: usize>;

impl<const BYTES: usize> Visitor<'_> for TextVisitor<BYTES> {
    type Value = Text<BYTES>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a text of at most {BYTES} bytes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text<BYTES>, E> {
        if text.len() > BYTES {
            return Err(E::invalid_length(text.len(), &self));
        }
        Ok(Text(text.to_owned()))
    }
}
