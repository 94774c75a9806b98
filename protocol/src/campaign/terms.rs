//! What a publisher asks of the rotation besides a weight: shares, caps, distances, sequences,
//! triggers, screens.

use serde::{Deserialize, Serialize};

use crate::content_fault::RuleFault;
use crate::limits::{
    APART_SECONDS, CAP_PLAYS, LINE_CHARS_MAX, SCREENS_MAX, SHARE_PERCENT, TRIGGER_SECONDS,
};
use crate::toml_fields::Section;

/// Least share of the plays for each creative where a campaign names none, in percent.
pub(super) const FLOOR_PERCENT: u8 = 2;
/// Greatest share where it names none, in percent.
pub(super) const CEILING_PERCENT: u8 = 90;
/// For how long a trigger lets a placement air that names no time, in seconds.
pub(super) const TRIGGER_SECONDS_USUAL: u32 = 60;
/// Longest name of a zone, a sequence, a reading or a trigger, in bytes.
pub const ZONE_NAME_BYTES_MAX: usize = 32;

/// What a placement asks of the rotation besides its weight. Everything is optional.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlacementTerms {
    /// Nothing else airs in its zone while it may air.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub takeover: Option<Takeover>,
    /// Share of its zone's air time in hundredths of a percent, exact, instead of a weight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<u16>,
    /// Most plays on a screen within one hour of the venue's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_hour: Option<u32>,
    /// Most plays on a screen within one day of the venue's calendar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_day: Option<u32>,
    /// Placements of one campaign with the same name here air one after the other, in the order of
    /// the file, and share their weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<String>,
    /// Phases in which it airs; all, when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<String>,
    /// It airs for a while after something has happened at the screen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<Trigger>,
    /// Screens on which it airs, by name or, with `#`, by a tag of their venue; all, when there are
    /// none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub screens: Vec<String>,
}

/// When a takeover begins to take over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Takeover {
    /// At once: the play on the screen is cut short.
    Now,
    /// When the play on the screen has had its time.
    Seam,
}

/// Something that happens at the screen: a button, a motion sensor, a till.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// Its name on the local page.
    pub name: String,
    /// For how long after it the placement may air.
    pub seconds: u32,
}

/// Who stands behind a campaign, and how far apart from others it wants to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Separation {
    /// Who pays for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advertiser: Option<String>,
    /// What it is for, such as `coffee`. Other advertisers of the same category are rivals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// From the end of one play of the advertiser's to the start of the next, at least, in seconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub apart_s: u32,
    /// The same between it and its rivals, in seconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub rivals_apart_s: u32,
}

/// The campaign's placements are picked by what comes of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adaptive {
    /// Least share of the campaign's plays for each creative, in percent.
    pub floor_percent: u8,
    /// Greatest share of them, in percent.
    pub ceiling_percent: u8,
    /// Whether the campaign also shares its air time with others that say so, by the same measure.
    #[serde(default)]
    pub among_campaigns: bool,
    /// What is counted of each play.
    #[serde(default, skip_serializing_if = "AdaptiveBy::is_usual")]
    pub by: AdaptiveBy,
}

/// What competing creatives are to bring, and are told apart by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AdaptiveBy {
    /// Somebody opens the code of the play.
    #[default]
    Scans,
    /// A page is opened that goes back to the play.
    Visits,
    /// Its button is pressed.
    Presses,
    /// A shop reports a purchase or the like that goes back to the play.
    Conversions,
}

impl AdaptiveBy {
    /// Every one with its word in the file.
    pub const ALL: [(&'static str, Self); 4] = [
        ("scans", Self::Scans),
        ("visits", Self::Visits),
        ("presses", Self::Presses),
        ("conversions", Self::Conversions),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, by)| *by == self);
        found.map_or("scans", |(word, _)| word)
    }

    /// Whether it is what is counted where nothing is said.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the form that serde asks for"
    )]
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde asks for"
)]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl PlacementTerms {
    /// Tells whether a screen with this name and these tags of its venue is meant.
    pub fn is_for(&self, screen: &str, tags: &[String]) -> bool {
        self.screens.is_empty()
            || self
                .screens
                .iter()
                .any(|wanted| match wanted.strip_prefix('#') {
                    Some(tag) => tags.iter().any(|known| known == tag),
                    None => wanted == screen,
                })
    }

    pub(super) fn read(section: &Section<'_>) -> Self {
        let plays = |key| {
            section
                .integer(key, CAP_PLAYS)
                .and_then(|plays| u32::try_from(plays.value).ok())
        };
        let names = |key: &'static str, accepted| {
            let names = section.list(key, accepted, line_of);
            if let Some(names) = &names {
                section.at_most(key, names, SCREENS_MAX);
            }
            names.map(|names| names.value).unwrap_or_default()
        };
        let share = section
            .number("share_percent", SHARE_PERCENT)
            .map(|share| hundredths(share.value));
        if let (Some(_), Some(weight)) = (&share, section.placed("weight")) {
            section.problem(&weight, RuleFault::WeightAndShare);
        }
        Self {
            takeover: section
                .choice(
                    "takeover",
                    &[("now", Takeover::Now), ("seam", Takeover::Seam)],
                )
                .map(|takeover| takeover.value),
            share,
            per_hour: plays("per_hour"),
            per_day: plays("per_day"),
            sequence: section
                .parsed("sequence", "a name such as \"story\"", zone_name)
                .map(|name| name.value),
            phases: names("phases", "names of phases such as \"launch\""),
            trigger: section.table("trigger", read_trigger).flatten(),
            screens: names(
                "screens",
                "names of screens such as \"Exit B\", or tags of their venues such as \"#metro\"",
            ),
        }
    }
}

/// How far plays of two campaigns must lie apart, in seconds; 0 where they need not. Who names no
/// advertiser is a party without a name, and a rival of whoever names one.
pub fn keeps_apart(one: &Separation, other: &Separation) -> u32 {
    let name = |separation: &Separation| separation.advertiser.clone().unwrap_or_default();
    if name(one) != name(other) {
        let are_rivals = one.category.is_some() && one.category == other.category;
        return if are_rivals {
            one.rivals_apart_s.max(other.rivals_apart_s)
        } else {
            0
        };
    }
    if one.advertiser.is_some() {
        one.apart_s.max(other.apart_s)
    } else {
        0
    }
}

impl Separation {
    pub(super) fn read(root: &Section<'_>) -> Self {
        let line = |key| {
            root.text(key, LINE_CHARS_MAX, "a line of text")
                .map(|line| line.value)
        };
        let seconds = |key, needs| {
            let seconds = root.integer(key, APART_SECONDS);
            if let Some(seconds) = &seconds
                && !root.has(needs)
            {
                let fault = RuleFault::NeedsBeside {
                    key: key.to_owned(),
                    needs: needs.to_owned(),
                };
                root.problem(seconds, fault);
            }
            seconds
                .and_then(|seconds| u32::try_from(seconds.value).ok())
                .unwrap_or(0)
        };
        Self {
            advertiser: line("advertiser"),
            category: line("category"),
            apart_s: seconds("apart_seconds", "advertiser"),
            rivals_apart_s: seconds("rivals_apart_seconds", "category"),
        }
    }
}

impl Adaptive {
    pub(super) fn read(root: &Section<'_>) -> Option<Self> {
        root.table("adaptive", |section| {
            let percent = |key, otherwise| {
                section
                    .integer(key, 0..=100)
                    .and_then(|percent| u8::try_from(percent.value).ok())
                    .unwrap_or(otherwise)
            };
            let adaptive = Self {
                floor_percent: percent("floor_percent", FLOOR_PERCENT),
                ceiling_percent: percent("ceiling_percent", CEILING_PERCENT),
                among_campaigns: section
                    .switch("among_campaigns")
                    .is_some_and(|among| among.value),
                by: section
                    .choice("by", &AdaptiveBy::ALL)
                    .map(|by| by.value)
                    .unwrap_or_default(),
            };
            if adaptive.floor_percent > adaptive.ceiling_percent
                && let Some(floor) = section
                    .placed("floor_percent")
                    .or_else(|| section.placed("ceiling_percent"))
            {
                let fault = RuleFault::FloorAboveCeiling {
                    floor: adaptive.floor_percent,
                    ceiling: adaptive.ceiling_percent,
                };
                section.problem(&floor, fault);
            }
            adaptive
        })
    }
}

fn read_trigger(section: &Section<'_>) -> Option<Trigger> {
    let name = section.parsed("name", "a name such as \"button\"", zone_name);
    if !section.has("name") {
        section.missing("name", "\"button\"");
    }
    let seconds = section
        .integer("seconds", TRIGGER_SECONDS)
        .and_then(|seconds| u32::try_from(seconds.value).ok());
    Some(Trigger {
        name: name?.value,
        seconds: seconds.unwrap_or(TRIGGER_SECONDS_USUAL),
    })
}

fn line_of(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > LINE_CHARS_MAX {
        Err(format!(
            "it has {length} letters, not 1 to {LINE_CHARS_MAX}"
        ))
    } else {
        Ok(text.to_owned())
    }
}

/// A share in percent as hundredths of a percent.
fn hundredths(percent: f64) -> u16 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0.01 to 100 percent"
    )]
    {
        (percent * 100.0).round() as u16
    }
}

/// Accepts the name of a zone: 1 to [`ZONE_NAME_BYTES_MAX`] lower-case letters, digits and dashes.
///
/// # Errors
/// Says what is wrong with it.
pub fn zone_name(text: &str) -> Result<String, &'static str> {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if text.is_empty() || text.len() > ZONE_NAME_BYTES_MAX || !text.bytes().all(good) {
        Err("it is not made of 1 to 32 lower-case letters, digits and dashes")
    } else {
        Ok(text.to_owned())
    }
}
