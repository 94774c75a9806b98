//! Conditions in the Common Expression Language: `when = "venue.tags.exists(t, t == 'metro')"`.
//!
//! It can ask about the venue, and about the live context: `live['temperature'] > 28`. A reading
//! that is not there makes the condition false; `'rain' in live && live['rain'] > 0` asks first.
//!
//! A condition is compiled when it is read, so a mistake is found by `passerby check` and by
//! `publish`, not at night on a street. One that fails on a screen (a name that this screen does
//! not have) counts as false.
//!
//! Invariant: no condition goes over lists inside one another more deeply than
//! [`LOOPS_INSIDE_MAX`], so that none takes long to evaluate.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use cel::common::ast::{EntryExpr, Expr};
use cel::{Context, ExecutionError, IdedExpr, Program, Value};
use serde::{Deserialize, Serialize};

use crate::bounded;

/// Deepest that a condition may go over lists inside one another. Each level multiplies what it
/// takes to evaluate: with no limit, a condition of one line runs for years, or fills the memory.
pub(crate) const LOOPS_INSIDE_MAX: usize = 2;

/// What a condition can ask about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Venue {
    /// `venue.name`.
    pub name: String,
    /// `venue.tags`.
    pub tags: Vec<String>,
}

/// One reading of the live context; on the wire a number or a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Reading {
    /// A finite number.
    Number(f64),
    /// One line.
    Text(String),
}

/// Readings by their names.
pub type Readings = BTreeMap<String, Reading>;

/// Longest source of a condition, in bytes.
pub(crate) const SOURCE_BYTES_MAX: usize = 1_000;

/// A compiled condition; keeps its source, which is its form on the wire.
#[derive(Clone, Serialize)]
#[serde(into = "String")]
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
    /// A syntax error, lists that are gone over inside one another, a name other than `venue` and
    /// `live`, or a result that is not true or false. What a condition makes of readings is known
    /// only where they are.
    pub fn parse(source: &str) -> Result<Self, ConditionError> {
        if source.len() > SOURCE_BYTES_MAX {
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
        if loops_inside(program.expression()) > LOOPS_INSIDE_MAX {
            return Err(ConditionError(format!(
                "it goes over lists inside one another; use at most {LOOPS_INSIDE_MAX} of exists, all, map and filter inside one another"
            )));
        }
        let condition = Self {
            source: source.to_owned(),
            program: Arc::new(program),
        };
        let sample = Venue {
            name: "sample".to_owned(),
            tags: vec!["sample".to_owned()],
        };
        match condition.evaluate(&sample, &Readings::new()) {
            Err(_) if condition.asks_live() => Ok(condition),
            result => result.map(|_| condition),
        }
    }

    /// Tells whether the condition holds; false when it fails.
    pub fn holds(&self, venue: &Venue, live: &Readings) -> bool {
        self.evaluate(venue, live).unwrap_or(false)
    }

    /// Tells whether it asks about the live context, and about nothing that no screen has.
    fn asks_live(&self) -> bool {
        let references = self.program.references();
        references.has_variable("live")
            && references
                .variables()
                .iter()
                .all(|name| ["live", "venue"].contains(name))
    }

    fn evaluate(&self, venue: &Venue, live: &Readings) -> Result<bool, ConditionError> {
        let readings: HashMap<String, Value> = live
            .iter()
            .map(|(name, reading)| {
                let value = match reading {
                    Reading::Number(number) => Value::from(*number),
                    Reading::Text(text) => Value::from(text.clone()),
                };
                (name.clone(), value)
            })
            .collect();
        let fields: HashMap<String, Value> = HashMap::from([
            ("name".to_owned(), Value::from(venue.name.clone())),
            ("tags".to_owned(), Value::from(venue.tags.clone())),
        ]);
        let mut context = Context::default();
        context.add_variable_from_value("venue", fields);
        context.add_variable_from_value("live", readings);
        match self.program.execute(&context) {
            Ok(Value::Bool(holds)) => Ok(holds),
            Ok(other) => Err(ConditionError(format!(
                "its result is {:?}, not true or false",
                other.type_of()
            ))),
            Err(ExecutionError::UndeclaredReference(name)) => Err(ConditionError(format!(
                "it asks about {name:?}; it can ask about venue.name, venue.tags and live['name of a reading']"
            ))),
            Err(error) => Err(ConditionError(error.to_string())),
        }
    }
}

/// Returns how many of an expression's loops lie inside one another; one over what another made is
/// inside it too.
fn loops_inside(expression: &IdedExpr) -> usize {
    let deepest = |parts: &[&IdedExpr]| parts.iter().map(|part| loops_inside(part)).max();
    let deepest_of = |parts: &[IdedExpr]| parts.iter().map(loops_inside).max();
    let inside = match &expression.expr {
        Expr::Comprehension(each) => deepest(&[
            &each.iter_range,
            &each.accu_init,
            &each.loop_cond,
            &each.loop_step,
            &each.result,
        ])
        .map(|inside| inside + 1),
        Expr::Call(call) => deepest_of(&call.args).max(call.target.as_deref().map(loops_inside)),
        Expr::List(list) => deepest_of(&list.elements),
        Expr::Map(map) => map
            .entries
            .iter()
            .map(|entry| loops_inside_entry(&entry.expr))
            .max(),
        Expr::Struct(made) => made
            .entries
            .iter()
            .map(|entry| loops_inside_entry(&entry.expr))
            .max(),
        Expr::Select(select) => Some(loops_inside(&select.operand)),
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => None,
    };
    inside.unwrap_or(0)
}

fn loops_inside_entry(entry: &EntryExpr) -> usize {
    match entry {
        EntryExpr::MapEntry(entry) => loops_inside(&entry.key).max(loops_inside(&entry.value)),
        EntryExpr::StructField(field) => loops_inside(&field.value),
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

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let source = bounded::text::<SOURCE_BYTES_MAX, _>(deserializer)?;
        Self::parse(&source).map_err(serde::de::Error::custom)
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
        let metro = Venue {
            name: String::new(),
            tags: vec!["metro".into()],
        };
        assert!(condition.holds(&metro, &Readings::new()));
        assert!(!condition.holds(&Venue::default(), &Readings::new()));
    }

    #[test]
    fn readings_decide_and_one_that_is_missing_is_no_mistake() {
        let hot = Condition::parse("live['temperature'] > 28 && live['sky'] == 'clear'")
            .expect("compiles");
        let live = |temperature: f64| {
            Readings::from([
                ("temperature".to_owned(), Reading::Number(temperature)),
                ("sky".to_owned(), Reading::Text("clear".into())),
            ])
        };
        assert!(hot.holds(&Venue::default(), &live(30.5)));
        assert!(!hot.holds(&Venue::default(), &live(28.0)));
        assert!(!hot.holds(&Venue::default(), &Readings::new()));
        let asks = Condition::parse("!('rain' in live)").expect("compiles");
        assert!(asks.holds(&Venue::default(), &Readings::new()));
        assert!(Condition::parse("live['a'] > 1 && weather.rain").is_err());
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
    #[test]
    fn a_condition_cannot_take_years_or_fill_the_memory() {
        let list = format!("[{}]", vec!["0"; 20].join(","));
        let inside = |depth: usize| {
            (0..depth).fold("true".to_owned(), |inner, level| {
                format!("{list}.all(x{level}, {inner})")
            })
        };
        let doubling = format!("['a']{}.exists(x, x == '')", ".map(x, x + x)".repeat(40));
        for condition in [inside(18), inside(3), doubling] {
            let error = Condition::parse(&condition).expect_err("refused");
            assert!(error.to_string().contains("inside one another"), "{error}");
        }
        for condition in [
            inside(2),
            "venue.tags.exists(t, t == 'a') || !venue.tags.all(t, t != 'b')".to_owned(),
            "venue.tags.filter(t, t.startsWith('m')).exists(t, t == 'metro')".to_owned(),
            format!(
                "venue.tags.exists(t, t == 'a'){}",
                " || venue.tags.exists(t, t == 'b')".repeat(20)
            ),
        ] {
            Condition::parse(&condition).expect(&condition);
        }
    }
}
