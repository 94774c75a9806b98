//! The only place that reads a clock.
//!
//! Durations come from CLOCK_BOOTTIME, which no one can set and which goes on through suspend. Wall time is given out
//! only when something vouches for it: the kernel says that a time service disciplines it, or a hub told the time in
//! this boot. Invariant: a [`Moment`] with a wall time never comes from an untrusted clock; times are never invented.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use passerby_protocol::plays::Anchor;

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

    /// Takes the hub's word for the time: it was `wall_ms` at `boot_ms` of this boot.
    fn learn(&self, boot_ms: u64, wall_ms: i64);

    /// How long to really wait for a span of this clock; `busy` when other threads are about to answer.
    fn pace(&self, span: Duration, _busy: bool) -> Duration {
        span
    }

    /// Is told that such a span was waited for and nothing happened in it.
    fn waited(&self, _span: Duration) {}
}

/// A clock for simulations: its time passes only while the player waits, and then at once.
pub struct SimulatedClock {
    boot: Arc<str>,
    wall_at_boot_ms: i64,
    boot_ms: AtomicU64,
}

impl SimulatedClock {
    /// Starts a boot at a wall time in Unix milliseconds.
    pub fn new(boot: &str, wall_at_boot_ms: i64) -> Self {
        Self {
            boot: boot.into(),
            wall_at_boot_ms,
            boot_ms: AtomicU64::new(0),
        }
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Moment {
        let boot_ms = self.boot_ms.load(Ordering::SeqCst);
        let wall_ms = Some(self.wall_at_boot_ms.saturating_add_unsigned(boot_ms));
        Moment {
            boot: self.boot.clone(),
            boot_ms,
            wall_ms,
        }
    }

    fn learn(&self, _boot_ms: u64, _wall_ms: i64) {}

    /// Other threads take real time, but none of the simulation's.
    fn pace(&self, _span: Duration, busy: bool) -> Duration {
        if busy {
            Duration::from_secs(60)
        } else {
            Duration::ZERO
        }
    }

    fn waited(&self, span: Duration) {
        let span_ms = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        self.boot_ms.fetch_add(span_ms, Ordering::SeqCst);
    }
}

/// The machine's clocks.
pub struct SystemClock {
    boot: Arc<str>,
    trusted: bool,
    learned: Mutex<Option<Anchor>>,
}

impl SystemClock {
    /// Reads the boot id; a machine without one gets a random id, so that boots are never mixed up. `trusted` is the
    /// operator's word that the clock is right although no time service vouches for it.
    pub fn new(trusted: bool) -> Self {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .ok()
            .map(|id| id.trim().to_owned())
            .filter(|id| !id.is_empty() && id.len() <= 64)
            .unwrap_or_else(|| format!("{:016x}", crate::random::u64()));
        Self {
            boot: boot.into(),
            trusted,
            learned: Mutex::new(None),
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        let boot_ms = boot_ms();
        let wall_ms = if self.trusted || kernel_is_synchronised() {
            Some(jiff::Timestamp::now().as_millisecond())
        } else {
            self.learned
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .as_ref()
                .map(|anchor| anchor.wall_at(boot_ms))
        };
        Moment {
            boot: self.boot.clone(),
            boot_ms,
            wall_ms,
        }
    }

    fn learn(&self, boot_ms: u64, wall_ms: i64) {
        let anchor = Anchor {
            boot: self.boot.to_string(),
            boot_ms,
            wall_ms,
        };
        *self.learned.lock().unwrap_or_else(PoisonError::into_inner) = Some(anchor);
    }
}

/// Reads CLOCK_BOOTTIME in milliseconds.
#[allow(
    unsafe_code,
    reason = "clock_gettime has no safe wrapper in libc; the struct is plain data that it fills"
)]
pub fn boot_ms() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is valid for writes for the whole call.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut time) };
    assert_eq!(result, 0, "Linux has had CLOCK_BOOTTIME since 2.6.39");
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000
        + u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000
}

/// Asks the kernel whether a time service disciplines its clock (adjtimex(2): not `TIME_ERROR`, not `STA_UNSYNC`).
#[allow(
    unsafe_code,
    reason = "adjtimex has no safe wrapper in libc; with modes = 0 it only reads"
)]
fn kernel_is_synchronised() -> bool {
    // SAFETY: `timex` is plain data for which zero is valid; modes = 0 changes nothing.
    let (state, status) = unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        let state = libc::adjtimex(&raw mut timex);
        (state, timex.status)
    };
    state >= 0 && state != libc::TIME_ERROR && status & libc::STA_UNSYNC == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boot_time_goes_forward_and_the_hub_is_believed_only_for_this_boot() {
        let clock = SystemClock::new(false);
        let before = clock.now();
        clock.learn(before.boot_ms, 1_800_000_000_000);
        let after = clock.now();
        assert!(after.boot_ms >= before.boot_ms);
        assert!(after.wall_ms.is_some());
        assert_eq!(
            after.anchor().map(|anchor| anchor.boot),
            Some(before.boot.to_string())
        );
    }

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
