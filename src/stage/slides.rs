//! Zones and their slides: loaded, swapped in, dropped, cleared.
//!
//! Invariants:
//! - Every slide has textures of its own; the incoming one is drawn over the one that is shown until that is covered,
//!   so that the glass is never empty in between.
//! - When the output changes its size, what is shown is stretched with it until the player has sent new slides.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bevy::math::Vec4;
use bevy::prelude::*;
use crossbeam_channel::TryRecvError;
use passerby_compose::slide::{Area, Caption, Patch};
use passerby_playout::messages::stage_messages::{StageCommand, Ticket, Transition};
use passerby_playout::screen::geometry::Zone;

use crate::stage::KioskSystems;
use crate::stage::channel::StageInbox;
use crate::stage::command_handler::CommandHandler;
use crate::stage::gpu::Gpu;
use crate::stage::gpu_slide::{GpuSlide, node};
use crate::stage::numbers::ChangeNumbers;
use crate::stage::readback::SnapshotRequests;
use crate::stage::transition::TransitionProgress;

/// Most slides of one zone that are loaded and wait to be shown.
pub const LOADED_MAX: usize = 4;
/// Most zones that have slides at the same time.
pub const ZONES_MAX: usize = 9;

/// Most commands that one update carries out.
const COMMANDS_MAX: usize = 64;
/// How soon a reel is asked again that wants to be asked at once.
const REEL_STEP: Duration = Duration::from_millis(4);

/// All slides that the stage knows.
#[derive(Resource, Default)]
pub(super) struct Slides(pub(super) BTreeMap<Zone, ZoneSlides>);

/// The slides of one zone.
#[derive(Default)]
pub(super) struct ZoneSlides {
    pub(super) loaded: Vec<GpuSlide>,
    pub(super) shown: Option<Shown>,
    pub(super) change: Option<Change>,
    /// A swap that came before its slide could be drawn.
    pub(super) early: Option<(Ticket, Transition)>,
}

/// A slide on the glass.
pub(super) struct Shown {
    pub(super) gpu_slide: GpuSlide,
    pub(super) entity: Entity,
    /// Where it was drawn last.
    pub(super) at: Area,
}

/// A slide that is coming over the one that is shown.
pub(super) struct Change {
    pub(super) incoming: Shown,
    timeline: TransitionProgress,
    /// Whether a frame with it has been drawn.
    pub(super) visible: bool,
    /// Whether its code is the one that is seen.
    new_is_read: bool,
}

/// What a zone shows, for those who look at frames.
#[derive(Clone, Copy)]
pub(super) struct ZoneOnScreen<'a> {
    pub(super) zone: Zone,
    /// Of the slide whose code can be read.
    pub(super) caption: &'a Caption,
    pub(super) transition: bool,
}

impl Slides {
    /// What is on the glass, zone by zone; nothing before the first slide is seen.
    pub(super) fn on_glass(&self) -> impl Iterator<Item = ZoneOnScreen<'_>> {
        self.0.iter().filter_map(|(&zone, slides)| {
            let (shown, transition) = match (&slides.change, &slides.shown) {
                (Some(change), Some(shown)) if !change.new_is_read => (shown, true),
                (Some(change), _) => (&change.incoming, true),
                (None, Some(shown)) => (shown, false),
                (None, None) => return None,
            };
            Some(ZoneOnScreen {
                zone,
                caption: &shown.gpu_slide.caption,
                transition,
            })
        })
    }
}

impl ZoneSlides {
    pub(super) fn is_empty(&self) -> bool {
        self.loaded.is_empty() && self.shown.is_none() && self.change.is_none()
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Slides>()
        .add_systems(Update, receive.in_set(KioskSystems::Receive))
        .add_systems(
            Update,
            (start_early, settle, draw)
                .chain()
                .in_set(KioskSystems::Advance),
        );
}

fn receive(
    inbox: Res<StageInbox>,
    mut handler: CommandHandler,
    mut snapshots: ResMut<SnapshotRequests>,
    mut exit: MessageWriter<AppExit>,
) {
    for _ in 0..COMMANDS_MAX {
        match inbox.commands.try_recv() {
            Ok(StageCommand::Load {
                ticket,
                zone,
                area,
                slide,
            }) => handler.load(ticket, zone, area, slide),
            Ok(StageCommand::Swap { ticket, transition }) => handler.swap(ticket, transition),
            Ok(StageCommand::Clear { zone }) => handler.clear(zone),
            Ok(StageCommand::Drop { ticket }) => handler.forget(ticket),
            Ok(StageCommand::Snapshot(reply)) => snapshots.push(reply),
            Ok(StageCommand::Quit) | Err(TryRecvError::Disconnected) => {
                exit.write(AppExit::Success);
                return;
            }
            Err(TryRecvError::Empty) => return,
        }
    }
    handler.agenda.next_frame();
}

fn start_early(mut handler: CommandHandler) {
    let early: Vec<_> = handler
        .slides
        .0
        .values_mut()
        .filter_map(|zone| zone.early.take())
        .collect();
    for (ticket, transition) in early {
        handler.swap(ticket, transition);
    }
}

/// Lets slides begin that are about to be seen, and ends transitions that are over.
fn settle(mut handler: CommandHandler) {
    let now = handler.now.0;
    let mut over = Vec::new();
    for (&zone, slides) in &mut handler.slides.0 {
        let Some(change) = &mut slides.change else {
            continue;
        };
        if !change.visible {
            change.visible = true;
            let over = slides.shown.as_ref().map(|shown| &shown.gpu_slide);
            change.incoming.gpu_slide.begin(now, over);
            handler
                .presenter
                .frame()
                .debut(zone, change.incoming.gpu_slide.ticket);
        }
        if change.timeline.is_over(now) {
            over.push(zone);
        }
    }
    for zone in over {
        handler.settle(zone);
    }
}

/// Works out the next frame, zone by zone.
fn draw(mut handler: CommandHandler, mut nodes: Query<&mut Node>, mut due: Local<Vec<Patch>>) {
    let CommandHandler {
        slides,
        gpu,
        changed,
        agenda,
        output,
        now,
        ..
    } = &mut handler;
    let now = now.0;
    for zone in slides.0.values_mut() {
        for shown in zone.on_glass_mut() {
            let at = shown.gpu_slide.on_output(output.size_px);
            if shown.at != at {
                shown.at = at;
                if let Ok(mut place) = nodes.get_mut(shown.entity) {
                    *place = node(at);
                }
            }
            let fed = shown.gpu_slide.feed(gpu, now, &mut due);
            changed.0 |= fed.changed;
            if let Some(next) = fed.next {
                agenda.wake_at(next.max(now + REEL_STEP));
            }
            if shown.gpu_slide.moves_after(now) {
                agenda.next_frame();
            }
        }
        let moved = match &mut zone.change {
            None => zone.shown.as_mut().is_some_and(|shown| {
                let rest = ChangeNumbers::REST;
                shown
                    .gpu_slide
                    .draw(gpu, now, shown.at, rest, [Vec4::ZERO; 2], true)
            }),
            Some(change) => {
                agenda.next_frame();
                change.draw(zone.shown.as_mut(), gpu, now)
            }
        };
        changed.0 |= moved;
    }
}

impl ZoneSlides {
    /// The one or two slides that are seen.
    fn on_glass_mut(&mut self) -> impl Iterator<Item = &mut Shown> {
        let incoming = self.change.as_mut().map(|change| &mut change.incoming);
        self.shown.iter_mut().chain(incoming)
    }
}

impl Change {
    pub(super) fn start(incoming: Shown, timeline: TransitionProgress) -> Self {
        Self {
            incoming,
            timeline,
            visible: false,
            new_is_read: false,
        }
    }

    /// Works out both slides; false when nothing has changed.
    fn draw(&mut self, old: Option<&mut Shown>, gpu: &Gpu, now: Instant) -> bool {
        let new = &mut self.incoming;
        let width_px = crate::stage::travel::rectangle(new.at).z;
        let step = self.timeline.step(now, width_px);
        // Where nothing was before, the new code is whole from the first frame on.
        self.new_is_read = step.new_is_read || old.is_none();
        let mut calm = [new.gpu_slide.card_at(new.at), Vec4::ZERO];
        let mut moved = false;
        if let Some(old) = old {
            calm[1] = old.gpu_slide.card_at(old.at);
            moved = old
                .gpu_slide
                .draw(gpu, now, old.at, step.old, calm, !self.new_is_read);
        }
        moved
            | new
                .gpu_slide
                .draw(gpu, now, new.at, step.new, calm, self.new_is_read)
    }
}
