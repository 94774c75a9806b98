//! One slide that the stage knows, from its loading to its end.
//!
//! Invariants:
//! - Its frame source is told of the beginning once, when it is first drawn, and is asked in every
//!   update until it goes.
//! - A patch that does not fit is dropped, and told of once; the slide goes on.

use std::time::{Duration, Instant};

use bevy::math::UVec2;
use bevy::prelude::*;
use passerby_compose::slide::{Area, Caption, FrameSource, Patch, Slide};
use passerby_paint::{
    ChangeNumbers, Layer, MovingKind, MovingLayer, Rectangle, SlideId, SlidePixels, SlideStore,
    rectangle,
};
use passerby_playout::messages::stage_messages::Ticket;

/// Most patches that one update takes from one frame source; the rest of them would never be seen
/// anyway.
const PATCHES_MAX: usize = 1024;

/// A slide whose pixels the presenter has.
pub(super) struct LoadedSlide {
    pub(super) ticket: Ticket,
    pub(super) caption: Caption,
    /// Its name in the presenter's store.
    pub(super) id: SlideId,
    /// Where it lies on an output of [`Self::output_px`].
    area: Area,
    output_px: Option<UVec2>,
    size_px: UVec2,
    code_square: Option<Area>,
    look: Option<MovingLayer>,
    frame_source: Option<Box<dyn FrameSource>>,
    begun: Option<Instant>,
    complained: bool,
}

/// Where a slide will lie.
pub(super) struct SlidePlace {
    pub(super) area: Area,
    /// The size of the output that `area` was worked out for.
    pub(super) output_px: Option<UVec2>,
}

/// What came of asking a frame source.
pub(super) struct FeedOutcome {
    /// Whether pixels changed.
    pub(super) changed: bool,
    /// When it wants to be asked next.
    pub(super) next: Option<Instant>,
}

impl LoadedSlide {
    /// Hands a slide's pixels to the presenter.
    ///
    /// # Errors
    /// Says why it cannot be drawn.
    pub(super) fn make(
        store: &mut dyn SlideStore,
        ticket: Ticket,
        place: SlidePlace,
        slide: Slide,
    ) -> Result<Self, String> {
        if place.area.is_empty() {
            return Err("its zone has no pixels".into());
        }
        let look = slide.moving.as_ref().map(MovingLayer::of).transpose()?;
        let id = store.load(SlidePixels {
            width_px: slide.width_px,
            height_px: slide.height_px,
            rgba: slide.rgba,
            picture: slide.moving.map(|moving| moving.picture),
        })?;
        Ok(Self {
            ticket,
            caption: slide.caption,
            id,
            area: place.area,
            output_px: place.output_px,
            size_px: UVec2::new(slide.width_px, slide.height_px),
            code_square: slide.code_square,
            look,
            frame_source: slide.frame_source,
            begun: None,
            complained: false,
        })
    }

    /// Where it lies on an output of this size: its area, stretched like the output since it was
    /// loaded.
    pub(super) fn on_output(&self, output_px: Option<UVec2>) -> Area {
        let (Some(then), Some(now)) = (self.output_px, output_px) else {
            return self.area;
        };
        let stretch = |at: u32, then: u32, now: u32| {
            let exact = u64::from(at) * u64::from(now);
            let then = u64::from(then.max(1));
            u32::try_from((exact + then / 2) / then).unwrap_or(u32::MAX)
        };
        let (left, top) = (
            stretch(self.area.x, then.x, now.x),
            stretch(self.area.y, then.y, now.y),
        );
        let right = stretch(self.area.right(), then.x, now.x);
        let bottom = stretch(self.area.bottom(), then.y, now.y);
        Area::new(left, top, (right - left).max(1), (bottom - top).max(1))
    }

    /// Its code square at a place of the output; nothing without a code.
    pub(super) fn code_square_at(&self, at: Area) -> Rectangle {
        let Some(code_square) = self.code_square else {
            return Rectangle::default();
        };
        let [left, top, width, height] = rectangle(at);
        let scale = Vec2::new(width, height) / self.size_px.as_vec2();
        let [x, y, wide, high] = rectangle(code_square);
        [
            x * scale.x + left,
            y * scale.y + top,
            wide * scale.x,
            high * scale.y,
        ]
    }

    /// Notes that the slide is drawn for the first time, over the one that is shown. A strip that
    /// follows itself goes on where it is, so that nobody sees that one play has ended and another
    /// begun.
    pub(super) fn begin(&mut self, now: Instant, over: Option<&Self>) {
        let since = over.filter(|over| over.is_same_strip(self));
        self.begun = since.and_then(|over| over.begun).or(Some(now));
        if let Some(frame_source) = &mut self.frame_source {
            frame_source.begin();
        }
    }

    fn is_same_strip(&self, other: &Self) -> bool {
        let is_strip = |look: &MovingLayer| look.kind() == MovingKind::Strip;
        self.look.as_ref().is_some_and(is_strip)
            && self.look == other.look
            && self.frame_source.is_none()
            && other.frame_source.is_none()
            && self.caption.creative == other.caption.creative
    }

    /// Takes what its frame source has for now.
    pub(super) fn feed(
        &mut self,
        store: &mut dyn SlideStore,
        now: Instant,
        due: &mut Vec<Patch>,
    ) -> FeedOutcome {
        let mut fed = FeedOutcome {
            changed: false,
            next: None,
        };
        let (Some(frame_source), Some(begun)) = (&mut self.frame_source, self.begun) else {
            return fed;
        };
        due.clear();
        let next = frame_source.advance(now.saturating_duration_since(begun), due);
        fed.next = next.and_then(|next| begun.checked_add(next));
        if due.len() > PATCHES_MAX {
            due.drain(..due.len() - PATCHES_MAX);
        }
        for mut patch in due.drain(..) {
            match store.patch(self.id, &mut patch) {
                Ok(()) => {
                    fed.changed = true;
                    frame_source.take_back(patch);
                }
                Err(reason) if !self.complained => {
                    self.complained = true;
                    error!(
                        "a part of {} is not renewed: {reason}",
                        self.caption.creative
                    );
                }
                Err(_) => {}
            }
        }
        fed
    }

    /// Whether it changes by itself after this instant.
    pub(super) fn moves_after(&self, now: Instant) -> bool {
        match (&self.look, self.begun) {
            (Some(look), Some(begun)) => look.moves_after(now.saturating_duration_since(begun)),
            _ => false,
        }
    }

    /// Its layer of the next frame.
    pub(super) fn layer(
        &self,
        now: Instant,
        at: Area,
        change: ChangeNumbers,
        calm: [Rectangle; 2],
        is_read: bool,
    ) -> Layer {
        let elapsed = self
            .begun
            .map_or(Duration::ZERO, |begun| now.saturating_duration_since(begun));
        Layer {
            slide: self.id,
            area: at,
            moving: self.look.as_ref().map(|look| look.numbers(elapsed)),
            change,
            code_square: self.code_square_at(at),
            calm,
            is_read,
        }
    }
}
