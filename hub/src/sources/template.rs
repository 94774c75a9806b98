//! How a card is made of an item: `*.toml` of a publisher's, or its defaults.
//!
//! Invariant: a template was read with every mistake named, and holds no placeholder that is
//! unknown.

use std::ops::RangeInclusive;

use passerby_protocol::card::{BODY_CHARS_MAX, PRICE_CHARS_MAX};
use passerby_protocol::limits::{LINE_CHARS_MAX, STORY_CHARS_MAX};
use passerby_protocol::toml_fields::{Problem, Reader, Section};
use serde::{Deserialize, Serialize};

/// What stands for the fields of an item.
const PLACEHOLDERS: [&str; 4] = ["{title}", "{text}", "{price}", "{source}"];
/// How long a card may be on the screen, in seconds.
const SECONDS: RangeInclusive<i64> = 5..=60;
/// How long it is, unless somebody says otherwise: most people can read a body in that time.
const SECONDS_DEFAULT: u32 = 12;

/// How a card is made of an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Template {
    /// The line that is read from afar.
    pub headline: String,
    /// What is read from near; empty for none.
    pub body: String,
    /// The price; empty for none.
    pub price: String,
    /// Where the picture goes, in the word of a card.
    pub layout: Option<String>,
    /// `#rrggbb`, likewise below.
    pub paper: Option<String>,
    /// Of the words.
    pub ink: Option<String>,
    /// Of the price.
    pub accent: Option<String>,
    /// The call to action beside the code.
    pub call: Option<String>,
    /// What a scan opens: `redirect`, `page` or `follow`.
    pub landing: String,
    /// The button of the page.
    pub button: Option<String>,
    /// The words that go with a shared link; empty for those of the item.
    pub share: Option<String>,
    /// Time on the screen.
    pub seconds: u32,
    /// Share of the air time relative to other placements.
    pub weight: u32,
    /// Whether it airs only when nothing else may.
    pub filler: bool,
}

impl Default for Template {
    fn default() -> Self {
        Self {
            headline: "{title}".to_owned(),
            body: "{text}".to_owned(),
            price: "{price}".to_owned(),
            layout: None,
            paper: None,
            ink: None,
            accent: None,
            call: None,
            landing: "page".to_owned(),
            button: None,
            share: None,
            seconds: SECONDS_DEFAULT,
            weight: 1,
            filler: false,
        }
    }
}

impl Template {
    /// Reads a template. `file` is its name for messages.
    ///
    /// # Errors
    /// Every problem at once, with line and accepted form.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        Reader::parse(file, text, Self::read)
    }

    fn read(root: &Section<'_>) -> Self {
        let or = Self::default();
        let colour = |key| {
            let accepted = "a colour such as \"#1b2a41\"";
            root.parsed(key, accepted, colour)
                .map(|colour| colour.value)
        };
        let layout = root.choice(
            "layout",
            &[
                ("auto", "auto"),
                ("picture-left", "picture-left"),
                ("picture-right", "picture-right"),
                ("picture-top", "picture-top"),
                ("picture-bottom", "picture-bottom"),
            ],
        );
        let landing = root.choice(
            "landing",
            &[
                ("redirect", "redirect"),
                ("page", "page"),
                ("follow", "follow"),
            ],
        );
        let number = |key, range: RangeInclusive<i64>, otherwise| {
            root.integer(key, range)
                .and_then(|number| u32::try_from(number.value).ok())
                .unwrap_or(otherwise)
        };
        Self {
            headline: with_placeholders(root, "headline", LINE_CHARS_MAX).unwrap_or(or.headline),
            body: with_placeholders(root, "body", BODY_CHARS_MAX).unwrap_or(or.body),
            price: with_placeholders(root, "price", PRICE_CHARS_MAX).unwrap_or(or.price),
            layout: layout.map(|layout| layout.value.to_owned()),
            paper: colour("paper"),
            ink: colour("ink"),
            accent: colour("accent"),
            call: plain(root, "call", LINE_CHARS_MAX),
            landing: landing.map_or(or.landing, |landing| landing.value.to_owned()),
            button: plain(root, "button", LINE_CHARS_MAX),
            share: with_placeholders(root, "share", STORY_CHARS_MAX),
            seconds: number("seconds", SECONDS, or.seconds),
            weight: number("weight", passerby_protocol::limits::WEIGHT, or.weight),
            filler: root.switch("filler").is_some_and(|filler| filler.value),
        }
    }
}

fn plain(root: &Section<'_>, key: &'static str, chars_max: usize) -> Option<String> {
    root.text(key, chars_max, "a line of text")
        .map(|text| text.value)
}

/// Reads a text with placeholders, and refuses what looks like one and is none.
fn with_placeholders(root: &Section<'_>, key: &'static str, chars_max: usize) -> Option<String> {
    let text = root.text(
        key,
        chars_max,
        "a text, with {title}, {text}, {price} or {source} in it",
    )?;
    let mut rest = text.value.as_str();
    while let Some(at) = rest.find('{') {
        rest = &rest[at..];
        match PLACEHOLDERS.iter().find(|known| rest.starts_with(**known)) {
            Some(known) => rest = &rest[known.len()..],
            None => {
                let what = format!(
                    "{key} has a {{ that begins none of {}",
                    PLACEHOLDERS.join(", ")
                );
                root.problem(&text, what);
                break;
            }
        }
    }
    Some(text.value)
}

fn colour(text: &str) -> Result<String, &'static str> {
    let digits = text.strip_prefix('#').unwrap_or_default();
    if digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text.to_owned())
    } else {
        Err("it is no colour")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_says_what_is_wrong_with_it_by_line() {
        let good = "headline = 'New: {title}'\nbody = ''\nlayout = 'picture-left'\npaper = '#fff8ec'\nseconds = 10\n";
        let template = Template::parse("a.toml", good).unwrap();
        assert_eq!(template.headline, "New: {title}");
        assert_eq!(template.body, "");
        assert_eq!(template.seconds, 10);
        let kept = serde_json::to_string(&template).unwrap();
        assert_eq!(serde_json::from_str::<Template>(&kept).unwrap(), template);

        let bad = "headline = '{titel}'\npaper = 'red'\nseconds = 1\ncolour = 1\n";
        let problems = Template::parse("a.toml", bad).unwrap_err();
        let lines: Vec<_> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [1, 2, 3, 4], "{problems:?}");
    }
}
