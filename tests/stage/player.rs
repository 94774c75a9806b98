//! The player's side of the seam: sends commands to a stage and waits for its events.

use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use passerby::stage::{self, DrawWith, StageConfig, StageError, StageSender, StageTime};
use passerby_compose::slide::Slide;
use passerby_playout::messages::stage_messages::{
    Snapshot, StageCommand, StageEvent, Ticket, Transition,
};
use passerby_playout::screen::area::Area;
use passerby_playout::screen::geometry::Zone;

use crate::slides::slide;

/// Long enough for a software GPU on a busy machine; never waited for when things work.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);

fn boot_ms() -> u64 {
    // Any monotonic clock will do here.
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_millis()).unwrap()
}

/// What draws, each in turn.
pub(crate) const BOTH: [DrawWith; 2] = [DrawWith::Cpu, DrawWith::Gpu];

pub(crate) fn config(draw_with: DrawWith, size: (u32, u32)) -> StageConfig {
    StageConfig {
        draw_with,
        offscreen: true,
        size: Some(size),
        capture: None,
        title: "test".into(),
        run_for: None,
        cuts_when_slow: false,
        background: [0; 3],
        time: StageTime::Real {
            boot_clock: boot_ms,
        },
        observer: None,
    }
}

pub(crate) fn whole((width_px, height_px): (u32, u32)) -> Area {
    Area::new(0, 0, width_px, height_px)
}

/// The player's side of the seam.
pub(crate) struct Player {
    pub(crate) stage: StageSender,
    pub(crate) events: Receiver<StageEvent>,
}

impl Player {
    pub(crate) fn send(&self, command: StageCommand<Slide>) {
        self.stage.send(command).ok().unwrap();
    }

    pub(crate) fn await_event(&self) -> StageEvent {
        self.events
            .recv_timeout(PATIENCE)
            .expect("the stage says something")
    }

    pub(crate) fn await_size(&self) -> (u32, u32) {
        match self.await_event() {
            StageEvent::Sized {
                width_px,
                height_px,
            } => (width_px, height_px),
            other => panic!("expected the size, got {other:?}"),
        }
    }

    pub(crate) fn show(&self, number: u32, size: (u32, u32), fade: Duration) -> u64 {
        let ticket = Ticket(u64::from(number));
        self.send(StageCommand::Load {
            ticket,
            zone: Zone::MAIN,
            area: whole(size),
            slide: slide(number, size),
        });
        assert_eq!(self.await_event(), StageEvent::Loaded(ticket));
        self.send(StageCommand::Swap {
            ticket,
            transition: Transition::fade(fade),
        });
        match self.await_event() {
            StageEvent::Presented {
                ticket: shown,
                boot_ms,
            } => {
                assert_eq!(shown, ticket);
                boot_ms
            }
            other => panic!("expected slide {number} to be presented, got {other:?}"),
        }
    }

    fn snapshot(&self) -> Snapshot {
        let (reply, answer) = bounded(1);
        self.send(StageCommand::Snapshot(reply));
        answer.recv_timeout(PATIENCE).expect("a snapshot comes")
    }

    /// Waits until the screen shows a slide to the last pixel.
    pub(crate) fn await_picture(&self, number: u32, size: (u32, u32)) {
        let wanted = slide(number, size);
        let deadline = Instant::now() + PATIENCE;
        while self.snapshot().rgba != wanted.rgba {
            assert!(Instant::now() < deadline, "slide {number} never came fully");
        }
    }
}

/// Runs a stage here and a player's script beside it.
pub(crate) fn play(
    config: StageConfig,
    script: impl FnOnce(&Player) + Send + 'static,
) -> Result<(), StageError> {
    let (sender, inbox) = stage::channel(16);
    let (event_sender, events) = bounded(16);
    let player = thread::spawn(move || {
        let player = Player {
            stage: sender,
            events,
        };
        script(&player);
        // Gone already when the script closed it.
        let _ = player.stage.send(StageCommand::Quit);
    });
    let outcome = stage::run(config, inbox, event_sender);
    player.join().unwrap();
    outcome
}
