//! Boots, starts of the program, and how a screen becomes its hub's.

use crate::simulation::hub::Hub;
use crate::simulation::invariants;
use crate::simulation::network::Weather;
use crate::simulation::terminal::{Terminal, TerminalBug};
use crate::simulation::world::{Event, World};
use crate::system::clock::Clock as _;

/// When something that needs the hub is tried again, in milliseconds.
const AGAIN_MS: u64 = 600_000;
/// When a program that could not start is started again, in milliseconds.
const RESTART_MS: u64 = 10_000;

impl<H: Hub> World<'_, H> {
    /// The machine comes up.
    pub(super) fn boots(&mut self) -> Result<(), String> {
        if self.terminal.is_some() {
            return Ok(());
        }
        self.week.boots += 1;
        let boot = format!("boot-{}", self.week.boots);
        self.clock.boot(&boot, &mut self.dice);
        self.note(format_args!("{boot} begins"));
        if self.dice.permille(300) && matches!(self.weather, Weather::Fair | Weather::Stormy) {
            self.synchronise();
        }
        self.starts()
    }

    pub(super) fn synchronise(&mut self) {
        self.clock.synchronise(&mut self.dice);
        self.truth.vouched.insert(self.clock.now().boot);
        self.note("a time service sets the clock");
    }

    /// The program starts.
    pub(super) fn starts(&mut self) -> Result<(), String> {
        if self.terminal.is_some() {
            return Ok(());
        }
        let (mut ledger, note) = self.card.open().map_err(|error| error.to_string())?;
        if let Some(note) = note {
            return Err(format!("a ledger that nobody damaged is damaged: {note}"));
        }
        let life = match self.card.life {
            Some(life) => life,
            None => self.truth.begin_life(ledger.epoch()),
        };
        self.card.life = Some(life);
        if self.setup.bug == TerminalBug::ReusesNumbers {
            ledger.forget_reservations();
        }
        if let Some(pass) = self.card.pass
            && let Err(error) = ledger.begin_numbers(pass.play_floor)
        {
            self.note(format_args!("the program cannot start: {error}"));
            self.after(RESTART_MS, Event::Starts);
            return Ok(());
        }
        invariants::of_start(&ledger, self.card.left.take())?;
        let (rows, id) = (ledger.last_seq(), self.processes + 1);
        self.clock.forget();
        let (settings, bug) = (self.plan.settings, self.setup.bug);
        let started = Terminal::start(id, ledger, life, settings, &self.clock, bug);
        self.terminal = Some(started.map_err(|error| format!("no start: {error}"))?);
        self.processes = id;
        self.note(format_args!("program {id} starts with {rows} rows"));
        self.after(1_000, Event::PlayEnds(id));
        self.sends_next();
        Ok(())
    }

    /// An operator enrols the screen, if it is not or if its hub does not know it any more.
    pub(super) fn enrols(&mut self) -> Result<(), String> {
        let is_stopped = self
            .terminal
            .as_ref()
            .is_some_and(|terminal| terminal.send_state.stopped().is_some());
        if self.terminal.is_none() || (self.card.pass.is_some() && !is_stopped) {
            if self.card.pass.is_none() {
                self.after(RESTART_MS, Event::Enrols);
            }
            return Ok(());
        }
        let is_reachable = matches!(
            self.weather,
            Weather::Fair | Weather::Stormy | Weather::Narrow
        );
        if !is_reachable || self.hub_is_down || self.now_ms < self.asleep_until_ms {
            self.after(AGAIN_MS, Event::Enrols);
            return Ok(());
        }
        let pass = self.hub.enrol(self.hub_now_ms());
        self.card.pass = Some(pass);
        self.note(format_args!("the screen is enrolled, {pass:?}"));
        self.end_program(true)?;
        self.starts()
    }
}
