//! The live context: small readings that others tell the screen, such as a queue's length or a temperature.
//!
//! Invariants: at most [`NAMES_MAX`] readings; a reading is a number or one line of text; the last word of each name
//! is kept, nothing else, and none of it survives the process.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use passerby_protocol::limits::LINE_CHARS_MAX;
use serde::{Deserialize, Serialize};

/// Most readings.
pub const NAMES_MAX: usize = 64;

/// One reading; on the wire a number or a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Reading {
    /// A finite number.
    Number(f64),
    /// One line.
    Text(String),
}

/// Says why a reading is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadingError {
    /// A name of a wrong form.
    #[error("{0:?} is no name; use 1 to 32 lower-case letters, digits and dashes")]
    Name(String),
    /// A value of a wrong form.
    #[error(
        "the value of {0:?} is not a finite number or one line of at most {LINE_CHARS_MAX} letters"
    )]
    Value(String),
    /// Too many names.
    #[error("there are {NAMES_MAX} readings already; use fewer names")]
    Full,
}

/// The readings. Shared between the local page, which writes, and everything that shows or judges them.
#[derive(Debug, Default)]
pub struct LiveContext {
    readings: RwLock<BTreeMap<String, Reading>>,
}

impl LiveContext {
    /// Takes a reading.
    ///
    /// # Errors
    /// See [`ReadingError`].
    pub fn set(&self, name: &str, reading: Reading) -> Result<(), ReadingError> {
        if passerby_protocol::campaign::zone_name(name).is_err() {
            return Err(ReadingError::Name(name.to_owned()));
        }
        let good = match &reading {
            Reading::Number(number) => number.is_finite(),
            Reading::Text(text) => {
                text.chars().count() <= LINE_CHARS_MAX && !text.chars().any(char::is_control)
            }
        };
        if !good {
            return Err(ReadingError::Value(name.to_owned()));
        }
        let mut readings = self
            .readings
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if readings.len() >= NAMES_MAX && !readings.contains_key(name) {
            return Err(ReadingError::Full);
        }
        readings.insert(name.to_owned(), reading);
        Ok(())
    }

    /// All readings, by name.
    pub fn all(&self) -> BTreeMap<String, Reading> {
        let readings = self.readings.read().unwrap_or_else(PoisonError::into_inner);
        readings.clone()
    }

    /// The last reading of a name.
    pub fn get(&self, name: &str) -> Option<Reading> {
        let readings = self.readings.read().unwrap_or_else(PoisonError::into_inner);
        readings.get(name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_counts_and_nonsense_is_refused() {
        let context = LiveContext::default();
        context
            .set("queue", Reading::Number(3.0))
            .expect("is taken");
        context
            .set("queue", Reading::Number(4.0))
            .expect("is taken");
        assert_eq!(context.get("queue"), Some(Reading::Number(4.0)));
        assert_eq!(context.get("other"), None);
        assert!(context.set("Queue", Reading::Number(1.0)).is_err());
        assert!(context.set("queue", Reading::Number(f64::NAN)).is_err());
        assert!(context.set("queue", Reading::Text("a\nb".into())).is_err());
        for at in 1..NAMES_MAX {
            let name = format!("n{at}");
            context.set(&name, Reading::Number(0.0)).expect("is taken");
        }
        assert_eq!(
            context.set("one-more", Reading::Number(0.0)),
            Err(ReadingError::Full)
        );
        assert!(context.set("queue", Reading::Number(5.0)).is_ok());
    }
}
