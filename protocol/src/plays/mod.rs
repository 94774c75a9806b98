//! Plays, and what is known beside them: how they ended, what is missing between them, what time it
//! was.

mod batch;

use serde::{Deserialize, Serialize};

use crate::limits::{BOOT_BYTES_MAX, CAMPAIGN_BYTES_MAX};
use crate::{Assignment, Digest, PlayNumber, bounded};

pub use crate::plays::batch::{BatchError, BootAnchors, Columns, PlayBatch};

/// How a play ended. Codes are only ever added: a hub keeps those that it does not know yet out of
/// its tables, row by row, as it does with any row that it cannot take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum Outcome {
    /// For its whole time.
    Complete,
    /// Something more important, or the end of the program, came before its time was up.
    CutShort,
    /// It stayed for longer than its time: its successor was not ready.
    Late,
    /// It was seen as its poster, or as a picture that no longer moved.
    Poster,
    /// An emergency covered it before its time was up.
    Covered,
}

impl Outcome {
    /// Every outcome, by its code.
    pub const ALL: [Self; 5] = [
        Self::Complete,
        Self::CutShort,
        Self::Late,
        Self::Poster,
        Self::Covered,
    ];

    /// The word for it in lists and reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::CutShort => "cut short",
            Self::Late => "late",
            Self::Poster => "poster",
            Self::Covered => "covered",
        }
    }
}

impl TryFrom<u8> for Outcome {
    type Error = String;
    fn try_from(code: u8) -> Result<Self, String> {
        Self::ALL
            .get(usize::from(code))
            .copied()
            .ok_or_else(|| format!("unknown outcome {code}"))
    }
}

impl From<Outcome> for u8 {
    fn from(outcome: Outcome) -> u8 {
        match outcome {
            Outcome::Complete => 0,
            Outcome::CutShort => 1,
            Outcome::Late => 2,
            Outcome::Poster => 3,
            Outcome::Covered => 4,
        }
    }
}

/// Whether the display was on while a play was shown, as far as the machine was told. A play that
/// nobody can have seen is still a play, but whoever pays for it may ask.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum Display {
    /// Nothing tells whether it was on.
    #[default]
    Unknown,
    /// It said that it was on.
    On,
    /// It said that it was off or asleep, or there was none.
    Off,
}

impl Display {
    /// Every state, by its code.
    pub const ALL: [Self; 3] = [Self::Unknown, Self::On, Self::Off];

    /// The word for it in lists and reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

impl TryFrom<u8> for Display {
    type Error = String;
    fn try_from(code: u8) -> Result<Self, String> {
        Self::ALL
            .get(usize::from(code))
            .copied()
            .ok_or_else(|| format!("unknown state of a display {code}"))
    }
}

impl From<Display> for u8 {
    fn from(display: Display) -> u8 {
        match display {
            Display::Unknown => 0,
            Display::On => 1,
            Display::Off => 2,
        }
    }
}

/// What was shown: the same for many plays, so a batch holds it once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PlayContent {
    /// The hub's number; zero for local content.
    pub assignment: Assignment,
    /// The campaign's name.
    #[serde(deserialize_with = "bounded::text::<CAMPAIGN_BYTES_MAX, _>")]
    pub campaign: String,
    /// The picture.
    pub creative: Digest,
}

/// What a terminal writes in place of the campaign of a row that the hub refused for good.
pub const SET_ASIDE: &str = "quarantined";

impl PlayContent {
    /// What a row names that a hub refused: the ledger keeps it, and sends it empty so that the
    /// ones behind it can pass.
    #[must_use]
    pub fn set_aside() -> Self {
        Self {
            assignment: Assignment::NONE,
            campaign: SET_ASIDE.to_owned(),
            creative: Digest([0; 32]),
        }
    }

    /// Whether it is that.
    #[must_use]
    pub fn is_set_aside(&self) -> bool {
        self.campaign == SET_ASIDE
    }
}

/// One play of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Play {
    /// Its place in the ledger, from 1 without gaps.
    pub seq: u64,
    /// Its number, which its token carried.
    pub number: PlayNumber,
    /// What was shown.
    pub content: PlayContent,
    /// In which boot of the machine.
    pub boot: String,
    /// When it became visible, in milliseconds of that boot's CLOCK_BOOTTIME.
    pub start_boot_ms: u64,
    /// For how long it was visible, in milliseconds.
    pub visible_ms: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether the display was on.
    pub display: Display,
}

/// Why plays that were shown are in no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum GapReason {
    /// The ledger had reached its greatest size, since no hub took its plays.
    Full,
    /// The disk refused for longer than plays are held in memory.
    Disk,
    /// Power or program ended before plays that were held for a common commit were on disk.
    Interrupted,
    /// The ledger's file was damaged and rows of it could not be read.
    Damaged,
    /// Rows that a hub had acknowledged and lost again were no longer kept here.
    Pruned,
}

impl GapReason {
    /// Every reason, by its code.
    pub const ALL: [Self; 5] = [
        Self::Full,
        Self::Disk,
        Self::Interrupted,
        Self::Damaged,
        Self::Pruned,
    ];

    /// The word for it in lists and reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Full => "ledger full",
            Self::Disk => "disk refused",
            Self::Interrupted => "interrupted",
            Self::Damaged => "ledger damaged",
            Self::Pruned => "pruned",
        }
    }
}

impl TryFrom<u8> for GapReason {
    type Error = String;
    fn try_from(code: u8) -> Result<Self, String> {
        Self::ALL
            .get(usize::from(code))
            .copied()
            .ok_or_else(|| format!("unknown reason of a gap {code}"))
    }
}

impl From<GapReason> for u8 {
    fn from(reason: GapReason) -> u8 {
        match reason {
            GapReason::Full => 0,
            GapReason::Disk => 1,
            GapReason::Interrupted => 2,
            GapReason::Damaged => 3,
            GapReason::Pruned => 4,
        }
    }
}

/// Plays that were shown and are in no row, so that what is missing is known and not guessed. A
/// ledger has at most one gap of a reason after a row, and it no longer changes once the next row
/// is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The row before it; 0 when it is before the first.
    pub after_seq: u64,
    /// Why the plays are in no row.
    pub reason: GapReason,
    /// How many plays are missing at least.
    pub plays: u64,
    /// The boot in which the last of them began; empty when nobody knows.
    #[serde(deserialize_with = "bounded::text::<BOOT_BYTES_MAX, _>")]
    pub boot: String,
    /// When the first of them began that is known to be of that boot, in milliseconds of its
    /// CLOCK_BOOTTIME.
    pub from_boot_ms: u64,
    /// When the last of them ended, likewise.
    pub until_boot_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_outcomes_never_change() {
        let codes: Vec<u8> = Outcome::ALL.into_iter().map(u8::from).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4]);
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::try_from(u8::from(outcome)), Ok(outcome));
        }
        assert!(Outcome::try_from(5).is_err());
        for display in Display::ALL {
            assert_eq!(Display::try_from(u8::from(display)), Ok(display));
        }
        for reason in GapReason::ALL {
            assert_eq!(GapReason::try_from(u8::from(reason)), Ok(reason));
        }
    }
}
