//! What is left behind: nothing.

use bevy::render::renderer::RenderDevice;
use passerby_compose::slide::{Moving, MovingPicture, Patch, Plane, Reel, Travel};

use super::*;
use crate::stage::StageError;
use crate::stage::agenda::{Agenda, Next};
use crate::stage::gpu::Gpu;
use crate::stage::slides::LOADED_MAX;
use crate::stage::time::Now;

const SIDE_PX: u32 = 16;

/// Repaints a corner whenever it is asked.
struct Busy;

impl Reel for Busy {
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
    slide.reel = Some(Box::new(Busy));
    slide
}

/// Textures, buffers and bind groups that the driver's front end knows of.
fn on_gpu(rehearsal: &Rehearsal) -> [usize; 3] {
    let held = rehearsal.app.world().resource::<Gpu>().holdings();
    assert!(held.textures > 0, "the front end counts");
    [held.textures, held.buffers, held.bind_groups]
}

#[test]
fn thousands_of_swaps_with_reels_leave_nothing_behind() {
    let mut rehearsal = Rehearsal::start_with((SIDE_PX, SIDE_PX), [0; 3]);
    let area = Area::new(0, 0, SIDE_PX, SIDE_PX);
    let mut settled = None;
    for number in 0..500 {
        let ticket = rehearsal.load(Zone::MAIN, area, busy());
        // Every third transition is cut short by the next swap.
        let length = Duration::from_millis([0, 10, 10_000][number % 3]);
        let (_, kind) = TransitionKind::WORDS[number % 4];
        rehearsal.swap(ticket, kind, length);
        for _ in 0..2 {
            rehearsal.step_unseen(Duration::from_millis(10));
        }
        if number % 100 == 12 {
            let now = (rehearsal.inventory(), on_gpu(&rehearsal));
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
    let mut rehearsal = Rehearsal::start_with((SIDE_PX, SIDE_PX), [0; 3]);
    rehearsal.cut(Zone::MAIN, Area::new(0, 0, SIDE_PX, SIDE_PX), busy());
    for _ in 0..50 {
        rehearsal.step_unseen(Duration::from_millis(20));
    }
    let before = on_gpu(&rehearsal);
    for _ in 0..1_500 {
        assert!(rehearsal.step_unseen(Duration::from_millis(20)));
    }
    let after = on_gpu(&rehearsal);
    for kind in 0..3 {
        assert!(
            after[kind] <= before[kind] + 4,
            "{before:?}, then {after:?}"
        );
    }
}

#[test]
fn slides_that_are_never_shown_do_not_pile_up() {
    let mut rehearsal = Rehearsal::start();
    rehearsal.cut(Zone::MAIN, WHOLE, flat(8, 8, [9; 3]));
    let (known, drawn, _) = rehearsal.inventory();
    for _ in 0..20 {
        rehearsal.load(Zone::MAIN, WHOLE, flat(8, 8, [9; 3]));
    }
    let (then, drawn_then, _) = rehearsal.inventory();
    assert_eq!(then - known, LOADED_MAX);
    assert_eq!(drawn_then, drawn);
}

#[test]
fn stage_at_rest_draws_nothing_and_looks_after_the_gpu_only() {
    let mut rehearsal = Rehearsal::start();
    rehearsal.cut(Zone::MAIN, WHOLE, flat(8, 8, [9; 3]));
    for _ in 0..10 {
        rehearsal.step(Duration::from_millis(200));
    }
    assert!(rehearsal.update().is_none(), "nothing is drawn at rest");
    let now = rehearsal.app.world().resource::<Now>().0;
    let next = rehearsal.app.world().resource::<Agenda>().next();
    assert_eq!(next, Some(Next::At(now + Duration::from_secs(10))));
}

#[test]
fn a_lost_gpu_ends_the_run_with_a_reason() {
    for at_rest in [false, true] {
        let mut rehearsal = Rehearsal::start();
        let slide = if at_rest { flat(8, 8, [9; 3]) } else { busy() };
        rehearsal.cut(Zone::MAIN, WHOLE, slide);
        for _ in 0..5 {
            rehearsal.step(Duration::from_millis(200));
        }
        let device = rehearsal.app.world().resource::<RenderDevice>().clone();
        device.wgpu_device().destroy();
        // Ten minutes of the stage's time would be far too long.
        let deadline = rehearsal.time.elapsed() + Duration::from_secs(600);
        let time = rehearsal.time.clone();
        let stage = rehearsal.stage.clone();
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
        let outcome = offscreen::drive(rehearsal.app, None);
        assert!(watch.join().expect("no panic"), "it ended by itself");
        let error = rehearsal.verdict.take().or(outcome.err());
        assert!(matches!(error, Some(StageError::Gpu { .. })), "{error:?}");
    }
}

#[test]
fn slides_beyond_the_zones_are_refused() {
    let mut rehearsal = Rehearsal::start();
    for zone in 0..9 {
        rehearsal.load(Zone(zone), WHOLE, flat(8, 8, [9; 3]));
    }
    let ticket = Ticket(1_000);
    let load = |zone| StageCommand::Load {
        ticket,
        zone,
        area: WHOLE,
        slide: flat(8, 8, [9; 3]),
    };
    rehearsal.send(load(Zone(9)));
    rehearsal.await_event(|event| *event == StageEvent::Refused(ticket));
    // A zone without slides makes room.
    rehearsal.send(StageCommand::Drop { ticket: Ticket(1) });
    rehearsal.send(load(Zone(9)));
    rehearsal.await_event(|event| *event == StageEvent::Loaded(ticket));
}
