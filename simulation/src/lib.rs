//! A week of one screen in a fraction of a second: one seed drives clock, disk, network and hub.
//!
//! The player's own recorder, the real ledger (SQLite, real files) with its proofs, the real
//! sending ([`passerby_playout::hub_link::send_state`]), the real trust in clocks and the real wire
//! form of plays run against a world that fails in every way that `plan` names. What really
//! happened is kept apart from what terminal and hub know, and after every step the invariants
//! below are asked for. Only tests use this crate; nothing that ships depends on it.
//!
//! Invariants:
//! - One seed gives one week, on every machine: there is no thread, no clock and no order of a hash
//!   map in it. Time jumps from one event to the next.
//! - What a simulation replaces, it replaces at the edges: the kernel's clocks ([`machine`]), the
//!   disk under the files ([`disk`]), the line ([`network`]) and the hub behind it ([`hub`], which
//!   the hub's tests replace by the real one).
//! - At the end of each week, on a good line, everything drains within [`DRAIN_MS_MAX`], and hub =
//!   ledger, exactly.

mod clock;
mod dice;
mod disk;
mod enrolling;
pub mod hub;
mod invariants;
mod machine;
mod network;
mod plan;
mod report;
mod sending;
mod setup;
mod showing;
mod terminal;
mod troubles;
mod truth;
mod world;

pub use crate::clock::SimulatedClock;
pub use crate::report::{Failure, Week};
pub use crate::setup::{DRAIN_MS_MAX, Setup};
pub use crate::terminal::TerminalBug;

use crate::hub::Hub;
use crate::world::World;

/// Lives through it.
///
/// # Errors
/// [`Failure`] names the invariant that did not hold, with the step and what happened before it.
pub fn run(setup: &Setup, hub: impl Hub) -> Result<Week, Box<Failure>> {
    World::new(setup, hub).live()
}
