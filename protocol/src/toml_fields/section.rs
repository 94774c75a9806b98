//! One table of a file: which keys were asked for, which of them are missing or unknown, and the
//! tables in it.
//!
//! Invariant: a key that nobody asked for is reported, with those that exist.

use std::cell::RefCell;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::content_fault::{Accepted, FieldFault, Shown, Told};
use crate::toml_fields::{AskedKey, Reader};

/// One table of the file.
pub struct Section<'s> {
    pub(super) reader: &'s Reader<'s>,
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
    pub(super) place: usize,
}

impl<'s> Section<'s> {
    pub(super) fn new(
        reader: &'s Reader<'s>,
        table: &'s DeTable<'s>,
        path: String,
        place: usize,
    ) -> Self {
        Self {
            reader,
            table,
            path,
            place,
            asked: RefCell::default(),
        }
    }

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

    pub(super) fn typed<T>(
        &self,
        key: &'static str,
        accepted: &Accepted,
        read: impl FnOnce(&'s DeValue<'s>) -> Option<T>,
    ) -> Option<Placed<T>> {
        if let Some(asked) = &self.reader.asked {
            asked.borrow_mut().push(AskedKey {
                section: without_numbers(&self.path),
                key,
                accepted: accepted.to_string(),
                is_section: false,
                count_max: None,
            });
        }
        let (place, value) = self.get(key)?;
        let read = read(value);
        if read.is_none() {
            let fault = FieldFault::WrongValue {
                key: self.name(key),
                value: shown(value),
                why: None,
                accepted: accepted.clone(),
            };
            self.reader.report(place, fault);
        }
        read.map(|value| Placed { value, place })
    }

    /// Adds to what was noted of the key that was asked for last.
    fn note(&self, note: impl FnOnce(&mut AskedKey)) {
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

    /// Reads a table under this one and checks it for unknown keys.
    pub fn table<T>(&self, key: &'static str, read: impl FnOnce(&Section<'_>) -> T) -> Option<T> {
        let name = self.name(key);
        let table = self.typed(key, &Accepted::Section { name }, DeValue::as_table);
        self.note(|asked| asked.is_section = true);
        let table = table?;
        let section = self
            .reader
            .section(table.value, self.name(key), table.place);
        let value = read(&section);
        section.finish();
        Some(value)
    }

    /// Reads an array of tables, `[[key]]`, each checked for unknown keys; empty when there is
    /// none.
    pub fn tables<T>(
        &self,
        key: &'static str,
        count_max: usize,
        read: impl Fn(&Section<'_>) -> T,
    ) -> Vec<T> {
        let accepted = Accepted::Sections {
            name: self.name(key),
            count_max,
        };
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
                None => {
                    let accepted = accepted.clone();
                    let fault = FieldFault::NoSection { name, accepted };
                    self.reader.report(item.span().start, fault);
                }
            }
        }
        values
    }

    /// Reports that a required key is missing; `example` is a value as it could be.
    pub fn missing(&self, key: &str, example: &str) {
        let fault = FieldFault::Missing {
            name: self.name(key),
            key: key.to_owned(),
            example: example.to_owned(),
        };
        self.reader.report(self.place, fault);
    }

    /// Reports a problem with a value that was read.
    pub fn problem<T>(&self, at: &Placed<T>, told: impl Into<Told>) {
        self.reader.report(at.place, told);
    }

    /// Reports a problem with the whole section.
    pub fn problem_here(&self, told: impl Into<Told>) {
        self.reader.report(self.place, told);
    }

    pub(super) fn finish(&self) {
        let asked = self.asked.borrow();
        for (key, _) in self.table.iter() {
            if !asked.iter().any(|name| *name == key.get_ref().as_ref()) {
                let mut names: Vec<&str> = asked.clone();
                names.sort_unstable();
                names.dedup();
                let fault = FieldFault::UnknownKey {
                    key: key.get_ref().as_ref().to_owned(),
                    section: self.path.clone(),
                    known: names.into_iter().map(str::to_owned).collect(),
                };
                self.reader.report(key.span().start, fault);
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

/// Shows a value as the user wrote it, shortened.
pub(super) fn shown(value: &DeValue<'_>) -> Shown {
    let text = match value {
        DeValue::String(text) if text.chars().count() > 40 => {
            let chars = text.chars().count();
            return Shown::LongText { chars };
        }
        DeValue::String(text) => format!("{text:?}"),
        DeValue::Integer(integer) => integer.to_string(),
        DeValue::Float(float) => float.as_str().to_owned(),
        DeValue::Boolean(switch) => switch.to_string(),
        DeValue::Datetime(datetime) => datetime.to_string(),
        DeValue::Array(_) => return Shown::List,
        DeValue::Table(_) => return Shown::Section,
    };
    Shown::Written { text }
}
