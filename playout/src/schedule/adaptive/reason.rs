//! Why a candidate was picked, in words for people.
//!
//! Invariant: the words say what was counted, never more than that: no rate without its plays.

use std::fmt;

use passerby_protocol::campaign::AdaptiveBy;
use passerby_protocol::tally::WeekPart;

use crate::schedule::adaptive::estimate::Evidence;

/// Why a candidate was picked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LearningReason {
    /// No other one is eligible.
    Only,
    /// It has not aired for as long as the floor allows.
    Turn {
        /// Each airs at least once in so many plays.
        of_plays: u64,
    },
    /// No scan of any candidate is known yet, or nothing else of what it is to bring.
    Lot(AdaptiveBy),
    /// It is expected to be scanned most.
    Best(PickBasis),
    /// It is expected to be scanned most of those that are not at their ceiling.
    NextBest(PickBasis),
    /// Another one is expected to be scanned more, which is not certain enough to leave this one
    /// alone.
    Trying(PickBasis),
}

/// What a pick rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PickBasis {
    /// In which part of the week; `None` when the clock is not trusted.
    pub part: Option<WeekPart>,
    /// What it is to bring.
    pub by: AdaptiveBy,
    /// What was counted there.
    pub seen: Evidence,
    /// How often it is expected to be scanned, in scanned plays per million.
    pub expected_ppm: u32,
}

impl fmt::Display for LearningReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Only => f.write_str("nothing else of its campaign may air now"),
            Self::Turn { of_plays } => {
                write!(f, "its turn: each airs at least once in {of_plays} plays")
            }
            Self::Lot(by) => write!(f, "by lot: no {} are counted yet", by.word()),
            Self::Best(basis) => match basis.by {
                AdaptiveBy::Scans => write!(f, "likely to be scanned most {basis}"),
                by => write!(f, "likely to bring most {} {basis}", by.word()),
            },
            Self::NextBest(basis) => {
                write!(
                    f,
                    "the favourite has had its largest share; next best {basis}"
                )
            }
            Self::Trying(basis) => write!(f, "trying it {basis}"),
        }
    }
}

impl fmt::Display for PickBasis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Evidence { plays, scanned } = self.seen;
        match self.part {
            Some(part) => write!(f, "on {}: ", part.words())?,
            None => f.write_str("in the whole week: ")?,
        }
        if scanned == 0 {
            let s = if plays == 1 { "" } else { "s" };
            return write!(f, "no {} in {plays} play{s} so far", self.by.word());
        }
        // Rounded half up to a tenth of a percent, or a hundredth where that would say too little.
        if scanned * 100 >= plays {
            let tenths = (scanned * 1_000 + plays / 2) / plays;
            write!(f, "{}.{} % of {plays} plays", tenths / 10, tenths % 10)
        } else {
            let hundredths = (scanned * 10_000 + plays / 2) / plays;
            let (whole, rest) = (hundredths / 100, hundredths % 100);
            write!(f, "{whole}.{rest:02} % of {plays} plays")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part() -> WeekPart {
        WeekPart::at(0, 8 * 60)
    }

    #[test]
    fn reasons_read_as_sentences() {
        let basis = |plays, scanned| PickBasis {
            part: Some(part()),
            by: AdaptiveBy::Scans,
            seen: Evidence { plays, scanned },
            expected_ppm: 0,
        };
        for (reason, text) in [
            (
                LearningReason::Best(basis(800, 17)),
                "likely to be scanned most on weekday mornings (6-10): 2.1 % of 800 plays",
            ),
            (
                LearningReason::Trying(basis(40, 0)),
                "trying it on weekday mornings (6-10): no scans in 40 plays so far",
            ),
            (
                LearningReason::Trying(basis(10_000, 7)),
                "trying it on weekday mornings (6-10): 0.07 % of 10000 plays",
            ),
            (
                LearningReason::Best(PickBasis {
                    by: AdaptiveBy::Presses,
                    ..basis(800, 17)
                }),
                "likely to bring most presses on weekday mornings (6-10): 2.1 % of 800 plays",
            ),
            (
                LearningReason::Turn { of_plays: 20 },
                "its turn: each airs at least once in 20 plays",
            ),
        ] {
            assert_eq!(reason.to_string(), text);
        }
    }
}
