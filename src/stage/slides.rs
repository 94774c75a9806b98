//! Zones and their slides: loaded, swapped in, dropped, cleared.
//!
//! Invariants:
//! - Every slide has textures of its own; the incoming one is drawn over the one that is shown
//!   until that is covered, so that the screen is never empty in between.
//! - When the output changes its size, what is shown is stretched with it until the player has sent
//!   new slides.

use std::collections::BTreeMap;
use std::time::Instant;

use bevy::math::Vec4;
use bevy::prelude::*;
use passerby_compose::slide::{Area, Caption};
use passerby_playout::messages::stage_messages::{Ticket, Transition};
use passerby_playout::screen::geometry::Zone;

use crate::stage::gpu::Gpu;
use crate::stage::gpu_slide::GpuSlide;
use crate::stage::transition::TransitionProgress;
use crate::stage::travel;

/// Most slides of one zone that are loaded and wait to be shown.
pub const LOADED_MAX: usize = 4;
/// Most zones that have slides at the same time.
pub const ZONES_MAX: usize = 9;

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

/// A slide on the screen.
pub(super) struct Shown {
    pub(super) gpu_slide: GpuSlide,
    /// Where it was drawn last.
    pub(super) at: Area,
}

/// A slide that is coming over the one that is shown.
pub(super) struct Change {
    pub(super) incoming: Shown,
    pub(super) progress: TransitionProgress,
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
    /// What is on the screen, zone by zone; nothing before the first slide is seen.
    pub(super) fn on_screen(&self) -> impl Iterator<Item = ZoneOnScreen<'_>> {
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
    /// Tells whether nothing is loaded, shown or coming.
    pub(super) fn is_empty(&self) -> bool {
        self.loaded.is_empty() && self.shown.is_none() && self.change.is_none()
    }
}

impl ZoneSlides {
    /// The one or two slides that are seen, the upper one last.
    pub(super) fn on_screen(&self) -> impl Iterator<Item = &Shown> {
        let incoming = self.change.as_ref().map(|change| &change.incoming);
        self.shown.iter().chain(incoming)
    }

    /// The same, to be changed.
    pub(super) fn on_screen_mut(&mut self) -> impl Iterator<Item = &mut Shown> {
        let incoming = self.change.as_mut().map(|change| &mut change.incoming);
        self.shown.iter_mut().chain(incoming)
    }
}

impl Change {
    pub(super) fn start(incoming: Shown, progress: TransitionProgress) -> Self {
        Self {
            incoming,
            progress,
            visible: false,
            new_is_read: false,
        }
    }

    /// Works out both slides; false when nothing has changed.
    pub(super) fn draw(&mut self, old: Option<&mut Shown>, gpu: &Gpu, now: Instant) -> bool {
        let new = &mut self.incoming;
        let width_px = travel::rectangle(new.at).z;
        let step = self.progress.step(now, width_px);
        // Where nothing was before, the new code is whole from the first frame on.
        self.new_is_read = step.new_is_read || old.is_none();
        let mut calm = [new.gpu_slide.code_square_at(new.at), Vec4::ZERO];
        let mut moved = false;
        if let Some(old) = old {
            calm[1] = old.gpu_slide.code_square_at(old.at);
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
