//! What only the inside shows: every single frame, textures, entities, frames that are not drawn.
//! What holds for both presenters is a file that `on_cpu` and `on_gpu` both have.
//!
//! Time stands still but for the steps that a test takes, so nothing here depends on the machine's
//! speed.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "small numbers, and a test that stops says where"
)]

#[path = "../../../tests/frames/mod.rs"]
mod frames;
mod gpu_housekeeping;
mod on_cpu;
mod on_gpu;
mod same_picture;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bevy::prelude::*;
use crossbeam_channel::{Receiver, bounded};
use passerby_compose::slide::{Area, Caption, Slide};
use passerby_playout::messages::stage_messages::{StageCommand, StageEvent, Ticket, Transition};
use passerby_playout::screen::geometry::Zone;
use passerby_protocol::campaign::TransitionKind;

use crate::stage::channel::EventSender;
use crate::stage::frame_observer::FrameShow;
use crate::stage::presenter::Presenter;
use crate::stage::slides::Slides;
use crate::stage::store::NextFrame;
use crate::stage::{
    DrawWith, FirstFailure, FrameObserver, SeenFrame, StageConfig, StageParts, StageSender,
    StageTime, SteppedTime, channel, gpu, offscreen,
};

const WIDTH_PX: u32 = 320;
const HEIGHT_PX: u32 = 180;
const WHOLE: Area = Area::new(0, 0, WIDTH_PX, HEIGHT_PX);
/// After so long something that does not come never will.
const PATIENCE: Duration = Duration::from_secs(600);

/// Time that a test moves by hand.
#[derive(Default)]
struct HandTime(AtomicU64);

impl HandTime {
    fn advance(&self, by: Duration) {
        let us = u64::try_from(by.as_micros()).expect("a short time");
        self.0.fetch_add(us, Ordering::Relaxed);
    }
}

impl SteppedTime for HandTime {
    fn step(&self) {
        self.advance(Duration::from_millis(10));
    }

    fn elapsed(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }

    fn boot_ms(&self) -> u64 {
        1_000 + self.0.load(Ordering::Relaxed) / 1_000
    }
}

/// A stage that is updated by hand.
struct SteppedStage {
    app: App,
    stage: StageSender,
    events: Receiver<StageEvent>,
    time: Arc<HandTime>,
    show: FrameShow,
    seen: Arc<Mutex<Option<SeenFrame>>>,
    verdict: FirstFailure,
    tickets: u64,
}

impl SteppedStage {
    fn start_with(draw_with: DrawWith, size: (u32, u32), background: [u8; 3]) -> Self {
        let (stage, inbox) = channel(16);
        let (event_sender, events) = bounded(64);
        let time = Arc::new(HandTime::default());
        let seen = Arc::new(Mutex::new(None));
        let verdict = FirstFailure::default();
        let config = StageConfig {
            draw_with,
            offscreen: true,
            size: Some(size),
            capture: None,
            title: String::new(),
            run_for: None,
            cuts_when_slow: true,
            background,
            time: StageTime::Stepped(time.clone()),
            observer: None,
        };
        let gpu =
            (draw_with == DrawWith::Gpu).then(|| gpu::open(true).expect("a GPU, or lavapipe"));
        let app = offscreen::build(StageParts {
            config,
            started: Instant::now(),
            inbox,
            event_sender: EventSender::new(event_sender),
            capture: None,
            verdict: verdict.clone(),
            gpu,
        })
        .expect("a stage");
        let keep = seen.clone();
        let observer = FrameObserver(Arc::new(move |frame| {
            *keep.lock().expect("no panic") = Some(frame);
        }));
        let show = FrameShow::new(observer, offscreen::reader(&app));
        let mut stepped = Self {
            app,
            stage,
            events,
            time,
            show,
            seen,
            verdict,
            tickets: 0,
        };
        stepped.await_event(|event| matches!(event, StageEvent::Sized { .. }));
        stepped
    }

    /// Updates the stage without moving time, and returns what it drew.
    fn update(&mut self) -> Option<SeenFrame> {
        self.app.update();
        if !self
            .app
            .world()
            .resource::<Presenter>()
            .frame()
            .is_drawing()
        {
            return None;
        }
        self.show.show(&self.app).expect("a frame");
        self.seen.lock().expect("no panic").take()
    }

    /// Moves time, then updates the stage.
    fn step(&mut self, by: Duration) -> Option<SeenFrame> {
        self.time.advance(by);
        self.update()
    }

    /// Moves time, then updates the stage without looking; tells whether it drew.
    fn step_unseen(&mut self, by: Duration) -> bool {
        self.time.advance(by);
        self.app.update();
        self.app
            .world()
            .resource::<Presenter>()
            .frame()
            .is_drawing()
    }

    /// Updates until something is drawn.
    fn frame(&mut self) -> SeenFrame {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(frame) = self.update() {
                return frame;
            }
        }
        panic!("nothing is drawn");
    }

    fn await_event(&mut self, wanted: impl Fn(&StageEvent) -> bool) -> StageEvent {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(event) = self.events.try_iter().find(&wanted) {
                return event;
            }
            self.app.update();
        }
        panic!("an event never came");
    }

    fn load(&mut self, zone: Zone, area: Area, slide: Slide) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.send(StageCommand::Load {
            ticket,
            zone,
            area,
            slide,
        });
        self.await_event(|event| *event == StageEvent::Loaded(ticket));
        ticket
    }

    /// Asks for a swap; the next update draws its first frame.
    fn swap(&self, ticket: Ticket, kind: TransitionKind, length: Duration) {
        let transition = Transition { kind, length };
        self.send(StageCommand::Swap { ticket, transition });
    }

    /// Brings a slide on at once, and returns the frame.
    fn cut(&mut self, zone: Zone, area: Area, slide: Slide) -> SeenFrame {
        let ticket = self.load(zone, area, slide);
        self.swap(ticket, TransitionKind::Cut, Duration::ZERO);
        let frame = self.frame();
        assert!(
            self.events
                .try_iter()
                .any(|e| matches!(e, StageEvent::Presented { ticket: t, .. } if t == ticket)),
            "the first frame presents it"
        );
        frame
    }

    fn send(&self, command: StageCommand<Slide>) {
        assert!(self.stage.send(command).is_ok(), "a running stage");
    }

    /// Slides that the stage knows, slides that are drawn, entities.
    fn inventory(&self) -> (usize, usize, u32) {
        let world = self.app.world();
        let zones = world.resource::<Slides>().0.values();
        let known = zones.map(|zone| zone.loaded.len() + zone.on_screen().count());
        (
            known.sum(),
            world.resource::<NextFrame>().0.layers.len(),
            world.entities().count_spawned(),
        )
    }
}

/// A slide whose pixels follow a rule.
fn painted(width_px: u32, height_px: u32, colour: impl Fn(u32, u32) -> [u8; 4]) -> Slide {
    let mut rgba = Vec::with_capacity((width_px * height_px * 4) as usize);
    for y in 0..height_px {
        for x in 0..width_px {
            rgba.extend_from_slice(&colour(x, y));
        }
    }
    Slide::still(width_px, height_px, rgba, Caption::default())
}

/// A slide of one colour.
fn flat(width_px: u32, height_px: u32, [r, g, b]: [u8; 3]) -> Slide {
    painted(width_px, height_px, |_, _| [r, g, b, 255])
}

/// One pixel of a frame.
fn pixel(frame: &SeenFrame, x: u32, y: u32) -> [u8; 3] {
    let start = ((y * frame.picture.width_px + x) * 4) as usize;
    let bytes = &frame.picture.rgba[start..start + 3];
    [bytes[0], bytes[1], bytes[2]]
}

/// The largest difference of two colours, in levels.
fn distance(a: [u8; 3], b: [u8; 3]) -> u8 {
    (0..3).map(|n| a[n].abs_diff(b[n])).max().unwrap_or(0)
}

fn holds(area: Area, x: u32, y: u32) -> bool {
    (area.x..area.right()).contains(&x) && (area.y..area.bottom()).contains(&y)
}
