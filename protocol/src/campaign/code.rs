//! How a placement's code is shown, what stands beside it, and what it holds when that is not the
//! campaign's link.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::campaign::contents::{CalendarEvent, Contact, Contents, Wifi};
use crate::content_fault::RuleFault;
use crate::creative::CreativeKind;
use crate::limits::{CALL_LANGUAGES_MAX, LINE_CHARS_MAX};
use crate::toml_fields::Section;

/// How a code is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// Where the code square stands.
    pub corner: Corner,
    /// The call to action beside it; a plain one in the screen's languages when absent.
    pub call: Option<Call>,
    /// What it holds instead of the campaign's link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contents: Option<Contents>,
    /// Whether the publisher wrote anything about it, be it an empty table.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asked: bool,
}

/// A corner of the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Corner {
    TopLeft,
    TopRight,
    BottomLeft,
    #[default]
    BottomRight,
}

/// A call to action: one line, or one for each language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Call {
    /// The same line everywhere.
    Line(String),
    /// By language, such as `zh` or `en`.
    Languages(BTreeMap<String, String>),
}

impl Call {
    /// Returns the line for a screen whose people speak some languages, most of them the first:
    /// those of its languages that there are, or the first of all.
    pub fn in_languages(&self, languages: &[String]) -> String {
        match self {
            Self::Line(line) => line.clone(),
            Self::Languages(lines) => {
                let spoken: Vec<&str> = languages
                    .iter()
                    .filter_map(|language| lines.get(primary(language)))
                    .map(String::as_str)
                    .collect();
                if spoken.is_empty() {
                    lines.values().next().cloned().unwrap_or_default()
                } else {
                    spoken.join(" ")
                }
            }
        }
    }

    /// Every line, with its language if it has one.
    pub fn lines(&self) -> impl Iterator<Item = (Option<&str>, &str)> {
        let (line, lines) = match self {
            Self::Line(line) => (Some((None, line.as_str())), None),
            Self::Languages(lines) => (None, Some(lines)),
        };
        let by_language = lines
            .into_iter()
            .flatten()
            .map(|(language, line)| (Some(language.as_str()), line.as_str()));
        line.into_iter().chain(by_language)
    }
}

impl From<&str> for Call {
    fn from(line: &str) -> Self {
        Self::Line(line.to_owned())
    }
}

/// The language of a tag such as `zh-CN`, without region and script.
pub fn primary(tag: &str) -> &str {
    tag.split('-').next().unwrap_or_default()
}

/// Accepts a language tag such as `zh`, `en` or `zh-CN` (BCP 47, by its form).
///
/// # Errors
/// Says what is wrong with it.
pub fn language(text: &str) -> Result<String, &'static str> {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    let good_first =
        (2..=3).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_lowercase());
    let good = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    if good_first && parts.all(good) {
        Ok(text.to_owned())
    } else {
        Err("it is not a language such as \"zh\" or \"en\"")
    }
}

impl Code {
    /// Reads a `code = { … }` table.
    pub(super) fn read(code: &Section<'_>) -> Self {
        let corner = code.choice(
            "corner",
            &[
                ("top-left", Corner::TopLeft),
                ("top-right", Corner::TopRight),
                ("bottom-left", Corner::BottomLeft),
                ("bottom-right", Corner::BottomRight),
            ],
        );
        Self {
            corner: corner.map_or_else(Corner::default, |corner| corner.value),
            call: read_call(code),
            contents: read_contents(code),
            asked: true,
        }
    }

    /// Tells whether a creative of a kind has a code. A ticker has one only where its placement
    /// asks for it, since a strip has no room for it.
    pub fn is_for(&self, kind: CreativeKind) -> bool {
        kind != CreativeKind::Ticker || *self != Self::default()
    }
}

fn read_call(code: &Section<'_>) -> Option<Call> {
    if !code.is_table("call") {
        return code
            .text(
                "call",
                LINE_CHARS_MAX,
                "a line of text, or one for each language such as { zh = \"…\", en = \"…\" }",
            )
            .map(|call| Call::Line(call.value));
    }
    let lines = code.texts("call", CALL_LANGUAGES_MAX, LINE_CHARS_MAX, |tag| {
        language(tag).and_then(|tag| {
            if primary(&tag) == tag {
                Ok(tag)
            } else {
                Err("it names a region; use the language alone, such as \"zh\"")
            }
        })
    })?;
    Some(Call::Languages(lines))
}

fn read_contents(code: &Section<'_>) -> Option<Contents> {
    let read = [
        code.table("wifi", Wifi::read).map(Contents::Wifi),
        code.table("contact", Contact::read).map(Contents::Contact),
        code.table("event", CalendarEvent::read)
            .map(Contents::Event),
    ];
    let mut contents = read.into_iter().flatten();
    let first = contents.next();
    if let (Some(_), Some(place)) = (
        contents.next(),
        code.placed("wifi").or(code.placed("contact")),
    ) {
        code.problem(&place, RuleFault::TwoThingsInACode);
    }
    first
}
