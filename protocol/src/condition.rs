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
//! [`LOOPS_INSIDE_MAX`], so that none takes long to evaluate, and none is nested more deeply than
//! [`NESTING_MAX`] before it is parsed or [`DEPTH_MAX`] after it, so that none fills the stack of
//! the thread that reads or asks it.

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

/// Most brackets of any kind that may be open at one place, and most `?` in all: the parser calls
/// itself a dozen times for each, and a thread whose stack is full ends the whole program.
pub(crate) const NESTING_MAX: usize = 16;

/// Most parts of a condition that may lie in one another once it is parsed: `a.b.c` and `1+2+3`
/// are three each.
pub(crate) const DEPTH_MAX: usize = 64;

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
    /// A syntax error, lists that are gone over inside one another, parts that are nested too
    /// deeply, a name other than `venue` and `live`, or a result that is not true or false. What a
    /// condition makes of readings is known only where they are.
    pub fn parse(source: &str) -> Result<Self, ConditionError> {
        if source.len() > SOURCE_BYTES_MAX {
            return Err(ConditionError("it is longer than 1000 characters".into()));
        }
        if nesting(source) > NESTING_MAX {
            return Err(ConditionError(format!(
                "it is nested too deeply; use at most {NESTING_MAX} brackets inside one another, and at most {NESTING_MAX} question marks"
            )));
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
        if depth(program.expression()) > DEPTH_MAX {
            return Err(ConditionError(format!(
                "it is nested too deeply; use at most {DEPTH_MAX} parts in one another"
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
    pub(crate) fn asks_live(&self) -> bool {
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

/// Returns how many brackets of a source are open at most at one place, or how many `?` it has,
/// whichever is more. Those in texts count as well: what is told apart here is told before parsing.
fn nesting(source: &str) -> usize {
    let mut open = 0_usize;
    let mut deepest = 0;
    for character in source.chars() {
        match character {
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest.max(source.matches('?').count())
}

/// Returns how many of an expression's loops lie inside one another; one over what another made is
/// inside it too.
fn loops_inside(expression: &IdedExpr) -> usize {
    let here = usize::from(matches!(expression.expr, Expr::Comprehension(_)));
    let deepest = parts(expression).into_iter().map(loops_inside).max();
    here + deepest.unwrap_or(0)
}

/// Returns how many parts of an expression lie in one another, itself among them.
fn depth(expression: &IdedExpr) -> usize {
    1 + parts(expression).into_iter().map(depth).max().unwrap_or(0)
}

/// Returns the expressions that an expression is made of.
fn parts(expression: &IdedExpr) -> Vec<&IdedExpr> {
    match &expression.expr {
        Expr::Comprehension(each) => vec![
            &each.iter_range,
            &each.accu_init,
            &each.loop_cond,
            &each.loop_step,
            &each.result,
        ],
        Expr::Call(call) => call.args.iter().chain(call.target.as_deref()).collect(),
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => entry_parts(map.entries.iter().map(|entry| &entry.expr)),
        Expr::Struct(made) => entry_parts(made.entries.iter().map(|entry| &entry.expr)),
        Expr::Select(select) => vec![&select.operand],
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => Vec::new(),
    }
}

fn entry_parts<'a>(entries: impl Iterator<Item = &'a EntryExpr>) -> Vec<&'a IdedExpr> {
    entries
        .flat_map(|entry| match entry {
            EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
            EntryExpr::StructField(field) => vec![&field.value],
        })
        .collect()
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
        assert!(Condition::parse(&inside(18)).is_err());
        for condition in [inside(3), doubling] {
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

    #[test]
    fn a_condition_cannot_fill_the_stack_of_whoever_reads_it() {
        // A quarter of what a thread has.
        const STACK_BYTES: usize = 512 << 10;
        let around = |depth: usize, open: &str, inner: &str, close: &str| {
            format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
        };
        let read = || {
            let refused = |condition: String| {
                let condition: String = condition.chars().take(SOURCE_BYTES_MAX).collect();
                let error = Condition::parse(&condition).expect_err(&condition);
                assert!(error.to_string().contains("nested"), "{error}: {condition}");
            };
            refused(around(490, "(", "true", ")"));
            refused("(".repeat(1_000));
            refused(around(300, "[", "", "]"));
            refused(around(200, "{1:", "2", "}"));
            refused(around(240, "!(", "true", ")"));
            refused("true?true:".repeat(90) + "true");
            refused(format!("live['a'] == 1{}", "+1".repeat(490)));
            refused(format!("venue{}", ".a".repeat(480)));
            refused(format!("live{}", "['a']".repeat(190)));
            for condition in [
                around(NESTING_MAX, "(", "true", ")"),
                around(NESTING_MAX - 1, "[", "", "]") + " == []",
                "true?true:".repeat(NESTING_MAX) + "true",
                format!("1{} == {DEPTH_MAX}", "+1".repeat(DEPTH_MAX - 2)),
                "!".repeat(900) + "true",
                format!("live['a']{} == 1", "['a']".repeat(DEPTH_MAX - 4)),
            ] {
                // Right or wrong, an answer comes.
                if let Ok(condition) = Condition::parse(&condition) {
                    condition.holds(&Venue::default(), &Readings::new());
                }
            }
        };
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
            let ended = thread.spawn_scoped(scope, read).expect("starts").join();
            ended.expect("ends well");
        });
    }
}
