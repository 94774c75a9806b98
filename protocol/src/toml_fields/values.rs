//! The values that a section can hold: texts, numbers, switches, choices, days and lists.
//!
//! Invariant: a value that is read is within what was asked for; one that is not is reported as it
//! was written, with what is accepted.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

use jiff::civil::Date;
use toml::de::DeValue;

use crate::content_fault::{Accepted, FieldFault, Shown};
use crate::toml_fields::section::{Placed, Section, shown};

/// Whether a character is neither seen nor breaks or indents a line.
fn is_in_no_text(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t')
}

impl Section<'_> {
    /// Reads a text of at most `chars_max` characters. One with a character that no text has, such
    /// as U+0000, is reported: a database refuses it, and nobody would see it.
    pub fn text(
        &self,
        key: &'static str,
        chars_max: usize,
        accepted: &str,
    ) -> Option<Placed<String>> {
        let text = self.typed(
            key,
            &Accepted::Text {
                words: accepted.to_owned(),
                chars_max,
            },
            |value| {
                let text = value.as_str()?;
                (text.chars().count() <= chars_max).then(|| text.to_owned())
            },
        )?;
        let Some(c) = text.value.chars().find(|&c| is_in_no_text(c)) else {
            return Some(text);
        };
        let fault = FieldFault::HiddenCharacter {
            key: self.name(key),
            character: c,
        };
        self.problem(&text, fault);
        None
    }

    /// Reads a whole number in a range.
    pub fn integer(&self, key: &'static str, range: RangeInclusive<i64>) -> Option<Placed<i64>> {
        let accepted = Accepted::Whole {
            from: *range.start(),
            to: *range.end(),
        };
        self.typed(key, &accepted, |value| {
            integer_of(value).filter(|number| range.contains(number))
        })
    }

    /// Reads a number in a range; a whole one will do.
    pub fn number(&self, key: &'static str, range: RangeInclusive<f64>) -> Option<Placed<f64>> {
        let accepted = Accepted::Number {
            from: range.start().to_string(),
            to: range.end().to_string(),
        };
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
        let accepted = Accepted::Numbers {
            count: N,
            from: range.start().to_string(),
            to: range.end().to_string(),
        };
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
        self.typed(key, &Accepted::Switch, DeValue::as_bool)
    }

    /// Reads one of a few words.
    pub fn choice<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<Placed<T>> {
        let accepted = Accepted::OneOf {
            words: words.iter().map(|(word, _)| (*word).to_owned()).collect(),
        };
        self.typed(key, &accepted, |value| {
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
        let text = self.typed(key, &accepted.into(), DeValue::as_str)?;
        let shown = format!("{:?}", text.value);
        self.understood(key, accepted, shown, text.place, parse(text.value))
    }

    /// Keeps a value that was understood; reports one that was not, as `shown`.
    fn understood<T, E: fmt::Display>(
        &self,
        key: &str,
        accepted: &str,
        shown: String,
        place: usize,
        parsed: Result<T, E>,
    ) -> Option<Placed<T>> {
        match parsed {
            Ok(value) => Some(Placed { value, place }),
            Err(error) => {
                let fault = FieldFault::WrongValue {
                    key: self.name(key),
                    value: Shown::Written { text: shown },
                    why: Some(error.to_string()),
                    accepted: accepted.into(),
                };
                self.reader.report(place, fault);
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
        let text = self.typed(key, &accepted.into(), day_text)?;
        let parsed = parse(&text.value);
        self.understood(key, accepted, text.value, text.place, parsed)
    }

    fn items<T, E: fmt::Display>(
        &self,
        key: &'static str,
        accepted: &str,
        read: impl Fn(&DeValue<'_>) -> Option<Result<T, E>>,
    ) -> Option<Placed<Vec<T>>> {
        let list = Accepted::List {
            words: accepted.to_owned(),
        };
        let items = self.typed(key, &list, DeValue::as_array)?;
        let mut values = Vec::new();
        for item in items.value.iter() {
            let why = match read(item.get_ref()) {
                Some(Ok(value)) => {
                    values.push(value);
                    continue;
                }
                Some(Err(error)) => Some(error.to_string()),
                None => None,
            };
            let fault = FieldFault::WrongEntry {
                key: self.name(key),
                value: shown(item.get_ref()),
                why,
                accepted: accepted.into(),
            };
            self.reader.report(item.span().start, fault);
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
            let fault = FieldFault::TooManyEntries {
                key: self.name(key),
                count,
                count_max,
            };
            self.problem(list, fault);
        }
    }

    /// Reads a date without a time.
    pub fn date(&self, key: &'static str) -> Option<Placed<Date>> {
        self.typed(key, &Accepted::Date, |value| {
            let datetime = value.as_datetime()?;
            if datetime.time.is_some() || datetime.offset.is_some() {
                return None;
            }
            let date = datetime.date?;
            Date::new(
                i16::try_from(date.year).ok()?,
                i8::try_from(date.month).ok()?,
                i8::try_from(date.day).ok()?,
            )
            .ok()
        })
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
        let accepted = Accepted::Texts { count_max };
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
                    let fault = FieldFault::WrongName {
                        key: full,
                        why: error.to_string(),
                    };
                    self.reader.report(word.span().start, fault);
                }
                (Ok(_), None) => {
                    let fault = FieldFault::WrongValue {
                        key: full,
                        value: shown(value.get_ref()),
                        why: None,
                        accepted: Accepted::Text {
                            words: "a line of text".to_owned(),
                            chars_max,
                        },
                    };
                    self.reader.report(value.span().start, fault);
                }
            }
        }
        Some(texts)
    }
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
