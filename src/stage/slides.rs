//! Zones and their slides: loaded, swapped in, dropped, cleared.
//!
//! Invariants:
//! - Every slide has pixels of its own; the incoming one is drawn over the one that is shown
//!   until that is covered, so that the screen is never empty in between.
//! - When the output changes its size, what is shown is stretched with it until the player has sent
//!   new slides.

use std::collections::BTreeMap;
use std::time::Instant;

use bevy::prelude::*;
use passerby_compose::slide::{Area, Caption};
use passerby_paint::{ChangeNumbers, Layer, Rectangle, SlideId, rectangle};
use passerby_playout::messages::stage_messages::{SnapshotZone, Ticket, Transition};
use passerby_playout::screen::geometry::Zone;

use crate::stage::loaded_slide::LoadedSlide;
use crate::stage::transition::TransitionProgress;

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
    pub(super) loaded: Vec<LoadedSlide>,
    pub(super) shown: Option<Shown>,
    pub(super) change: Option<Change>,
    /// A swap that came before its slide could be drawn.
    pub(super) early: Option<(Ticket, Transition)>,
}

/// A slide on the screen.
pub(super) struct Shown {
    pub(super) slide: LoadedSlide,
    /// Where it was drawn last.
    pub(super) at: Area,
}

/// A slide that is coming over the one that is shown.
pub(super) struct Change {
    pub(super) incoming: Shown,
    pub(super) progress: TransitionProgress,
    /// Whether a frame with it has been drawn.
    pub(super) visible: bool,
    /// How many frames have shown it.
    pub(super) frames: u32,
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
                caption: &shown.slide.caption,
                transition,
            })
        })
    }
}

impl Slides {
    /// The same for a snapshot, with where the codes are. What lies under a message that covers
    /// all is not seen.
    pub(super) fn in_snapshot(&self) -> Vec<SnapshotZone> {
        let mut zones: Vec<SnapshotZone> = self
            .on_screen()
            .map(|seen| SnapshotZone {
                zone: seen.zone,
                campaign: seen.caption.campaign.clone(),
                creative: seen.caption.creative.clone(),
                play: seen.caption.play,
                codes: self.0.get(&seen.zone).map_or_else(Vec::new, |slides| {
                    slides.on_screen().filter_map(Shown::code_area).collect()
                }),
            })
            .collect();
        let is_covered = (self.0.get(&Zone::NOTICE))
            .is_some_and(|notice| notice.shown.is_some() && notice.change.is_none());
        if is_covered {
            zones.retain(|seen| seen.zone == Zone::NOTICE);
        }
        zones
    }
}

impl Shown {
    /// All pixels of the output that its code touches; none without a code.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is past an end becomes the end"
    )]
    fn code_area(&self) -> Option<Area> {
        let [left, top, width, height] = self.slide.code_square_at(self.at);
        let (x, y) = (left.floor() as u32, top.floor() as u32);
        let (right, bottom) = ((left + width).ceil() as u32, (top + height).ceil() as u32);
        (width > 0.0 && height > 0.0).then(|| Area::new(x, y, right - x, bottom - y))
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

    /// The layers of the next frame, the lowest first.
    pub(super) fn layers(&mut self, now: Instant, layers: &mut Vec<Layer>) {
        match &mut self.change {
            Some(change) => change.layers(self.shown.as_ref(), now, layers),
            None => layers.extend(self.shown.as_ref().map(|shown| {
                let calm = [Rectangle::default(); 2];
                let rest = ChangeNumbers::REST;
                shown.slide.layer(now, shown.at, rest, calm, true)
            })),
        }
    }

    /// What the presenter has to keep for this zone.
    pub(super) fn ids(&self) -> impl Iterator<Item = SlideId> {
        let on_screen = self.on_screen().map(|shown| shown.slide.id);
        self.loaded.iter().map(|slide| slide.id).chain(on_screen)
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
            frames: 0,
            new_is_read: false,
        }
    }

    /// Works out both slides.
    fn layers(&mut self, old: Option<&Shown>, now: Instant, layers: &mut Vec<Layer>) {
        self.frames = self.frames.saturating_add(1);
        let new = &self.incoming;
        let [_, _, width_px, _] = rectangle(new.at);
        let step = self.progress.step(now, width_px);
        // Where nothing was before, the new code is whole from the first frame on.
        self.new_is_read = step.new_is_read || old.is_none();
        let mut calm = [new.slide.code_square_at(new.at), Rectangle::default()];
        if let Some(old) = old {
            calm[1] = old.slide.code_square_at(old.at);
            let is_read = !self.new_is_read;
            layers.push(old.slide.layer(now, old.at, step.old, calm, is_read));
        }
        let is_read = self.new_is_read;
        layers.push(new.slide.layer(now, new.at, step.new, calm, is_read));
    }
}
