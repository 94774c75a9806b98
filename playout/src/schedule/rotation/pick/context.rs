//! What one pick goes by.

use jiff::Timestamp;

use crate::schedule::rotation::PickSurroundings;
use crate::schedule::rotation::accounts::Span;
use crate::system::clock::Moment;

/// The state of a pick.
pub(super) struct PickContext<'a> {
    pub(super) now: &'a Moment,
    pub(super) at: Option<Timestamp>,
    pub(super) around: PickSurroundings<'a>,
    pub(super) hour: Span,
    pub(super) day: Span,
    /// Of campaigns with phases: the one that is on.
    pub(super) phases: Vec<Option<usize>>,
    /// How long each distance has to wait, in milliseconds.
    pub(super) waits_ms: Vec<u64>,
}
