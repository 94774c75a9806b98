//! What really happened: every play that was shown, and where it went. The terminal and the hub
//! know nothing of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use passerby_playout::ledger::NewPlay;
use passerby_protocol::{Epoch, PlayNumber};

/// A play that was shown to its end.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) play: NewPlay,
    /// When it really began, in Unix milliseconds.
    pub(crate) began_ms: i64,
}

/// One life of a ledger: from its first row on one disk to its last.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    pub(crate) epoch: Epoch,
    /// The plays by their seq, from 1.
    pub(crate) rows: Vec<usize>,
    /// The newest number that was handed out.
    pub(crate) newest_number: Option<PlayNumber>,
    /// Plays that were held for too long: after which rows.
    pub(crate) missed: Vec<u64>,
    /// All rows up to this one were acknowledged by the hub when the life ended.
    pub(crate) acked_through: u64,
}

/// Everything that happened.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    pub(crate) shown: Vec<Shown>,
    pub(crate) lives: Vec<Life>,
    /// What was ever committed as a row of an epoch.
    pub(crate) committed: BTreeMap<(Epoch, u64), Vec<usize>>,
    /// Boots in which something vouched for the time.
    pub(crate) vouched: BTreeSet<Arc<str>>,
    /// Boots in which a hub told the time whose own clock was wrong.
    pub(crate) misled: BTreeSet<Arc<str>>,
    /// Held in memory when the power went.
    pub(crate) lost_with_power: u64,
    /// Held in memory for too long.
    pub(crate) lost_unwritten: u64,
    pub(crate) hub_restores: u64,
}

impl Truth {
    pub(crate) fn begin_life(&mut self, epoch: Epoch) -> usize {
        self.lives.push(Life {
            epoch,
            rows: Vec::new(),
            newest_number: None,
            missed: Vec::new(),
            acked_through: 0,
        });
        self.lives.len() - 1
    }

    /// A ledger goes on under another epoch with its rows from one on; returns its new life.
    pub(crate) fn move_on(&mut self, life: usize, from_seq: u64, epoch: Epoch) -> usize {
        let old = &mut self.lives[life];
        let at = usize::try_from(from_seq - 1).unwrap_or(usize::MAX);
        let moved = old.rows.split_off(at.min(old.rows.len()));
        let newest_number = old.newest_number;
        let passed = from_seq - 1;
        let missed = old.missed.iter().filter(|&&after_seq| after_seq >= passed);
        let missed = missed.map(|after_seq| after_seq - passed).collect();
        let new = self.begin_life(epoch);
        self.lives[new].missed = missed;
        for shown in moved {
            self.commit(new, shown);
        }
        self.lives[new].newest_number = newest_number;
        new
    }

    pub(crate) fn commit(&mut self, life: usize, shown: usize) -> u64 {
        let life = &mut self.lives[life];
        life.rows.push(shown);
        let seq = life.rows.len() as u64;
        self.committed
            .entry((life.epoch, seq))
            .or_default()
            .push(shown);
        seq
    }
}
