//! What a terminal says of its screen, by which a hub tells what can never air there.
//!
//! Invariant: what is taken from a terminal is bounded and has nothing hidden in it
//! ([`ScreenTraits::tidied`]).

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::condition::Venue;
use crate::foreign::one_line;
use crate::limits::LINE_CHARS_MAX;

/// Most zones and most tags that are kept.
pub const TRAITS_MAX: usize = 32;

/// What a screen is, as its settings say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreenTraits {
    /// What its settings call it.
    #[serde(default)]
    pub name: String,
    /// What its venue is called.
    #[serde(default)]
    pub venue: String,
    /// The tags of its venue.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The names of its zones; none of a terminal that does not say.
    #[serde(default)]
    pub zones: Vec<String>,
    /// The venue's time zone, by the name that IANA gives it.
    #[serde(default)]
    pub time_zone: String,
}

impl ScreenTraits {
    /// Cuts it to what is kept.
    #[must_use]
    pub fn tidied(&self) -> Self {
        let line = |text: &String| one_line(text, LINE_CHARS_MAX);
        let lines = |texts: &[String]| texts.iter().take(TRAITS_MAX).map(line).collect();
        Self {
            name: line(&self.name),
            venue: line(&self.venue),
            tags: lines(&self.tags),
            zones: lines(&self.zones),
            time_zone: line(&self.time_zone),
        }
    }

    /// What conditions ask about.
    pub fn of_venue(&self) -> Venue {
        Venue {
            name: self.venue.clone(),
            tags: self.tags.clone(),
        }
    }

    /// Tells whether it has a zone; of a screen that does not say, it is believed.
    pub fn has_zone(&self, zone: &str) -> bool {
        self.zones.is_empty() || self.zones.iter().any(|known| known == zone)
    }

    /// The place of the screen, by whose clock its days begin, if it said one that is known here.
    pub fn zone(&self) -> Option<TimeZone> {
        TimeZone::get(&self.time_zone).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_says_of_its_screen_is_cut_to_lines_that_can_be_seen() {
        let many: Vec<String> = (0..100).map(|at| format!("t{at}\u{202e}\n")).collect();
        let said = ScreenTraits {
            name: "x".repeat(500),
            tags: many.clone(),
            zones: many,
            ..ScreenTraits::default()
        };
        let kept = said.tidied();
        assert!(kept.name.chars().count() <= LINE_CHARS_MAX);
        assert_eq!(
            (kept.tags.len(), kept.zones.len()),
            (TRAITS_MAX, TRAITS_MAX)
        );
        assert!(
            !kept.tags[0].contains(['\u{202e}', '\n']),
            "{}",
            kept.tags[0]
        );
        assert_eq!(kept.tidied(), kept);
        assert!(ScreenTraits::default().has_zone("side") && !kept.has_zone("side"));
        assert_eq!(ScreenTraits::default().zone(), None);
    }
}
