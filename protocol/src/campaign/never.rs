//! Why a placement can never air, as far as its campaign, the time and what a screen says of itself
//! tell.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::campaign::{Campaign, Placement};
use crate::condition::Readings;
use crate::screen_traits::ScreenTraits;
use crate::spans::{NextOpen, next_open};

/// So many changes of a window are looked at before something is said never to air.
const CHANGES_MAX: usize = 400;
/// The zone of a placement that names none.
pub const MAIN_ZONE: &str = "main";

/// Why something can never air.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NeverAirs {
    /// The last day of its phases is over.
    Over,
    /// Its days, its hours and its recurrence have no moment in common from now on.
    NoMoment,
    /// The screen has no such zone.
    OtherZone,
    /// It names other screens.
    OtherScreens,
    /// Its condition asks for another venue.
    OtherVenue,
}

impl NeverAirs {
    /// The word for it in calls.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Over => "over",
            Self::NoMoment => "no-moment",
            Self::OtherZone => "other-zone",
            Self::OtherScreens => "other-screens",
            Self::OtherVenue => "other-venue",
        }
    }
}

impl fmt::Display for NeverAirs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Over => "its last day is over; give it other days",
            Self::NoMoment => {
                "its days, its hours and its recurrence have no moment in common from now on"
            }
            Self::OtherZone => "no such zone is there",
            Self::OtherScreens => "it names other screens",
            Self::OtherVenue => "its condition does not hold there",
        })
    }
}

impl Campaign {
    /// Tells why one of its placements can never air from a moment on, on whichever screen.
    pub fn never_airs(
        &self,
        placement: &Placement,
        from: Timestamp,
        zone: &TimeZone,
    ) -> Option<NeverAirs> {
        let days = |at| self.dates(placement, at, zone);
        if next_open(days, from, CHANGES_MAX) == NextOpen::Never {
            return Some(NeverAirs::Over);
        }
        let window = |at| self.window(placement, at, zone);
        // What may, but so late that nobody can say, is not called never.
        (next_open(window, from, CHANGES_MAX) == NextOpen::Never).then_some(NeverAirs::NoMoment)
    }
}

impl Placement {
    /// Tells why it can never air on a screen, whatever the time. A condition that asks about
    /// readings may come to hold.
    pub fn never_airs_on(&self, screen: &ScreenTraits) -> Option<NeverAirs> {
        let zone = self.zone.as_deref().unwrap_or(MAIN_ZONE);
        if !screen.has_zone(zone) {
            return Some(NeverAirs::OtherZone);
        }
        if !self.terms.is_for(&screen.name, &screen.tags) {
            return Some(NeverAirs::OtherScreens);
        }
        let when = self.when.as_ref().filter(|when| !when.asks_live());
        let fails =
            |when: &crate::condition::Condition| !when.holds(&screen.of_venue(), &Readings::new());
        when.is_some_and(fails).then_some(NeverAirs::OtherVenue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn campaign(toml: &str) -> Campaign {
        let text = format!("title = 'x'\n{toml}");
        Campaign::parse("campaign.toml", &text, &["a.png".into()]).expect(toml)
    }

    #[test]
    fn what_can_never_air_is_told_with_why_and_what_may_come_to_air_is_not() {
        let now = "2026-12-05T12:00:00Z".parse().expect("a moment");
        for (toml, why) in [
            ("", None),
            (
                "[[phase]]\nname = 'p'\nuntil = 2026-12-04\n",
                Some(NeverAirs::Over),
            ),
            ("[[phase]]\nname = 'p'\nuntil = 2026-12-05\n", None),
            (
                "[[phase]]\nname = 'p'\nfrom = 2026-12-05\nuntil = 2026-12-06\n[[placement]]\ncreative = 'a.png'\ndayparts = ['mon-fri 08:00-10:00']\n",
                Some(NeverAirs::NoMoment),
            ),
            (
                "[[placement]]\ncreative = 'a.png'\nrecurs = { start = 2026-11-01T09:00:00, minutes = 60, rule = 'FREQ=DAILY;COUNT=3' }\n",
                Some(NeverAirs::NoMoment),
            ),
            (
                "[[phase]]\nname = 'long'\n[[phase]]\nname = 'short'\nfrom = 2026-12-07\nuntil = 2026-12-09\n[[placement]]\ncreative = 'a.png'\nphases = ['short']\n",
                Some(NeverAirs::Over),
            ),
        ] {
            let campaign = campaign(toml);
            let placement = &campaign.placements[0];
            assert_eq!(
                campaign.never_airs(placement, now, &TimeZone::UTC),
                why,
                "{toml}"
            );
        }
    }

    #[test]
    fn a_screen_without_the_zone_the_name_or_the_venue_never_airs_it() {
        let screen = ScreenTraits {
            name: "Exit B".into(),
            tags: vec!["metro".into()],
            zones: vec!["main".into()],
            ..ScreenTraits::default()
        };
        for (toml, why) in [
            ("", None),
            ("zone = 'side'\n", Some(NeverAirs::OtherZone)),
            ("screens = ['#cafe']\n", Some(NeverAirs::OtherScreens)),
            ("screens = ['#cafe', 'Exit B']\n", None),
            (
                "when = \"venue.tags.exists(t, t == 'cafe')\"\n",
                Some(NeverAirs::OtherVenue),
            ),
            ("when = \"venue.tags.exists(t, t == 'metro')\"\n", None),
            ("when = \"live['rain'] > 0.0\"\n", None),
        ] {
            let campaign = campaign(&format!("[[placement]]\ncreative = 'a.png'\n{toml}"));
            assert_eq!(campaign.placements[0].never_airs_on(&screen), why, "{toml}");
            let silent = ScreenTraits {
                name: screen.name.clone(),
                tags: screen.tags.clone(),
                ..ScreenTraits::default()
            };
            let known = why.filter(|why| *why != NeverAirs::OtherZone);
            assert_eq!(
                campaign.placements[0].never_airs_on(&silent),
                known,
                "{toml}"
            );
        }
    }
}
