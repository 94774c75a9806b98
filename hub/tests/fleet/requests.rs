//! What the fleet asks of its hubs: how often, by kind of line, and how fast at most.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Whether a terminal's line is paid by the megabyte (`hub.daily_mb`): one that is asks less often,
/// and sends several plays at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    Metered,
    Unmetered,
}

impl Line {
    pub(crate) const ALL: [Self; 2] = [Self::Metered, Self::Unmetered];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Metered => "on a metered line",
            Self::Unmetered => "on a line without a cap",
        }
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Plays,
    Changes,
    Manifest,
    Tallies,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Plays, Self::Changes, Self::Manifest, Self::Tallies];
}

/// How many requests the fleet has made.
#[derive(Debug)]
pub(crate) struct Requests {
    counts: [[AtomicU64; Kind::ALL.len()]; Line::ALL.len()],
    /// Shortest time between two of them, all terminals together.
    pause: Duration,
    next: Mutex<Instant>,
}

impl Requests {
    /// None yet; at most so many a second, or as many as there are for 0.
    pub(crate) fn new(rate: u64) -> Self {
        let pause = Duration::from_secs(1).checked_div(u32::try_from(rate).unwrap());
        Self {
            counts: Default::default(),
            pause: pause.unwrap_or_default(),
            next: Mutex::new(Instant::now()),
        }
    }

    /// Waits until another one may be made, and counts it.
    pub(crate) async fn count(&self, line: Line, kind: Kind) {
        self.counts[line as usize][kind as usize].fetch_add(1, Ordering::SeqCst);
        if self.pause.is_zero() {
            return;
        }
        let turn = {
            let mut next = self.next.lock().unwrap();
            let turn = (*next).max(Instant::now());
            *next = turn + self.pause;
            turn
        };
        tokio::time::sleep_until(turn.into()).await;
    }

    /// How many were made on one kind of line.
    pub(crate) fn of(&self, line: Line) -> u64 {
        let counts = self.counts[line as usize].iter();
        counts.map(|count| count.load(Ordering::SeqCst)).sum()
    }

    /// How many were made.
    pub(crate) fn all(&self) -> u64 {
        Line::ALL.map(|line| self.of(line)).iter().sum()
    }

    /// The same by their kinds, in words.
    pub(crate) fn kinds(&self, line: Line) -> String {
        let counts = Kind::ALL.map(|kind| {
            let count = self.counts[line as usize][kind as usize].load(Ordering::SeqCst);
            format!("{kind:?} {count}")
        });
        counts.join(", ")
    }
}
