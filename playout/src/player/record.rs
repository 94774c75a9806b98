//! Keeps the ledger and the accounts together, also while the disk refuses.
//!
//! Invariants: at most [`HELD_MAX`] plays wait in memory, and what finds no room there is told as a
//! gap; no hub hears of a play before the disk does.

use std::collections::VecDeque;
use std::sync::Arc;

use passerby_protocol::limits::PLAY_MS_MAX;
use passerby_protocol::plays::{Display, GapReason, Outcome, PlayBatch, PlayContent};
use tokio::sync::Notify;

use crate::ledger::{Entry, Ledger, LedgerError, NewFailure, NewPlay};
use crate::schedule::rotation::{Airings, Booked, History, Rules};

use crate::player::track::{OnAir, PickedItem};

/// Most plays that wait in memory for a disk that refuses; a day at one play in ten seconds.
pub const HELD_MAX: usize = 8_640;
/// Most plays of one commit, however long the operator lets them wait.
const GROUP_MAX: usize = 1_000;
/// How long failures wait for a play to be written with, and after how long a disk that refuses is
/// tried again without a play, in milliseconds.
const NOTES_MS: u64 = 60_000;
/// A play that lacks no more than this of its planned time had all of it: a frame at the slowest
/// output, and some.
const SLACK_MS: u64 = 100;

/// Why something leaves the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Its successor is there, or the program ends.
    Over,
    /// A notice covers it.
    Covered,
}

/// The ledger, what the rotation remembers, and the plays that a refusing disk has not taken yet.
pub struct Recorder {
    pub(super) ledger: Ledger,
    /// One a zone, by its name.
    histories: Vec<(String, History)>,
    airings: Airings,
    /// Plays that wait for their common commit, or for a disk that refuses; with the place of their
    /// zone, and what else has to be saved.
    pub(super) held: VecDeque<(usize, NewPlay, Booked)>,
    held_max: usize,
    /// So many of them, the oldest, were in the last commit that failed. It may have come through
    /// all the same.
    pub(super) in_doubt: usize,
    /// How long plays are held for a common commit, in milliseconds.
    commit_ms: u64,
    /// When what is held goes to disk, in milliseconds of the boot clock.
    commit_at_ms: Option<u64>,
    /// The disk did not take the last commit.
    is_refused: bool,
    pub(super) recorded: Arc<Notify>,
    /// What happened to the ledger and is not told yet.
    pub(super) notes: Vec<String>,
}

impl Recorder {
    /// Takes over a ledger that was just opened. `recorded` is told after each commit of plays;
    /// `zones` are the names of the screen's zones, and what is known of others is forgotten.
    ///
    /// # Errors
    /// The database fails.
    pub fn new<'z>(
        mut ledger: Ledger,
        recorded: Arc<Notify>,
        zones: impl Iterator<Item = &'z str>,
    ) -> Result<Self, LedgerError> {
        let zones: Vec<&str> = zones.collect();
        ledger.keep_zones(&zones)?;
        let histories = zones
            .iter()
            .map(|zone| Ok(((*zone).to_owned(), ledger.history(zone)?)))
            .collect::<Result<_, LedgerError>>()?;
        Ok(Self {
            airings: ledger.airings()?,
            ledger,
            histories,
            held: VecDeque::new(),
            held_max: HELD_MAX,
            in_doubt: 0,
            commit_ms: 0,
            commit_at_ms: None,
            is_refused: false,
            recorded,
            notes: Vec::new(),
        })
    }

    /// The ledger, to read it.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Shows the ledger's connection to its environment again: [`Ledger::set_up_again`].
    ///
    /// # Errors
    /// What the environment does with it fails.
    pub fn set_up_again(&mut self) -> Result<(), LedgerError> {
        self.ledger.set_up_again()
    }

    /// What a zone, named by its place, has aired.
    pub(super) fn history(&self, zone: usize) -> &History {
        &self.histories[zone].1
    }

    pub(super) fn history_mut(&mut self, zone: usize) -> &mut History {
        &mut self.histories[zone].1
    }

    /// What has ended on the screen, and when.
    pub(super) const fn airings(&self) -> &Airings {
        &self.airings
    }

    /// Holds plays for so long, in milliseconds, to write them together.
    #[must_use]
    pub const fn commit_every(mut self, commit_ms: u64) -> Self {
        self.commit_ms = commit_ms;
        self
    }

    /// Holds at most so many plays, and not [`HELD_MAX`].
    #[must_use]
    pub const fn holding_at_most(mut self, held_max: usize) -> Self {
        self.held_max = held_max;
        self
    }

    /// How many plays are in memory only.
    pub(super) fn held(&self) -> u64 {
        self.held.len() as u64
    }

    /// The plays that are in memory only, oldest first.
    pub fn held_plays(&self) -> impl Iterator<Item = &NewPlay> {
        self.held.iter().map(|(_, play, _)| play)
    }

    /// How many plays the disk did not take yet.
    pub fn unrecorded(&self) -> u64 {
        if self.is_refused { self.held() } else { 0 }
    }

    /// Books and records a play that has left its zone; returns what to tell people when that
    /// fails.
    pub(super) fn record(
        &mut self,
        zone: usize,
        turn: &PickedItem,
        rules: &Rules,
        on_air: &OnAir,
        visible_ms: u64,
        (end, display): (End, Display),
    ) -> Option<String> {
        let end_of_play = on_air.start.plus_ms(visible_ms);
        let booked = turn.booking.book(
            rules,
            &mut self.histories[zone].1,
            &mut self.airings,
            (&on_air.start, &end_of_play),
            counted_ms(visible_ms, on_air.dwell_ms),
        );
        let item = &turn.item;
        let number = on_air.order.play?;
        let outcome = outcome(
            end,
            visible_ms,
            on_air.dwell_ms,
            on_air.health.trouble().is_some(),
        );
        let play = NewPlay {
            number,
            content: PlayContent {
                assignment: item.assignment,
                campaign: item.campaign_id.to_string(),
                creative: item.creative,
            },
            start: on_air.start.clone(),
            visible_ms: visible_ms.min(PLAY_MS_MAX),
            outcome,
            display,
        };
        self.hold(zone, play, booked, end_of_play.boot_ms)
    }

    /// Takes a play of a zone, named by its place, that ended at `now_ms` of the boot clock and
    /// writes it, if its time has come; returns what to tell people when that fails.
    pub fn hold(
        &mut self,
        zone: usize,
        play: NewPlay,
        booked: Booked,
        now_ms: u64,
    ) -> Option<String> {
        self.held.push_back((zone, play, booked));
        if self.held.len() > self.held_max
            && let Some((_, lost, _)) = self.held.remove(self.in_doubt.min(self.held.len() - 1))
        {
            self.ledger.miss(GapReason::Disk, &lost);
        }
        let commit_at_ms = *self.commit_at_ms.get_or_insert(now_ms + self.commit_ms);
        let is_full = self.held.len() >= GROUP_MAX && !self.is_refused;
        if self.commit_ms == 0 || is_full || now_ms >= commit_at_ms {
            return self.commit(now_ms);
        }
        // The first of a group: from now on a power cut may take plays, and the next start has to
        // know.
        let marked = self.with_ledger(|ledger| ledger.set_holding(true));
        marked.err().map(|error| error.to_string())
    }

    /// Notes that an item cannot be shown. It is written with the next play, or after [`NOTES_MS`].
    pub(super) fn fail(&mut self, failure: NewFailure) {
        let now_ms = failure.at.boot_ms;
        self.ledger.note_failure(failure);
        self.commit_at_ms
            .get_or_insert(now_ms + self.commit_ms.max(NOTES_MS));
    }

    /// When what is held should go to disk, in milliseconds of the boot clock.
    pub const fn commit_at_ms(&self) -> Option<u64> {
        self.commit_at_ms
    }

    /// Writes what is held, if its time has come at `now_ms` of the boot clock; returns what to
    /// tell people when that fails.
    pub fn commit_due(&mut self, now_ms: u64) -> Option<String> {
        if self.commit_at_ms.is_none_or(|at_ms| now_ms < at_ms) {
            return None;
        }
        self.commit(now_ms)
    }

    /// Writes what is held, in one transaction; returns what to tell people when that fails.
    pub(super) fn commit(&mut self, now_ms: u64) -> Option<String> {
        self.commit_at_ms = None;
        match self.settle().and_then(|()| self.write_held()) {
            Ok(dropped) => {
                self.is_refused = false;
                (dropped > 0).then(|| {
                    "the ledger is full; plays are dropped until the hub has taken some, or data.ledger_mb is raised"
                        .to_owned()
                })
            }
            Err(error) => {
                self.is_refused = true;
                self.commit_at_ms = Some(now_ms + self.commit_ms.max(NOTES_MS));
                Some(format!(
                    "{error}; plays wait in memory until data.dir can be written again"
                ))
            }
        }
    }

    /// Writes what is held; returns how many plays had no room.
    fn write_held(&mut self) -> Result<u64, LedgerError> {
        if self.held.is_empty() && !self.ledger.has_notes() {
            return Ok(0);
        }
        let names: Vec<String> = self
            .histories
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        let entries = self.held.iter().map(|(zone, play, booked)| Entry {
            play,
            zone: &names[*zone],
            booked,
        });
        let held = &self.held;
        let mut histories: Vec<(&str, &mut History)> = self
            .histories
            .iter_mut()
            .enumerate()
            .filter(|(at, _)| held.iter().any(|(zone, ..)| zone == at))
            .map(|(_, (name, history))| (name.as_str(), history))
            .collect();
        let written = self.ledger.record_all(entries, &mut histories);
        let kept = written.inspect_err(|_| self.in_doubt = self.held.len())?;
        self.held.clear();
        self.recorded.notify_one();
        Ok(kept.dropped)
    }

    /// Writes what is held before the program ends, at `now_ms` of the boot clock; returns what to
    /// tell people when that fails.
    pub fn close(&mut self, now_ms: u64) -> Option<String> {
        self.commit(now_ms).or_else(|| {
            let marked = self.with_ledger(|ledger| ledger.set_holding(false));
            marked.err().map(|error| error.to_string())
        })
    }

    /// The next plays to send, at most `rows`, with what is missing between them. What is held is
    /// not among them: no hub knows of a play before the disk does.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn batch(&mut self, rows: usize) -> Result<Option<PlayBatch>, LedgerError> {
        self.with_ledger(|ledger| {
            let (plays, anchors) = ledger.waiting_plays(rows)?;
            let (Some(first), Some(last)) = (plays.first(), plays.last()) else {
                return Ok(None);
            };
            let gaps = ledger.gaps_before(first.seq..=last.seq)?;
            let batch = PlayBatch::pack(ledger.epoch(), &plays, anchors);
            Ok(Some(batch.with_gaps(gaps, ledger.gone_through())))
        })
    }
}

/// What a play counts for on the accounts: its slot, when it had all of it, and what was seen of
/// one that was cut short.
///
/// That its successor came late is the machine's doing and says nothing about whose turn is next:
/// measured times would let a few milliseconds decide between placements with equal weights, and
/// their order would be lost.
pub(super) const fn counted_ms(visible_ms: u64, planned_ms: Option<u64>) -> u64 {
    match planned_ms {
        Some(planned) if visible_ms + SLACK_MS >= planned => planned,
        _ => visible_ms,
    }
}

/// What became of a play: that people saw less than they should weighs more than for how long.
const fn outcome(end: End, visible_ms: u64, planned_ms: Option<u64>, is_poster: bool) -> Outcome {
    if is_poster {
        return Outcome::Poster;
    }
    if matches!(end, End::Covered) {
        return Outcome::Covered;
    }
    match planned_ms {
        Some(planned) if visible_ms + SLACK_MS < planned => Outcome::CutShort,
        Some(planned) if visible_ms > planned + SLACK_MS => Outcome::Late,
        _ => Outcome::Complete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_play_that_missed_its_time_says_why() {
        let of = |end, visible_ms, is_poster| outcome(end, visible_ms, Some(10_000), is_poster);
        assert_eq!(of(End::Over, 9_950, false), Outcome::Complete);
        assert_eq!(of(End::Over, 10_100, false), Outcome::Complete);
        assert_eq!(of(End::Over, 10_101, false), Outcome::Late);
        assert_eq!(of(End::Over, 9_899, false), Outcome::CutShort);
        assert_eq!(of(End::Covered, 9_950, false), Outcome::Covered);
        assert_eq!(of(End::Over, 10_000, true), Outcome::Poster);
        assert_eq!(outcome(End::Over, 5, None, false), Outcome::Complete);
    }

    #[test]
    fn a_play_that_had_its_slot_counts_as_its_slot_and_a_cut_one_as_what_was_seen() {
        for had_it_all_ms in [9_900, 10_000, 10_101, 13_000, 3_600_000] {
            assert_eq!(counted_ms(had_it_all_ms, Some(10_000)), 10_000);
        }
        assert_eq!(counted_ms(9_899, Some(10_000)), 9_899);
        assert_eq!(counted_ms(4_000, Some(10_000)), 4_000);
        assert_eq!(counted_ms(4_000, None), 4_000);
    }
}
