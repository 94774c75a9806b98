//! What a writer of a ledger has said, and whether what is left of its disk keeps to it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use passerby_playout::ledger::{Ledger, NewPlay};
use passerby_playout::schedule::rotation::{Booked, History};
use passerby_playout::system::clock::Moment;
use passerby_protocol::plays::{Display, Outcome, Play, PlayContent};
use passerby_protocol::{Assignment, Digest};

use crate::trace::Deed;

/// The writer keeps so many rows that the hub has.
const ACKED_ROWS_KEPT: u64 = 40;

/// What a play is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Meant {
    start_ms: u64,
    visible_ms: u64,
    campaign: String,
}

impl Meant {
    fn of(play: &Play) -> Self {
        Self {
            start_ms: play.start_boot_ms,
            visible_ms: play.visible_ms,
            campaign: play.content.campaign.clone(),
        }
    }
}

/// All that a writer said up to some moment.
#[derive(Debug, Default)]
pub(crate) struct Promise {
    epochs: BTreeSet<String>,
    meant: BTreeMap<u32, Meant>,
    /// Numbers by seq.
    committed: BTreeMap<u64, u32>,
    number_max: u32,
    acking: u64,
    acked: u64,
    seeing: u64,
    saw: u64,
    /// What can be read of a ledger that was damaged before all this.
    salvaged: Option<BTreeMap<u32, Meant>>,
}

impl Promise {
    pub(crate) fn of(deeds: &[Deed]) -> Self {
        let mut promise = Self::default();
        for deed in deeds {
            if let Deed::Say(line) = deed {
                promise.hear(line);
            }
        }
        promise
    }

    /// The same after a ledger was damaged of which `plays` can be read.
    pub(crate) fn after_damage(plays: &[Play], deeds: &[Deed]) -> Self {
        let mut promise = Self::of(deeds);
        let numbers = plays.iter().map(|play| play.number.get());
        promise.number_max = promise.number_max.max(numbers.max().unwrap_or(0));
        promise.salvaged = Some(
            plays
                .iter()
                .map(|play| (play.number.get(), Meant::of(play)))
                .collect(),
        );
        promise
    }

    fn hear(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |at: usize| words[at].parse::<u64>().expect("a number");
        let short = |at: usize| words[at].parse::<u32>().expect("a number");
        match words[0] {
            "epoch" => {
                self.epochs.insert(words[1].to_owned());
            }
            "number" => self.number_max = self.number_max.max(short(1)),
            "play" => {
                let meant = Meant {
                    start_ms: number(2),
                    visible_ms: number(3),
                    campaign: words[4].to_owned(),
                };
                self.meant.insert(short(1), meant);
            }
            "committed" => {
                let before = self.committed.insert(number(1), short(2));
                assert_eq!(before, None, "seq {} was given twice", words[1]);
            }
            "acking" => self.acking = self.acking.max(number(1)),
            "acked" => self.acked = number(1),
            "seeing" => self.seeing = number(1),
            "saw" => self.saw = number(1),
            "refused" => {}
            other => panic!("{other}?"),
        }
    }

    /// Opens what is left and compares; `Err` says what is not as it was promised.
    pub(crate) fn holds(&self, folder: &Path) -> Result<(), String> {
        let (mut ledger, note) =
            Ledger::open(folder).map_err(|error| format!("does not open: {error}"))?;
        // A damaged ledger is one until the writer has opened its successor.
        let may_be_damaged = self.salvaged.is_some() && self.epochs.is_empty();
        if let (Some(note), false) = (note, may_be_damaged) {
            return Err(format!("is called damaged: {note}"));
        }
        let plays: Vec<Play> = ledger
            .plays_since(None)
            .map_err(|error| format!("cannot be read: {error}"))?
            .into_iter()
            .map(|dated| dated.play)
            .collect();
        self.plays_hold(&ledger, &plays)?;
        self.cursors_hold(&ledger)?;
        let number = ledger
            .next_number()
            .map_err(|error| format!("gives no number: {error}"))?;
        if number.get() <= self.number_max {
            return Err(format!("gives {} again", number.get()));
        }
        let last = ledger.last_seq();
        let seq = record(&mut ledger, number);
        if seq != Ok(Some(last + 1)) {
            return Err(format!("the next play after {last} gets {seq:?}"));
        }
        drop(ledger);
        let whole = rusqlite::Connection::open(folder.join("ledger.sqlite"))
            .and_then(|file| {
                file.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0))
            })
            .map_err(|error| error.to_string())?;
        (whole == "ok").then_some(()).ok_or(whole)
    }

    fn plays_hold(&self, ledger: &Ledger, plays: &[Play]) -> Result<(), String> {
        let mut numbers = BTreeSet::new();
        for (play, before) in plays
            .iter()
            .zip(std::iter::once(None).chain(plays.iter().map(Some)))
        {
            let number = play.number.get();
            if before.is_some_and(|before| before.seq + 1 != play.seq) {
                return Err(format!("a gap before {}", play.seq));
            }
            if !numbers.insert(number) {
                return Err(format!("number {number} is there twice"));
            }
            let known = self
                .salvaged
                .iter()
                .flatten()
                .find(|(known, _)| **known == number);
            let meant = self.meant.get(&number).or(known.map(|(_, meant)| meant));
            if meant != Some(&Meant::of(play)) {
                return Err(format!("{play:?} was never written; {meant:?} was"));
            }
        }
        if let Some(last) = plays.last()
            && last.seq != ledger.last_seq()
        {
            return Err(format!(
                "ends with {} and not {}",
                last.seq,
                ledger.last_seq()
            ));
        }
        let pruned = self.acking.saturating_sub(ACKED_ROWS_KEPT);
        // Of a salvaged ledger all that was there comes over in its order, and what the hub has may
        // go again.
        if let Some(salvaged) = &self.salvaged {
            let due = salvaged.keys().chain(self.committed.values());
            let lost = (1..)
                .zip(due)
                .find(|(seq, number)| *seq > pruned && !numbers.contains(*number));
            return lost.map_or(Ok(()), |(_, lost)| Err(format!("number {lost} is lost")));
        }
        let by_seq: BTreeMap<u64, u32> = plays
            .iter()
            .map(|play| (play.seq, play.number.get()))
            .collect();
        for (seq, number) in &self.committed {
            let there = by_seq.get(seq);
            let may_be_gone = *seq <= pruned && there.is_none();
            if there != Some(number) && !may_be_gone {
                return Err(format!("{seq} was {number} and is {there:?}"));
            }
        }
        Ok(())
    }

    fn cursors_hold(&self, ledger: &Ledger) -> Result<(), String> {
        let (acked, seen) = (
            ledger.acked_through(),
            ledger.manifest_seen().map_err(|error| error.to_string())?,
        );
        if self.salvaged.is_none() && !(self.acked..=self.acking).contains(&acked) {
            return Err(format!(
                "{acked} is acknowledged, not {} to {}",
                self.acked, self.acking
            ));
        }
        if self.salvaged.is_none() && !(self.saw..=self.seeing.max(self.saw)).contains(&seen) {
            return Err(format!(
                "manifest {seen} was seen, not {} to {}",
                self.saw, self.seeing
            ));
        }
        if self.salvaged.is_none()
            && !self.epochs.is_empty()
            && !self.epochs.contains(&ledger.epoch().to_string())
        {
            return Err(format!("epoch {} is another", ledger.epoch()));
        }
        Ok(())
    }
}

fn record(
    ledger: &mut Ledger,
    number: passerby_protocol::PlayNumber,
) -> Result<Option<u64>, String> {
    let play = NewPlay {
        number,
        content: PlayContent {
            assignment: Assignment::NONE,
            campaign: "after".into(),
            creative: Digest([1; 32]),
        },
        start: Moment {
            boot: "boot-after".into(),
            boot_ms: 1,
            wall_ms: None,
        },
        visible_ms: 10_000,
        outcome: Outcome::Complete,
        display: Display::Unknown,
    };
    ledger
        .record(&play, "main", &mut History::default(), &Booked::default())
        .map_err(|error| error.to_string())
}
