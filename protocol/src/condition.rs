//! Conditions in the Common Expression Language: `when = "venue.tags.exists(t, t == 'metro')"`.
//!
//! A condition is compiled when it is read, so a mistake is found by `passerby check` and by `publish`, not at night
//! on a street. One that fails on a screen (a name that this screen does not have) counts as false.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use cel::{Context, ExecutionError, Program, Value};
use serde::{Deserialize, Serialize};

/// What a condition can ask about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Venue {
    /// `venue.name`.
    pub name: String,
    /// `venue.tags`.
    pub tags: Vec<String>,
}

/// A compiled condition; keeps its source, which is its form on the wire.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Condition {
    source: String,
    program: Arc<Program>,
}

/// Says why a text is not a condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConditionError(String);

impl Condition {
    /// Compiles a condition and tries it once on a sample venue.
    ///
    /// # Errors
    /// A syntax error, a name other than `venue`, or a result that is not true or false.
    pub fn parse(source: &str) -> Result<Self, ConditionError> {
        if source.len() > 1_000 {
            return Err(ConditionError("it is longer than 1000 characters".into()));
        }
        let program = Program::compile(source).map_err(|errors| {
            ConditionError(
                errors
                    .to_string()
                    .lines()
                    .next()
                    .unwrap_or("not an expression")
                    .to_owned(),
            )
        })?;
        let condition = Self {
            source: source.to_owned(),
            program: Arc::new(program),
        };
        let sample = Venue {
            name: "sample".to_owned(),
            tags: vec!["sample".to_owned()],
        };
        condition.evaluate(&sample).map(|_| condition)
    }

    /// Tells whether the condition holds; false when it fails.
    pub fn holds(&self, venue: &Venue) -> bool {
        self.evaluate(venue).unwrap_or(false)
    }

    fn evaluate(&self, venue: &Venue) -> Result<bool, ConditionError> {
        let fields: HashMap<String, Value> = HashMap::from([
            ("name".to_owned(), Value::from(venue.name.clone())),
            ("tags".to_owned(), Value::from(venue.tags.clone())),
        ]);
        let mut context = Context::default();
        context.add_variable_from_value("venue", fields);
        match self.program.execute(&context) {
            Ok(Value::Bool(holds)) => Ok(holds),
            Ok(other) => Err(ConditionError(format!(
                "its result is {:?}, not true or false",
                other.type_of()
            ))),
            Err(ExecutionError::UndeclaredReference(name)) => Err(ConditionError(format!(
                "it asks about {name:?}; it can ask about venue.name and venue.tags"
            ))),
            Err(error) => Err(ConditionError(error.to_string())),
        }
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Condition({:?})", self.source)
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl TryFrom<String> for Condition {
    type Error = ConditionError;
    fn try_from(source: String) -> Result<Self, ConditionError> {
        Self::parse(&source)
    }
}

impl From<Condition> for String {
    fn from(condition: Condition) -> String {
        condition.source
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_decide() {
        let condition = Condition::parse("venue.tags.exists(t, t == 'metro')").expect("compiles");
        assert!(condition.holds(&Venue {
            name: String::new(),
            tags: vec!["metro".into()]
        }));
        assert!(!condition.holds(&Venue::default()));
    }

    #[test]
    fn mistakes_are_found_when_read() {
        assert!(Condition::parse("venue.tags.exists(").is_err());
        assert!(
            Condition::parse("weather.rain")
                .expect_err("unknown")
                .to_string()
                .contains("weather")
        );
        assert!(
            Condition::parse("venue.name")
                .expect_err("text")
                .to_string()
                .contains("true or false")
        );
    }
}
