//! Plays, as the player would show and record them.

use passerby_playout::ledger::NewPlay;
use passerby_playout::system::clock::{Clock as _, Moment};
use passerby_protocol::limits::PLAY_MS_MAX;
use passerby_protocol::plays::{Display, Outcome, PlayContent};
use passerby_protocol::{Assignment, Digest};

use crate::hub::Hub;
use crate::invariants;
use crate::terminal::{OnAir, TerminalBug};
use crate::truth::Shown;
use crate::world::{Event, World};

/// How long the house creative airs before a number is asked for again, in milliseconds.
const HOUSE_MS: u64 = 10_000;
/// How long plays are once all is well, in milliseconds. The times for which plays are held are no
/// multiples of it, so that there are moments when nothing is held.
const CALM_PLAY_MS: u64 = 433_000;
/// After this the time is missed, in milliseconds.
const SLACK_MS: u64 = 100;
const CAMPAIGNS: [&str; 4] = ["cafe", "三体", "metro-2", "a campaign with a longer name"];

impl<H: Hub> World<'_, H> {
    /// A play ends, is recorded, and the next begins.
    pub(crate) fn play_ends(&mut self) -> Result<(), String> {
        self.note_time();
        if let Some(on_air) = self
            .terminal
            .as_mut()
            .and_then(|terminal| terminal.on_air.take())
        {
            self.record(on_air);
        }
        let Some(terminal) = &mut self.terminal else {
            return Ok(());
        };
        let id = terminal.id;
        if let (Some(closed_ms), None) = (self.plan.closed_ms(self.now_ms), self.calm_since_ms) {
            self.after(closed_ms, Event::PlayEnds(id));
            return Ok(());
        }
        let number = match terminal.next_number() {
            Ok(number) => number,
            Err(error) => {
                self.week.refused_writes += 1;
                self.note(format_args!("no number: {error}"));
                self.after(HOUSE_MS, Event::PlayEnds(id));
                return Ok(());
            }
        };
        invariants::of_number(&mut self.truth, terminal.life, number)?;
        let planned_ms = match self.calm_since_ms {
            Some(_) => CALM_PLAY_MS,
            None => self.plan.play_ms(self.now_ms, &mut self.dice),
        };
        let start = self.moment();
        if let Some(terminal) = &mut self.terminal {
            terminal.on_air = Some(OnAir {
                number,
                start,
                began_ms: self.clock.true_ms(),
                planned_ms,
            });
        }
        // A picture that fails takes a number and is not shown; a successor may be late.
        let ends_ms = match self.dice.between(0, 99) {
            0 => planned_ms / 2,
            1 => planned_ms + self.dice.between(1, 20_000),
            _ => planned_ms + self.dice.between(0, SLACK_MS),
        };
        self.after(ends_ms, Event::PlayEnds(id));
        Ok(())
    }

    /// The program keeps what has happened to the time.
    pub(crate) fn note_time(&mut self) {
        if let Some(terminal) = &mut self.terminal
            && let Err(problem) = terminal.note_time(&self.clock, &mut self.truth)
        {
            self.week.refused_writes += 1;
            self.note(format_args!("the time is not kept: {problem}"));
        }
    }

    /// The moment as the terminal takes it.
    fn moment(&self) -> Moment {
        let mut now = self.clock.now();
        if self.setup.bug == TerminalBug::TrustsAnyClock {
            now.wall_ms = Some(self.clock.set_ms());
        }
        now
    }

    fn record(&mut self, on_air: OnAir) {
        let Some(terminal) = &mut self.terminal else {
            return;
        };
        let visible_ms = self.clock.now().boot_ms - on_air.start.boot_ms;
        let outcome = match visible_ms {
            _ if visible_ms + SLACK_MS < on_air.planned_ms => Outcome::CutShort,
            _ if visible_ms > on_air.planned_ms + SLACK_MS => Outcome::Late,
            _ => Outcome::Complete,
        };
        let chosen = self.dice.between(0, 3);
        let play = NewPlay {
            number: on_air.number,
            content: PlayContent {
                assignment: Assignment::new(u32::try_from(chosen).unwrap_or(0))
                    .unwrap_or(Assignment::NONE),
                campaign: CAMPAIGNS[usize::try_from(chosen).unwrap_or(0)].to_owned(),
                creative: Digest([u8::try_from(self.dice.between(0, 2)).unwrap_or(0); 32]),
            },
            start: on_air.start,
            visible_ms: visible_ms.min(PLAY_MS_MAX),
            outcome,
            display: self.dice.one_of(&Display::ALL),
        };
        let shown = self.truth.shown.len();
        self.truth.shown.push(Shown {
            play: play.clone(),
            began_ms: on_air.began_ms,
        });
        let now_ms = self.clock.now().boot_ms;
        let written = terminal.record(shown, &play, now_ms, &mut self.truth);
        self.written(written);
    }

    /// What is held goes to disk, if its time has come.
    pub(crate) fn commits(&mut self) {
        let now_ms = self.clock.now().boot_ms;
        if let Some(terminal) = &mut self.terminal {
            let written = terminal.commit_due(now_ms, &mut self.truth);
            self.written(written);
        }
    }

    /// Looks at what came of writing, and when to write again.
    fn written(&mut self, written: Result<(), String>) {
        let now_ms = self.clock.now().boot_ms;
        let Some(terminal) = &mut self.terminal else {
            return;
        };
        let (id, held) = (terminal.id, terminal.held.len());
        let at_ms = terminal.commits_next();
        if let Err(problem) = written {
            self.week.refused_writes += 1;
            self.note(format_args!("{held} plays wait: {problem}"));
        }
        if let Some(at_ms) = at_ms {
            self.after(at_ms.saturating_sub(now_ms), Event::Commits(id));
        }
        self.recorded();
    }
}
