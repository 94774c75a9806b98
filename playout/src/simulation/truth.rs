//! What really happened: every play that was shown, and where it went. The terminal and the hub
//! know nothing of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use passerby_protocol::{Epoch, PlayNumber};

use crate::ledger::NewPlay;

/// A play that was shown to its end.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    pub(super) play: NewPlay,
    /// When it really began, in Unix milliseconds.
    pub(super) began_ms: i64,
}

/// One life of a ledger: from its first row on one card to its last.
#[derive(Debug, Clone)]
pub(super) struct Life {
    pub(super) epoch: Epoch,
    /// The plays by their seq, from 1.
    pub(super) rows: Vec<usize>,
    /// The newest number that was handed out.
    pub(super) newest_number: Option<PlayNumber>,
    /// Plays that were held for too long: after which rows.
    pub(super) missed: Vec<u64>,
    /// All rows up to this one were acknowledged by the hub when the life ended.
    pub(super) acked_through: u64,
}

/// Everything that happened.
#[derive(Debug, Default)]
pub(super) struct Truth {
    pub(super) shown: Vec<Shown>,
    pub(super) lives: Vec<Life>,
    /// What was ever committed as a row of an epoch.
    pub(super) committed: BTreeMap<(Epoch, u64), Vec<usize>>,
    /// Boots in which something vouched for the time.
    pub(super) vouched: BTreeSet<Arc<str>>,
    /// Boots in which a hub told the time whose own clock was wrong.
    pub(super) misled: BTreeSet<Arc<str>>,
    /// Held in memory when the power went.
    pub(super) lost_with_power: u64,
    /// Held in memory for too long.
    pub(super) lost_unwritten: u64,
    pub(super) hub_restores: u64,
}

impl Truth {
    pub(super) fn begin_life(&mut self, epoch: Epoch) -> usize {
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
    pub(super) fn move_on(&mut self, life: usize, from_seq: u64, epoch: Epoch) -> usize {
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

    pub(super) fn commit(&mut self, life: usize, shown: usize) -> u64 {
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
