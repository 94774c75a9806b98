//! One run of the terminal's program: the real ledger, the real sending, and what lies between them in memory.
//!
//! It does what `player::record`, `player::requests` and `uplink::plays` do, one message after the other, without their
//! threads and sockets. All of it is gone when the process ends.

use std::collections::VecDeque;

use passerby_protocol::plays::{Anchor, PlayBatch};
use passerby_protocol::{Epoch, PlayNumber};

use super::machine::MachineClock;
use super::truth::Truth;
use crate::clock::{Clock, Moment};
use crate::ledger::{Ledger, LedgerError, NewPlay};
use crate::rotation::{Booked, History};
use crate::sync::{Answer, SentRows, Sync, Verdict};
use crate::uplink::ROUND_TRIP_MS_MAX;

/// Most plays that wait in memory, as in `player::record`.
pub(super) const HELD_MAX: usize = 8_640;
/// The hub is believed when it differs by more, as in `uplink`.
const LEARN_MS: u64 = 2_000;

/// What is deliberately wrong with a terminal, to prove that a simulation finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TerminalBug {
    /// None.
    None,
    /// Any answer counts as an acknowledgement of all that was sent.
    AcknowledgesUnsent,
    /// A play that could not be written is forgotten.
    DropsRefusedPlays,
    /// A play is written again when its COMMIT succeeded.
    WritesTwice,
    /// It believes any clock.
    TrustsAnyClock,
    /// It goes on after it was told to stop.
    NeverStops,
    /// Numbers come again after a restart.
    ReusesNumbers,
    /// Numbers of two plays change places on the way.
    MixesNumbers,
    /// Rows are deleted before the hub has them.
    PrunesUnsent,
}

/// A play on the screen.
#[derive(Debug, Clone)]
pub(super) struct OnAir {
    pub(super) number: PlayNumber,
    pub(super) start: Moment,
    pub(super) began_ms: i64,
    pub(super) planned_ms: u64,
}

/// A batch that waits for its answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flight {
    pub(super) id: u64,
    pub(super) rows: SentRows,
    pub(super) epoch: Epoch,
    pub(super) asked_boot_ms: u64,
}

/// What is to happen next in the sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Look again at this moment of the boot's clock.
    At(u64),
    /// Wait for a play.
    Wait,
    /// Nothing, until a person acts.
    Stopped,
}

/// The program while it runs.
pub(super) struct Terminal {
    pub(super) id: u64,
    pub(super) ledger: Ledger,
    pub(super) life: usize,
    /// Plays that are in no file yet, by their place in the truth.
    pub(super) held: VecDeque<(usize, NewPlay)>,
    pub(super) sync: Sync,
    pub(super) flight: Option<Flight>,
    pub(super) on_air: Option<OnAir>,
    /// Whether a play was recorded that nobody has waited for.
    pub(super) permit: bool,
    /// Whether the sending waits for a play.
    pub(super) is_waiting: bool,
    pub(super) bug: TerminalBug,
}

impl Terminal {
    pub(super) fn new(id: u64, ledger: Ledger, life: usize, bug: TerminalBug) -> Self {
        Self {
            id,
            ledger,
            life,
            held: VecDeque::new(),
            sync: Sync::default(),
            flight: None,
            on_air: None,
            permit: false,
            is_waiting: false,
            bug,
        }
    }

    /// Keeps a play that has left the screen, and writes what can be written. `Ok` says whether anything was.
    pub(super) fn record(
        &mut self,
        shown: usize,
        play: NewPlay,
        truth: &mut Truth,
    ) -> Result<bool, LedgerError> {
        self.held.push_back((shown, play));
        let before = self.held.len();
        self.settle(truth)?;
        while let Some((shown, play)) = self.held.front() {
            let written =
                self.ledger
                    .record(play, "main", &mut History::default(), &Booked::default());
            match written {
                Ok(_) => {
                    if self.bug == TerminalBug::WritesTwice && self.ledger.last_seq() % 50 == 7 {
                        let _ = self.ledger.record(
                            play,
                            "main",
                            &mut History::default(),
                            &Booked::default(),
                        );
                    }
                    truth.commit(self.life, *shown);
                    self.held.pop_front();
                    self.permit = true;
                }
                Err(error) => {
                    if self.held.len() > HELD_MAX || self.bug == TerminalBug::DropsRefusedPlays {
                        self.held.pop_front();
                        truth.lost_unwritten += u64::from(self.bug == TerminalBug::None);
                    }
                    return Err(error);
                }
            }
        }
        Ok(before > 0)
    }

    /// Reads the file anew after a refused write, as `player::keep` does.
    fn settle(&mut self, truth: &mut Truth) -> Result<(), LedgerError> {
        if self.ledger.is_in_doubt()
            && self.ledger.settle()?.is_recorded
            && let Some((shown, _)) = self.held.pop_front()
        {
            truth.commit(self.life, shown);
            self.permit = true;
        }
        Ok(())
    }

    /// The next plays to send.
    pub(super) fn batch(&self) -> Result<Option<PlayBatch>, LedgerError> {
        let (mut plays, anchors) = self.ledger.waiting_plays(self.sync.rows())?;
        let (Some(first), Some(last)) = (plays.first(), plays.last()) else {
            return Ok(None);
        };
        let gaps = self.ledger.gaps_before(first.seq..=last.seq)?;
        if let (TerminalBug::MixesNumbers, [.., a, b]) = (self.bug, &mut plays[..]) {
            std::mem::swap(&mut a.number, &mut b.number);
        }
        let batch = PlayBatch::pack(self.ledger.epoch(), &plays, anchors);
        Ok(Some(batch.with_gaps(gaps, self.ledger.gone_through())))
    }

    /// Takes the answer to the batch in flight; a word about the time comes first.
    pub(super) fn answered(
        &mut self,
        flight: Flight,
        answer: &Answer,
        clock: &MachineClock,
        random: u64,
    ) -> Result<Verdict, LedgerError> {
        let now_ms = clock.now().boot_ms;
        let mut anchored = Ok(());
        if let Answer::Acked(reply) = answer {
            let took_ms = now_ms - flight.asked_boot_ms;
            let middle_ms = flight.asked_boot_ms + took_ms / 2;
            let known = clock.now().back_to(middle_ms).wall_ms;
            if took_ms <= ROUND_TRIP_MS_MAX
                && known.is_none_or(|known| known.abs_diff(reply.server_time_ms) > LEARN_MS)
            {
                clock.learn(middle_ms, reply.server_time_ms);
            }
            if let Some(anchor) = clock.now().anchor() {
                anchored = self.anchor(&anchor);
            }
            if let Some(floor) = reply.play_floor {
                anchored = anchored.and(self.ledger.follow_numbers(floor));
            }
        }
        let mut verdict = self.sync.answered(now_ms, flight.rows, answer, random);
        if self.bug == TerminalBug::AcknowledgesUnsent {
            verdict = Verdict::AckThrough(flight.rows.first_seq + flight.rows.count as u64 - 1);
        }
        if self.bug == TerminalBug::NeverStops && self.sync.stopped().is_some() {
            self.sync = Sync::default();
        }
        let kept = match verdict {
            Verdict::Keep => Ok(()),
            Verdict::AckThrough(seq) => {
                let pruned = self.bug == TerminalBug::PrunesUnsent && self.ledger.waiting() > 2;
                let seq = if pruned { seq + 2 } else { seq };
                self.ledger.acknowledge(seq).map(|_| ())
            }
            Verdict::Quarantine(seq) => self.ledger.quarantine(seq),
            Verdict::BeginAnew(seq) => self.ledger.begin_anew_at(seq),
        };
        anchored.and(kept).map(|()| verdict)
    }

    fn anchor(&mut self, anchor: &Anchor) -> Result<(), LedgerError> {
        self.ledger.anchor(anchor)
    }

    /// When to look for something to send.
    pub(super) fn next(&self) -> Next {
        match self.sync.next_at_ms() {
            None => Next::Stopped,
            Some(_) if self.is_waiting => Next::Wait,
            Some(at_ms) => Next::At(at_ms),
        }
    }
}
