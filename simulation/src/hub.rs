//! The hub as a simulation needs it, and a model of it in memory.
//!
//! Invariant: the model says nothing that the real hub would not; `hub/tests` runs the same weeks
//! against the real store.

use std::collections::{BTreeMap, BTreeSet};

use passerby_playout::ledger::NewPlay;
use passerby_protocol::dating::Anchor;
use passerby_protocol::limits::WALL_MS;
use passerby_protocol::plays::{BatchError, Play, PlayBatch};
use passerby_protocol::wire::Rejected;
use passerby_protocol::{Epoch, PlayNumber};

/// 2026-01-01T00:00Z: the hub believes no anchor from before it.
const WALL_MS_MIN: i64 = *WALL_MS.start();
const DAY_MS: i64 = 86_400_000;

/// What a terminal gets when it enrols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    /// Stands for the bearer.
    pub bearer: u64,
    /// One more than the highest play number that the hub has seen.
    pub play_floor: PlayNumber,
}

/// What a hub has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Everything up to here is stored, or refused for good.
    pub acked_through: u64,
    /// Refused for good.
    pub rejected: Vec<Rejected>,
    /// Above all numbers of the screen's plays.
    pub play_floor: PlayNumber,
}

/// Why a hub takes nothing of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// 400 or 422.
    Batch(BatchError),
    /// 409.
    Gap {
        /// What it wants next.
        expected_seq: u64,
    },
    /// 409: it has other rows.
    Forked {
        /// The first that differs.
        from_seq: u64,
    },
    /// 401.
    Unauthorised,
}

/// A row of the hub's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubRow {
    /// The play.
    pub play: Play,
    /// Its date.
    pub wall_ms: Option<i64>,
}

/// What the hub has of one ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HubLedger {
    /// Its cursor.
    pub last_seq: u64,
    /// Its rows, by seq.
    pub rows: Vec<HubRow>,
    /// The seqs that it refused for their play number.
    pub refused: Vec<u64>,
}

/// A hub with one screen.
pub trait Hub {
    /// Enrols a new disk as the screen. The bearer from before is not good any more.
    fn enrol(&mut self, now_ms: i64) -> Pass;

    /// Tells whether a bearer is good.
    fn knows(&self, bearer: u64) -> bool;

    /// Takes a batch.
    ///
    /// # Errors
    /// See [`Refused`]; nothing was taken then.
    fn take(&mut self, bearer: u64, batch: &PlayBatch, now_ms: i64) -> Result<Taken, Refused>;

    /// Keeps a copy of everything in place of the one before.
    fn back_up(&mut self);

    /// Goes back to the copy.
    fn restore(&mut self);

    /// The cursor of a ledger.
    fn last_seq(&self, epoch: Epoch) -> u64;

    /// What is there of a ledger, from a seq on.
    fn ledger(&self, epoch: Epoch, from_seq: u64) -> HubLedger;

    /// How often it has a play: one with this number, boot and start.
    fn times(&self, number: PlayNumber, boot: &str, start_boot_ms: u64) -> u64;

    /// How often it has a row's play.
    fn times_of(&self, play: &Play) -> u64 {
        self.times(play.number, &play.boot, play.start_boot_ms)
    }

    /// Tells whether it has a play that was shown.
    fn has(&self, play: &NewPlay) -> bool {
        self.times(play.number, &play.start.boot, play.start.boot_ms) > 0
    }
}

/// What is deliberately wrong with a model, to prove that a simulation finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HubBug {
    /// None.
    None,
    /// It stores what it has already.
    ForgetsDeduplication,
    /// It says that it has a row more than it took.
    AcknowledgesTooMuch,
    /// It loses the last row of a batch now and then.
    LosesRows,
    /// It takes batches with rows missing before them.
    SkipsGaps,
}

#[derive(Debug, Clone, Default)]
struct Kept {
    last_seq: u64,
    rows: BTreeMap<u64, Vec<HubRow>>,
    refused: BTreeSet<u64>,
}

#[derive(Debug, Clone, Default)]
struct State {
    bearer: u64,
    enrolments: u64,
    ledgers: BTreeMap<u64, Kept>,
    /// How often it has each play, by number, boot and start.
    plays: BTreeMap<(PlayNumber, String, u64), u64>,
    anchors: BTreeMap<String, Anchor>,
}

/// A hub in memory.
#[derive(Debug)]
pub struct ModelHub {
    state: State,
    backup: State,
    bearers: u64,
    bug: HubBug,
}

impl ModelHub {
    /// Makes an empty hub.
    pub fn new(bug: HubBug) -> Self {
        Self {
            state: State::default(),
            backup: State::default(),
            bearers: 0,
            bug,
        }
    }
}

impl State {
    fn play_floor(&self) -> PlayNumber {
        let highest = self.plays.keys().next_back();
        let floor = highest.map_or(0, |(number, ..)| number.get().saturating_add(1));
        PlayNumber::new(floor.min(PlayNumber::MAX)).unwrap_or(zero())
    }

    fn learn(&mut self, anchor: &Anchor) {
        let newest = self.anchors.get(&anchor.boot);
        if newest.is_some_and(|known| known.boot_ms >= anchor.boot_ms) {
            return;
        }
        self.anchors.insert(anchor.boot.clone(), anchor.clone());
        let rows = self.ledgers.values_mut();
        let rows = rows.flat_map(|kept| kept.rows.values_mut().flatten());
        for row in rows.filter(|row| row.wall_ms.is_none() && row.play.boot == anchor.boot) {
            row.wall_ms = Some(anchor.wall_at(row.play.start_boot_ms));
        }
    }
}

impl Hub for ModelHub {
    fn enrol(&mut self, _now_ms: i64) -> Pass {
        // Bearers are secrets that are made anew, also after a restore.
        self.bearers += 1;
        self.state.bearer = self.bearers;
        self.state.enrolments += 1;
        Pass {
            bearer: self.state.bearer,
            play_floor: self.state.play_floor(),
        }
    }

    fn knows(&self, bearer: u64) -> bool {
        bearer == self.state.bearer
    }

    fn take(&mut self, bearer: u64, batch: &PlayBatch, now_ms: i64) -> Result<Taken, Refused> {
        if bearer != self.state.bearer {
            return Err(Refused::Unauthorised);
        }
        let plays = batch.unpack().map_err(Refused::Batch)?;
        let last_seq = self.last_seq(batch.epoch);
        let is_gap = batch.first_seq > last_seq + 1;
        if is_gap && self.bug != HubBug::SkipsGaps {
            return Err(Refused::Gap {
                expected_seq: last_seq + 1,
            });
        }
        let believed = WALL_MS_MIN..now_ms.saturating_add(DAY_MS);
        for anchor in batch
            .anchors
            .iter()
            .filter(|anchor| believed.contains(&anchor.wall_ms))
        {
            self.state.learn(anchor);
        }
        let rows = plays.len();
        let State {
            ledgers,
            plays: known,
            anchors,
            ..
        } = &mut self.state;
        let kept = ledgers.entry(batch.epoch.0).or_default();
        let is_other = |play: &&Play| {
            let here = kept.rows.get(&play.seq).and_then(|rows| rows.first());
            here.is_some_and(|here| {
                (here.play.number, &here.play.boot, here.play.start_boot_ms)
                    != (play.number, &play.boot, play.start_boot_ms)
            })
        };
        if self.bug != HubBug::ForgetsDeduplication
            && let Some(other) = plays.iter().find(is_other)
        {
            return Err(Refused::Forked {
                from_seq: other.seq,
            });
        }
        for (at, play) in plays.into_iter().enumerate() {
            let (seq, is_new) = (play.seq, play.seq > last_seq);
            let is_lost = self.bug == HubBug::LosesRows && at + 1 == rows && seq % 16 == 3;
            if is_new && !is_lost || self.bug == HubBug::ForgetsDeduplication {
                let identity = (play.number, play.boot.clone(), play.start_boot_ms);
                let times = known.entry(identity).or_default();
                if *times > 0 && self.bug != HubBug::ForgetsDeduplication {
                    kept.refused.insert(seq);
                } else {
                    *times += 1;
                    let anchor = anchors.get(&play.boot);
                    let wall_ms = anchor.map(|anchor| anchor.wall_at(play.start_boot_ms));
                    kept.rows
                        .entry(seq)
                        .or_default()
                        .push(HubRow { play, wall_ms });
                }
            }
            kept.last_seq = kept.last_seq.max(seq);
        }
        let more = u64::from(self.bug == HubBug::AcknowledgesTooMuch);
        let rejected = kept.refused.range(batch.first_seq..).map(|&seq| Rejected {
            seq,
            code: "duplicate-play-number".into(),
        });
        let (acked_through, rejected) = (kept.last_seq + more, rejected.collect());
        Ok(Taken {
            acked_through,
            rejected,
            play_floor: self.state.play_floor(),
        })
    }

    fn back_up(&mut self) {
        self.backup = self.state.clone();
    }

    fn restore(&mut self) {
        self.state = self.backup.clone();
    }

    fn last_seq(&self, epoch: Epoch) -> u64 {
        self.state
            .ledgers
            .get(&epoch.0)
            .map_or(0, |kept| kept.last_seq)
    }

    fn ledger(&self, epoch: Epoch, from_seq: u64) -> HubLedger {
        let Some(kept) = self.state.ledgers.get(&epoch.0) else {
            return HubLedger::default();
        };
        let rows = kept.rows.range(from_seq..);
        HubLedger {
            last_seq: kept.last_seq,
            rows: rows.flat_map(|(_, rows)| rows.iter().cloned()).collect(),
            refused: kept.refused.range(from_seq..).copied().collect(),
        }
    }

    fn times(&self, number: PlayNumber, boot: &str, start_boot_ms: u64) -> u64 {
        let identity = (number, boot.to_owned(), start_boot_ms);
        self.state.plays.get(&identity).copied().unwrap_or(0)
    }
}

fn zero() -> PlayNumber {
    PlayNumber::new(0).expect("zero fits")
}
