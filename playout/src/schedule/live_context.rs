//! The live context: what others tell the screen while it runs. Readings, such as a queue's length
//! or a temperature; triggers, such as a button; and how often plays were scanned.
//!
//! Invariants: at most [`NAMES_MAX`] readings and as many triggers; a reading is a number or one
//! line of text; the last word of each name is kept, for ever or for a time, nothing else, and none
//! of it survives the process.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use passerby_protocol::Assignment;
use passerby_protocol::campaign;
pub use passerby_protocol::condition::{Reading, Readings};
use passerby_protocol::foreign::one_line;
use passerby_protocol::limits::LINE_CHARS_MAX;
use passerby_protocol::tally::{Tallies, Tally, TallyError};

use crate::system::clock::Moment;

/// Most readings, and most triggers.
pub const NAMES_MAX: usize = 64;

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

/// What the rotation may know of the world, as of one moment.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Grows with every change of what conditions ask about.
    pub version: u64,
    /// Readings by their names.
    pub readings: Readings,
    /// When each trigger last happened.
    triggers: BTreeMap<String, Moment>,
    /// When readings are forgotten, in milliseconds of the boot clock.
    ends_ms: BTreeMap<String, u64>,
    /// How often plays were scanned.
    pub scans: Arc<Scans>,
}

impl Facts {
    /// How long ago a trigger last happened in this boot, in milliseconds. One that happened while
    /// whoever asks had read the clock already has just happened.
    pub fn since_trigger_ms(&self, name: &str, now: &Moment) -> Option<u64> {
        let then = self.triggers.get(name)?;
        Some(now.boot_ms.saturating_sub(then.boot_ms))
    }

    /// When the next reading is forgotten, in milliseconds of the boot clock.
    pub fn changes_at_ms(&self) -> Option<u64> {
        self.ends_ms.values().min().copied()
    }

    fn is_stale(&self, now: &Moment) -> bool {
        self.changes_at_ms().is_some_and(|end| end <= now.boot_ms)
    }
}

/// How often plays of this screen were scanned, by assignment.
#[derive(Debug, Clone, Default)]
pub struct Scans {
    as_of_ms: i64,
    version: u64,
    tallies: HashMap<Assignment, Vec<Tally>>,
}

impl Scans {
    /// Grows with every newer count.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// What was counted for an assignment; nothing for local content.
    pub fn of(&self, assignment: Assignment) -> &[Tally] {
        self.tallies.get(&assignment).map_or(&[], Vec::as_slice)
    }
}

/// What others tell the screen. Shared between those who are told, and everything that shows or
/// judges it.
#[derive(Debug, Default)]
pub struct LiveContext(RwLock<Arc<Facts>>);

impl LiveContext {
    /// Everything as of a moment. It costs next to nothing.
    pub fn facts(&self, now: &Moment) -> Arc<Facts> {
        let facts = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if !facts.is_stale(now) {
            return facts;
        }
        self.change(|facts| {
            let over: Vec<String> = facts
                .ends_ms
                .iter()
                .filter(|(_, end)| **end <= now.boot_ms)
                .map(|(name, _)| name.clone())
                .collect();
            for name in over {
                facts.ends_ms.remove(&name);
                facts.readings.remove(&name);
            }
        })
    }

    fn change(&self, change: impl FnOnce(&mut Facts)) -> Arc<Facts> {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let facts = Arc::make_mut(&mut held);
        change(facts);
        facts.version += 1;
        held.clone()
    }

    /// Takes a reading, for ever.
    ///
    /// # Errors
    /// See [`ReadingError`].
    pub fn set(&self, name: &str, reading: Reading) -> Result<(), ReadingError> {
        self.set_until(name, reading, None)
    }

    /// Takes a reading that is forgotten at a time of the boot clock, in milliseconds.
    ///
    /// # Errors
    /// See [`ReadingError`].
    pub fn set_until(
        &self,
        name: &str,
        reading: Reading,
        end_ms: Option<u64>,
    ) -> Result<(), ReadingError> {
        let good = match &reading {
            Reading::Number(number) => number.is_finite(),
            Reading::Text(text) => {
                text.chars().count() <= LINE_CHARS_MAX && !text.chars().any(char::is_control)
            }
        };
        check_name(name)?;
        if !good {
            return Err(ReadingError::Value(name.to_owned()));
        }
        let reading = match reading {
            Reading::Text(text) => Reading::Text(one_line(&text, LINE_CHARS_MAX)),
            number => number,
        };
        self.make_room(name, |facts| facts.readings.keys().collect())?;
        self.change(|facts| {
            facts.readings.insert(name.to_owned(), reading);
            match end_ms {
                Some(end_ms) => facts.ends_ms.insert(name.to_owned(), end_ms),
                None => facts.ends_ms.remove(name),
            };
        });
        Ok(())
    }

    /// Notes that a trigger has happened.
    ///
    /// # Errors
    /// See [`ReadingError`].
    pub fn trigger(&self, name: &str, now: &Moment) -> Result<(), ReadingError> {
        check_name(name)?;
        self.make_room(name, |facts| facts.triggers.keys().collect())?;
        self.change(|facts| {
            facts.triggers.insert(name.to_owned(), now.clone());
        });
        Ok(())
    }

    /// Takes the hub's counts of scans; older ones than those that are there change nothing.
    ///
    /// # Errors
    /// They are malformed or impossible.
    pub fn learn_scans(&self, counted: &Tallies) -> Result<(), TallyError> {
        let rows = counted.unpack()?;
        self.change(|facts| {
            if counted.as_of_ms <= facts.scans.as_of_ms && facts.scans.version > 0 {
                return;
            }
            let mut tallies: HashMap<Assignment, Vec<Tally>> = HashMap::new();
            for row in rows {
                tallies.entry(row.assignment).or_default().push(row);
            }
            facts.scans = Arc::new(Scans {
                as_of_ms: counted.as_of_ms,
                version: facts.scans.version + 1,
                tallies,
            });
        });
        Ok(())
    }

    fn make_room(
        &self,
        name: &str,
        names: impl FnOnce(&Facts) -> Vec<&String>,
    ) -> Result<(), ReadingError> {
        let facts = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let names = names(&facts);
        if names.len() >= NAMES_MAX && !names.iter().any(|known| *known == name) {
            return Err(ReadingError::Full);
        }
        Ok(())
    }

    /// All readings, by name.
    pub fn all(&self) -> Readings {
        let facts = self.0.read().unwrap_or_else(PoisonError::into_inner);
        facts.readings.clone()
    }

    /// The last reading of a name.
    pub fn get(&self, name: &str) -> Option<Reading> {
        let facts = self.0.read().unwrap_or_else(PoisonError::into_inner);
        facts.readings.get(name).cloned()
    }
}

fn check_name(name: &str) -> Result<(), ReadingError> {
    campaign::zone_name(name)
        .map(|_| ())
        .map_err(|_| ReadingError::Name(name.to_owned()))
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
        let turned = Reading::Text("gate \u{202e}7A\u{200b}".into());
        context.set("queue", turned).expect("is taken");
        assert_eq!(
            context.get("queue"),
            Some(Reading::Text("gate 7A".into())),
            "what turns text around is left out"
        );
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

    #[test]
    fn a_reading_for_a_time_is_forgotten_and_a_trigger_grows_old() {
        let moment = |boot_ms| Moment {
            boot: "a".into(),
            boot_ms,
            wall_ms: None,
        };
        let context = LiveContext::default();
        context
            .set_until("rain", Reading::Number(1.0), Some(5_000))
            .expect("is taken");
        context.trigger("button", &moment(4_000)).expect("is taken");
        let facts = context.facts(&moment(4_999));
        assert!(facts.readings.contains_key("rain"));
        assert_eq!(facts.since_trigger_ms("button", &moment(4_999)), Some(999));
        let read_before = moment(3_999);
        assert_eq!(facts.since_trigger_ms("button", &read_before), Some(0));
        let later = context.facts(&moment(5_000));
        assert!(later.readings.is_empty() && later.version > facts.version);
        assert_eq!(later.since_trigger_ms("bell", &moment(5_000)), None);
    }
}
