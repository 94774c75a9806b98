//! The only place that reads a clock.
//!
//! Durations come from CLOCK_BOOTTIME, which no one can set and which goes on through suspend. Wall
//! time is given out only when something vouched for it in this boot: the operator, a time service,
//! or a hub. From then on it goes by CLOCK_BOOTTIME, whatever becomes of the machine's clock; see
//! [`trust`]. Invariant: a [`Moment`] with a wall time never comes from an untrusted clock; times
//! are never invented.

// As the dependency that it is elsewhere, it would come with another copy of this library.
#[cfg(test)]
#[path = "../../../../simulation/src/clock.rs"]
mod simulated;
mod system;
pub mod trust;

use jiff::Zoned;
use std::sync::Arc;
use std::time::Duration;

use passerby_protocol::dating::Anchor;

#[cfg(test)]
pub use crate::system::clock::simulated::SimulatedClock;
pub use crate::system::clock::system::{SystemClock, boot_ms};
pub use crate::system::clock::trust::{TimeEvent, Trust};

/// A moment, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Which boot of the machine.
    pub boot: Arc<str>,
    /// CLOCK_BOOTTIME in milliseconds.
    pub boot_ms: u64,
    /// Unix time in milliseconds; `None` while nothing vouches for the clock.
    pub wall_ms: Option<i64>,
}

impl Moment {
    /// Returns the moment some milliseconds later.
    #[must_use]
    pub fn plus_ms(&self, distance_ms: u64) -> Self {
        let wall_ms = self
            .wall_ms
            .map(|wall| wall.saturating_add_unsigned(distance_ms));
        Self {
            boot: self.boot.clone(),
            boot_ms: self.boot_ms + distance_ms,
            wall_ms,
        }
    }

    /// Returns an earlier moment of the same boot.
    #[must_use]
    pub fn back_to(&self, boot_ms: u64) -> Self {
        let distance_ms = self.boot_ms.saturating_sub(boot_ms);
        let wall_ms = self
            .wall_ms
            .map(|wall| wall.saturating_sub_unsigned(distance_ms));
        Self {
            boot: self.boot.clone(),
            boot_ms: self.boot_ms - distance_ms,
            wall_ms,
        }
    }

    /// Returns an anchor if the wall time is known.
    pub fn anchor(&self) -> Option<Anchor> {
        let wall_ms = self.wall_ms?;
        Some(Anchor {
            boot: self.boot.to_string(),
            boot_ms: self.boot_ms,
            wall_ms,
        })
    }
}

/// Tells the time. The machine's own is [`SystemClock`]; simulations bring another.
pub trait Clock: Send + Sync {
    /// Returns the present moment.
    fn now(&self) -> Moment;

    /// Takes the hub's word for the time: it was `wall_ms` at `boot_ms` of this boot. May be called
    /// with every answer; what is made of it is decided here.
    fn learn(&self, boot_ms: u64, wall_ms: i64);

    /// Takes up what an earlier run in this boot knew: the newest anchor that it kept.
    fn resume(&self, _anchor: &Anchor) {}

    /// Returns what happened to the time since it was last asked, oldest first: at most
    /// [`trust::EVENTS_MAX`].
    fn events(&self) -> Vec<TimeEvent> {
        Vec::new()
    }

    /// For how long the machine slept in this boot so far, in milliseconds: CLOCK_BOOTTIME less
    /// CLOCK_MONOTONIC.
    fn asleep_ms(&self) -> u64 {
        0
    }

    /// How long to really wait for a span of this clock; `busy` when other threads are about to
    /// answer.
    fn pace(&self, span: Duration, _busy: bool) -> Duration {
        span
    }

    /// Is told that such a span was waited for and nothing happened in it.
    fn waited(&self, _span: Duration) {}
}

/// Returns the day of the week, from 0 = Monday, and the minute of the day.
pub(crate) fn weekday_and_minute(local: &Zoned) -> (u8, u16) {
    let weekday = local.weekday().to_monday_zero_offset().unsigned_abs();
    let minute =
        u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
    (weekday, minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_later_keeps_what_is_unknown_unknown() {
        let moment = Moment {
            boot: "b".into(),
            boot_ms: 5,
            wall_ms: None,
        };
        assert_eq!(
            moment.plus_ms(7),
            Moment {
                boot: "b".into(),
                boot_ms: 12,
                wall_ms: None
            }
        );
        assert!(moment.anchor().is_none());
    }
}
