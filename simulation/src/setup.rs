//! What to simulate, and how long it may take to settle.

use std::path::PathBuf;

use crate::terminal::TerminalBug;

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
