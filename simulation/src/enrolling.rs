//! Boots, starts of the program, and how a screen becomes its hub's.

use passerby_playout::system::clock::Clock as _;

use crate::hub::Hub;
use crate::invariants;
use crate::network::Weather;
use crate::terminal::{Terminal, TerminalBug};
use crate::world::{Event, World};

/// When something that needs the hub is tried again, in milliseconds.
const AGAIN_MS: u64 = 600_000;
/// When a program that could not start is started again, in milliseconds.
const RESTART_MS: u64 = 10_000;

impl<H: Hub> World<'_, H> {
    /// The machine comes up.
    pub(crate) fn boots(&mut self) -> Result<(), String> {
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

    pub(crate) fn synchronise(&mut self) {
        self.clock.synchronise(&mut self.dice);
        self.truth.vouched.insert(self.clock.now().boot);
        self.note("a time service sets the clock");
    }

    /// The program starts.
    pub(crate) fn starts(&mut self) -> Result<(), String> {
        if self.terminal.is_some() {
            return Ok(());
        }
        if self.setup.bug == TerminalBug::ReusesNumbers {
            let forgotten = self.disk.forget_reservations();
            forgotten.map_err(|error| error.to_string())?;
        }
        let (mut ledger, note) = self.disk.open().map_err(|error| error.to_string())?;
        if let Some(note) = note {
            return Err(format!("a ledger that nobody damaged is damaged: {note}"));
        }
        let life = match self.disk.life {
            Some(life) => life,
            None => self.truth.begin_life(ledger.epoch()),
        };
        self.disk.life = Some(life);
        if let Some(pass) = self.disk.pass
            && let Err(error) = ledger.begin_numbers(pass.play_floor)
        {
            self.note(format_args!("the program cannot start: {error}"));
            self.after(RESTART_MS, Event::Starts);
            return Ok(());
        }
        invariants::of_start(&ledger, self.disk.left.take())?;
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
    pub(crate) fn enrols(&mut self) -> Result<(), String> {
        let is_stopped = self
            .terminal
            .as_ref()
            .is_some_and(|terminal| terminal.send_state.stopped().is_some());
        if self.terminal.is_none() || (self.disk.pass.is_some() && !is_stopped) {
            if self.disk.pass.is_none() {
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
        self.disk.pass = Some(pass);
        self.note(format_args!("the screen is enrolled, {pass:?}"));
        self.end_program(true)?;
        self.starts()
    }
}
