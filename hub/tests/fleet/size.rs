//! How large a fleet is, and how fast its day goes by.

use crate::requests::Line;

pub(crate) const DAY_MS: u64 = 86_400_000;
/// How often a screen asks in a day that asks as its hub would have it.
pub(crate) const CALLS_A_DAY: u64 = 1_440;

/// How large a fleet is, and how fast.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) screens: u64,
    pub(crate) plays: u64,
    pub(crate) rounds: u64,
    pub(crate) unmetered: u64,
    pub(crate) kills: u64,
    pub(crate) rate: u64,
}

impl Size {
    /// What the environment asks for; see the crate.
    pub(crate) fn from_environment() -> Self {
        let screens = number_from("SCREENS", 30);
        Self {
            screens,
            plays: number_from("PLAYS", 24),
            rounds: number_from("ROUNDS", 6),
            unmetered: number_from("UNMETERED", 1).min(screens),
            kills: number_from("KILLS", 4),
            rate: number_from("RATE", 0),
        }
    }

    /// The kind of line of a screen, whose number begins with 0.
    pub(crate) const fn line(self, number: u64) -> Line {
        if number < self.unmetered {
            Line::Unmetered
        } else {
            Line::Metered
        }
    }

    /// From one call to the next on a metered line, at least, in milliseconds.
    pub(crate) const fn metered_pause_ms(self) -> u64 {
        DAY_MS / self.rounds
    }

    /// How many screens have a line of a kind.
    pub(crate) const fn screens_on(self, line: Line) -> u64 {
        match line {
            Line::Metered => self.screens - self.unmetered,
            Line::Unmetered => self.unmetered,
        }
    }

    /// About how many requests its day takes; outages and retries add to them.
    pub(crate) fn requests(self) -> u64 {
        let metered = self.rounds.min(self.plays) + self.rounds + self.rounds.min(24);
        self.screens_on(Line::Metered) * metered + self.unmetered * (self.plays + CALLS_A_DAY + 24)
    }
}

/// Reads a number that whoever runs a test may set.
fn number_from(name: &str, default: u64) -> u64 {
    let text = std::env::var(format!("PASSERBY_FLEET_{name}"));
    text.map_or(default, |text| text.parse().unwrap())
}
