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
mod showing;
mod terminal;
mod troubles;
mod truth;
mod world;

use std::path::PathBuf;

pub use crate::report::{Failure, Week};
pub use crate::terminal::TerminalBug;

use crate::hub::Hub;
use crate::world::World;

/// Longest that a screen may take to send everything once all is well again, in simulated
/// milliseconds.
pub const DRAIN_MS_MAX: u64 = 3 * 3_600_000;

/// What to simulate.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Drives everything.
    pub seed: u64,
    /// Days of trouble; a day more is a day that is simulated.
    pub days: u64,
    /// Where disks are kept while it runs; a folder of its own, best in memory. It is left empty.
    pub folder: PathBuf,
    /// Whether disks go back to images of them.
    pub restores_images: bool,
    /// What is deliberately wrong with the terminal.
    pub bug: TerminalBug,
}

impl Setup {
    /// A week of a terminal as it is.
    pub fn week(seed: u64, folder: PathBuf) -> Self {
        Self {
            seed,
            days: 7,
            folder,
            restores_images: true,
            bug: TerminalBug::None,
        }
    }
}

/// Lives through it.
///
/// # Errors
/// [`Failure`] names the invariant that did not hold, with the step and what happened before it.
pub fn run(setup: &Setup, hub: impl Hub) -> Result<Week, Box<Failure>> {
    World::new(setup, hub).live()
}
