//! What a simulation says in the end, and what a seed that fails prints.

use std::collections::VecDeque;
use std::fmt;

/// Most lines of history that a failure shows.
const LINES_MAX: usize = 60;

/// What happened lately.
#[derive(Debug, Clone, Default)]
pub(crate) struct Diary {
    lines: VecDeque<String>,
    pub(crate) steps: u64,
}

impl Diary {
    /// Writes a line; the oldest gives way.
    pub(crate) fn note(&mut self, now_ms: u64, what: impl fmt::Display) {
        if self.lines.len() == LINES_MAX {
            self.lines.pop_front();
        }
        let (s, ms) = (now_ms / 1_000, now_ms % 1_000);
        self.lines.push_back(format!(
            "step {:>6}, day {} {:02}:{:02}:{:02}.{ms:03}: {what}",
            self.steps,
            s / 86_400,
            s / 3_600 % 24,
            s / 60 % 60,
            s % 60
        ));
    }

    pub(crate) fn fail(&self, seed: u64, reason: String) -> Box<Failure> {
        Box::new(Failure {
            seed,
            step: self.steps,
            reason,
            history: self.lines.iter().cloned().collect(),
        })
    }
}

/// An invariant did not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("seed {seed} breaks an invariant at step {step}: {reason}\nwhat happened before it:\n  {}", history.join("\n  "))]
pub struct Failure {
    /// Runs the same again.
    pub seed: u64,
    /// After which step.
    pub step: u64,
    /// Which invariant, and how.
    pub reason: String,
    /// The last events, oldest first.
    pub history: Vec<String>,
}

/// What a simulated week came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Week {
    /// Events.
    pub steps: u64,
    /// Plays that were shown to their end.
    pub shown: u64,
    /// Plays that were committed to a ledger.
    pub committed: u64,
    /// Rows on the hub.
    pub stored: u64,
    /// Rows that the hub refused, since it had their number.
    pub refused: u64,
    /// Rows that the hub stored empty, since it did not understand them.
    pub quarantined: u64,
    /// Rows on the hub with a date.
    pub dated: u64,
    /// Committed and never sent, on disks that were taken out.
    pub lost_with_disks: u64,
    /// In memory when the power went, or for longer than a disk may refuse.
    pub lost_in_memory: u64,
    /// Batches that reached the hub.
    pub batches: u64,
    /// Boots of the machine.
    pub boots: u64,
    /// Times that the hub went back to a backup.
    pub hub_restores: u64,
    /// Disks that were swapped or went back to an image.
    pub disks: u64,
    /// Times that plays went on under another name.
    pub forks: u64,
    /// Times that something refused to be written.
    pub refused_writes: u64,
    /// A fingerprint of all events, to compare runs of one seed.
    pub fingerprint: u64,
}

impl Week {
    /// Adds another week to the sums.
    pub fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.shown += other.shown;
        self.committed += other.committed;
        self.stored += other.stored;
        self.refused += other.refused;
        self.quarantined += other.quarantined;
        self.dated += other.dated;
        self.lost_with_disks += other.lost_with_disks;
        self.lost_in_memory += other.lost_in_memory;
        self.batches += other.batches;
        self.boots += other.boots;
        self.hub_restores += other.hub_restores;
        self.disks += other.disks;
        self.forks += other.forks;
        self.refused_writes += other.refused_writes;
        self.fingerprint ^= other.fingerprint;
    }
}
