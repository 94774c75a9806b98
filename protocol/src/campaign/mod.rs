//! The campaign folder: what a publisher writes.
//!
//! A bare folder of pictures is a campaign: each picture airs in turn. `campaign.toml` beside them
//! adds what is wanted. Terminal (`passerby check`, local folders) and hub (`passerby-hub publish`)
//! read it with this code.

mod bounds;
mod buyer;
mod code;
mod colours;
mod contents;
mod follow;
mod host;
mod link;
mod never;
mod read;
pub mod reference;
mod rewards;
mod terms;
#[cfg(test)]
mod tests;
mod unseen;
mod voices;
mod words;

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

pub use crate::campaign::buyer::Buyer;
pub use crate::campaign::code::{Call, Code, Corner, language, primary};
pub use crate::campaign::colours::{Colours, Rgb, RgbError};
pub use crate::campaign::contents::{CalendarEvent, Contact, Contents, Wifi};
pub use crate::campaign::follow::{Account, Follow, ForFans};
pub use crate::campaign::host::{host_of, link_in_ascii};
pub use crate::campaign::link::{CLICK_NAME, Link, LinkForm, Origin, Utm, domain, target};
pub use crate::campaign::never::{MAIN_ZONE, NeverAirs};
pub use crate::campaign::terms::{
    Adaptive, AdaptiveBy, PlacementTerms, Separation, Takeover, Trigger, keeps_apart,
};
pub use crate::campaign::terms::{ZONE_NAME_BYTES_MAX, zone_name};
pub use crate::campaign::unseen::Unseen;
pub use crate::campaign::voices::{TakenVoices, Voices};
pub use crate::campaign::words::{PageLanguage, PageWords, Said, Words};
pub use crate::creative::{CREATIVE_ENDINGS, CreativeKind, Motion, TransitionKind};

use crate::condition::Condition;
use crate::daypart::{self, Daypart};
use crate::recurrence::Recurrence;
use crate::window::{DAY_S, Stretch, Window, day_number};

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
    /// In which form codes carry it.
    #[serde(default)]
    pub link: Link,
    /// What a scan opens.
    pub landing: Landing,
    /// The text that goes with a shared link.
    pub share: Option<String>,
    /// A few sentences for the landing page.
    pub story: Option<String>,
    /// The label of the landing page's button.
    pub button: Option<String>,
    /// What the page says in each language, where that differs.
    #[serde(default, skip_serializing_if = "Words::is_empty")]
    pub words: Words,
    /// Whether passers-by may leave a sentence, and what they are asked.
    #[serde(default, skip_serializing_if = "Voices::is_empty")]
    pub voices: Voices,
    /// The line beside each picture, unless its placement has its own.
    pub headline: Option<String>,
    /// The campaign's colours; taken from the picture where none are given.
    pub colours: Colours,
    /// Who stands behind it, and how far apart from others it wants to be.
    #[serde(default, flatten)]
    pub separation: Separation,
    /// Whether, and how, its creatives compete for its air time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adaptive: Option<Adaptive>,
    /// Who has bought its air time, for reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer: Option<Buyer>,
    /// How people can follow it, and what it keeps for those who do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow: Option<Follow>,
    /// Stages in which it may air; always, when there are none.
    pub phases: Vec<Phase>,
    /// What the rotation picks from.
    pub placements: Vec<Placement>,
}

/// Short-term (a burst around an event), long-term (fans), or both in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A burst around an event.
    Event,
    /// A following that grows over time.
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

/// A part of a campaign with its own dates and goals.
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
    /// Whether it also ends when a goal is reached; the next phase then begins.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ends_on_goal: bool,
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
    /// When it comes again; at any time, when absent. With dayparts, both must hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurs: Option<Recurrence>,
    /// A condition on the venue.
    pub when: Option<Condition>,
    /// How its code is shown.
    pub code: Code,
    /// The screen's zone that it is meant for; the main one when absent. Screens without that zone
    /// do not air it.
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
    /// What it asks of the rotation besides its weight.
    #[serde(default, flatten)]
    pub terms: PlacementTerms,
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
            recurs: None,
            when: None,
            code: Code::default(),
            zone: None,
            transition: TransitionKind::default(),
            motion: Motion::default(),
            sound: false,
            terms: PlacementTerms::default(),
        }
    }
}

impl Campaign {
    /// Tells whether the campaign may air on a local date. Campaigns without phases always may.
    pub fn phase_on(&self, date: Date) -> Option<&Phase> {
        self.phases.iter().find(|phase| phase.covers(date))
    }

    /// Tells whether anything of the campaign depends on the date or the hour, so that it needs a
    /// trusted clock.
    pub fn is_dated(&self) -> bool {
        !self.phases.is_empty()
    }

    /// Tells whether one of the campaign's phases is on at an instant, and until when; always,
    /// without phases.
    pub fn at(&self, now: Timestamp, zone: &TimeZone) -> Window {
        let phases = self.phases.iter().map(|phase| phase.at(now, zone));
        phases.reduce(Window::or).unwrap_or(Window::ALWAYS)
    }

    /// Tells whether phases, dayparts and recurrence together let one of the campaign's placements
    /// air at an instant, and until when. Conditions on the venue are not asked; they do not depend
    /// on time.
    pub fn window(&self, placement: &Placement, now: Timestamp, zone: &TimeZone) -> Window {
        self.dates(placement, now, zone)
            .and(placement.at(now, zone))
    }

    /// Tells whether a phase is on in which a placement airs, and until when; always, without
    /// phases. Of phases that overlap the first one is on, unless it may have reached the goal that
    /// ends it, which nobody knows ahead of time.
    pub fn dates(&self, placement: &Placement, now: Timestamp, zone: &TimeZone) -> Window {
        if self.phases.is_empty() {
            return Window::ALWAYS;
        }
        let wanted = &placement.terms.phases;
        let mut airs = Window::NEVER;
        let mut is_free = Window::ALWAYS;
        for phase in &self.phases {
            let on = phase.at(now, zone);
            if wanted.is_empty() || wanted.contains(&phase.name) {
                airs = airs.or(on.and(is_free));
            }
            if !phase.ends_on_goal {
                is_free = is_free.and(on.inverted());
            }
        }
        airs
    }

    /// Returns where a visitor of a play is led in the end; none without a target.
    pub fn outward<'a>(&'a self, origin: &Origin<'_>) -> Option<Cow<'a, str>> {
        let target = self.target.as_deref()?;
        Some(self.link.outward(target, origin))
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

impl Placement {
    /// Tells whether the placement depends on the date or the hour, so that it needs a trusted
    /// clock.
    pub fn is_dated(&self) -> bool {
        !self.dayparts.is_empty() || self.recurs.is_some()
    }

    /// Tells whether its dayparts and its recurrence let the placement air at an instant, and until
    /// when. Its condition and its campaign's phases are not asked; see [`Campaign::window`].
    pub fn at(&self, now: Timestamp, zone: &TimeZone) -> Window {
        let dayparts = daypart::window(&self.dayparts, now, zone);
        match &self.recurs {
            Some(recurs) => dayparts.and(recurs.at(now, zone)),
            None => dayparts,
        }
    }
}

impl Phase {
    /// Tells whether the phase is on at an instant, and until when. Days are those of the local
    /// calendar: one that begins at one o'clock, since the clock is put forward at midnight, begins
    /// there.
    pub fn at(&self, now: Timestamp, zone: &TimeZone) -> Window {
        let stretch = Stretch::at(now, zone);
        let from_s = self.from.map(|date| day_number(date) * DAY_S);
        let end_s = self.until.map(|date| (day_number(date) + 1) * DAY_S);
        match (from_s, end_s) {
            (Some(from_s), _) if stretch.local_s < from_s => stretch.window(false, Some(from_s)),
            (_, Some(end_s)) if stretch.local_s < end_s => stretch.window(true, Some(end_s)),
            (_, Some(_)) => stretch.settled(false),
            (Some(_), None) => stretch.settled(true),
            (None, None) => Window::ALWAYS,
        }
    }

    /// Tells whether a local date lies in the phase.
    pub fn covers(&self, date: Date) -> bool {
        self.from.is_none_or(|from| from <= date) && self.until.is_none_or(|until| date <= until)
    }
}

/// Tells whether a file name is that of a creative which a screen can show.
pub fn is_creative(name: &str) -> bool {
    CreativeKind::of_name(name).is_some()
}
