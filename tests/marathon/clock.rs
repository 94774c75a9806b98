//! A clock that only passes when everybody is ready for it.
//!
//! Invariant: time passes only while the player has nothing under way and no event unread; so what
//! takes real time (composing, uploading) takes none of the show's.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use passerby_playout::messages::stage_messages::StageEvent;
use passerby_playout::system::clock::{Clock, Moment};

/// How long the player may really take until it is ready for the next frame.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often the player looks at the clock.
const GLANCE: Duration = Duration::from_micros(200);

pub(crate) struct Lockstep {
    boot: Arc<str>,
    wall_at_boot_ms: i64,
    started_ms: u64,
    now_ms: AtomicU64,
    player: Mutex<Glances>,
    looked: Condvar,
    still_since: Mutex<Option<Instant>>,
    /// A second end of the player's event channel, to see whether it has read everything.
    events: Receiver<StageEvent>,
}

#[derive(Default, Clone, Copy)]
struct Glances {
    count: u64,
    busy: bool,
    gone: bool,
}

impl Lockstep {
    /// Starts when the machine has been up for `uptime`.
    pub(crate) fn new(
        uptime: Duration,
        wall_at_boot_ms: i64,
        events: Receiver<StageEvent>,
    ) -> Self {
        let started_ms = u64::try_from(uptime.as_millis()).expect("some years");
        Self {
            boot: "marathon".into(),
            wall_at_boot_ms,
            started_ms,
            now_ms: AtomicU64::new(started_ms),
            player: Mutex::default(),
            looked: Condvar::new(),
            still_since: Mutex::default(),
            events,
        }
    }

    /// Time since the machine started.
    pub(crate) fn uptime(&self) -> Duration {
        Duration::from_millis(self.now_ms.load(Ordering::SeqCst))
    }

    /// Time since the show started.
    pub(crate) fn elapsed(&self) -> Duration {
        self.uptime() - Duration::from_millis(self.started_ms)
    }

    /// Lets one frame's time pass, unless the player has something under way or unread: then time
    /// stands still for this update, since the answer may be the stage's to give. When it returns,
    /// the player has seen the time.
    pub(crate) fn step(&self, frame: Duration) {
        let player = self.await_glances();
        if player.gone {
            return;
        }
        if player.busy || !self.events.is_empty() {
            let mut still = self
                .still_since
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let since = *still.get_or_insert_with(Instant::now);
            assert!(since.elapsed() < PATIENCE, "the player does not get ready");
            return;
        }
        *self
            .still_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = None;
        let frame_ms = u64::try_from(frame.as_millis()).expect("a short time");
        self.now_ms.fetch_add(frame_ms, Ordering::SeqCst);
        self.await_glances();
    }

    /// Waits until the player has looked twice: the first look may have begun before this call.
    fn await_glances(&self) -> Glances {
        let deadline = Instant::now() + PATIENCE;
        let mut player = self.player.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = player.count + 2;
        while !player.gone && player.count < wanted {
            assert!(
                Instant::now() < deadline,
                "the player does not look at the clock"
            );
            let (held, _) = self
                .looked
                .wait_timeout(player, Duration::from_millis(50))
                .unwrap_or_else(PoisonError::into_inner);
            player = held;
        }
        *player
    }

    /// Says that there is no player to wait for any more.
    pub(crate) fn let_go(&self) {
        let mut player = self.player.lock().unwrap_or_else(PoisonError::into_inner);
        player.gone = true;
        self.looked.notify_all();
    }
}

impl Clock for Lockstep {
    fn now(&self) -> Moment {
        let boot_ms = self.now_ms.load(Ordering::SeqCst);
        Moment {
            boot: Arc::clone(&self.boot),
            boot_ms,
            wall_ms: Some(self.wall_at_boot_ms.saturating_add_unsigned(boot_ms)),
        }
    }

    fn learn(&self, _boot_ms: u64, _wall_ms: i64) {}

    fn pace(&self, _span: Duration, busy: bool) -> Duration {
        let mut player = self.player.lock().unwrap_or_else(PoisonError::into_inner);
        player.count += 1;
        player.busy = busy;
        self.looked.notify_all();
        GLANCE
    }
}
