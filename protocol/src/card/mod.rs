//! Text creatives as publishers write them: the card, `*.card.toml`, and the ticker,
//! `*.ticker.toml`.
//!
//! Both are small files that name at most two pictures in their own folder. The hub reads them to
//! know which files belong to a creative, the terminal to draw them.
//!
//! Invariants: every text has a stated limit; a file name is one in the same folder, never a path;
//! a colour or a number that was not understood is a problem with its line, never a default.

#[cfg(test)]
mod tests;

use std::str::FromStr;
use std::time::Duration;

use jiff::civil::DateTime;

use crate::campaign::{Colours, zone_name};
use crate::content_fault::RuleFault;
use crate::creative::is_part_name;
use crate::limits::LINE_CHARS_MAX;
use crate::toml_fields::{Placed, Problem, Reader, Section};

/// Longest body of a card, in characters. More than that nobody reads in passing.
pub const BODY_CHARS_MAX: usize = 300;
/// Longest price, in characters.
pub const PRICE_CHARS_MAX: usize = 16;
/// Longest label beside a countdown or a counter, in characters.
pub const LABEL_CHARS_MAX: usize = 40;
/// Longest unit behind a counter, in characters.
pub const UNIT_CHARS_MAX: usize = 12;
/// Longest file name of a card's picture or logo, in bytes.
pub const NAME_BYTES_MAX: usize = 100;
/// Time on screen in which most people can read a body, for advice.
pub const BODY_DWELL_ADVISED: Duration = Duration::from_secs(10);
/// Most lines of a ticker.
pub const TICKER_LINES_MAX: usize = 20;
/// Longest line of a ticker, in characters.
pub const TICKER_LINE_CHARS_MAX: usize = 200;

/// A text creative.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// The line that is read from afar; never blank.
    pub headline: String,
    /// What is read from near, at most [`BODY_CHARS_MAX`] characters.
    pub body: Option<String>,
    /// What it costs, with its currency.
    pub price: Option<String>,
    /// What it cost before; shown struck through beside the price.
    pub was: Option<String>,
    /// A picture or drawing in the same folder; of an animation its first frame is shown.
    pub picture: Option<String>,
    /// A logo in the same folder; the same holds for it.
    pub logo: Option<String>,
    /// Its own colours; what it leaves open comes from the campaign.
    pub colours: Colours,
    /// Where the picture goes.
    pub layout: CardLayout,
    /// Shows the time of day.
    pub clock: bool,
    /// Shows the date.
    pub date: bool,
    /// Counts down to a moment.
    pub countdown: Option<Countdown>,
    /// Shows a reading of the live context.
    pub counter: Option<Counter>,
}

/// Where a card's picture goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CardLayout {
    /// Wherever it serves the words best.
    #[default]
    Auto,
    /// Left of the words.
    PictureLeft,
    /// Right of the words.
    PictureRight,
    /// Above the words.
    PictureTop,
    /// Below the words.
    PictureBottom,
}

impl CardLayout {
    /// What publishers write.
    pub const WORDS: [(&str, Self); 5] = [
        ("auto", Self::Auto),
        ("picture-left", Self::PictureLeft),
        ("picture-right", Self::PictureRight),
        ("picture-top", Self::PictureTop),
        ("picture-bottom", Self::PictureBottom),
    ];
}

/// Counts down to a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Countdown {
    /// The moment, in the venue's time zone; a date alone means its midnight.
    pub to: DateTime,
    /// What it counts down to.
    pub label: Option<String>,
    /// What is shown once it has come; zeros when absent.
    pub done: Option<String>,
}

/// Shows a reading of the live context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// Its name in the live context.
    pub name: String,
    /// What it counts.
    pub label: Option<String>,
    /// Stands behind the number.
    pub unit: Option<String>,
}

/// A line that runs from right to left without end.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticker {
    /// What it says, in turn; 1 to [`TICKER_LINES_MAX`] lines, none of them blank.
    pub lines: Vec<String>,
    /// How fast it runs.
    pub speed: Speed,
    /// Its own colours; what it leaves open comes from the campaign.
    pub colours: Colours,
}

/// How fast a ticker runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Speed {
    /// For long sentences and far readers.
    Slow,
    /// For most.
    #[default]
    Normal,
    /// For short notes.
    Fast,
}

impl Speed {
    /// What publishers write.
    pub const WORDS: [(&str, Self); 3] = [
        ("slow", Self::Slow),
        ("normal", Self::Normal),
        ("fast", Self::Fast),
    ];
}

impl Card {
    /// Reads a `*.card.toml`. `file` is its name for messages.
    ///
    /// # Errors
    /// Every problem at once, with line and accepted form.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        Reader::parse(file, text, Self::read)
    }

    /// Reads the root section of such a file; what is wrong is reported to it.
    pub fn read(root: &Section<'_>) -> Self {
        let line = |key, chars_max| read_line(root, key, chars_max);
        let headline = root.text("headline", LINE_CHARS_MAX, "a line of text");
        match &headline {
            None => root.missing("headline", "\"what is read from afar\""),
            Some(line) if line.value.trim().is_empty() => {
                root.problem(line, RuleFault::BlankHeadline);
            }
            Some(_) => {}
        }
        let price = line("price", PRICE_CHARS_MAX);
        let was = root.text("was", PRICE_CHARS_MAX, "a price such as \"¥68\"");
        if let (Some(was), None) = (&was, &price) {
            root.problem(was, RuleFault::WasWithoutPrice);
        }
        Self {
            headline: headline.map(|line| line.value).unwrap_or_default(),
            body: filled(root.text("body", BODY_CHARS_MAX, "a text")),
            price,
            was: filled(was),
            picture: read_name(root, "picture"),
            logo: read_name(root, "logo"),
            colours: Colours::read(root),
            layout: root
                .choice("layout", &CardLayout::WORDS)
                .map(|layout| layout.value)
                .unwrap_or_default(),
            clock: root.switch("clock").is_some_and(|clock| clock.value),
            date: root.switch("date").is_some_and(|date| date.value),
            countdown: root.table("countdown", read_countdown).flatten(),
            counter: root.table("counter", read_counter).flatten(),
        }
    }

    /// The names of the files that it refers to, each once.
    pub fn parts(&self) -> Vec<&str> {
        let mut names: Vec<&str> = [&self.picture, &self.logo]
            .into_iter()
            .filter_map(Option::as_deref)
            .collect();
        names.dedup();
        names
    }

    /// Every text that it shows, with the key that it stands under, for checks of letters.
    pub fn texts(&self) -> Vec<(&'static str, &str)> {
        let countdown = self.countdown.as_ref();
        let counter = self.counter.as_ref();
        let texts = [
            ("headline", Some(self.headline.as_str())),
            ("body", self.body.as_deref()),
            ("price", self.price.as_deref()),
            ("was", self.was.as_deref()),
            (
                "countdown.label",
                countdown.and_then(|c| c.label.as_deref()),
            ),
            ("countdown.done", countdown.and_then(|c| c.done.as_deref())),
            ("counter.label", counter.and_then(|c| c.label.as_deref())),
            ("counter.unit", counter.and_then(|c| c.unit.as_deref())),
        ];
        texts
            .into_iter()
            .filter_map(|(key, text)| Some((key, text?)))
            .collect()
    }
}

impl Ticker {
    /// Reads a `*.ticker.toml`. `file` is its name for messages.
    ///
    /// # Errors
    /// Every problem at once, with line and accepted form.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        Reader::parse(file, text, Self::read)
    }

    /// Reads the root section of such a file; what is wrong is reported to it.
    pub fn read(root: &Section<'_>) -> Self {
        let accepted = format!("lines of text, each of 1 to {TICKER_LINE_CHARS_MAX} characters");
        let lines = root.list("lines", &accepted, |line| {
            let line = line.trim();
            match line.chars().count() {
                0 => Err("it is blank"),
                count if count > TICKER_LINE_CHARS_MAX => Err("it is too long"),
                _ if line.contains(char::is_control) => Err("it has a line break in it"),
                _ => Ok(line.to_owned()),
            }
        });
        match &lines {
            None => root.missing("lines", "[\"what runs by\", \"and then\"]"),
            Some(lines) if lines.value.is_empty() => {
                root.problem(lines, RuleFault::NoLines);
            }
            Some(lines) if lines.value.len() > TICKER_LINES_MAX => {
                let fault = RuleFault::TooManyLines {
                    count: lines.value.len(),
                    count_max: TICKER_LINES_MAX,
                };
                root.problem(lines, fault);
            }
            Some(_) => {}
        }
        Self {
            lines: lines.map(|lines| lines.value).unwrap_or_default(),
            speed: root
                .choice("speed", &Speed::WORDS)
                .map(|speed| speed.value)
                .unwrap_or_default(),
            colours: Colours::read(root),
        }
    }
}

/// Fills what one set of colours leaves open from another.
#[must_use]
pub fn colours_or(own: &Colours, other: &Colours) -> Colours {
    Colours {
        paper: own.paper.or(other.paper),
        ink: own.ink.or(other.ink),
        accent: own.accent.or(other.accent),
    }
}

fn filled(text: Option<Placed<String>>) -> Option<String> {
    text.map(|text| text.value)
        .filter(|text| !text.trim().is_empty())
}

fn read_line(section: &Section<'_>, key: &'static str, chars_max: usize) -> Option<String> {
    filled(section.text(key, chars_max, "a line of text"))
}

fn read_countdown(section: &Section<'_>) -> Option<Countdown> {
    let accepted = "a local date and time such as \"2026-12-24T19:00\"";
    let to = section.parsed("to", accepted, |text| {
        DateTime::from_str(text).map_err(|_| "it is no date with a time")
    });
    let label = read_line(section, "label", LABEL_CHARS_MAX);
    let done = read_line(section, "done", LABEL_CHARS_MAX);
    if !section.has("to") {
        section.missing("to", "\"2026-12-24T19:00\"");
    }
    Some(Countdown {
        to: to?.value,
        label,
        done,
    })
}

fn read_counter(section: &Section<'_>) -> Option<Counter> {
    let accepted = "the name of a reading such as \"queue\"";
    let name = section.parsed("name", accepted, zone_name);
    let label = read_line(section, "label", LABEL_CHARS_MAX);
    let unit = read_line(section, "unit", UNIT_CHARS_MAX);
    if !section.has("name") {
        section.missing("name", "\"queue\"");
    }
    Some(Counter {
        name: name?.value,
        label,
        unit,
    })
}

/// Reads the name of a picture that lies beside the file.
fn read_name(root: &Section<'_>, key: &'static str) -> Option<String> {
    let accepted = "the name of a .jpg, .png, .webp, .gif or .svg file in the same folder";
    root.parsed(key, accepted, picture_name)
        .map(|name| name.value)
}

fn picture_name(name: &str) -> Result<String, &'static str> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        Err("it is not 1 to 100 bytes long")
    } else if name.contains(['/', '\\']) || name.contains(char::is_control) {
        Err("it is a path")
    } else if !is_part_name(name) {
        Err("it is no picture")
    } else {
        Ok(name.to_owned())
    }
}
