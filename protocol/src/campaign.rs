//! The campaign folder: what a publisher writes.
//!
//! A bare folder of pictures is a campaign: each picture airs in turn. `campaign.toml` beside them adds what is
//! wanted. Terminal (`passerby check`, local folders) and hub (`passerby-hub publish`) read it with this code.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use crate::creative::{CREATIVE_ENDINGS, CreativeKind, Motion, TransitionKind};

use crate::condition::Condition;
use crate::daypart::Daypart;
use crate::limits::{
    LINE_CHARS_MAX, PHASES_MAX, PLACEMENTS_MAX, SECONDS, STORY_CHARS_MAX, URL_BYTES_MAX, WEIGHT,
};
use crate::toml_fields::{Problem, Reader, Section};

/// The file that turns a folder of pictures into a campaign with a target.
pub const FILE_NAME: &str = "campaign.toml";

/// What a publisher runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Campaign {
    /// Shown on landing pages and in reports.
    pub title: String,
    /// Short-term, long-term or both in turn.
    pub kind: Kind,
    /// Where a scan leads in the end; `http` or `https`. Without one, screens show no code.
    pub target: Option<String>,
    /// What a scan opens.
    pub landing: Landing,
    /// The text that goes with a shared link.
    pub share: Option<String>,
    /// A few sentences for the landing page.
    pub story: Option<String>,
    /// The label of the landing page's button.
    pub button: Option<String>,
    /// The line beside each picture, unless its placement has its own.
    pub headline: Option<String>,
    /// The campaign's colours; taken from the picture where none are given.
    pub colours: Colours,
    /// Stages in which it may air; always, when there are none.
    pub phases: Vec<Phase>,
    /// What the rotation picks from.
    pub placements: Vec<Placement>,
}

/// Short-term (a burst around an event), long-term (fans), or both in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A burst.
    Event,
    /// A following.
    Fans,
    /// One, then the other.
    Combined,
}

/// What a scan opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Landing {
    /// The target, at once.
    Redirect,
    /// A small page with picture, story and a button to the target; it carries a share token.
    Page,
    /// The same page with an invitation to follow instead of to buy.
    Follow,
}

impl Landing {
    const WORDS: [(&str, Self); 3] = [
        ("redirect", Self::Redirect),
        ("page", Self::Page),
        ("follow", Self::Follow),
    ];
}

/// Three colours of a campaign.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Colours {
    /// Behind text.
    pub paper: Option<Rgb>,
    /// Of text.
    pub ink: Option<Rgb>,
    /// Of the call to action and of buttons.
    pub accent: Option<Rgb>,
}

/// An sRGB colour; its text form is `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rgb(pub [u8; 3]);

/// Says that a text is not a colour.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a colour")]
pub struct RgbError;

impl FromStr for Rgb {
    type Err = RgbError;
    fn from_str(text: &str) -> Result<Self, RgbError> {
        let digits = text
            .strip_prefix('#')
            .filter(|digits| digits.len() == 6 && digits.is_ascii())
            .ok_or(RgbError)?;
        let channel = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| RgbError);
        Ok(Self([channel(0)?, channel(2)?, channel(4)?]))
    }
}

impl TryFrom<String> for Rgb {
    type Error = RgbError;
    fn try_from(text: String) -> Result<Self, RgbError> {
        text.parse()
    }
}

impl From<Rgb> for String {
    fn from(colour: Rgb) -> String {
        colour.to_string()
    }
}

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// A stage of a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// For reports.
    pub name: String,
    /// First day, in the venue's time zone; open when absent.
    pub from: Option<Date>,
    /// Last day, inclusive; open when absent.
    pub until: Option<Date>,
    /// How many plays the publisher hopes for.
    pub goal_plays: Option<u32>,
    /// How many scans the publisher hopes for.
    pub goal_scans: Option<u32>,
    /// What a scan opens in this phase, when it differs from the campaign's.
    pub landing: Option<Landing>,
}

/// Creative × daypart × weight: what the rotation picks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Placement {
    /// The picture's file name in the campaign folder.
    pub creative: String,
    /// Time on screen; the terminal's default when absent.
    pub seconds: Option<u32>,
    /// Share of air time relative to the other placements.
    pub weight: u32,
    /// When only nothing else is eligible should it air.
    pub filler: bool,
    /// The line beside the picture; an empty one means the picture says it all.
    pub headline: Option<String>,
    /// Parts of the week; always, when there are none.
    pub dayparts: Vec<Daypart>,
    /// A condition on the venue.
    pub when: Option<Condition>,
    /// How its code is shown.
    pub code: Code,
    /// The screen's zone that it is meant for; the main one when absent. Screens without that zone do not air it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// How it comes onto the screen.
    #[serde(default)]
    pub transition: TransitionKind,
    /// Whether a picture moves while it is shown.
    #[serde(default)]
    pub motion: Motion,
    /// Whether a video may be heard, where and when the screen's operator allows sound.
    #[serde(default)]
    pub sound: bool,
}

impl Placement {
    /// A placement of one picture with every default.
    pub fn of(creative: impl Into<String>) -> Self {
        Self {
            creative: creative.into(),
            seconds: None,
            weight: 1,
            filler: false,
            headline: None,
            dayparts: Vec::new(),
            when: None,
            code: Code::default(),
            zone: None,
            transition: TransitionKind::default(),
            motion: Motion::default(),
            sound: false,
        }
    }
}

/// How a code is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// Where the code card stands.
    pub corner: Corner,
    /// The call to action beside it; a plain one in two languages when absent.
    pub call: Option<String>,
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

impl Campaign {
    /// Makes a campaign of a bare folder of pictures.
    ///
    /// # Errors
    /// The folder holds no picture, or too many.
    pub fn of_pictures(
        folder: &str,
        title: &str,
        pictures: &[String],
    ) -> Result<Self, Vec<Problem>> {
        if pictures.is_empty() {
            let message = format!(
                "the folder is empty; put pictures, videos or cards into it ({CREATIVE_ENDINGS}), or a {FILE_NAME} that names them"
            );
            return Err(vec![Problem::with_file(folder, message)]);
        }
        if pictures.len() > PLACEMENTS_MAX {
            let message = format!(
                "the folder holds {} pictures; use at most {PLACEMENTS_MAX}",
                pictures.len()
            );
            return Err(vec![Problem::with_file(folder, message)]);
        }
        Ok(Self {
            title: title.chars().take(LINE_CHARS_MAX).collect(),
            kind: Kind::Event,
            target: None,
            landing: Landing::Redirect,
            share: None,
            story: None,
            button: None,
            headline: None,
            colours: Colours::default(),
            phases: Vec::new(),
            placements: pictures.iter().map(Placement::of).collect(),
        })
    }

    /// Reads a `campaign.toml`. `file` is its name for messages, `pictures` the names of the creatives that lie beside
    /// it; without any `[[placement]]` each of them airs in turn.
    ///
    /// # Errors
    /// Every problem at once, with line and accepted form.
    pub fn parse(file: &str, text: &str, pictures: &[String]) -> Result<Self, Vec<Problem>> {
        Self::parse_airing(file, text, pictures, pictures)
    }

    /// The same for a folder in which some files belong to others: without any `[[placement]]` only those of `airing`
    /// air, but a placement may name each of `creatives`.
    ///
    /// # Errors
    /// Every problem at once, with line and accepted form.
    pub fn parse_airing(
        file: &str,
        text: &str,
        creatives: &[String],
        airing: &[String],
    ) -> Result<Self, Vec<Problem>> {
        Reader::parse(file, text, |root| {
            let campaign = read_campaign(root, creatives, airing);
            if campaign.placements.is_empty() {
                root.missing("placement", "a section [[placement]] with creative = \"poster.jpg\", or put pictures beside the file");
            }
            campaign
        })
    }

    /// Tells whether the campaign may air on a local date. Campaigns without phases always may.
    pub fn phase_on(&self, date: Date) -> Option<&Phase> {
        self.phases.iter().find(|phase| phase.covers(date))
    }

    /// Tells whether anything of the campaign depends on the date or the hour, so that it needs a trusted clock.
    pub fn is_dated(&self) -> bool {
        !self.phases.is_empty()
    }

    /// Returns what a scan opens on a date.
    pub fn landing_on(&self, date: Date) -> Landing {
        self.phase_on(date)
            .and_then(|phase| phase.landing)
            .unwrap_or(self.landing)
    }

    /// Returns the line beside a placement's picture; `None` when the picture says it all.
    pub fn headline_of<'a>(&'a self, placement: &'a Placement) -> Option<&'a str> {
        placement
            .headline
            .as_deref()
            .or(self.headline.as_deref())
            .filter(|line| !line.is_empty())
    }
}

impl Phase {
    /// Tells whether a local date lies in the flight.
    pub fn covers(&self, date: Date) -> bool {
        self.from.is_none_or(|from| from <= date) && self.until.is_none_or(|until| date <= until)
    }
}

/// Tells whether a file name is that of a creative which a screen can show.
pub fn is_creative(name: &str) -> bool {
    CreativeKind::of_name(name).is_some()
}

fn read_campaign(root: &Section<'_>, pictures: &[String], airing: &[String]) -> Campaign {
    let line = |key| {
        root.text(key, LINE_CHARS_MAX, "a line of text")
            .map(|line| line.value)
    };
    let long = |key| {
        root.text(key, STORY_CHARS_MAX, "a text")
            .map(|text| text.value)
    };
    let title = line("title");
    if title.as_deref().is_none_or(|title| title.trim().is_empty()) {
        root.missing("title", "\"what it is called\"");
    }
    let kind = root.choice(
        "kind",
        &[
            ("event", Kind::Event),
            ("fans", Kind::Fans),
            ("combined", Kind::Combined),
        ],
    );
    let target = root
        .parsed(
            "target",
            "a link such as \"https://shop.example/book\"",
            link,
        )
        .map(|link| link.value);
    let landing = root
        .choice("landing", &Landing::WORDS)
        .map_or(Landing::Redirect, |landing| landing.value);
    let colours = root.table("colours", |colours| {
        let colour = |key| {
            colours
                .parsed(key, "a colour such as \"#c8102e\"", Rgb::from_str)
                .map(|colour| colour.value)
        };
        Colours {
            paper: colour("paper"),
            ink: colour("ink"),
            accent: colour("accent"),
        }
    });
    let mut placements = root.tables("placement", PLACEMENTS_MAX, |section| {
        read_placement(section, pictures)
    });
    if placements.is_empty() {
        placements = airing
            .iter()
            .take(PLACEMENTS_MAX)
            .map(Placement::of)
            .collect();
    }
    Campaign {
        title: title.unwrap_or_default(),
        kind: kind.map_or(Kind::Event, |kind| kind.value),
        target,
        landing,
        share: long("share"),
        story: long("story"),
        button: line("button"),
        headline: line("headline"),
        colours: colours.unwrap_or_default(),
        phases: root.tables("phase", PHASES_MAX, read_phase),
        placements,
    }
}

fn read_phase(section: &Section<'_>) -> Phase {
    let name = section.text("name", LINE_CHARS_MAX, "a line of text");
    if name.is_none() {
        section.missing("name", "\"launch\"");
    }
    let (from, until) = (section.date("from"), section.date("until"));
    if let (Some(from), Some(until)) = (&from, &until)
        && until.value < from.value
    {
        section.problem(
            until,
            format!(
                "until is {}, before from, {}; swap them",
                until.value, from.value
            ),
        );
    }
    let goal = |key| {
        section
            .integer(key, 1..=1_000_000_000)
            .and_then(|goal| u32::try_from(goal.value).ok())
    };
    Phase {
        name: name.map(|name| name.value).unwrap_or_default(),
        from: from.map(|date| date.value),
        until: until.map(|date| date.value),
        goal_plays: goal("goal_plays"),
        goal_scans: goal("goal_scans"),
        landing: section
            .choice("landing", &Landing::WORDS)
            .map(|landing| landing.value),
    }
}

fn read_placement(section: &Section<'_>, pictures: &[String]) -> Placement {
    let creative = section.text("creative", 255, "the name of a picture in this folder");
    match &creative {
        None => section.missing("creative", "\"poster.jpg\""),
        Some(name) if !is_creative(&name.value) => {
            section.problem(
                name,
                format!(
                    "creative {:?} is nothing that a screen can show; use a {CREATIVE_ENDINGS} file of this folder",
                    name.value
                ),
            );
        }
        Some(name) if !pictures.contains(&name.value) => {
            let there = if pictures.is_empty() {
                "there are no pictures in this folder".to_owned()
            } else {
                format!("this folder has {}", pictures.join(", "))
            };
            section.problem(
                name,
                format!("creative {:?} is missing; {there}", name.value),
            );
        }
        Some(_) => {}
    }
    let code = section.table("code", |code| Code {
        corner: code
            .choice(
                "corner",
                &[
                    ("top-left", Corner::TopLeft),
                    ("top-right", Corner::TopRight),
                    ("bottom-left", Corner::BottomLeft),
                    ("bottom-right", Corner::BottomRight),
                ],
            )
            .map_or_else(Corner::default, |corner| corner.value),
        call: code
            .text("call", LINE_CHARS_MAX, "a line of text")
            .map(|call| call.value),
    });
    let number = |key, range| {
        section
            .integer(key, range)
            .and_then(|number| u32::try_from(number.value).ok())
    };
    Placement {
        creative: creative.map(|creative| creative.value).unwrap_or_default(),
        seconds: number("seconds", SECONDS),
        weight: number("weight", WEIGHT).unwrap_or(1),
        filler: section.switch("filler").is_some_and(|filler| filler.value),
        headline: section
            .text("headline", LINE_CHARS_MAX, "a line of text")
            .map(|line| line.value),
        dayparts: section
            .list(
                "dayparts",
                "days and hours such as \"mon-fri 07:00-10:00\"",
                Daypart::from_str,
            )
            .map(|dayparts| dayparts.value)
            .unwrap_or_default(),
        when: section
            .parsed(
                "when",
                "a condition such as \"venue.tags.exists(t, t == 'metro')\"",
                Condition::parse,
            )
            .map(|when| when.value),
        code: code.unwrap_or_default(),
        zone: section
            .parsed("zone", "a zone's name such as \"main\"", zone_name)
            .map(|zone| zone.value),
        transition: section
            .choice("transition", &TransitionKind::WORDS)
            .map(|kind| kind.value)
            .unwrap_or_default(),
        motion: section
            .choice("motion", &Motion::WORDS)
            .map(|motion| motion.value)
            .unwrap_or_default(),
        sound: section.switch("sound").is_some_and(|sound| sound.value),
    }
}

/// Accepts the name of a zone: 1 to 32 lower-case letters, digits and dashes.
///
/// # Errors
/// Says what is wrong with it.
pub fn zone_name(text: &str) -> Result<String, &'static str> {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if text.is_empty() || text.len() > 32 || !text.bytes().all(good) {
        Err("it is not made of 1 to 32 lower-case letters, digits and dashes")
    } else {
        Ok(text.to_owned())
    }
}

/// Accepts an absolute http or https link without spaces, quotes or control characters.
fn link(text: &str) -> Result<String, &'static str> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .ok_or("it does not start with https://")?;
    if text.len() > URL_BYTES_MAX {
        return Err("it is longer than 300 bytes");
    }
    if text.contains(|c: char| {
        c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>' | '\\')
    }) {
        return Err("it has a space or a quote in it");
    }
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() || host.contains('@') {
        Err("it names no host")
    } else {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pictures() -> Vec<String> {
        vec!["poster.jpg".into(), "second.png".into()]
    }

    #[test]
    fn the_designs_example_is_read() {
        let text = r#"
title  = "三体 · The Three-Body Problem"
kind   = "combined"
target = "https://shop.example/books/three-body"
share  = "路过地铁站，看到想读的书。"

[[phase]]
name = "launch"
from = 2026-12-01
until = 2026-12-07
goal_plays = 5000
[[phase]]
name = "readers"
from = 2026-12-08
landing = "follow"

[[placement]]
creative = "poster.jpg"
seconds = 10
weight = 3
dayparts = ["mon-fri 07:00-10:00", "mon-fri 17:00-20:00"]
when = "venue.tags.exists(t, t == 'metro')"
code = { corner = "bottom-right", call = "扫码购书 Scan to buy" }
"#;
        let campaign = Campaign::parse("campaign.toml", text, &pictures()).expect("good");
        assert_eq!(campaign.kind, Kind::Combined);
        assert_eq!(campaign.placements[0].weight, 3);
        assert_eq!(campaign.placements[0].dayparts.len(), 2);
        let date = jiff::civil::date(2026, 12, 9);
        assert_eq!(campaign.landing_on(date), Landing::Follow);
        assert!(campaign.phase_on(jiff::civil::date(2026, 11, 30)).is_none());
        let json = serde_json::to_string(&campaign).expect("serialises");
        assert_eq!(
            serde_json::from_str::<Campaign>(&json).expect("reads back"),
            campaign
        );
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let text = "title = ''\ntarget = 'shop.example'\ncolor = 1\n[[phase]]\nname = 'a'\nfrom = 2026-02-01\nuntil = 2026-01-01\n\
                    [[placement]]\ncreative = 'poster.jpeg'\nseconds = 0\nweight = 'x'\ndayparts = ['mon 7-9']\nwhen = '1 +'\ncode = { corner = 'middle' }\n";
        let problems = Campaign::parse("campaign.toml", text, &pictures()).expect_err("many");
        let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [1, 2, 3, 7, 9, 10, 11, 12, 13, 14], "{problems:#?}");
    }

    #[test]
    fn pictures_beside_a_file_without_placements_air_in_turn() {
        let campaign =
            Campaign::parse("campaign.toml", "title = 'A'\n", &pictures()).expect("good");
        assert_eq!(campaign.placements.len(), 2);
        assert!(Campaign::of_pictures("f", "f", &[]).is_err());
    }
}
