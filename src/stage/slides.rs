//! Slides: loaded, swapped in with a cross-fade, dropped.
//!
//! Invariants:
//! - Every slide is one full-frame texture; the incoming one lies over the one on screen with rising opacity, so that
//!   the mix is exact and the glass is never empty in between.
//! - Fades follow monotonic time, not frames: a slow GPU shows fewer steps, not a longer fade.
//! - A texture is freed in the update in which its slide has gone.

use std::time::{Duration, Instant};

use bevy::asset::RenderAssetUsages;
use bevy::image::ImageSampler;
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use crossbeam_channel::TryRecvError;
use passerby_playout::show::{StageCommand, Ticket};

use super::agenda::Agenda;
use super::channel::StageInbox;
use super::glass::{Changed, Glass, Warm};
use super::readback::SnapshotRequests;
use super::{KioskSystems, Now, SidePxMax};
use passerby_compose::slide::{Caption, Slide};

/// Most slides that are loaded and wait to be shown.
pub const LOADED_MAX: usize = 4;

/// Most commands that one update carries out.
const COMMANDS_MAX: usize = 64;

/// All slides that the stage knows.
#[derive(Resource, Default)]
pub(super) struct Slides {
    loaded: Vec<Loaded>,
    shown: Option<Shown>,
    fade: Option<Fade>,
    /// A swap that came before its texture was on the GPU, or before the shaders were there.
    early: Option<(Ticket, Duration)>,
    stacked: i32,
}

/// A slide that waits.
struct Loaded {
    ticket: Ticket,
    image: Handle<Image>,
    caption: Caption,
}

/// A slide on the glass.
struct Shown {
    ticket: Ticket,
    entity: Entity,
    image: Handle<Image>,
    caption: Caption,
}

/// A slide that is coming over the one that is shown.
struct Fade {
    incoming: Shown,
    started: Instant,
    length: Duration,
    /// Whether a frame with it has been drawn.
    visible: bool,
}

impl Slides {
    /// What is on the glass, and whether it is still coming; none before the first slide is seen.
    pub(super) fn on_glass(&self) -> Option<(&Caption, bool)> {
        match (&self.fade, &self.shown) {
            (Some(fade), _) => Some((&fade.incoming.caption, true)),
            (None, Some(shown)) => Some((&shown.caption, false)),
            (None, None) => None,
        }
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Slides>()
        .add_systems(Update, receive.in_set(KioskSystems::Receive))
        .add_systems(
            Update,
            (start_early, advance).chain().in_set(KioskSystems::Advance),
        );
}

fn receive(
    inbox: Res<StageInbox>,
    mut stagehand: Stagehand,
    mut snapshots: ResMut<SnapshotRequests>,
    mut exit: MessageWriter<AppExit>,
) {
    for _ in 0..COMMANDS_MAX {
        match inbox.commands.try_recv() {
            Ok(StageCommand::Load { ticket, slide, .. }) => stagehand.load(ticket, slide),
            Ok(StageCommand::Swap { ticket, transition }) => {
                stagehand.swap(ticket, transition.length);
            }
            Ok(StageCommand::Clear { .. }) => {}
            Ok(StageCommand::Drop { ticket }) => stagehand.forget(ticket),
            Ok(StageCommand::Snapshot(reply)) => snapshots.push(reply),
            Ok(StageCommand::Quit) | Err(TryRecvError::Disconnected) => {
                exit.write(AppExit::Success);
                return;
            }
            Err(TryRecvError::Empty) => return,
        }
    }
    stagehand.agenda.next_frame();
}

fn start_early(mut stagehand: Stagehand) {
    if let Some((ticket, length)) = stagehand.slides.early.take() {
        stagehand.swap(ticket, length);
    }
}

fn advance(mut stagehand: Stagehand, mut nodes: Query<&mut ImageNode>) {
    let now = stagehand.now.0;
    let Some(fade) = &mut stagehand.slides.fade else {
        return;
    };
    let opacity = ease(now.saturating_duration_since(fade.started), fade.length);
    if opacity > 0.0 {
        if !fade.visible {
            fade.visible = true;
            stagehand.glass.frame().debut = Some(fade.incoming.ticket);
        }
        if let Ok(mut node) = nodes.get_mut(fade.incoming.entity) {
            node.color.set_alpha(opacity);
        }
        stagehand.changed.0 = true;
    }
    if opacity < 1.0 {
        stagehand.agenda.next_frame();
    } else {
        stagehand.settle();
    }
}

/// How opaque the incoming slide is `elapsed` after the start of a fade: slow at both ends.
fn ease(elapsed: Duration, length: Duration) -> f32 {
    if elapsed >= length {
        return 1.0;
    }
    let share = elapsed.as_secs_f32() / length.as_secs_f32();
    share * share * (3.0 - 2.0 * share)
}

/// Does the work of the commands.
#[derive(bevy::ecs::system::SystemParam)]
struct Stagehand<'w, 's> {
    commands: Commands<'w, 's>,
    slides: ResMut<'w, Slides>,
    images: ResMut<'w, Assets<Image>>,
    glass: Res<'w, Glass>,
    changed: ResMut<'w, Changed>,
    agenda: ResMut<'w, Agenda>,
    warm: Res<'w, Warm>,
    now: Res<'w, Now>,
    side_px_max: Res<'w, SidePxMax>,
}

impl Stagehand<'_, '_> {
    fn load(&mut self, ticket: Ticket, slide: Slide) {
        if let Err(reason) = check(&slide, self.side_px_max.0) {
            error!("slide {} cannot be loaded: {reason}", ticket.0);
            return;
        }
        if self.slides.loaded.len() >= LOADED_MAX {
            let oldest = self.slides.loaded[0].ticket;
            warn!(
                "more than {LOADED_MAX} slides are loaded; slide {} is dropped",
                oldest.0
            );
            self.forget(oldest);
        }
        let mut image = Image::new(
            Extent3d {
                width: slide.width_px,
                height: slide.height_px,
                depth_or_array_layers: 1,
            },
            TextureDimension::D2,
            slide.rgba,
            TextureFormat::Rgba8UnormSrgb,
            RenderAssetUsages::RENDER_WORLD,
        );
        image.sampler = ImageSampler::nearest();
        let image = self.images.add(image);
        self.glass.frame().uploads.push((ticket, image.id()));
        self.slides.loaded.push(Loaded {
            ticket,
            image,
            caption: slide.caption,
        });
    }

    fn swap(&mut self, ticket: Ticket, length: Duration) {
        let Some(place) = self.slides.loaded.iter().position(|l| l.ticket == ticket) else {
            warn!("slide {} is to be shown but is not loaded", ticket.0);
            return;
        };
        let uploading = self.glass.frame().uploads.iter().any(|(t, _)| *t == ticket);
        if uploading || !self.warm.0 {
            self.slides.early = Some((ticket, length));
            return;
        }
        self.settle();
        let loaded = self.slides.loaded.remove(place);
        self.slides.stacked = self.slides.stacked.wrapping_add(1);
        let entity = self
            .commands
            .spawn((
                Node {
                    position_type: PositionType::Absolute,
                    width: percent(100),
                    height: percent(100),
                    ..default()
                },
                ImageNode {
                    image: loaded.image.clone(),
                    image_mode: NodeImageMode::Stretch,
                    color: Color::WHITE.with_alpha(ease(Duration::ZERO, length)),
                    ..default()
                },
                GlobalZIndex(self.slides.stacked),
            ))
            .id();
        self.slides.fade = Some(Fade {
            incoming: Shown {
                ticket,
                entity,
                image: loaded.image,
                caption: loaded.caption,
            },
            started: self.now.0,
            length,
            visible: false,
        });
    }

    /// Ends a fade: the incoming slide is the one that is shown, and its predecessor goes.
    fn settle(&mut self) {
        let Some(fade) = self.slides.fade.take() else {
            return;
        };
        self.commands
            .entity(fade.incoming.entity)
            .entry::<ImageNode>()
            .and_modify(|mut node| node.color = Color::WHITE);
        if let Some(old) = self.slides.shown.replace(fade.incoming) {
            self.commands.entity(old.entity).despawn();
            self.images.remove(&old.image);
        }
    }

    fn forget(&mut self, ticket: Ticket) {
        self.glass.frame().uploads.retain(|(t, _)| *t != ticket);
        if let Some(place) = self.slides.loaded.iter().position(|l| l.ticket == ticket) {
            let loaded = self.slides.loaded.remove(place);
            self.images.remove(&loaded.image);
        }
    }
}

/// Says why a slide cannot become a texture.
fn check(slide: &Slide, side_px_max: u32) -> Result<(), String> {
    let (width, height) = (slide.width_px, slide.height_px);
    let sides = 1..=side_px_max;
    if !sides.contains(&width) || !sides.contains(&height) {
        return Err(format!(
            "it is {width}x{height} pixels, and the GPU takes 1 to {side_px_max} a side"
        ));
    }
    let bytes = u64::from(width) * u64::from(height) * 4;
    if slide.rgba.len() as u64 != bytes {
        return Err(format!(
            "it has {} bytes where {width}x{height} pixels take {bytes}",
            slide.rgba.len()
        ));
    }
    Ok(())
}
