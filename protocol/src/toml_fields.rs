//! Reads a TOML file field by field and collects every problem, each with its line and the accepted
//! form.
//!
//! serde stops at the first error; a shop owner should see all of them at once. A [`Section`]
//! remembers which keys were asked for, so an unknown key can be answered with the list of those
//! that exist.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::foreign;

/// One thing that is wrong with a file: where, what, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The file as the user named it.
    pub file: String,
    /// 1-based; 0 when the problem is the file itself.
    pub line: usize,
    /// What is wrong and what is accepted, as a sentence.
    pub message: String,
}

impl Problem {
    /// Describes a problem with a whole file.
    pub fn with_file(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line: 0,
            message: message.into(),
        }
    }
}

/// Names of files are whatever somebody called them: what turns text around or hides it is left
/// out.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, message) = (foreign::plain(&self.file), foreign::plain(&self.message));
        match self.line {
            0 => write!(f, "{file}: {message}"),
            line => write!(f, "{file}:{line}: {message}"),
        }
    }
}

/// Finds the line, from 1, on which the value behind some keys begins; elements of lists are
/// counted from 0: `["placement", "0", "code", "call"]`. 0 when there is no such value.
pub fn line_of(text: &str, keys: &[&str]) -> usize {
    let (root, _) = DeTable::parse_recoverable(text);
    let Some((first, rest)) = keys.split_first() else {
        return 0;
    };
    let mut found = root.get_ref().get(*first);
    for key in rest {
        found = found.and_then(|value| match value.get_ref() {
            DeValue::Table(table) => table.get(*key),
            DeValue::Array(list) => list.get(key.parse::<usize>().ok()?),
            _ => None,
        });
    }
    found.map_or(0, |value| line_at(text, value.span().start))
}

/// The line, from 1, of a byte.
fn line_at(text: &str, place: usize) -> usize {
    text[..place.min(text.len())].matches('\n').count() + 1
}

/// The quotation mark with which a value begins at the place of an error, if it is one that word
/// processors write.
fn curly_quote_at(text: &str, place: usize) -> Option<char> {
    let start = text.get(..place)?.rfind('\n').map_or(0, |end| end + 1);
    let line = text[start..].lines().next()?;
    let value = line.split_once('=').map_or(line, |(_, value)| value);
    let first = value
        .trim_start()
        .trim_start_matches(['[', ' '])
        .chars()
        .next()?;
    let is_curly = matches!(
        first,
        '‘'..='‟' | '«' | '»' | '「' | '」' | '『' | '』' | '＂' | '＇' | '`' | '´'
    );
    is_curly.then_some(first)
}

/// A key that was asked for while a file was read, and what its value must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The section: `placement.code`, whichever of several it was; empty for the top level.
    pub section: String,
    /// The key.
    pub key: &'static str,
    /// What is accepted, in the words of the messages.
    pub accepted: String,
    /// Whether it is a section of its own.
    pub is_section: bool,
    /// How many of it there may be, if it may be there several times.
    pub count_max: Option<usize>,
}

/// Collects the problems of one file while its sections are read.
pub struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    problems: RefCell<Vec<Problem>>,
    /// Kept for [`Reader::asked`] only.
    asked: Option<RefCell<Vec<Asked>>>,
}

impl<'a> Reader<'a> {
    /// Parses a file and hands its root section to `read`.
    ///
    /// # Errors
    /// Every problem found, in the order of lines: syntax errors, unknown keys, wrong types, values
    /// out of range.
    pub fn parse<T>(
        file: &'a str,
        text: &'a str,
        read: impl FnOnce(&Section<'_>) -> T,
    ) -> Result<T, Vec<Problem>> {
        let reader = Self {
            file,
            text,
            problems: RefCell::default(),
            asked: None,
        };
        reader.read(read).map(|(value, _)| value)
    }

    /// Returns which keys a reader asks for in a text, each as often as it does, and what their
    /// values must be. The references are made of it, from texts that have every section.
    ///
    /// # Errors
    /// The text has a mistake itself.
    pub fn asked<T>(
        text: &'a str,
        read: impl FnOnce(&Section<'_>) -> T,
    ) -> Result<Vec<Asked>, Vec<Problem>> {
        let reader = Self {
            file: "",
            text,
            problems: RefCell::default(),
            asked: Some(RefCell::default()),
        };
        reader.read(read).map(|(_, asked)| asked)
    }

    fn read<T>(
        self,
        read: impl FnOnce(&Section<'_>) -> T,
    ) -> Result<(T, Vec<Asked>), Vec<Problem>> {
        let text = self.text;
        let reader = self;
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let place = error.span().map_or(0, |span| span.start);
            let message = match curly_quote_at(text, place) {
                Some(quote) => format!(
                    "{quote} is a quotation mark for reading, not for TOML; use straight ones: \"like this\" or 'like this'"
                ),
                None => format!(
                    "this is not TOML: {}",
                    error.message().trim().replace('\n', "; ")
                ),
            };
            reader.report(place, message);
        }
        let section = reader.section(root.get_ref(), String::new(), 0);
        let value = read(&section);
        // After a syntax error the rest of the tree is a guess; complaints about it would mislead.
        if errors.is_empty() {
            section.finish();
            reader.look_for_turns(root.get_ref());
        } else {
            reader.problems.borrow_mut().truncate(errors.len());
        }
        drop(section);
        let asked = reader.asked.map(RefCell::into_inner);
        let mut problems = reader.problems.into_inner();
        problems.sort_by_key(|problem| problem.line);
        if problems.is_empty() {
            Ok((value, asked.unwrap_or_default()))
        } else {
            Err(problems)
        }
    }

    fn section<'s>(&'s self, table: &'s DeTable<'s>, path: String, place: usize) -> Section<'s> {
        Section {
            reader: self,
            table,
            path,
            place,
            asked: RefCell::default(),
        }
    }

    /// Reports texts with marks that turn what stands behind them around, and that nobody sees
    /// where they stand. Isolates and plain marks of direction, which people who write from right
    /// to left use, are fine.
    fn look_for_turns(&self, table: &DeTable<'_>) {
        for (key, value) in table {
            self.look_for_turn(key.span().start, key.get_ref());
            self.look_for_turns_in(value);
        }
    }

    fn look_for_turns_in(&self, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::String(text) => self.look_for_turn(value.span().start, text),
            DeValue::Array(items) => items.iter().for_each(|item| self.look_for_turns_in(item)),
            DeValue::Table(table) => self.look_for_turns(table),
            _ => {}
        }
    }

    fn look_for_turn(&self, place: usize, text: &str) {
        let turn = text.chars().find(|c| matches!(c, '\u{202a}'..='\u{202e}'));
        if let Some(turn) = turn {
            self.report(
                place,
                format!(
                    "this text has the unseen mark U+{:04X}, which turns the letters behind it around; write it anew without",
                    u32::from(turn)
                ),
            );
        }
    }

    fn report(&self, place: usize, message: String) {
        self.problems.borrow_mut().push(Problem {
            file: self.file.to_owned(),
            line: line_at(self.text, place),
            message,
        });
    }
}

/// One table of the file.
pub struct Section<'s> {
    reader: &'s Reader<'s>,
    table: &'s DeTable<'s>,
    path: String,
    place: usize,
    asked: RefCell<Vec<&'static str>>,
}

/// A value and where it stands, for checks that need more than a range.
#[derive(Debug, Clone)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    place: usize,
}

impl<'s> Section<'s> {
    fn get(&self, key: &'static str) -> Option<(usize, &'s DeValue<'s>)> {
        self.asked.borrow_mut().push(key);
        let value: &'s Spanned<DeValue<'s>> = self.table.get(key)?;
        Some((value.span().start, value.get_ref()))
    }

    /// The full name of a key, for messages.
    pub fn name(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn typed<T>(
        &self,
        key: &'static str,
        accepted: &str,
        read: impl FnOnce(&'s DeValue<'s>) -> Option<T>,
    ) -> Option<Placed<T>> {
        if let Some(asked) = &self.reader.asked {
            asked.borrow_mut().push(Asked {
                section: without_numbers(&self.path),
                key,
                accepted: accepted.to_owned(),
                is_section: false,
                count_max: None,
            });
        }
        let (place, value) = self.get(key)?;
        let read = read(value);
        if read.is_none() {
            self.reader.report(
                place,
                format!("{} is {}; use {accepted}", self.name(key), shown(value)),
            );
        }
        read.map(|value| Placed { value, place })
    }

    /// Adds to what was noted of the key that was asked for last.
    fn note(&self, note: impl FnOnce(&mut Asked)) {
        if let Some(asked) = &self.reader.asked
            && let Some(last) = asked.borrow_mut().last_mut()
        {
            note(last);
        }
    }

    /// Tells whether a key is there at all, whatever its value.
    pub fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }

    /// Tells whether a key's value is a table.
    pub fn is_table(&self, key: &str) -> bool {
        let value = self.table.get(key);
        value.is_some_and(|value| value.get_ref().as_table().is_some())
    }

    /// Where a key's value stands, if the key is there.
    pub fn placed(&self, key: &str) -> Option<Placed<()>> {
        let place = self.table.get(key)?.span().start;
        Some(Placed { value: (), place })
    }

    /// Reads a text of at most `chars_max` characters.
    pub fn text(
        &self,
        key: &'static str,
        chars_max: usize,
        accepted: &str,
    ) -> Option<Placed<String>> {
        self.typed(
            key,
            &format!("{accepted}, at most {chars_max} characters"),
            |value| {
                let text = value.as_str()?;
                (text.chars().count() <= chars_max).then(|| text.to_owned())
            },
        )
    }

    /// Reads a whole number in a range.
    pub fn integer(&self, key: &'static str, range: RangeInclusive<i64>) -> Option<Placed<i64>> {
        let accepted = format!("a whole number from {} to {}", range.start(), range.end());
        self.typed(key, &accepted, |value| {
            integer_of(value).filter(|number| range.contains(number))
        })
    }

    /// Reads a number in a range; a whole one will do.
    pub fn number(&self, key: &'static str, range: RangeInclusive<f64>) -> Option<Placed<f64>> {
        let accepted = format!("a number from {} to {}", range.start(), range.end());
        self.typed(key, &accepted, |value| {
            number_of(value).filter(|number| range.contains(number))
        })
    }

    /// Reads a list of exactly `N` numbers in a range.
    pub fn numbers<const N: usize>(
        &self,
        key: &'static str,
        range: RangeInclusive<f64>,
    ) -> Option<Placed<[f64; N]>> {
        let accepted = format!(
            "a list of {N} numbers from {} to {}",
            range.start(),
            range.end()
        );
        self.typed(key, &accepted, |value| {
            let numbers: Vec<f64> = value
                .as_array()?
                .iter()
                .filter_map(|v| number_of(v.get_ref()))
                .collect();
            let numbers: [f64; N] = numbers.try_into().ok()?;
            numbers
                .iter()
                .all(|number| range.contains(number))
                .then_some(numbers)
        })
    }

    /// Reads `true` or `false`.
    pub fn switch(&self, key: &'static str) -> Option<Placed<bool>> {
        self.typed(key, "true or false", DeValue::as_bool)
    }

    /// Reads one of a few words.
    pub fn choice<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<Placed<T>> {
        let accepted = words
            .iter()
            .map(|(word, _)| format!("{word:?}"))
            .collect::<Vec<_>>()
            .join(", ");
        self.typed(key, &format!("one of {accepted}"), |value| {
            let text = value.as_str()?;
            words
                .iter()
                .find(|(word, _)| *word == text)
                .map(|(_, choice)| *choice)
        })
    }

    /// Reads a text that `parse` turns into a value; its error says what is accepted.
    pub fn parsed<T, E: fmt::Display>(
        &self,
        key: &'static str,
        accepted: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Placed<T>> {
        let text = self.typed(key, accepted, DeValue::as_str)?;
        let shown = format!("{:?}", text.value);
        self.understood(key, accepted, &shown, text.place, parse(text.value))
    }

    /// Keeps a value that was understood; reports one that was not, as `shown`.
    fn understood<T, E: fmt::Display>(
        &self,
        key: &str,
        accepted: &str,
        shown: &str,
        place: usize,
        parsed: Result<T, E>,
    ) -> Option<Placed<T>> {
        match parsed {
            Ok(value) => Some(Placed { value, place }),
            Err(error) => {
                let name = self.name(key);
                let message = format!("{name} is {shown}: {error}; use {accepted}");
                self.reader.report(place, message);
                None
            }
        }
    }

    /// Reads a list of texts, each turned into a value by `parse`.
    pub fn list<T, E: fmt::Display>(
        &self,
        key: &'static str,
        accepted: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Placed<Vec<T>>> {
        self.items(key, accepted, |value| value.as_str().map(&parse))
    }

    /// Reads a list of dates, date-times or texts about them, each turned into a value by `parse`;
    /// what TOML knows as a date is handed to it as it would stand between quotes.
    pub fn days<T, E: fmt::Display>(
        &self,
        key: &'static str,
        accepted: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Placed<Vec<T>>> {
        self.items(key, accepted, |value| {
            day_text(value).map(|text| parse(&text))
        })
    }

    /// Reads one date or date-time, with or without quotes, that `parse` turns into a value.
    pub fn day<T, E: fmt::Display>(
        &self,
        key: &'static str,
        accepted: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Placed<T>> {
        let text = self.typed(key, accepted, day_text)?;
        let parsed = parse(&text.value);
        self.understood(key, accepted, &text.value, text.place, parsed)
    }

    fn items<T, E: fmt::Display>(
        &self,
        key: &'static str,
        accepted: &str,
        read: impl Fn(&DeValue<'_>) -> Option<Result<T, E>>,
    ) -> Option<Placed<Vec<T>>> {
        let items = self.typed(key, &format!("a list of {accepted}"), DeValue::as_array)?;
        let mut values = Vec::new();
        for item in items.value.iter() {
            match read(item.get_ref()) {
                Some(Ok(value)) => values.push(value),
                Some(Err(error)) => self.reader.report(
                    item.span().start,
                    format!(
                        "{} has {}: {error}; use {accepted}",
                        self.name(key),
                        shown(item.get_ref())
                    ),
                ),
                None => self.reader.report(
                    item.span().start,
                    format!(
                        "{} has {}; use {accepted}",
                        self.name(key),
                        shown(item.get_ref())
                    ),
                ),
            }
        }
        Some(Placed {
            value: values,
            place: items.place,
        })
    }

    /// Reports a list that is longer than it may be.
    pub fn at_most<T>(&self, key: &str, list: &Placed<Vec<T>>, count_max: usize) {
        if let Some(asked) = &self.reader.asked {
            let mut asked = asked.borrow_mut();
            let own = asked.iter_mut().rev().find(|asked| asked.key == key);
            if let Some(own) = own {
                own.count_max = Some(count_max);
            }
        }
        let count = list.value.len();
        if count > count_max {
            self.problem(
                list,
                format!(
                    "{} has {count} entries; use at most {count_max}",
                    self.name(key)
                ),
            );
        }
    }

    /// Reads a date without a time.
    pub fn date(&self, key: &'static str) -> Option<Placed<jiff::civil::Date>> {
        self.typed(key, "a date such as 2026-12-01, without quotes", |value| {
            let datetime = value.as_datetime()?;
            if datetime.time.is_some() || datetime.offset.is_some() {
                return None;
            }
            let date = datetime.date?;
            jiff::civil::Date::new(
                i16::try_from(date.year).ok()?,
                i8::try_from(date.month).ok()?,
                i8::try_from(date.day).ok()?,
            )
            .ok()
        })
    }

    /// Reads a table under this one and checks it for unknown keys.
    pub fn table<T>(&self, key: &'static str, read: impl FnOnce(&Section<'_>) -> T) -> Option<T> {
        let table = self.typed(
            key,
            &format!("a section [{}]", self.name(key)),
            DeValue::as_table,
        );
        self.note(|asked| asked.is_section = true);
        let table = table?;
        let section = self
            .reader
            .section(table.value, self.name(key), table.place);
        let value = read(&section);
        section.finish();
        Some(value)
    }

    /// Reads a table of texts under this one whose keys are free; `name` turns each of them into a
    /// name, and its error says what is accepted.
    pub fn texts<E: fmt::Display>(
        &self,
        key: &'static str,
        count_max: usize,
        chars_max: usize,
        name: impl Fn(&str) -> Result<String, E>,
    ) -> Option<BTreeMap<String, String>> {
        let accepted = format!("a section with 1 to {count_max} texts");
        let table = self.typed(key, &accepted, |value| {
            let table = value.as_table()?;
            (1..=count_max).contains(&table.len()).then_some(table)
        })?;
        let mut texts = BTreeMap::new();
        for (word, value) in table.value.iter() {
            let full = format!("{}.{}", self.name(key), word.get_ref());
            let text = value
                .get_ref()
                .as_str()
                .filter(|text| text.chars().count() <= chars_max);
            match (name(word.get_ref()), text) {
                (Ok(word), Some(text)) => {
                    texts.insert(word, text.to_owned());
                }
                (Err(error), _) => {
                    let what = format!("unknown key {full:?}: {error}");
                    self.reader.report(word.span().start, what);
                }
                (Ok(_), None) => self.reader.report(
                    value.span().start,
                    format!(
                        "{full} is {}; use a line of text, at most {chars_max} characters",
                        shown(value.get_ref())
                    ),
                ),
            }
        }
        Some(texts)
    }

    /// Reads an array of tables, `[[key]]`, each checked for unknown keys; empty when there is
    /// none.
    pub fn tables<T>(
        &self,
        key: &'static str,
        count_max: usize,
        read: impl Fn(&Section<'_>) -> T,
    ) -> Vec<T> {
        let accepted = format!("at most {count_max} sections [[{}]]", self.name(key));
        let items = self.typed(key, &accepted, |value| {
            value.as_array().filter(|list| list.len() <= count_max)
        });
        self.note(|asked| {
            asked.is_section = true;
            asked.count_max = Some(count_max);
        });
        let Some(items) = items else {
            return Vec::new();
        };
        let mut values = Vec::new();
        for (place, item) in items.value.iter().enumerate() {
            let name = format!("{}[{}]", self.name(key), place + 1);
            match item.get_ref().as_table() {
                Some(table) => {
                    let section = self.reader.section(table, name, item.span().start);
                    values.push(read(&section));
                    section.finish();
                }
                None => self.reader.report(
                    item.span().start,
                    format!("{name} is not a section; use {accepted}"),
                ),
            }
        }
        values
    }

    /// Reports that a required key is missing.
    pub fn missing(&self, key: &str, accepted: &str) {
        self.reader.report(
            self.place,
            format!("{} is missing; add {key} = {accepted}", self.name(key)),
        );
    }

    /// Reports a problem with a value that was read.
    pub fn problem<T>(&self, at: &Placed<T>, message: impl Into<String>) {
        self.reader.report(at.place, message.into());
    }

    fn finish(&self) {
        let asked = self.asked.borrow();
        for (key, _) in self.table.iter() {
            if !asked.iter().any(|name| *name == key.get_ref().as_ref()) {
                let mut names: Vec<&str> = asked.clone();
                names.sort_unstable();
                names.dedup();
                let place = if self.path.is_empty() {
                    "at the top level".to_owned()
                } else {
                    format!("in {}", self.path)
                };
                self.reader.report(
                    key.span().start,
                    format!(
                        "unknown key {:?} {place}; known keys are {}",
                        key.get_ref().as_ref(),
                        names.join(", ")
                    ),
                );
            }
        }
    }
}

/// A path with the numbers of repeated sections left out: `placement.code`.
fn without_numbers(path: &str) -> String {
    let pieces = path
        .split('.')
        .map(|piece| piece.split('[').next().unwrap_or_default());
    pieces.collect::<Vec<_>>().join(".")
}

fn integer_of(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn day_text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::Datetime(datetime) => Some(datetime.to_string()),
        DeValue::String(text) => Some(text.to_string()),
        _ => None,
    }
}

fn number_of(value: &DeValue<'_>) -> Option<f64> {
    match value.as_float() {
        Some(float) => float.as_str().parse().ok(),
        #[expect(clippy::cast_precision_loss, reason = "settings are small numbers")]
        None => integer_of(value).map(|integer| integer as f64),
    }
}

/// Shows a value as the user wrote it, shortened.
fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) if text.chars().count() > 40 => {
            format!("a text of {} characters", text.chars().count())
        }
        DeValue::String(text) => format!("{text:?}"),
        DeValue::Integer(integer) => integer.to_string(),
        DeValue::Float(float) => float.as_str().to_owned(),
        DeValue::Boolean(switch) => switch.to_string(),
        DeValue::Datetime(datetime) => datetime.to_string(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a section".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_reported_with_its_line() {
        let text = "a = 1\nb = 99\ncolour = 'red'\n[t]\nx = 'no'\n";
        let problems = Reader::parse("k.toml", text, |root| {
            root.text("a", 10, "a text");
            root.integer("b", 0..=10);
            root.table("t", |t| t.switch("x"));
        })
        .expect_err("four problems");
        let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "k.toml:1: a is 1; use a text, at most 10 characters",
                "k.toml:2: b is 99; use a whole number from 0 to 10",
                "k.toml:3: unknown key \"colour\" at the top level; known keys are a, b, t",
                "k.toml:5: t.x is \"no\"; use true or false",
            ]
        );
    }

    #[test]
    fn text_that_is_turned_around_unseen_is_reported_wherever_it_stands() {
        let text = "a = 'fine \u{2067}שלום\u{2069}'\nb = ['x', 'pay\u{202e}fdp.exe']\n[t]\nx = { y = \"\\u202A\" }\n";
        let problems = Reader::parse("k.toml", text, |root| {
            root.text("a", 40, "a text");
            root.list("b", "texts", |text| Ok::<_, String>(text.to_owned()));
            root.table("t", |t| t.table("x", |x| x.text("y", 9, "a text")));
        })
        .expect_err("two problems");
        let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(shown.len(), 2, "{shown:#?}");
        assert!(shown[0].starts_with("k.toml:2: this text has the unseen mark U+202E"));
        assert!(shown[1].starts_with("k.toml:4: ") && shown[1].contains("U+202A"));
    }

    #[test]
    fn syntax_error_names_its_line_and_nothing_misleading() {
        let problems = Reader::parse("k.toml", "a = 1\nb = = 2\n", |root| {
            root.integer("z", 0..=1)
        })
        .expect_err("bad");
        assert_eq!(problems[0].line, 2, "{problems:?}");
        assert!(
            problems
                .iter()
                .all(|problem| problem.message.contains("not TOML")),
            "{problems:?}"
        );
    }

    #[test]
    fn quotation_marks_of_word_processors_are_named_with_those_to_use() {
        for (text, quote) in [
            ("a = 1\ntitle = “Opening”\n", '“'),
            ("a = 1\ntitle = ‘Opening’\n", '‘'),
            ("a = 1\ntitle = „Eröffnung“\n", '„'),
            ("a = 1\nlines = [“One”, \"Two\"]\n", '“'),
            ("a = 1\ntitle = ”营业时间”\n", '”'),
        ] {
            let problems = Reader::parse("k.toml", text, |_| ()).expect_err("bad");
            let told = format!(
                "k.toml:2: {quote} is a quotation mark for reading, not for TOML; use straight ones: \"like this\" or 'like this'"
            );
            assert!(problems[0].to_string() == told, "{problems:?}");
        }
    }

    #[test]
    fn a_problem_shows_no_marks_that_turn_text_around_whatever_its_file_is_called() {
        let problem = Problem {
            file: "shop/\u{202e}gnp.eslaf\u{200b}.mp4".to_owned(),
            line: 3,
            message: "it names \u{2067}a\u{1b}[2J\u{2069}".to_owned(),
        };
        assert_eq!(problem.to_string(), "shop/gnp.eslaf.mp4:3: it names a [2J");
        // Programs that read JSON find the file by its name.
        assert!(problem.file.contains('\u{202e}'));
        let ours = Problem::with_file("三体  a.png", "is bad");
        assert_eq!(ours.to_string(), "三体  a.png: is bad");
    }

    #[test]
    fn the_line_of_a_value_is_found_wherever_it_is() {
        let text = "title = 'x'\n\n[[placement]]\n[[placement]]\nheadline = 'a'\ncode = {\n call = 'b' }\nlines = [\n'c',\n'd']\n";
        for (keys, line) in [
            (&["title"][..], 1),
            (&["placement", "1", "headline"], 5),
            (&["placement", "1", "code", "call"], 7),
            (&["placement", "1", "lines", "1"], 10),
            (&["placement", "0", "headline"], 0),
            (&["placement", "2", "headline"], 0),
            (&["title", "x"], 0),
            (&[], 0),
        ] {
            assert_eq!(line_of(text, keys), line, "{keys:?}");
        }
    }
}
