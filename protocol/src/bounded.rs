//! Lists and texts that are refused while they are read, not after: a few bytes of zstd can be
//! millions of empty strings, each of which takes 24 bytes of memory, or one text of millions of
//! letters, which an error would quote whole, each letter as up to ten.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, SeqAccess, Visitor};

/// Longest text form of an id, a time, a colour or a daypart, in bytes.
const VALUE_BYTES_MAX: usize = 256;

/// Reads JSON whose texts and names have at most so many bytes each, as they are written there. One
/// that has more is refused before anything is read, wherever it stands: also where a number
/// belongs, or under a name that nobody knows.
///
/// # Errors
/// There is a longer text, or the JSON is not a `T`.
pub fn json<T: DeserializeOwned>(json: &[u8], text_bytes_max: usize) -> serde_json::Result<T> {
    if has_longer_text(json, text_bytes_max) {
        let message = format!("it has a text of more than {text_bytes_max} bytes");
        return Err(serde_json::Error::custom(message));
    }
    serde_json::from_slice(json)
}

/// Tells whether anything between quotes is longer. What is no JSON is told by whoever reads it.
fn has_longer_text(json: &[u8], bytes_max: usize) -> bool {
    let mut length = None;
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        length = match (length, byte) {
            (None, b'"') => Some(0),
            (None, _) | (Some(_), b'"') => None,
            (Some(length), b'\\') => {
                bytes.next();
                Some(length + 2)
            }
            (Some(length), _) => Some(length + 1),
        };
        if length.is_some_and(|length| length > bytes_max) {
            return true;
        }
    }
    false
}

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

/// Reads a text of at most `BYTES` bytes, if there is one.
///
/// # Errors
/// It is longer, or neither a text nor null.
pub(crate) fn optional_text<'de, const BYTES: usize, D>(
    deserializer: D,
) -> Result<Option<String>, D::Error>
where
    D: Deserializer<'de>,
{
    let text = Option::<Text<BYTES>>::deserialize(deserializer)?;
    Ok(text.map(|text| text.0))
}

/// Reads a value from its short text form, without a copy of the text.
///
/// # Errors
/// It has more than [`VALUE_BYTES_MAX`] bytes, or is no such value.
pub(crate) fn value<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: fmt::Display>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_str(FromText(PhantomData))
}

struct FromText<T>(PhantomData<T>);

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for FromText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a text of at most {VALUE_BYTES_MAX} bytes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        if text.len() > VALUE_BYTES_MAX {
            return Err(E::invalid_length(text.len(), &self));
        }
        text.parse().map_err(E::custom)
    }
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

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::changes::{ChangesReply, ChangesRequest};
    use crate::condition::Condition;
    use crate::daypart::Daypart;
    use crate::manifest::Manifest;
    use crate::opening::ClosedDays;
    use crate::plays::{Display, GapReason, Outcome, PlayBatch};
    use crate::proof_of_play::PublicKey;
    use crate::recurrence::{LocalTime, Recurrence};
    use crate::tally::{Tallies, WeekPart};
    use crate::wire::{Credentials, EnrollReply, EnrollRequest, Heartbeat};
    use crate::{Assignment, CampaignId, Digest, Epoch, PlayNumber, ScreenNumber, campaign};

    /// A letter, one that is quoted as eight, and a digit.
    const LETTERS: [&str; 3] = ["x", "\u{200b}", "1"];

    fn assert_short(what: &str, error: &dyn fmt::Display) {
        let error = error.to_string();
        assert!(error.len() < 300, "{what}: {} bytes", error.len());
    }

    fn parsed<T: FromStr<Err: fmt::Display> + fmt::Debug>(text: &str) {
        let error = text.parse::<T>().expect_err("it is far too long");
        assert_short(std::any::type_name::<T>(), &error);
    }

    /// With serde alone, whoever calls it.
    fn read<T: DeserializeOwned + fmt::Debug>(text: &str) {
        let error = serde_json::from_str::<T>(text).expect_err("it is far too long");
        assert_short(std::any::type_name::<T>(), &error);
    }

    fn read_bounded<T: DeserializeOwned + fmt::Debug>(text: &str) {
        let error = json::<T>(text.as_bytes(), 4_096).expect_err("it is far too long");
        assert_short(std::any::type_name::<T>(), &error);
    }

    #[test]
    fn no_error_quotes_more_than_a_piece_of_a_text_of_a_million_letters() {
        for letter in LETTERS {
            let text = letter.repeat(1_000_000);
            parsed::<ScreenNumber>(&text);
            parsed::<Assignment>(&text);
            parsed::<PlayNumber>(&text);
            parsed::<Digest>(&text);
            parsed::<Epoch>(&text);
            parsed::<CampaignId>(&text);
            parsed::<PublicKey>(&text);
            parsed::<campaign::Rgb>(&text);
            parsed::<ClosedDays>(&text);
            parsed::<Daypart>(&text);
            parsed::<LocalTime>(&text);
            assert_short(
                "a condition",
                &Condition::parse(&text).expect_err("it is far too long"),
            );
            let text = format!("\"{text}\"");
            read::<Digest>(&text);
            read::<Epoch>(&text);
            read::<CampaignId>(&text);
            read::<PublicKey>(&text);
            read::<campaign::Rgb>(&text);
            read::<Daypart>(&text);
            read::<LocalTime>(&text);
            read::<Condition>(&text);
            let rule = format!(r#"{{"start":"2026-12-04","minutes":60,"rule":{text}}}"#);
            read::<Recurrence>(&rule);
            read_bounded::<ScreenNumber>(&text);
            read_bounded::<Outcome>(&text);
            read_bounded::<Display>(&text);
            read_bounded::<GapReason>(&text);
            read_bounded::<WeekPart>(&text);
            read_bounded::<PlayBatch>(&text);
            read_bounded::<EnrollRequest>(&text);
            read_bounded::<EnrollReply>(&text);
            read_bounded::<Heartbeat>(&text);
            read_bounded::<ChangesRequest>(&text);
            read_bounded::<ChangesReply>(&text);
            read_bounded::<Credentials>(&text);
            read_bounded::<Tallies>(&text);
            read_bounded::<Manifest>(&text);
        }
    }

    #[test]
    fn a_text_is_as_long_as_it_is_written_wherever_it_stands() {
        for (inside, bytes) in [("abc", 3), ("\u{200b}", 3), (r"\u0001", 6), (r#"\"\\"#, 4)] {
            for around in [
                r#""TEXT""#,
                r#"{"TEXT":1}"#,
                r#"{"a":["",1,"TEXT",""],"b":""}"#,
            ] {
                let text = around.replace("TEXT", inside);
                assert!(json::<Value>(text.as_bytes(), bytes).is_ok(), "{text}");
                let error = json::<Value>(text.as_bytes(), bytes - 1).expect_err(&text);
                assert!(error.to_string().contains("a text of more than"), "{error}");
            }
        }
        for broken in ["\"", "\"\\", "{\"a"] {
            assert!(json::<Value>(broken.as_bytes(), 9).is_err(), "{broken}");
        }
    }
}
