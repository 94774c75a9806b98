//! Reads a TOML file field by field and collects every problem, each with its line and the accepted
//! form.
//!
//! serde stops at the first error; a shop owner should see all of them at once. A [`Section`]
//! remembers which keys were asked for, so an unknown key can be answered with the list of those
//! that exist.
//!
//! Invariant: a file with a problem gives no value, and after a syntax error nothing else is
//! complained about.

mod problem;
mod section;
mod values;

use std::cell::RefCell;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::content_fault::{FieldFault, Told};
use crate::toml_fields::problem::line_at;
pub use crate::toml_fields::problem::{Problem, line_of};
pub use crate::toml_fields::section::{Placed, Section};

/// A key that was asked for while a file was read, and what its value must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedKey {
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
    asked: Option<RefCell<Vec<AskedKey>>>,
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
    ) -> Result<Vec<AskedKey>, Vec<Problem>> {
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
    ) -> Result<(T, Vec<AskedKey>), Vec<Problem>> {
        let text = self.text;
        let reader = self;
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let place = error.span().map_or(0, |span| span.start);
            let fault = match curly_quote_at(text, place) {
                Some(quote) => FieldFault::CurlyQuote { quote },
                None => FieldFault::NotToml {
                    words: error.message().trim().replace('\n', "; "),
                },
            };
            reader.report(place, fault);
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
        Section::new(self, table, path, place)
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
            self.report(place, FieldFault::TurningMark { mark: turn });
        }
    }

    fn report(&self, place: usize, told: impl Into<Told>) {
        let Told { words, fault } = told.into();
        self.problems.borrow_mut().push(Problem {
            file: self.file.to_owned(),
            line: line_at(self.text, place),
            message: words,
            fault,
        });
    }
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
}
