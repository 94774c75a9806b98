//! What is left behind on the GPU: nothing; and what becomes of a stage that loses it.

use bevy::render::renderer::RenderDevice;
use passerby_compose::slide::{FrameSource, Moving, MovingPicture, Patch, Plane, Travel};

use super::*;
use crate::stage::StageError;
use crate::stage::gpu::Gpu;

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
    let mut stepped = SteppedStage::start_with(DrawWith::Gpu, (SIDE_PX, SIDE_PX), [0; 3]);
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
    let mut stepped = SteppedStage::start_with(DrawWith::Gpu, (SIDE_PX, SIDE_PX), [0; 3]);
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
fn a_lost_gpu_ends_the_run_with_a_reason() {
    for at_rest in [false, true] {
        let mut stepped = SteppedStage::start_with(DrawWith::Gpu, (WIDTH_PX, HEIGHT_PX), [0; 3]);
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
