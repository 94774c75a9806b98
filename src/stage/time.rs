//! Where the stage's time comes from.
//!
//! Invariant: every system of an update sees the same instant; nothing on the stage reads another
//! clock to decide what is drawn.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::prelude::*;

/// Where the stage's time comes from.
#[derive(Clone)]
pub enum StageTime {
    /// The machine's clocks.
    Real {
        /// Reads CLOCK_BOOTTIME in milliseconds.
        boot_clock: fn() -> u64,
    },
    /// A simulation's; offscreen only. The stage never sleeps then: it takes one step an update.
    Stepped(Arc<dyn SteppedTime>),
}

/// A simulation's time. It stands still but for [`SteppedTime::step`].
pub trait SteppedTime: Send + Sync + 'static {
    /// Moves time on by one frame of the output. Called on the stage's thread before each update;
    /// it may take as long as it likes.
    fn step(&self);

    /// Time since the simulation began.
    fn elapsed(&self) -> Duration;

    /// CLOCK_BOOTTIME in milliseconds, as events report it.
    fn boot_ms(&self) -> u64;
}

impl fmt::Debug for StageTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Real { .. } => "Real",
            Self::Stepped(_) => "Stepped",
        })
    }
}

/// The instant of this update.
#[derive(Resource, Clone, Copy)]
pub(super) struct Now(pub(super) Instant);

/// The stage's clocks.
#[derive(Resource, Clone)]
pub(super) struct Clock {
    pub(super) time: StageTime,
    /// When the stage was started.
    pub(super) started: Instant,
}

impl Clock {
    pub(super) fn boot_ms(&self) -> u64 {
        match &self.time {
            StageTime::Real { boot_clock } => boot_clock(),
            StageTime::Stepped(time) => time.boot_ms(),
        }
    }

    fn now(&self) -> Instant {
        match &self.time {
            StageTime::Real { .. } => Instant::now(),
            StageTime::Stepped(time) => self.started + time.elapsed(),
        }
    }
}

pub(super) fn plugin(app: &mut App) {
    let now = app.world().resource::<Clock>().now();
    app.insert_resource(Now(now)).add_systems(First, read);
}

fn read(clock: Res<Clock>, mut now: ResMut<Now>) {
    now.0 = clock.now();
}
