//! One run of the terminal's program: the real recorder over the real ledger, the real sending, the
//! real clock's trust.
//!
//! It does what `player::request_handling` and `hub_link::plays` do, one message after the other,
//! without their threads and sockets. All of it is gone when the process ends.

use std::collections::BTreeSet;
use std::sync::Arc;

use passerby_playout::hub_link::hub_time::HubTime;
use passerby_playout::hub_link::send_state::{Answer, LedgerAction, SendState, SentRows};
use passerby_playout::ledger::{Ledger, LedgerError, NewPlay};
use passerby_playout::player::record::Recorder;
use passerby_playout::player::time::{self, Time, anchor_of};
use passerby_playout::schedule::rotation::{Booked, History};
use passerby_playout::system::clock::{Clock, Moment};
use passerby_protocol::plays::PlayBatch;
use passerby_protocol::{Epoch, PlayNumber};

use crate::machine::MachineClock;
use crate::truth::Truth;

const ZONE: &str = "main";

/// What is deliberately wrong with a terminal, to prove that a simulation finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TerminalBug {
    /// None.
    None,
    /// Any answer counts as an acknowledgement of all that was sent.
    AcknowledgesUnsent,
    /// A play that comes while the disk refuses is forgotten.
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
    /// It holds plays for a common commit and does not say so on disk.
    HoldsInSecret,
    /// It believes an answer about the time however long it took, perhaps while the machine slept.
    BelievesLateWords,
}

/// How a terminal is set up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// For how long plays are held for a common commit, in milliseconds.
    pub(crate) commit_ms: u64,
    /// Most plays that wait for a disk that refuses.
    pub(crate) held_max: usize,
}

/// A play on the screen.
#[derive(Debug, Clone)]
pub(crate) struct OnAir {
    pub(crate) number: PlayNumber,
    pub(crate) start: Moment,
    pub(crate) began_ms: i64,
    pub(crate) planned_ms: u64,
}

/// A batch that waits for its answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flight {
    pub(crate) id: u64,
    pub(crate) rows: SentRows,
    pub(crate) epoch: Epoch,
    pub(crate) asked_boot_ms: u64,
}

/// What is to happen next in the sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Look again at this moment of the boot's clock.
    At(u64),
    /// Wait for a play.
    Wait,
    /// Nothing, until a person acts.
    Stopped,
}

/// The program while it runs.
pub(crate) struct Terminal {
    pub(crate) id: u64,
    recorder: Recorder,
    time: Time,
    hub_time: HubTime,
    /// What the hub said last of play numbers.
    floor: Option<PlayNumber>,
    pub(crate) life: usize,
    /// The recorder's plays that are in no file yet, by their place in the truth.
    pub(crate) held: Vec<usize>,
    pub(crate) settings: Settings,
    /// What [`Terminal::commits_next`] saw last.
    commit_at_ms: Option<u64>,
    /// The last play that is held was not announced on disk: it refused.
    pub(crate) is_unannounced: bool,
    pub(crate) send_state: SendState,
    pub(crate) flight: Option<Flight>,
    pub(crate) on_air: Option<OnAir>,
    /// Whether a play was recorded that nobody has waited for.
    pub(crate) permit: bool,
    /// Whether the sending waits for a play.
    pub(crate) is_waiting: bool,
    pub(crate) bug: TerminalBug,
}

impl Terminal {
    /// Starts with a ledger that was just opened.
    pub(crate) fn start(
        id: u64,
        ledger: Ledger,
        life: usize,
        settings: Settings,
        clock: &MachineClock,
        bug: TerminalBug,
    ) -> Result<Self, LedgerError> {
        time::resume(clock, &ledger)?;
        let recorder = Recorder::new(ledger, Arc::default(), [ZONE].into_iter())?
            .commit_every(settings.commit_ms)
            .holding_at_most(settings.held_max);
        Ok(Self {
            id,
            recorder,
            time: Time::default(),
            hub_time: HubTime::default(),
            floor: None,
            life,
            held: Vec::new(),
            settings,
            commit_at_ms: None,
            is_unannounced: false,
            send_state: SendState::default(),
            flight: None,
            on_air: None,
            permit: false,
            is_waiting: false,
            bug,
        })
    }

    pub(crate) const fn ledger(&self) -> &Ledger {
        self.recorder.ledger()
    }

    /// Is told that another thing is wrong with the disk, or nothing any more.
    pub(crate) fn set_up_again(&mut self) -> Result<(), LedgerError> {
        self.recorder.set_up_again()
    }

    /// When what is held goes to disk, on the boot's clock, if that is another time than when this
    /// was last asked.
    pub(crate) fn commits_next(&mut self) -> Option<u64> {
        let at_ms = self.recorder.commit_at_ms();
        let before = std::mem::replace(&mut self.commit_at_ms, at_ms);
        at_ms.filter(|_| at_ms != before)
    }

    pub(crate) fn next_number(&mut self) -> Result<PlayNumber, LedgerError> {
        self.recorder.with_ledger(Ledger::next_number)
    }

    /// Keeps a play that has left the screen. Returns what is wrong when it could not be written,
    /// or announced.
    pub(crate) fn record(
        &mut self,
        shown: usize,
        play: &NewPlay,
        now_ms: u64,
        truth: &mut Truth,
    ) -> Result<(), String> {
        if self.bug == TerminalBug::DropsRefusedPlays && self.recorder.unrecorded() > 0 {
            return Ok(());
        }
        self.held.push(shown);
        let problem = self
            .recorder
            .hold(0, play.clone(), Booked::default(), now_ms);
        if self.bug == TerminalBug::WritesTwice && self.ledger().last_seq() % 50 == 7 {
            let (mut history, booked) = (History::default(), Booked::default());
            let _ = self
                .recorder
                .with_ledger(|ledger| ledger.record(play, ZONE, &mut history, &booked));
        }
        if self.bug == TerminalBug::HoldsInSecret {
            let _ = self
                .recorder
                .with_ledger(|ledger| ledger.set_holding(false));
        }
        self.is_unannounced = problem.is_some();
        self.account(truth)?;
        problem.map_or(Ok(()), Err)
    }

    /// Writes what is held, if its time has come. Returns what is wrong when that fails.
    pub(crate) fn commit_due(&mut self, now_ms: u64, truth: &mut Truth) -> Result<(), String> {
        let problem = self.recorder.commit_due(now_ms);
        self.account(truth)?;
        problem.map_or(Ok(()), Err)
    }

    /// Ends in good order.
    pub(crate) fn close(&mut self, now_ms: u64, truth: &mut Truth) -> Result<(), String> {
        let problem = self.recorder.close(now_ms);
        self.account(truth)?;
        problem.map_or(Ok(()), Err)
    }

    /// Does something with the ledger, as the player does when it is asked to.
    fn with_ledger<T>(
        &mut self,
        truth: &mut Truth,
        act: impl FnOnce(&mut Ledger) -> Result<T, LedgerError>,
    ) -> Result<T, String> {
        let done = self.recorder.with_ledger(act);
        self.account(truth)?;
        done.map_err(|error| error.to_string())
    }

    /// Tells the truth what has become of plays that were held.
    fn account(&mut self, truth: &mut Truth) -> Result<(), String> {
        let waiting = self.recorder.held_plays().map(|play| play.number);
        let waiting: BTreeSet<PlayNumber> = waiting.collect();
        let is_waiting = |at: &usize| waiting.contains(&truth.shown[*at].play.number);
        let (stay, gone): (Vec<usize>, Vec<usize>) =
            self.held.iter().partition(|at| is_waiting(at));
        self.held = stay;
        let after_seq = truth.lives[self.life].rows.len() as u64;
        let rows = self.ledger().last_seq() - after_seq;
        let is_there: Vec<bool> = if rows == gone.len() as u64 {
            vec![true; gone.len()]
        } else {
            let numbers: Vec<PlayNumber> =
                gone.iter().map(|&at| truth.shown[at].play.number).collect();
            let there = self.ledger().recorded(&numbers);
            let there = there.map_err(|error| format!("the ledger cannot be read: {error}"))?;
            numbers
                .iter()
                .map(|number| there.contains(number))
                .collect()
        };
        for (at, is_there) in gone.into_iter().zip(is_there) {
            if is_there {
                truth.commit(self.life, at);
                self.permit = true;
            } else {
                truth.lost_unwritten += 1;
                truth.lives[self.life].missed.push(after_seq);
            }
        }
        Ok(())
    }

    /// What the ledger's own damage would be told by; a simulation damages none.
    pub(crate) fn notes(&mut self) -> Vec<String> {
        self.recorder.take_notes()
    }

    /// The next plays to send.
    pub(crate) fn batch(&mut self, truth: &mut Truth) -> Result<Option<PlayBatch>, String> {
        let batch = self.recorder.batch(self.send_state.rows());
        self.account(truth)?;
        let batch = batch.map_err(|error| error.to_string())?;
        if self.bug == TerminalBug::MixesNumbers
            && let Some(batch) = &batch
            && let Ok(mut plays) = batch.unpack()
            && let [.., a, b] = &mut plays[..]
        {
            std::mem::swap(&mut a.number, &mut b.number);
            return Ok(Some(PlayBatch::pack(batch.epoch, &plays, Vec::new())));
        }
        Ok(batch)
    }

    /// Keeps what has happened to the time.
    pub(crate) fn note_time(
        &mut self,
        clock: &MachineClock,
        truth: &mut Truth,
    ) -> Result<(), String> {
        let boot = clock.now().boot;
        let mut kept = Ok(());
        for event in clock.events() {
            if let Some(anchor) = anchor_of(&event, &boot) {
                kept = self.time.keep(&mut self.recorder, anchor);
            }
        }
        self.account(truth)?;
        kept.map_err(|error| error.to_string())
    }

    /// Takes the answer to the batch in flight; a word about the time comes first.
    pub(crate) fn answered(
        &mut self,
        flight: Flight,
        answer: &Answer,
        clock: &MachineClock,
        random: u64,
        truth: &mut Truth,
    ) -> (LedgerAction, Result<(), String>) {
        let now_ms = clock.now().boot_ms;
        let mut kept = Ok(());
        if let Answer::Acked(reply) = answer {
            let asked = match self.bug {
                TerminalBug::BelievesLateWords => (now_ms, now_ms),
                _ => (flight.asked_boot_ms, now_ms),
            };
            let heard = self.hub_time.hear(clock, asked, reply.server_time_ms);
            if let (Some(_), Some(anchor)) = (heard, clock.now().anchor()) {
                kept = self.note_time(clock, truth).and_then(|()| {
                    let kept = self.time.keep(&mut self.recorder, (None, anchor));
                    self.account(truth)?;
                    kept.map_err(|error| error.to_string())
                });
            }
            if let Some(floor) = reply.play_floor
                && self.floor.replace(floor) != Some(floor)
            {
                let raised = self.with_ledger(truth, |ledger| ledger.follow_numbers(floor));
                kept = kept.and(raised.map(drop));
            }
        }
        let mut verdict = self
            .send_state
            .answered(now_ms, flight.rows, answer, random);
        if self.bug == TerminalBug::AcknowledgesUnsent {
            verdict =
                LedgerAction::AckThrough(flight.rows.first_seq + flight.rows.count as u64 - 1);
        }
        if self.bug == TerminalBug::NeverStops && self.send_state.stopped().is_some() {
            self.send_state = SendState::default();
        }
        let written = match verdict {
            LedgerAction::Keep => Ok(()),
            LedgerAction::AckThrough(seq) => {
                let pruned = self.bug == TerminalBug::PrunesUnsent && self.ledger().waiting() > 2;
                let seq = if pruned { seq + 2 } else { seq };
                let acked = self.with_ledger(truth, |ledger| ledger.acknowledge(seq));
                acked.map(drop)
            }
            LedgerAction::Quarantine(seq) => {
                self.with_ledger(truth, |ledger| ledger.quarantine(seq))
            }
            LedgerAction::BeginAnew(seq) => {
                let begun = self
                    .recorder
                    .with_ledger(|ledger| ledger.begin_anew_at(seq));
                self.follow(seq, truth);
                self.account(truth)
                    .and(begun.map_err(|error| error.to_string()))
            }
        };
        (verdict, kept.and(written))
    }

    /// The ledger may go on under another name from a row on.
    fn follow(&mut self, from_seq: u64, truth: &mut Truth) {
        let epoch = self.ledger().epoch();
        if epoch != truth.lives[self.life].epoch {
            self.life = truth.move_on(self.life, from_seq, epoch);
        }
    }

    /// When to look for something to send.
    pub(crate) fn next(&self) -> Next {
        match self.send_state.next_at_ms() {
            None => Next::Stopped,
            Some(_) if self.is_waiting => Next::Wait,
            Some(at_ms) => Next::At(at_ms),
        }
    }
}
