//! What goes wrong, and how it gets well again.

use passerby_playout::ledger::Ledger;
use passerby_playout::system::clock::Clock as _;

use crate::disk::Fault;
use crate::hub::Hub;
use crate::invariants;
use crate::machine;
use crate::network::Weather;
use crate::plan::Trouble;
use crate::truth::Life;
use crate::world::{Event, Image, World};

const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;

impl<H: Hub> World<'_, H> {
    /// Something goes wrong.
    pub(crate) fn begins(&mut self, trouble: Trouble) -> Result<(), String> {
        let again_ms = self.plan.again_ms(trouble, &mut self.dice);
        self.after(again_ms, Event::Begins(trouble));
        match trouble {
            Trouble::PowerCut => {
                self.cut_power()?;
                let off_ms = self.dice.span_ms(10 * SECOND_MS, 8 * HOUR_MS);
                self.note("the power is cut");
                self.after(off_ms, Event::Boots);
            }
            Trouble::Kill => {
                let in_good_order = self.dice.permille(300);
                self.note(if in_good_order {
                    "the program is told to end"
                } else {
                    "the program is killed"
                });
                if self.terminal.is_some() {
                    self.end_program(in_good_order)?;
                    self.after(2 * SECOND_MS, Event::Starts);
                }
            }
            Trouble::Suspend => {
                let for_ms = self.dice.span_ms(MINUTE_MS, 12 * HOUR_MS);
                self.asleep_until_ms = self.asleep_until_ms.max(self.now_ms + for_ms);
                self.note("the machine is suspended");
            }
            Trouble::ClockStep => {
                self.clock.step(&mut self.dice);
                self.note("somebody sets the clock");
            }
            Trouble::TimeService => self.synchronise(),
            Trouble::Weather => {
                self.weather = Weather::draw(&mut self.dice);
                let weather = self.weather;
                self.note(format_args!("the line is {weather:?}"));
            }
            Trouble::DiskFault => {
                let fault = self
                    .dice
                    .one_of(&[Fault::ReadOnly, Fault::Full, Fault::Commit]);
                let suffers = self.disk.suffer(fault, self.terminal.as_mut());
                suffers.map_err(|error| error.to_string())?;
                let for_ms = self.dice.span_ms(10 * SECOND_MS, 12 * HOUR_MS);
                self.note(format_args!("the disk suffers from {fault:?}"));
                self.after(for_ms, Event::Ends(trouble));
            }
            Trouble::HubBackup => {
                self.hub.back_up();
                self.note("the hub is backed up");
            }
            Trouble::HubRestore => {
                self.hub.restore();
                self.truth.hub_restores += 1;
                self.note("the hub goes back to its backup");
            }
            Trouble::HubClock => {
                self.hub_wrong_ms = machine::wrong(self.clock.true_ms(), &mut self.dice);
                let for_ms = self.dice.span_ms(MINUTE_MS, 12 * HOUR_MS);
                self.note("the hub's clock is wrong");
                self.after(for_ms, Event::Ends(trouble));
            }
            Trouble::HubDown => {
                self.hub_is_down = true;
                let for_ms = self.dice.span_ms(MINUTE_MS, 24 * HOUR_MS);
                self.note("the hub is down");
                self.after(for_ms, Event::Ends(trouble));
            }
            Trouble::DiskSwap => self.swap_disk()?,
            Trouble::ImageTaken => self.take_image()?,
            Trouble::ImageRestored => self.restore_image()?,
        }
        Ok(())
    }

    /// It is well again.
    pub(crate) fn ends(&mut self, trouble: Trouble) -> Result<(), String> {
        match trouble {
            Trouble::DiskFault => self.mend_disk(),
            Trouble::HubClock => self.hub_wrong_ms = 0,
            Trouble::HubDown => self.hub_is_down = false,
            _ => {}
        }
        self.note(format_args!("{trouble:?} is over"));
        Ok(())
    }

    /// The program ends, in good order or whatever it was doing; the system stays up.
    pub(crate) fn end_program(&mut self, in_good_order: bool) -> Result<(), String> {
        let now_ms = self.clock.now().boot_ms;
        let mut is_closed = false;
        if let Some(terminal) = &mut self.terminal
            && in_good_order
        {
            let closed = terminal.close(now_ms, &mut self.truth);
            is_closed = closed.is_ok();
            if let Err(problem) = closed {
                self.note(format_args!("it ends with plays in memory: {problem}"));
            }
        }
        self.stop(false, is_closed)
    }

    fn cut_power(&mut self) -> Result<(), String> {
        self.stop(true, false)
    }

    fn stop(&mut self, loses_power: bool, is_closed: bool) -> Result<(), String> {
        let Some(terminal) = self.terminal.take() else {
            return Ok(());
        };
        self.truth.lost_with_power += terminal.held.len() as u64;
        let life = &mut self.truth.lives[terminal.life];
        let ledger = terminal.ledger();
        life.acked_through = ledger.acked_through();
        forget_unwritten(life, ledger)?;
        self.disk.left = invariants::left(&terminal, is_closed)?;
        if loses_power {
            self.asleep_until_ms = 0;
            self.disks
                .cut(&mut self.disk, terminal)
                .map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Another disk, with the credentials of the old one or without.
    fn swap_disk(&mut self) -> Result<(), String> {
        self.cut_power()?;
        self.week.disks += 1;
        let blank = self.disks.blank(&self.setup.folder);
        let old = std::mem::replace(&mut self.disk, blank);
        old.discard();
        if self.dice.permille(400) {
            self.disk.pass = old.pass;
        }
        let pass = self.disk.pass;
        self.note(format_args!("another disk, with {pass:?}"));
        let for_ms = self.dice.span_ms(MINUTE_MS, HOUR_MS);
        self.after(for_ms, Event::Boots);
        if self.disk.pass.is_none() {
            let enrols_ms = self.dice.span_ms(MINUTE_MS, 24 * HOUR_MS);
            self.after(for_ms + enrols_ms, Event::Enrols);
        }
        Ok(())
    }

    fn take_image(&mut self) -> Result<(), String> {
        let Some(life) = self.disk.life else {
            return Ok(());
        };
        let disk = self
            .disks
            .copy(&self.disk)
            .map_err(|error| error.to_string())?;
        let mut life = self.truth.lives[life].clone();
        if let Some(terminal) = &self.terminal {
            forget_unwritten(&mut life, terminal.ledger())?;
        }
        self.note(format_args!(
            "an image of the disk is taken, with {} rows",
            life.rows.len()
        ));
        if let Some(older) = self.image.replace(Image { disk, life }) {
            older.disk.discard();
        }
        Ok(())
    }

    /// The disk goes back to what it was when its image was taken.
    fn restore_image(&mut self) -> Result<(), String> {
        let Some(image) = &self.image else {
            return Ok(());
        };
        let (disk, mut life) = (image.disk.clone(), image.life.clone());
        self.cut_power()?;
        self.week.disks += 1;
        let disk = self.disks.copy(&disk).map_err(|error| error.to_string())?;
        // Numbers that were handed out after the image are forgotten with it.
        life.acked_through = 0;
        self.truth.lives.push(life);
        let life = self.truth.lives.len() - 1;
        let old = std::mem::replace(&mut self.disk, disk);
        old.discard();
        self.disk.life = Some(life);
        self.disk.fault = Fault::None;
        self.disk.left = None;
        self.note(format_args!(
            "the disk goes back to its image, with {} rows",
            self.truth.lives[life].rows.len()
        ));
        let for_ms = self.dice.span_ms(MINUTE_MS, HOUR_MS);
        self.after(for_ms, Event::Boots);
        if self.disk.pass.is_none() {
            self.after(for_ms + HOUR_MS, Event::Enrols);
        }
        Ok(())
    }
}

/// What a ledger has not written yet of what it knows to be missing goes with the program.
fn forget_unwritten(life: &mut Life, ledger: &Ledger) -> Result<(), String> {
    let written = ledger.gaps().map_err(|error| error.to_string())?;
    let written: u64 = written.iter().map(|gap| gap.plays).sum();
    life.missed
        .truncate(usize::try_from(written).unwrap_or(usize::MAX));
    Ok(())
}
