//! The machine under the terminal: its boots and its clocks.
//!
//! Invariant: CLOCK_BOOTTIME of a boot goes on evenly, through suspend and whatever is done to the
//! wall clock.

use std::sync::{Arc, Mutex, PoisonError};

use passerby_playout::system::clock::trust::ClockReading;
use passerby_playout::system::clock::{Clock, Moment, TimeEvent, Trust};
use passerby_protocol::dating::Anchor;

use crate::dice::Dice;

/// How wrong a wall clock may be that a time service disciplines, in milliseconds.
const SERVICE_ERROR_MS: u64 = 50;

#[derive(Debug)]
struct Hands {
    boot: Arc<str>,
    boot_at_ms: u64,
    now_ms: u64,
    /// How far the wall clock is from the true time.
    wrong_ms: i64,
    is_synchronised: bool,
    /// What the running program believes.
    trust: Trust,
}

/// The clocks of a simulated machine: those of the kernel, and what a program makes of them as
/// `SystemClock` does.
#[derive(Debug)]
pub(crate) struct MachineClock {
    /// The true Unix time at the simulation's start.
    epoch_ms: i64,
    hands: Mutex<Hands>,
}

impl MachineClock {
    pub(crate) fn new(epoch_ms: i64) -> Self {
        let hands = Hands {
            boot: "".into(),
            boot_at_ms: 0,
            now_ms: 0,
            wrong_ms: 0,
            is_synchronised: false,
            trust: Trust::default(),
        };
        Self {
            epoch_ms,
            hands: Mutex::new(hands),
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Hands) -> T) -> T {
        act(&mut self.hands.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The true time; nothing in the terminal knows it.
    pub(crate) fn true_ms(&self) -> i64 {
        self.epoch_ms
            .saturating_add_unsigned(self.with(|hands| hands.now_ms))
    }

    pub(crate) fn go_to(&self, now_ms: u64) {
        self.with(|hands| hands.now_ms = now_ms);
    }

    /// Starts a boot; a machine without a battery clock starts anywhere.
    pub(crate) fn boot(&self, boot: &str, dice: &mut Dice) {
        let wrong_ms = wrong(self.true_ms(), dice);
        self.with(|hands| {
            hands.boot = boot.into();
            hands.boot_at_ms = hands.now_ms;
            hands.is_synchronised = false;
            hands.trust = Trust::default();
            hands.wrong_ms = wrong_ms;
        });
    }

    /// Another program runs; what the one before believed is gone with it.
    pub(crate) fn forget(&self) {
        self.with(|hands| hands.trust = Trust::default());
    }

    /// A time service sets the clock and says so.
    pub(crate) fn synchronise(&self, dice: &mut Dice) {
        let error =
            dice.between(0, 2 * SERVICE_ERROR_MS).cast_signed() - SERVICE_ERROR_MS.cast_signed();
        self.with(|hands| {
            hands.wrong_ms = error;
            hands.is_synchronised = true;
        });
    }

    /// Somebody sets the clock; the kernel then takes it for not synchronised.
    pub(crate) fn step(&self, dice: &mut Dice) {
        let wrong_ms = wrong(self.true_ms(), dice);
        self.with(|hands| {
            hands.wrong_ms = wrong_ms;
            hands.is_synchronised = false;
        });
    }

    /// What the wall clock says, right or wrong.
    pub(crate) fn set_ms(&self) -> i64 {
        let true_ms = self.true_ms();
        self.with(|hands| true_ms.saturating_add(hands.wrong_ms))
    }
}

impl Clock for MachineClock {
    fn now(&self) -> Moment {
        let epoch_ms = self.epoch_ms;
        self.with(|hands| {
            let boot_ms = hands.now_ms - hands.boot_at_ms;
            let wall_ms = hands.trust.read(ClockReading {
                boot_ms,
                wall_ms: epoch_ms
                    .saturating_add_unsigned(hands.now_ms)
                    .saturating_add(hands.wrong_ms),
                is_kept: hands.is_synchronised,
                was_set: false,
            });
            Moment {
                boot: hands.boot.clone(),
                boot_ms,
                wall_ms,
            }
        })
    }

    fn learn(&self, boot_ms: u64, wall_ms: i64) {
        self.with(|hands| hands.trust.learn(boot_ms, wall_ms));
    }

    fn resume(&self, anchor: &Anchor) {
        self.with(|hands| {
            if *anchor.boot == *hands.boot {
                hands.trust.resume(anchor.boot_ms, anchor.wall_ms);
            }
        });
    }

    fn events(&self) -> Vec<TimeEvent> {
        self.with(|hands| hands.trust.events())
    }
}

/// How wrong a clock is that nobody looks after: 1970, 2099, a leap day, hours, or not at all.
pub(crate) fn wrong(true_ms: i64, dice: &mut Dice) -> i64 {
    const LEAP_DAY_MS: i64 = 1_835_395_200_000;
    match dice.between(0, 5) {
        0 => -true_ms,
        1 => 4_070_908_800_000 - true_ms,
        2 => LEAP_DAY_MS - true_ms,
        3 => dice.span_ms(1_000, 86_400_000).cast_signed(),
        4 => -dice.span_ms(1_000, 86_400_000).cast_signed(),
        _ => 0,
    }
}
