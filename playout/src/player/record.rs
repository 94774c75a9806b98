//! Keeps the ledger and the accounts together, also while the disk refuses.

use std::collections::VecDeque;
use std::sync::Arc;

use passerby_protocol::limits::PLAY_MS_MAX;
use passerby_protocol::plays::{Content, Display, Outcome, PlayBatch};
use tokio::sync::Notify;

use crate::ledger::{Ledger, LedgerError, NewPlay};
use crate::rotation::{Airings, Booked, History, Rules};

use super::track::{OnAir, Turn};

/// Most plays that wait in memory for a disk that refuses; a day at one play in ten seconds.
const HELD_MAX: usize = 8_640;
/// A play that misses its planned time by no more than this kept it: a frame at the slowest output, and some.
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
pub(super) struct Recorder {
    pub(super) ledger: Ledger,
    /// One a zone, by its name.
    histories: Vec<(String, History)>,
    airings: Airings,
    /// With the place of their zone, and what else has to be saved.
    pub(super) held: VecDeque<(usize, NewPlay, Booked)>,
    lost: u64,
    pub(super) recorded: Arc<Notify>,
    /// What happened to the ledger and is not told yet.
    pub(super) notes: Vec<String>,
}

impl Recorder {
    /// `zones`: the names of the screen's zones.
    pub(super) fn new<'z>(
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
            lost: 0,
            recorded,
            notes: Vec::new(),
        })
    }

    pub(super) const fn ledger(&self) -> &Ledger {
        &self.ledger
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

    /// Plays that are in memory only, or were lost there.
    pub(super) fn unrecorded(&self) -> u64 {
        self.held.len() as u64 + self.lost
    }

    /// Books and records a play that has left its zone; returns what to tell people when that fails.
    pub(super) fn record(
        &mut self,
        zone: usize,
        turn: &Turn,
        rules: &Rules,
        on_air: &OnAir,
        visible_ms: u64,
        end: End,
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
            content: Content {
                assignment: item.assignment,
                campaign: item.campaign_id.to_string(),
                creative: item.creative,
            },
            start: on_air.start.clone(),
            visible_ms: visible_ms.min(PLAY_MS_MAX),
            outcome,
            display: Display::Unknown,
        };
        self.held.push_back((zone, play, booked));
        if let Err(error) = self.settle() {
            return Some(self.hold(&error));
        }
        while let Some((zone, play, booked)) = self.held.front() {
            let (name, history) = &mut self.histories[*zone];
            match self.ledger.record(play, name, history, booked) {
                Ok(seq) => {
                    self.held.pop_front();
                    self.recorded.notify_one();
                    if seq.is_none() {
                        return Some(
                            "the ledger is full; plays are dropped until the hub has taken some"
                                .to_owned(),
                        );
                    }
                }
                Err(error) => {
                    self.ledger.doubt();
                    return Some(self.hold(&error));
                }
            }
        }
        None
    }

    /// Keeps what the disk has refused, as far as there is room; returns what to tell people.
    fn hold(&mut self, error: &LedgerError) -> String {
        if self.held.len() > HELD_MAX {
            self.held.pop_front();
            self.lost += 1;
        }
        format!("{error}; plays wait in memory until data.dir can be written again")
    }

    /// The next plays to send.
    pub(super) fn batch(&mut self, rows: usize) -> Result<Option<PlayBatch>, LedgerError> {
        self.with_ledger(|ledger| {
            let (plays, anchors) = ledger.waiting_plays(rows)?;
            Ok((!plays.is_empty()).then(|| PlayBatch::pack(ledger.epoch(), &plays, anchors)))
        })
    }
}

/// What a play counts for on the accounts: its slot, when it kept it; so that what a frame's length adds to each play does
/// not add up.
pub(super) const fn counted_ms(visible_ms: u64, planned_ms: Option<u64>) -> u64 {
    match planned_ms {
        Some(planned) if visible_ms.abs_diff(planned) <= SLACK_MS => planned,
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
}
