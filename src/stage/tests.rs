//! What only the inside shows: textures, entities, frames that are not drawn.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy::render::RenderApp;
use bevy::render::render_asset::RenderAssets;
use bevy::ui_render::PreparedUiMaterial;
use crossbeam_channel::{Receiver, bounded};
use passerby_playout::area::Area;
use passerby_playout::show::{StageCommand, StageEvent, Ticket, Transition, Zone};

use super::agenda::Agenda;
use super::channel::Outlet;
use super::material::SlideMaterial;
use super::{Show, StageConfig, StageSender, StageTime, Verdict, channel, gpu, offscreen};
use passerby_compose::slide::{Caption, Slide};

const SIDE_PX: u32 = 256;
const PATIENCE: Duration = Duration::from_secs(60);

/// A stage that is updated by hand.
struct Rehearsal {
    app: App,
    stage: StageSender,
    events: Receiver<StageEvent>,
}

impl Rehearsal {
    fn start() -> Self {
        let (stage, inbox) = channel(16);
        let (event_sender, events) = bounded(16);
        let config = StageConfig {
            offscreen: true,
            size: Some((SIDE_PX, SIDE_PX)),
            capture: None,
            title: String::new(),
            run_for: None,
            background: [0; 3],
            time: StageTime::Real { boot_clock: || 0 },
            witness: None,
        };
        let app = offscreen::build(Show {
            config,
            started: Instant::now(),
            inbox,
            outlet: Outlet::new(event_sender),
            capture: None,
            verdict: Verdict::default(),
            gpu: gpu::open(true).expect("a GPU, or lavapipe"),
        })
        .expect("a stage");
        let mut rehearsal = Self { app, stage, events };
        rehearsal.await_event(|event| matches!(event, StageEvent::Sized { .. }));
        rehearsal
    }

    fn await_event(&mut self, wanted: impl Fn(&StageEvent) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !self.events.try_iter().any(|event| wanted(&event)) {
            assert!(Instant::now() < deadline);
            self.app.update();
        }
    }

    fn show(&mut self, number: u64, fade: Duration) {
        let ticket = Ticket(number);
        self.send(StageCommand::Load {
            ticket,
            zone: Zone::MAIN,
            area: Area::new(0, 0, SIDE_PX, SIDE_PX),
            slide: slide(),
        });
        self.await_event(|event| *event == StageEvent::Loaded(ticket));
        self.send(StageCommand::Swap {
            ticket,
            transition: Transition::fade(fade),
        });
        self.await_event(|e| matches!(e, StageEvent::Presented { ticket: t, .. } if *t == ticket));
    }

    fn send(&self, command: StageCommand<Slide>) {
        assert!(self.stage.send(command).is_ok(), "a running stage");
    }

    /// Materials in the main world, materials on the GPU, entities.
    fn inventory(&self) -> (usize, usize, u32) {
        let render = self.app.sub_app(RenderApp).world();
        (
            self.app.world().resource::<Assets<SlideMaterial>>().len(),
            render
                .resource::<RenderAssets<PreparedUiMaterial<SlideMaterial>>>()
                .iter()
                .count(),
            self.app.world().entities().count_spawned(),
        )
    }
}

fn slide() -> Slide {
    Slide::still(
        SIDE_PX,
        SIDE_PX,
        vec![255; (SIDE_PX * SIDE_PX * 4) as usize],
        Caption::default(),
    )
}

#[test]
fn textures_and_entities_of_gone_slides_are_freed() {
    let mut rehearsal = Rehearsal::start();
    rehearsal.show(0, Duration::ZERO);
    rehearsal.app.update();
    let first = rehearsal.inventory();
    for number in 1..=200 {
        // Every other fade is cut short by the next swap.
        rehearsal.show(number, Duration::from_millis(number % 2 * 10_000));
        rehearsal.app.update();
        let (images, textures, entities) = rehearsal.inventory();
        assert!(
            images <= first.0 + 1,
            "{images} images after {number} swaps"
        );
        assert!(
            textures <= first.1 + 1,
            "{textures} textures after {number} swaps"
        );
        assert!(
            entities <= first.2 + 4,
            "{entities} entities after {number} swaps"
        );
    }
    rehearsal.show(1000, Duration::ZERO);
    rehearsal.app.update();
    assert_eq!(rehearsal.inventory(), first);
}

#[test]
fn slides_that_are_never_shown_do_not_pile_up() {
    let mut rehearsal = Rehearsal::start();
    rehearsal.show(0, Duration::ZERO);
    rehearsal.app.update();
    let (images, textures, _) = rehearsal.inventory();
    for number in 1..=20 {
        rehearsal.send(StageCommand::Load {
            ticket: Ticket(number),
            zone: Zone::MAIN,
            area: Area::new(0, 0, SIDE_PX, SIDE_PX),
            slide: slide(),
        });
        rehearsal.await_event(|event| *event == StageEvent::Loaded(Ticket(number)));
    }
    let (images_then, textures_then, _) = rehearsal.inventory();
    assert_eq!(images_then - images, super::LOADED_MAX);
    assert!(textures_then - textures <= super::LOADED_MAX + 1);
}

#[test]
fn stage_at_rest_waits_for_nothing() {
    let mut rehearsal = Rehearsal::start();
    rehearsal.show(0, Duration::ZERO);
    let deadline = Instant::now() + PATIENCE;
    while rehearsal.app.world().resource::<Agenda>().next().is_some() {
        assert!(Instant::now() < deadline, "it never comes to rest");
        rehearsal.app.update();
    }
    let cameras = rehearsal
        .app
        .world_mut()
        .query::<&Camera>()
        .iter(rehearsal.app.world())
        .filter(|camera| camera.is_active)
        .count();
    assert_eq!(cameras, 0, "nothing is drawn at rest");
}
