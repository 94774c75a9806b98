//! What is wrong with a value of a TOML file, or with a key that has none.
//!
//! Invariant: each fault has everything that its words are made of, so that they can be said in any
//! language; what stays in English are phrases that stand in the code, and a parser's own words.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a key accepts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "kebab-case")]
pub enum Accepted {
    /// What a phrase says.
    Words {
        /// The phrase, in English.
        words: String,
    },
    /// A list of what a phrase says.
    List {
        /// The phrase, in English.
        words: String,
    },
    /// A text.
    Text {
        /// What kind of text, in English.
        words: String,
        /// How many characters it may have.
        chars_max: usize,
    },
    /// A whole number.
    Whole {
        /// The smallest.
        from: i64,
        /// The largest.
        to: i64,
    },
    /// A number.
    Number {
        /// The smallest.
        from: String,
        /// The largest.
        to: String,
    },
    /// Some numbers.
    Numbers {
        /// How many.
        count: usize,
        /// The smallest.
        from: String,
        /// The largest.
        to: String,
    },
    /// `true` or `false`.
    Switch,
    /// One of these words.
    OneOf {
        /// All of them.
        words: Vec<String>,
    },
    /// A day.
    Date,
    /// A section.
    Section {
        /// Its whole name.
        name: String,
    },
    /// Several sections of one name.
    Sections {
        /// Their name.
        name: String,
        /// How many there may be.
        count_max: usize,
    },
    /// A section with texts under names of their own.
    Texts {
        /// How many there may be.
        count_max: usize,
    },
}

impl From<&str> for Accepted {
    fn from(words: &str) -> Self {
        let words = words.to_owned();
        Self::Words { words }
    }
}

impl fmt::Display for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words { words } => f.write_str(words),
            Self::List { words } => write!(f, "a list of {words}"),
            Self::Text { words, chars_max } => write!(f, "{words}, at most {chars_max} characters"),
            Self::Whole { from, to } => write!(f, "a whole number from {from} to {to}"),
            Self::Number { from, to } => write!(f, "a number from {from} to {to}"),
            Self::Numbers { count, from, to } => {
                write!(f, "a list of {count} numbers from {from} to {to}")
            }
            Self::Switch => f.write_str("true or false"),
            Self::OneOf { words } => {
                let words = words.iter().map(|word| format!("{word:?}"));
                write!(f, "one of {}", words.collect::<Vec<_>>().join(", "))
            }
            Self::Date => f.write_str("a date such as 2026-12-01, without quotes"),
            Self::Section { name } => write!(f, "a section [{name}]"),
            Self::Sections { name, count_max } => {
                write!(f, "at most {count_max} sections [[{name}]]")
            }
            Self::Texts { count_max } => write!(f, "a section with 1 to {count_max} texts"),
        }
    }
}

/// A value as it stands in the file, shortened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "kebab-case")]
pub enum Shown {
    /// As it is written.
    Written {
        /// That.
        text: String,
    },
    /// A text too long to repeat.
    LongText {
        /// How many characters it has.
        chars: usize,
    },
    /// A list.
    List,
    /// A section.
    Section,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Written { text } => f.write_str(text),
            Self::LongText { chars } => write!(f, "a text of {chars} characters"),
            Self::List => f.write_str("a list"),
            Self::Section => f.write_str("a section"),
        }
    }
}

/// A fault of one key or value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FieldFault {
    /// It is no text in UTF-8.
    NotUtf8 {
        /// In which encoding it was saved, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        encoding: Option<String>,
    },
    /// The file is too large.
    TooLarge {
        /// How many bytes it has.
        bytes: u64,
        /// How many it may have.
        bytes_max: u64,
    },
    /// A file refers to another one that is not there.
    PartMissing {
        /// The other one.
        name: String,
    },
    /// A file refers to another one that is no picture.
    PartOfNoKind {
        /// The other one.
        name: String,
    },
    /// It is no TOML.
    NotToml {
        /// The parser's words.
        words: String,
    },
    /// A quotation mark as word processors write it.
    CurlyQuote {
        /// Which.
        quote: char,
    },
    /// A text has a mark that turns what stands behind it around.
    TurningMark {
        /// Which.
        mark: char,
    },
    /// A text has a character that no screen can show.
    HiddenCharacter {
        /// The whole name of its key.
        key: String,
        /// Which.
        character: char,
    },
    /// A key that nobody asks for.
    UnknownKey {
        /// It.
        key: String,
        /// Where it stands; empty for the top level.
        section: String,
        /// The keys that there are.
        known: Vec<String>,
    },
    /// A key that is free but for its form has another one.
    WrongName {
        /// Its whole name.
        key: String,
        /// What is wrong with it, in English.
        why: String,
    },
    /// A value that is not accepted.
    WrongValue {
        /// The whole name of its key.
        key: String,
        /// The value.
        value: Shown,
        /// What is wrong with it, in English, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
        /// What is accepted.
        accepted: Accepted,
    },
    /// The same of one entry of a list.
    WrongEntry {
        /// The whole name of the list's key.
        key: String,
        /// The entry.
        value: Shown,
        /// What is wrong with it, in English, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
        /// What is accepted.
        accepted: Accepted,
    },
    /// Something else where a section is needed.
    NoSection {
        /// Which section.
        name: String,
        /// What is accepted.
        accepted: Accepted,
    },
    /// A key that is needed and not there.
    Missing {
        /// Its whole name.
        name: String,
        /// The key alone.
        key: String,
        /// A value as it could be, or a phrase in English that says so.
        example: String,
    },
    /// A list that is too long.
    TooManyEntries {
        /// The whole name of its key.
        key: String,
        /// How many there are.
        count: usize,
        /// How many there may be.
        count_max: usize,
    },
}

impl fmt::Display for FieldFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 { encoding } => {
                f.write_str("it is not UTF-8 text")?;
                if let Some(encoding) = encoding {
                    write!(f, " but {encoding}")?;
                }
                f.write_str("; save it as UTF-8 (in Notepad: Save as, Encoding, UTF-8)")
            }
            Self::TooLarge { bytes, bytes_max } => write!(
                f,
                "it has {bytes} bytes, more than {bytes_max}; make it smaller"
            ),
            Self::PartMissing { name } => write!(
                f,
                "it names {name:?}, which is missing; put that picture beside it, or take its name out"
            ),
            Self::PartOfNoKind { name } => write!(
                f,
                "it names {name:?}, which is no picture of this folder; use the name of a picture that lies beside it"
            ),
            Self::NotToml { words } => write!(f, "this is not TOML: {words}"),
            Self::CurlyQuote { quote } => write!(
                f,
                "{quote} is a quotation mark for reading, not for TOML; use straight ones: \"like this\" or 'like this'"
            ),
            Self::TurningMark { mark } => write!(
                f,
                "this text has the unseen mark U+{:04X}, which turns the letters behind it around; write it anew without",
                u32::from(*mark)
            ),
            Self::HiddenCharacter { key, character } => write!(
                f,
                "{key} has the character U+{:04X}, which no screen can show; take it out",
                u32::from(*character)
            ),
            Self::UnknownKey {
                key,
                section,
                known,
            } => {
                write!(f, "unknown key {key:?} ")?;
                match section.as_str() {
                    "" => f.write_str("at the top level")?,
                    section => write!(f, "in {section}")?,
                }
                write!(f, "; known keys are {}", known.join(", "))
            }
            Self::WrongName { key, why } => write!(f, "unknown key {key:?}: {why}"),
            Self::WrongValue {
                key,
                value,
                why,
                accepted,
            } => wrong(f, (key, "is", value), why.as_deref(), accepted),
            Self::WrongEntry {
                key,
                value,
                why,
                accepted,
            } => wrong(f, (key, "has", value), why.as_deref(), accepted),
            Self::NoSection { name, accepted } => {
                write!(f, "{name} is not a section; use {accepted}")
            }
            Self::Missing { name, key, example } => {
                write!(f, "{name} is missing; add {key} = {example}")
            }
            Self::TooManyEntries {
                key,
                count,
                count_max,
            } => write!(f, "{key} has {count} entries; use at most {count_max}"),
        }
    }
}

fn wrong(
    f: &mut fmt::Formatter<'_>,
    (key, is, value): (&str, &str, &Shown),
    why: Option<&str>,
    accepted: &Accepted,
) -> fmt::Result {
    match why {
        Some(why) => write!(f, "{key} {is} {value}: {why}; use {accepted}"),
        None => write!(f, "{key} {is} {value}; use {accepted}"),
    }
}
