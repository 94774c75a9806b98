//! What is left behind: nothing.

use bevy::render::renderer::RenderDevice;
use passerby_compose::slide::{FrameSource, Moving, MovingPicture, Patch, Plane, Travel};

use super::*;
use crate::stage::StageError;
use crate::stage::agenda::{Agenda, Next};
use crate::stage::gpu::Gpu;
use crate::stage::slides::LOADED_MAX;
use crate::stage::time::Now;

const SIDE_PX: u32 = 16;

/// Repaints a corner whenever it is asked.
struct Busy;

impl FrameSource for Busy {
    fn begin(&mut self) {}

    fn advance(&mut self, at: Duration, due: &mut Vec<Patch>) -> Option<Duration> {
        due.push(Patch {
            plane: Plane::Still,
            area: Area::new(0, 0, 2, 2),
            bytes: vec![255; 16],
        });
        Some(at + Duration::from_millis(10))
    }
}

fn busy() -> Slide {
    let mut slide = flat(SIDE_PX, SIDE_PX, [200, 100, 50]);
    slide.moving = Some(Moving {
        area: Area::new(4, 4, 8, 8),
        picture: MovingPicture::Rgba {
            width_px: 8,
            height_px: 8,
            pixels: vec![255; 256],
        },
        turn: 0,
        travel: Travel::Still([0.0, 0.0, 1.0, 1.0]),
    });
    slide.frame_source = Some(Box::new(Busy));
    slide
}

/// Textures, buffers and bind groups that the driver's front end knows of.
fn on_gpu(stepped: &SteppedStage) -> [usize; 3] {
    let held = stepped.app.world().resource::<Gpu>().holdings();
    assert!(held.textures > 0, "the front end counts");
    [held.textures, held.buffers, held.bind_groups]
}

#[test]
fn thousands_of_swaps_with_reels_leave_nothing_behind() {
    let mut stepped = SteppedStage::start_with((SIDE_PX, SIDE_PX), [0; 3]);
    let area = Area::new(0, 0, SIDE_PX, SIDE_PX);
    let mut settled = None;
    for number in 0..500 {
        let ticket = stepped.load(Zone::MAIN, area, busy());
        // Every third transition is cut short by the next swap.
        let length = Duration::from_millis([0, 10, 10_000][number % 3]);
        let (_, kind) = TransitionKind::WORDS[number % 4];
        stepped.swap(ticket, kind, length);
        for _ in 0..2 {
            stepped.step_unseen(Duration::from_millis(10));
        }
        if number % 100 == 12 {
            let now = (stepped.inventory(), on_gpu(&stepped));
            let first = *settled.get_or_insert(now);
            assert!(now.0.0 <= first.0.0 + 1, "{now:?}, at first {first:?}");
            assert!(now.0.1 <= first.0.1 + 1, "{now:?}, at first {first:?}");
            assert!(now.0.2 <= first.0.2 + 4, "{now:?}, at first {first:?}");
            for kind in 0..3 {
                assert!(
                    now.1[kind] <= first.1[kind] + 8,
                    "{now:?}, at first {first:?}"
                );
            }
        }
    }
}

#[test]
fn drawing_on_leaves_nothing_behind() {
    let mut stepped = SteppedStage::start_with((SIDE_PX, SIDE_PX), [0; 3]);
    stepped.cut(Zone::MAIN, Area::new(0, 0, SIDE_PX, SIDE_PX), busy());
    for _ in 0..50 {
        stepped.step_unseen(Duration::from_millis(20));
    }
    let before = on_gpu(&stepped);
    for _ in 0..1_500 {
        assert!(stepped.step_unseen(Duration::from_millis(20)));
    }
    let after = on_gpu(&stepped);
    for kind in 0..3 {
        assert!(
            after[kind] <= before[kind] + 4,
            "{before:?}, then {after:?}"
        );
    }
}

#[test]
fn slides_that_are_never_shown_do_not_pile_up() {
    let mut stepped = SteppedStage::start();
    stepped.cut(Zone::MAIN, WHOLE, flat(8, 8, [9; 3]));
    let (known, drawn, _) = stepped.inventory();
    for _ in 0..20 {
        stepped.load(Zone::MAIN, WHOLE, flat(8, 8, [9; 3]));
    }
    let (then, drawn_then, _) = stepped.inventory();
    assert_eq!(then - known, LOADED_MAX);
    assert_eq!(drawn_then, drawn);
}

#[test]
fn stage_at_rest_draws_nothing_and_looks_after_the_gpu_only() {
    let mut stepped = SteppedStage::start();
    stepped.cut(Zone::MAIN, WHOLE, flat(8, 8, [9; 3]));
    for _ in 0..10 {
        stepped.step(Duration::from_millis(200));
    }
    assert!(stepped.update().is_none(), "nothing is drawn at rest");
    let now = stepped.app.world().resource::<Now>().0;
    let next = stepped.app.world().resource::<Agenda>().next();
    assert_eq!(next, Some(Next::At(now + Duration::from_secs(10))));
}

#[test]
fn a_lost_gpu_ends_the_run_with_a_reason() {
    for at_rest in [false, true] {
        let mut stepped = SteppedStage::start();
        let slide = if at_rest { flat(8, 8, [9; 3]) } else { busy() };
        stepped.cut(Zone::MAIN, WHOLE, slide);
        for _ in 0..5 {
            stepped.step(Duration::from_millis(200));
        }
        let device = stepped.app.world().resource::<RenderDevice>().clone();
        device.wgpu_device().destroy();
        // Ten minutes of the stage's time would be far too long.
        let deadline = stepped.time.elapsed() + Duration::from_secs(600);
        let time = stepped.time.clone();
        let stage = stepped.stage.clone();
        let watch = std::thread::spawn(move || {
            while time.elapsed() < deadline {
                std::thread::sleep(Duration::from_millis(1));
                if stage
                    .send(StageCommand::Drop { ticket: Ticket(99) })
                    .is_err()
                {
                    return true;
                }
            }
            let _ = stage.send(StageCommand::Quit);
            false
        });
        let outcome = offscreen::drive(stepped.app, None);
        assert!(watch.join().expect("no panic"), "it ended by itself");
        let error = stepped.verdict.take().or(outcome.err());
        assert!(matches!(error, Some(StageError::Gpu { .. })), "{error:?}");
    }
}

#[test]
fn slides_beyond_the_zones_are_refused() {
    let mut stepped = SteppedStage::start();
    for zone in 0..9 {
        stepped.load(Zone(zone), WHOLE, flat(8, 8, [9; 3]));
    }
    let ticket = Ticket(1_000);
    let load = |zone| StageCommand::Load {
        ticket,
        zone,
        area: WHOLE,
        slide: flat(8, 8, [9; 3]),
    };
    stepped.send(load(Zone(9)));
    stepped.await_event(|event| *event == StageEvent::Refused(ticket));
    // A zone without slides makes room.
    stepped.send(StageCommand::Drop { ticket: Ticket(1) });
    stepped.send(load(Zone(9)));
    stepped.await_event(|event| *event == StageEvent::Loaded(ticket));
}
