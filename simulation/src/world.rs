//! The world around one screen: what happens next, and when.

use std::collections::BTreeMap;
use std::sync::Arc;

use passerby_playout::hub_link::send_state::Answer;
use passerby_playout::system::clock::Clock as _;
use passerby_protocol::plays::PlayBatch;
use passerby_protocol::wire::PlaysReply;

use crate::dice::{Dice, split_mix};
use crate::disk::{Disk, Disks, Fault};
use crate::hub::Hub;
use crate::invariants;
use crate::machine::MachineClock;
use crate::network::{Way, Weather};
use crate::plan::{DAY_MS, Plan, Trouble};
use crate::report::{Diary, Failure, Week};
use crate::setup::{DRAIN_MS_MAX, Setup};
use crate::terminal::Terminal;
use crate::truth::{Life, Truth};

/// 2026-02-01T00:00Z, and so many days after it a week may begin: two leap days are among them.
const FIRST_MS: i64 = 1_769_904_000_000;
const FIRST_DAYS: u64 = 2_300;

/// Something that happens at a moment. Those of a process that has ended are nothing.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// The machine has power again.
    Boots,
    /// The program starts.
    Starts,
    /// A play's time is over, or there could be a next one.
    PlayEnds(u64),
    /// Plays that are held may have to go to disk.
    Commits(u64),
    /// Perhaps there is something to send.
    Sends(u64),
    /// A request reaches the hub.
    Arrives(u64),
    /// An answer, or the end of waiting for it, reaches the process.
    Answers(u64, u64, Told),
    /// An operator enrols the screen.
    Enrols,
    /// Something goes wrong.
    Begins(Trouble),
    /// It is well again.
    Ends(Trouble),
    /// Everything is compared.
    DayEnds,
}

/// What a process is told.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) answer: Answer,
    /// The time that it tells is wrong.
    pub(crate) misleads: bool,
}

/// A batch on its way.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) process: u64,
    pub(crate) flight: u64,
    pub(crate) bearer: u64,
    pub(crate) batch: Arc<PlayBatch>,
    pub(crate) way: Way,
    /// Times that it may still arrive.
    pub(crate) arrivals: u32,
}

/// An image of a disk, and what the truth was then.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) disk: Disk,
    pub(crate) life: Life,
}

/// The world.
pub(crate) struct World<'s, H> {
    pub(crate) setup: &'s Setup,
    pub(crate) dice: Dice,
    pub(crate) plan: Plan,
    pub(crate) diary: Diary,
    pub(crate) week: Week,
    pub(crate) now_ms: u64,
    events: BTreeMap<(u64, u64), Event>,
    order: u64,
    pub(crate) clock: MachineClock,
    pub(crate) disks: Disks,
    pub(crate) disk: Disk,
    pub(crate) image: Option<Image>,
    pub(crate) terminal: Option<Terminal>,
    pub(crate) processes: u64,
    pub(crate) asleep_until_ms: u64,
    pub(crate) truth: Truth,
    pub(crate) hub: H,
    pub(crate) hub_wrong_ms: i64,
    pub(crate) hub_is_down: bool,
    pub(crate) weather: Weather,
    pub(crate) requests: BTreeMap<u64, Request>,
    pub(crate) flights: u64,
    pub(crate) earlier_answer: Option<(PlaysReply, bool)>,
    /// Nothing goes wrong any more: since when.
    pub(crate) calm_since_ms: Option<u64>,
}

impl<'s, H: Hub> World<'s, H> {
    pub(crate) fn new(setup: &'s Setup, hub: H) -> Self {
        let mut dice = Dice::new(setup.seed);
        let mut disks = Disks::new(dice.apart());
        let plan = Plan::new(&mut dice);
        let day = dice.between(0, FIRST_DAYS) * DAY_MS;
        let disk = disks.blank(&setup.folder);
        let mut world = Self {
            setup,
            plan,
            diary: Diary::default(),
            week: Week::default(),
            now_ms: 0,
            events: BTreeMap::new(),
            order: 0,
            clock: MachineClock::new(FIRST_MS.saturating_add_unsigned(day)),
            disks,
            disk,
            image: None,
            terminal: None,
            processes: 0,
            asleep_until_ms: 0,
            truth: Truth::default(),
            hub,
            hub_wrong_ms: 0,
            hub_is_down: false,
            weather: Weather::Fair,
            requests: BTreeMap::new(),
            flights: 0,
            earlier_answer: None,
            calm_since_ms: None,
            dice,
        };
        world.after(0, Event::Boots);
        let enrols_ms = world.dice.between(0, 3_600_000);
        world.after(enrols_ms, Event::Enrols);
        for (trouble, first_ms) in world.plan.troubles(&mut world.dice.apart()) {
            if trouble != Trouble::ImageRestored || setup.restores_images {
                world.after(first_ms, Event::Begins(trouble));
            }
        }
        for day in 1..=setup.days {
            world.after(day * DAY_MS, Event::DayEnds);
        }
        world
    }

    pub(crate) fn after(&mut self, ms: u64, event: Event) {
        self.order += 1;
        self.events.insert((self.now_ms + ms, self.order), event);
    }

    pub(crate) fn note(&mut self, what: impl std::fmt::Display) {
        self.diary.note(self.now_ms, what);
    }

    pub(crate) const fn is_calm(&self) -> bool {
        self.calm_since_ms.is_some()
    }

    pub(crate) fn hub_now_ms(&self) -> i64 {
        self.clock.true_ms().saturating_add(self.hub_wrong_ms)
    }

    /// Lives until the end of the week, and until everything has drained.
    pub(crate) fn live(mut self) -> Result<Week, Box<Failure>> {
        let ended = self.live_on();
        let ended = ended.and_then(|()| self.judge());
        self.terminal = None;
        // Whoever gave the folder removes what is left of it.
        let _ = std::fs::remove_dir_all(&self.setup.folder);
        match ended {
            Ok(()) => Ok(self.week),
            Err(reason) => Err(self.diary.fail(self.setup.seed, reason)),
        }
    }

    fn live_on(&mut self) -> Result<(), String> {
        while let Some(((at_ms, order), event)) = self.events.pop_first() {
            self.now_ms = at_ms;
            self.clock.go_to(at_ms);
            self.diary.steps += 1;
            let (_, bits) = split_mix(self.week.fingerprint ^ at_ms ^ order << 40);
            self.week.fingerprint = bits;
            self.happen(event)?;
            self.check()?;
            if self.is_drained() {
                return Ok(());
            }
            if let Some(since_ms) = self.calm_since_ms
                && at_ms > since_ms + DRAIN_MS_MAX
            {
                return Err(self.stuck());
            }
        }
        Err("nothing happens any more".to_owned())
    }

    fn happen(&mut self, event: Event) -> Result<(), String> {
        let process = match &event {
            Event::PlayEnds(process)
            | Event::Commits(process)
            | Event::Sends(process)
            | Event::Answers(process, ..) => Some(*process),
            _ => None,
        };
        if let Some(process) = process {
            if self
                .terminal
                .as_ref()
                .is_none_or(|terminal| terminal.id != process)
            {
                return Ok(());
            }
            if self.now_ms < self.asleep_until_ms {
                self.after(self.asleep_until_ms - self.now_ms, event);
                return Ok(());
            }
        }
        match event {
            Event::Boots => self.boots(),
            Event::Starts => self.starts(),
            Event::PlayEnds(_) => self.play_ends(),
            Event::Commits(_) => {
                self.commits();
                Ok(())
            }
            Event::Sends(_) => self.sends(),
            Event::Arrives(request) => self.arrives(request),
            Event::Answers(_, flight, told) => self.answers(flight, &told),
            Event::Enrols => self.enrols(),
            Event::Begins(trouble) => self.begins(trouble),
            Event::Ends(trouble) => self.ends(trouble),
            Event::DayEnds => self.day_ends(),
        }
    }

    /// What must hold after every step.
    fn check(&mut self) -> Result<(), String> {
        let Some(terminal) = &mut self.terminal else {
            return Ok(());
        };
        if let Some(note) = terminal.notes().first() {
            return Err(format!("a ledger that nobody damaged is damaged: {note}"));
        }
        let now = self.clock.now();
        invariants::of_terminal(terminal, now.boot_ms, &self.hub, &self.truth)
    }

    fn day_ends(&mut self) -> Result<(), String> {
        self.check_all()?;
        if self.now_ms >= self.setup.days * DAY_MS {
            self.calm_down();
        }
        Ok(())
    }

    fn check_all(&mut self) -> Result<(), String> {
        let is_poison = |number| self.plan.is_poison(number);
        if let Some(terminal) = &self.terminal {
            invariants::of_ledger(terminal, &self.truth, is_poison)?;
        }
        let mut seen = std::collections::BTreeSet::new();
        for (life, lived) in self.truth.lives.iter().enumerate() {
            if seen.insert(lived.epoch) {
                invariants::of_rows(&self.truth, &self.hub, life, 1, is_poison)?;
            }
        }
        Ok(())
    }

    /// Ends all trouble; from now on everything has to drain.
    fn calm_down(&mut self) {
        self.note("all is well again");
        self.calm_since_ms = Some(self.now_ms);
        // Whatever waited for the end of a sleep, also of one that another has made longer.
        let was_asleep = std::mem::replace(&mut self.asleep_until_ms, self.now_ms) > self.now_ms;
        for ((at_ms, order), event) in std::mem::take(&mut self.events) {
            match event {
                Event::Begins(_) | Event::Ends(_) | Event::PlayEnds(_) => {}
                Event::Boots | Event::Starts | Event::Enrols => self.after(0, event),
                Event::Commits(_) | Event::Sends(_) | Event::Answers(..) if was_asleep => {
                    self.after(0, event);
                }
                _ => {
                    self.events.insert((at_ms, order), event);
                }
            }
        }
        self.weather = Weather::Fair;
        (self.hub_wrong_ms, self.hub_is_down) = (0, false);
        self.mend_disk();
        match &self.terminal {
            Some(terminal) => self.after(0, Event::PlayEnds(terminal.id)),
            None => self.after(0, Event::Boots),
        }
        self.after(1, Event::Enrols);
    }

    pub(crate) fn mend_disk(&mut self) {
        // A connection that cannot take a pragma shows it with the next statement.
        let _ = self.disk.suffer(Fault::None, self.terminal.as_mut());
    }

    fn is_drained(&self) -> bool {
        let (Some(since_ms), Some(terminal)) = (self.calm_since_ms, &self.terminal) else {
            return false;
        };
        let ledger = terminal.ledger();
        let newest = self.truth.shown.last();
        let has_played = newest.is_some_and(|shown| {
            shown.began_ms >= self.clock.true_ms() - (self.now_ms - since_ms).cast_signed()
        });
        has_played
            && terminal.held.is_empty()
            && terminal.flight.is_none()
            && ledger.waiting() == 0
            && self.hub.last_seq(ledger.epoch()) == ledger.last_seq()
    }

    fn stuck(&self) -> String {
        let Some(terminal) = &self.terminal else {
            return "the machine does not come up again".to_owned();
        };
        let ledger = terminal.ledger();
        format!(
            "all has been well for {} minutes and not everything is on the hub: {} rows, acknowledged up to {}, on the hub up to {}, {} in memory, sending is {:?}",
            DRAIN_MS_MAX / 60_000,
            ledger.last_seq(),
            ledger.acked_through(),
            self.hub.last_seq(ledger.epoch()),
            terminal.held.len(),
            terminal.send_state
        )
    }

    /// What must hold in the end: hub = ledger.
    fn judge(&mut self) -> Result<(), String> {
        self.check_all()?;
        let is_poison = |number| self.plan.is_poison(number);
        let Some(terminal) = &self.terminal else {
            return Err("no terminal runs".to_owned());
        };
        let rows = invariants::of_ledger(terminal, &self.truth, is_poison)?;
        let folder = self.disk.folder();
        invariants::of_proof(terminal.ledger(), folder, &self.clock, rows.len() as u64)?;
        let there = self.hub.ledger(terminal.ledger().epoch(), 1);
        invariants::hub_is_ledger(&rows, &there.rows, &there.refused, &self.truth)?;
        let (truth, week) = (&self.truth, &mut self.week);
        week.steps = self.diary.steps;
        week.shown = truth.shown.len() as u64;
        week.lost_in_memory = truth.lost_with_power + truth.lost_unwritten;
        week.hub_restores = truth.hub_restores;
        let mut committed = std::collections::BTreeSet::new();
        let mut on_hub = std::collections::BTreeSet::new();
        let mut epochs = std::collections::BTreeMap::new();
        for life in &truth.lives {
            let there = epochs
                .entry(life.epoch)
                .or_insert_with(|| self.hub.ledger(life.epoch, 1));
            committed.extend(life.rows.iter().copied());
            if truth.hub_restores == 0 && there.last_seq < life.acked_through {
                return Err(format!(
                    "the hub has acknowledged more of epoch {} than it has",
                    life.epoch
                ));
            }
        }
        for (epoch, there) in &epochs {
            week.refused += there.refused.len() as u64;
            week.stored += there.rows.len() as u64;
            week.dated += there
                .rows
                .iter()
                .filter(|row| row.wall_ms.is_some())
                .count() as u64;
            week.quarantined += there
                .rows
                .iter()
                .filter(|row| invariants::is_empty(&row.play))
                .count() as u64;
            for row in &there.rows {
                let shown = truth.committed.get(&(*epoch, row.play.seq));
                let number = row.play.number;
                on_hub.extend(
                    shown
                        .into_iter()
                        .flatten()
                        .copied()
                        .filter(|&at| truth.shown[at].play.number == number),
                );
            }
        }
        week.committed = committed.len() as u64;
        if week.shown < week.committed + week.lost_in_memory {
            return Err("more plays were committed than shown".to_owned());
        }
        if week.shown > week.committed + week.lost_in_memory {
            return Err(format!(
                "{} plays were shown, {} committed and {} lost in memory",
                week.shown, week.committed, week.lost_in_memory
            ));
        }
        week.lost_with_disks = committed.difference(&on_hub).count() as u64;
        if week.disks == 0 && week.lost_with_disks > week.refused {
            return Err(format!(
                "{} committed plays are not on the hub, and no disk was swapped",
                week.lost_with_disks
            ));
        }
        Ok(())
    }
}
