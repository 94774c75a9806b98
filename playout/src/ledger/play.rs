//! A play before it is in the ledger, and as it is read from it.

use passerby_protocol::PlayNumber;
use passerby_protocol::dating::Between;
use passerby_protocol::plays::{Display, Outcome, Play, PlayContent};

use crate::system::clock::Moment;

/// One play that is about to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPlay {
    /// From [`Ledger::next_number`](crate::ledger::Ledger::next_number).
    pub number: PlayNumber,
    /// What was shown.
    pub content: PlayContent,
    /// When it became visible.
    pub start: Moment,
    /// For how long.
    pub visible_ms: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether the display was on.
    pub display: Display,
}

/// A recorded play with its date, as `passerby plays` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatedPlay {
    /// The play.
    pub play: Play,
    /// Unix milliseconds; `None` while the boot has no anchor.
    pub wall_ms: Option<i64>,
    /// What is known of its start without a date; no bounds when there is one.
    pub between: Between,
}
