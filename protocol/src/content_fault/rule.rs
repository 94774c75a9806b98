//! What in a campaign folder does not go together, though each value alone would do.
//!
//! Invariant: each fault has everything that its words are made of.

use std::fmt;

use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};

/// A rule of campaign files that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum RuleFault {
    /// Nothing in a folder can air.
    NothingToAir {
        /// What could, as endings of names.
        endings: String,
        /// The file that could name it.
        file: String,
    },
    /// A folder without a campaign file has too many pictures.
    TooManyPictures {
        /// How many there are.
        count: usize,
        /// How many there may be.
        count_max: usize,
    },
    /// A placement names a file that no screen can show.
    CreativeOfNoKind {
        /// The file.
        creative: String,
        /// What could be shown, as endings of names.
        endings: String,
    },
    /// A placement names a file that is not there.
    CreativeMissing {
        /// The file.
        creative: String,
        /// What is there.
        there: Vec<String>,
    },
    /// The picture of the account to follow is none.
    AccountPictureOfNoKind {
        /// The file.
        picture: String,
    },
    /// It is not there.
    AccountPictureMissing {
        /// The file.
        picture: String,
    },
    /// More pictures than a campaign can have placements, and none is chosen.
    ChoosePictures {
        /// How many there are.
        count: usize,
        /// How many can air.
        count_max: usize,
    },
    /// Nothing is placed, and no picture lies there.
    NothingPlaced,
    /// A placement names a phase that is not there.
    PhaseMissing {
        /// Its name.
        phase: String,
        /// The phases that there are.
        known: Vec<String>,
    },
    /// A phase ends before it begins.
    PhaseEndsEarly {
        /// Its last day.
        until: Date,
        /// Its first day.
        from: Date,
    },
    /// An event ends before it begins.
    EventEndsEarly {
        /// When it ends.
        end: DateTime,
        /// When it begins.
        start: DateTime,
    },
    /// A takeover could go on for ever.
    TakeoverWithoutEnd,
    /// A takeover that is filler too.
    TakeoverOfFiller,
    /// A placement has a weight and a share.
    WeightAndShare,
    /// A distance between plays without whose plays they are.
    NeedsBeside {
        /// The key.
        key: String,
        /// The one that it needs.
        needs: String,
    },
    /// The least share is above the largest.
    FloorAboveCeiling {
        /// The least, in percent.
        floor: u8,
        /// The largest.
        ceiling: u8,
    },
    /// A code would hold two things.
    TwoThingsInACode,
    /// A code is to carry a target, and there is none.
    FormWithoutTarget,
    /// A target is no GS1 Digital Link.
    NoDigitalLink {
        /// Why not, in English.
        why: String,
    },
    /// A code carries the target itself, and a domain is named.
    DomainOfDirectCode {
        /// The domain.
        domain: String,
    },
    /// Words for counting are to be added to a GS1 Digital Link.
    UtmOfDigitalLink,
    /// A rule of a calendar cannot be followed.
    Recurrence {
        /// The whole name of the key that says so.
        key: String,
        /// What is wrong, in English.
        words: String,
    },
    /// A card says nothing from afar.
    BlankHeadline,
    /// An old price without a new one.
    WasWithoutPrice,
    /// A ticker without a line.
    NoLines,
    /// A ticker with too many.
    TooManyLines {
        /// How many there are.
        count: usize,
        /// How many there may be.
        count_max: usize,
    },
}

impl fmt::Display for RuleFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingToAir { endings, file } => write!(
                f,
                "nothing in this folder can air; put pictures, films or cards into it ({endings}), or a {file} that names them"
            ),
            Self::TooManyPictures { count, count_max } => write!(
                f,
                "the folder holds {count} pictures; use at most {count_max}"
            ),
            Self::CreativeOfNoKind { creative, endings } => write!(
                f,
                "creative {creative:?} is nothing that a screen can show; use a {endings} file of this folder"
            ),
            Self::CreativeMissing { creative, there } => {
                write!(f, "creative {creative:?} is missing; ")?;
                if there.is_empty() {
                    f.write_str("there are no pictures in this folder")
                } else {
                    write!(f, "this folder has {}", there.join(", "))
                }
            }
            Self::AccountPictureOfNoKind { picture } => write!(
                f,
                "picture {picture:?} is no picture; use a .png, .jpg or .svg file of this folder"
            ),
            Self::AccountPictureMissing { picture } => {
                write!(f, "picture {picture:?} is missing in this folder")
            }
            Self::ChoosePictures { count, count_max } => write!(
                f,
                "placement is missing; add placement = a section [[placement]] for each picture that should air: {count} are here, and at most {count_max} can"
            ),
            Self::NothingPlaced => f.write_str(
                "placement is missing; add placement = a section [[placement]] with creative = \"poster.jpg\", or put pictures beside the file",
            ),
            Self::PhaseMissing { phase, known } => {
                write!(f, "phase {phase:?} is missing; ")?;
                if known.is_empty() {
                    f.write_str("this campaign has no [[phase]]")
                } else {
                    write!(f, "this campaign has {}", known.join(", "))
                }
            }
            Self::PhaseEndsEarly { until, from } => {
                write!(f, "until is {until}, before from, {from}; swap them")
            }
            Self::EventEndsEarly { end, start } => {
                write!(f, "end is {end}, not after start, {start}; swap them")
            }
            Self::TakeoverWithoutEnd => f.write_str(
                "takeover needs an end, so that it cannot be forgotten: give it dayparts, recurs or a trigger, or each [[phase]] an until",
            ),
            Self::TakeoverOfFiller => {
                f.write_str("takeover and filler exclude each other; take one of them out")
            }
            Self::WeightAndShare => f.write_str(
                "weight and share_percent exclude each other: a share is exact, a weight is relative to the other placements; take one of them out",
            ),
            Self::NeedsBeside { key, needs } => write!(
                f,
                "{key} needs {needs} beside it, to know whose plays it is about"
            ),
            Self::FloorAboveCeiling { floor, ceiling } => write!(
                f,
                "floor_percent is {floor}, above ceiling_percent, {ceiling}; swap them"
            ),
            other => other.fmt_of_code(f),
        }
    }
}

impl RuleFault {
    /// Says what is wrong with a code, a calendar or a card.
    fn fmt_of_code(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TwoThingsInACode => f.write_str(
                "a code holds one thing; keep one of wifi, contact and event, and give the other a placement of its own",
            ),
            Self::FormWithoutTarget => f.write_str(
                "link.form needs a target that the code can carry; add target = \"https://…\"",
            ),
            Self::NoDigitalLink { why } => write!(
                f,
                "link.form is \"gs1\", and the target is no GS1 Digital Link: {why}"
            ),
            Self::DomainOfDirectCode { domain } => write!(
                f,
                "link.domain is {domain:?}, and the code carries the target itself; take domain or form out"
            ),
            Self::UtmOfDigitalLink => f.write_str(
                "a GS1 Digital Link is carried as it is; take utm out, or use form = \"direct\"",
            ),
            Self::Recurrence { key, words } => write!(f, "{key} {words}"),
            Self::BlankHeadline => {
                f.write_str("headline is blank; write what is read from afar")
            }
            Self::WasWithoutPrice => f.write_str(
                "was stands without a price; add price = \"¥48\", or leave was out",
            ),
            Self::NoLines => f.write_str("lines is empty; write at least one line"),
            Self::TooManyLines { count, count_max } => {
                write!(f, "lines has {count}; use at most {count_max}")
            }
            // Said above.
            _ => Ok(()),
        }
    }
}
