//! The show from end to end, at the speed of the machine: the real player, composer, stage and both
//! presenters, with a clock that passes frame by frame. Every frame is judged.
//! `PASSERBY_MARATHON_CHANGES` and
//! `PASSERBY_MARATHON_PLAYS` make the two runs longer than `scripts/test` has time for.

#![allow(
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a test may fail at once"
)]

mod clock;
mod content;
mod emergency;
mod footprint;
#[path = "../frames/mod.rs"]
mod frames;
mod judge;
mod site;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Sender, bounded};
use passerby::stage::{
    self, DrawWith, FrameObserver, Holdings, SeenFrame, StageConfig, StageSender, StageTime,
    SteppedTime,
};
use passerby_compose::SlideComposer;
use passerby_compose::settings::Settings;
use passerby_compose::slide::Slide;
use passerby_playout::content::catalog::LocalContent;
use passerby_playout::ledger::{DatedPlay, Ledger};
use passerby_playout::messages::player_requests::PlayerRequest;
use passerby_playout::messages::stage_messages::{
    ComposeError, Composed, Composer, SlideOrder, StageCommand,
};
use passerby_playout::player::{Parts, Player, StageLink};
use passerby_playout::screen::geometry::Geometry;
use passerby_playout::settings::config::Config;
use passerby_playout::system::clock::Clock;
use passerby_playout::system::malloc;
use passerby_protocol::plays::Outcome;

use crate::clock::Lockstep;
use crate::emergency::Alarm;
use crate::footprint::Footprint;
use crate::judge::{Judge, Seen, Verdict};
use crate::site::Site;

/// From one frame to the next, where frames are judged.
pub(crate) const FRAME: Duration = Duration::from_millis(50);
/// From one frame to the next, where only what stays behind is looked at.
const STRIDE: Duration = Duration::from_millis(500);
const SIZE_PX: (u32, u32) = (480, 300);
/// Monday 2026-11-23, 12:00 UTC.
const NOON_MS: i64 = 1_795_435_200_000;
const DAY: Duration = Duration::from_secs(86_400);

/// From so many changes on memory must be flat.
const LONG_RUN: u64 = 5_000;

/// What a run is to be.
struct Plan {
    draw_with: DrawWith,
    changes: u64,
    uptime: Duration,
    /// Judge each frame, and raise an emergency now and then; else only what the process needs is
    /// looked at.
    judged: bool,
}

impl Plan {
    const fn frame(&self) -> Duration {
        if self.judged { FRAME } else { STRIDE }
    }
}

/// What came of it.
struct Report {
    verdict: Verdict,
    plays: Vec<DatedPlay>,
    /// In an early fifth of the run, and in the last.
    footprints: [Footprint; 2],
}

/// Remembers what it composed, where frames are judged by it.
struct Copyist {
    inner: SlideComposer,
    judge: Option<Arc<Judge>>,
}

impl Composer for Copyist {
    type Slide = Slide;

    fn compose(
        &mut self,
        order: &SlideOrder,
        screen: &Geometry,
    ) -> Result<Composed<Slide>, ComposeError> {
        let composed = self.inner.compose(order, screen)?;
        if let Some(judge) = &self.judge {
            judge.composed(order.ticket, &composed.slide);
        }
        Ok(composed)
    }
}

/// Remembers what the player asked for.
struct Scribe {
    stage: StageSender,
    judge: Arc<Judge>,
    clock: Arc<Lockstep>,
}

impl StageLink<Slide> for Scribe {
    fn send(&self, command: StageCommand<Slide>) {
        self.judge.sent(&command, self.clock.elapsed());
        // The stage has ended; the player hears of it by its own event.
        let _ = self.stage.send(command);
    }
}

/// Steps the clock, and ends the show after so many changes.
struct Metronome {
    clock: Arc<Lockstep>,
    frame: Duration,
    judge: Arc<Judge>,
    requests: Sender<PlayerRequest>,
    changes: u64,
    alarm: Option<Alarm>,
}

impl SteppedTime for Metronome {
    fn step(&self) {
        let changes = self.judge.changes();
        if changes >= self.changes {
            // Sent again at every step until the player has gone; a full queue has one already.
            let _ = self.requests.try_send(PlayerRequest::Stop);
        }
        if let Some(alarm) = &self.alarm {
            alarm.step(changes, self.judge.notice_is_up());
        }
        self.clock.step(self.frame);
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    fn boot_ms(&self) -> u64 {
        self.clock.now().boot_ms
    }
}

/// Looks at what the process holds, once a change.
struct Auditor {
    judge: Arc<Judge>,
    changes: u64,
    /// The change at which it last looked.
    looked_at: AtomicU64,
    /// The least of all looks in an early fifth of the run, and in the last.
    footprints: Mutex<[Option<Footprint>; 2]>,
}

impl Auditor {
    fn look(&self, on_gpu: Holdings) {
        let changes = self.judge.changes();
        if self.looked_at.swap(changes, Ordering::Relaxed) == changes {
            return;
        }
        if changes.is_multiple_of(1_000) {
            println!("after {changes} changes: {}", Footprint::now(on_gpu));
        }
        let window = match changes * 10 / self.changes.max(1) {
            // By then every placement has been tried once.
            2..4 => 0,
            8.. => 1,
            _ => return,
        };
        let now = Footprint::now(on_gpu);
        let mut footprints = self.footprints.lock().expect("no panic holds it");
        let least = match &footprints[window] {
            Some(known) => known.least(&now),
            None => now,
        };
        footprints[window] = Some(least);
    }
}

fn run(folder: &Path, plan: &Plan) -> Report {
    // What one needs is measured of the process.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    malloc::tune_malloc();
    let site = Site::open();
    content::write(&folder.join("content"), &site.url());
    std::fs::write(
        folder.join("kiosk.toml"),
        "[screen]\ntimezone = \"UTC\"\n[content]\nfolders = [\"content\"]\nseconds = 2\n[data]\ndir = \"data\"\n[layout]\nkind = \"main-ticker\"\n",
    )
    .expect("writes");
    let config = Config::load(&folder.join("kiosk.toml")).expect("good settings");
    let LocalContent {
        catalog: local,
        problems,
        ..
    } = LocalContent::read(&config.folders[0]);
    assert!(problems.is_empty(), "{problems:?}");
    let data_dir = config.data_dir.clone();

    let judge = Arc::new(Judge::default());
    let (event_queue, events) = bounded(64);
    let (requests, request_queue) = bounded(64);
    let (commands, inbox) = stage::channel(16);
    let clock = Arc::new(Lockstep::new(plan.uptime, NOON_MS, events.clone()));
    let composer = || Copyist {
        inner: SlideComposer::new(Settings {
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ..Settings::default()
        }),
        // Else its copies would be most of the memory that is not pages of the program.
        judge: plan.judged.then(|| Arc::clone(&judge)),
    };
    let player = Player::new(Parts {
        ledger: Ledger::open(&data_dir).expect("opens").0,
        config,
        local,
        enrolment: None,
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        composer: composer(),
        urgent: composer(),
        stage: Scribe {
            stage: commands,
            judge: Arc::clone(&judge),
            clock: Arc::clone(&clock),
        },
        events,
        requests: request_queue,
        context: Arc::default(),
        recorded: Arc::default(),
        run_for_ms: None,
    })
    .expect("a player");
    let waits = Arc::clone(&clock);
    let player = std::thread::spawn(move || {
        player.run();
        waits.let_go();
    });

    let metronome = Arc::new(Metronome {
        clock: Arc::clone(&clock),
        frame: plan.frame(),
        judge: Arc::clone(&judge),
        requests,
        changes: plan.changes,
        alarm: plan.judged.then(|| Alarm::new(&data_dir)),
    });
    let auditor = Arc::new(Auditor {
        judge: Arc::clone(&judge),
        changes: plan.changes,
        looked_at: AtomicU64::new(0),
        footprints: Mutex::default(),
    });
    let (eyes, judged, books) = (Arc::clone(&judge), plan.judged, Arc::clone(&auditor));
    let look = move |frame: SeenFrame| {
        books.look(frame.on_gpu);
        if !judged {
            eyes.pass();
        } else {
            eyes.look(&Seen {
                width: frame.picture.width_px,
                rgba: &frame.picture.rgba,
                at: frame.at,
            });
        }
    };
    let config = StageConfig {
        draw_with: plan.draw_with,
        offscreen: true,
        size: Some(SIZE_PX),
        capture: None,
        title: String::new(),
        run_for: None,
        cuts_when_slow: false,
        background: [40, 60, 80],
        time: StageTime::Stepped(Arc::clone(&metronome) as Arc<dyn SteppedTime>),
        observer: Some(FrameObserver(Arc::new(look))),
    };
    stage::run(config, inbox, event_queue).expect("the show ends well");
    player.join().expect("the player ends well");
    let plays = Ledger::open(&data_dir)
        .expect("opens")
        .0
        .plays_since(None)
        .expect("reads");
    let footprints = auditor
        .footprints
        .lock()
        .expect("no panic holds it")
        .clone();
    Report {
        verdict: judge.verdict(),
        plays,
        footprints: footprints.map(Option::unwrap_or_default),
    }
}

/// Every play was on the screen as long as planned, to within one frame, or says why not.
fn times_are_kept(
    plays: &[DatedPlay],
    planned_ms: impl Fn(&DatedPlay) -> u64,
) -> Result<(), String> {
    let frame_ms = u64::try_from(FRAME.as_millis()).expect("a short time");
    for play in plays {
        let off = play.play.visible_ms.abs_diff(planned_ms(play));
        if play.play.outcome == Outcome::Complete && off > frame_ms {
            return Err(format!(
                "play {} was seen {} ms instead of {}",
                play.play.seq,
                play.play.visible_ms,
                planned_ms(play)
            ));
        }
    }
    Ok(())
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

#[test]
fn every_frame_of_many_changes_is_right() {
    every_frame_is_right(DrawWith::Cpu);
}

#[test]
fn every_frame_of_many_changes_is_right_on_the_gpu() {
    every_frame_is_right(DrawWith::Gpu);
}

fn every_frame_is_right(draw_with: DrawWith) {
    let folder = tempfile::tempdir().expect("a folder");
    let plan = Plan {
        draw_with,
        changes: number("PASSERBY_MARATHON_CHANGES", 40),
        uptime: 400 * DAY,
        judged: true,
    };
    let report = run(folder.path(), &plan);
    let verdict = &report.verdict;
    println!(
        "{} changes, {} emergencies, {} frames judged, {} of them in transitions, {} codes read, {} faults",
        verdict.changes,
        verdict.notices,
        verdict.frames,
        verdict.frames_in_transition,
        verdict.codes_read,
        verdict.faults.len()
    );
    assert!(verdict.faults.is_empty(), "{:#?}", verdict.faults);
    assert!(verdict.changes >= plan.changes);
    assert!(verdict.frames_in_transition > plan.changes);
    assert!(verdict.codes_read > plan.changes);
    assert!(verdict.notices >= plan.changes / 40, "emergencies came");
    let planned = |play: &DatedPlay| {
        if play.play.content.campaign == "news" {
            30_000
        } else {
            2_000
        }
    };
    times_are_kept(&report.plays, planned).expect("times are kept");
    let complete = report
        .plays
        .iter()
        .filter(|play| play.play.outcome == Outcome::Complete)
        .count();
    let covered = report
        .plays
        .iter()
        .filter(|play| play.play.outcome == Outcome::Covered)
        .count();
    // An emergency covers at most one play of each zone; the last of each is cut short by the end.
    assert!(covered as u64 <= 2 * verdict.notices, "{covered}");
    assert!(complete + covered + 2 >= report.plays.len(), "{complete}");
}

#[test]
fn many_plays_leave_nothing_behind() {
    nothing_is_left_behind(DrawWith::Cpu);
}

#[test]
fn many_plays_leave_nothing_behind_on_the_gpu() {
    nothing_is_left_behind(DrawWith::Gpu);
}

fn nothing_is_left_behind(draw_with: DrawWith) {
    let folder = tempfile::tempdir().expect("a folder");
    let plan = Plan {
        draw_with,
        // A fifth of it is more than one round of all placements.
        changes: number("PASSERBY_MARATHON_PLAYS", 120),
        uptime: Duration::from_secs(60),
        judged: false,
    };
    let report = run(folder.path(), &plan);
    let [early, late] = &report.footprints;
    println!(
        "{} plays, {} frames\nearly:   {early}\nat last: {late}",
        report.plays.len(),
        report.verdict.frames
    );
    assert!(report.plays.len() as u64 + 2 >= plan.changes);
    // In a short run buffers still reach their final size; only a long one can tell that from a
    // leak.
    let growth_kib_max = if plan.changes >= LONG_RUN {
        1_024
    } else {
        65_536
    };
    late.has_not_grown_since(early, growth_kib_max)
        .expect("it is flat");
}
