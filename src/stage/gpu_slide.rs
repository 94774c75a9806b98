//! One slide on the GPU, from its upload to its end.
//!
//! Invariants:
//! - Its frame source is told of the beginning once, when it is first drawn, and is asked in every
//!   update until it goes.
//! - A patch that does not fit is dropped, and told of once; the slide goes on.

use std::time::{Duration, Instant};

use bevy::math::{UVec2, Vec4};
use bevy::prelude::*;
use bevy::render::render_resource::{BindGroup, Buffer};
use passerby_compose::slide::{Area, Caption, FrameSource, Patch, Slide};
use passerby_playout::messages::stage_messages::Ticket;

use crate::stage::gpu::Gpu;
use crate::stage::numbers::{ChangeNumbers, Numbers};
use crate::stage::pipeline::{Layer, SharedSlideAssets};
use crate::stage::planes::Planes;
use crate::stage::travel::{MovingLayer, rectangle};

/// Most patches that one update takes from one frame source; the rest of them would never be seen
/// anyway.
const PATCHES_MAX: usize = 1024;

/// A slide on the GPU.
pub(super) struct GpuSlide {
    pub(super) ticket: Ticket,
    pub(super) caption: Caption,
    pub(super) group: BindGroup,
    /// Where it lies on an output of [`Self::output_px`].
    area: Area,
    output_px: Option<UVec2>,
    size_px: UVec2,
    code_square: Option<Area>,
    look: Option<MovingLayer>,
    planes: Planes,
    buffer: Buffer,
    /// What the buffer holds.
    written: Option<Numbers>,
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

impl GpuSlide {
    /// Puts a slide on the GPU.
    ///
    /// # Errors
    /// Says why it cannot be drawn.
    pub(super) fn make(
        gpu: &Gpu,
        assets: &SharedSlideAssets,
        ticket: Ticket,
        place: SlidePlace,
        slide: Slide,
    ) -> Result<Self, String> {
        if place.area.is_empty() {
            return Err("its zone has no pixels".into());
        }
        let look = slide.moving.as_ref().map(MovingLayer::of).transpose()?;
        let planes = Planes::upload(gpu, &slide)?;
        let (group, buffer) = assets.bind(gpu, &planes);
        Ok(Self {
            ticket,
            caption: slide.caption,
            group,
            area: place.area,
            output_px: place.output_px,
            size_px: UVec2::new(slide.width_px, slide.height_px),
            code_square: slide.code_square,
            look,
            planes,
            buffer,
            written: None,
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

    /// What lies beneath its holes.
    pub(super) fn layer(&self) -> Layer {
        self.look.as_ref().map_or(Layer::None, MovingLayer::layer)
    }

    /// Its code square at a place of the output; nothing without a code.
    pub(super) fn code_square_at(&self, at: Area) -> Vec4 {
        let Some(code_square) = self.code_square else {
            return Vec4::ZERO;
        };
        let at = rectangle(at);
        let scale = Vec2::new(at.z, at.w) / self.size_px.as_vec2();
        rectangle(code_square) * Vec4::new(scale.x, scale.y, scale.x, scale.y)
            + Vec4::new(at.x, at.y, 0.0, 0.0)
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
        self.layer() == Layer::Strip
            && self.look == other.look
            && self.frame_source.is_none()
            && other.frame_source.is_none()
            && self.caption.creative == other.caption.creative
    }

    /// Takes what its frame source has for now.
    pub(super) fn feed(&mut self, gpu: &Gpu, now: Instant, due: &mut Vec<Patch>) -> FeedOutcome {
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
        for patch in due.drain(..) {
            match self.planes.patch(gpu, &patch) {
                Ok(()) => fed.changed = true,
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

    /// Hands the numbers of the next frame to the GPU; false when they are those of the last one.
    pub(super) fn draw(
        &mut self,
        gpu: &Gpu,
        now: Instant,
        at: Area,
        change: ChangeNumbers,
        calm: [Vec4; 2],
        is_read: bool,
    ) -> bool {
        let elapsed = self
            .begun
            .map_or(Duration::ZERO, |begun| now.saturating_duration_since(begun));
        let look = self.look.as_ref();
        let size_px = self.size_px.as_vec2();
        let numbers = Numbers {
            area: rectangle(at),
            slide: Vec4::new(size_px.x, size_px.y, 0.0, f32::from(u8::from(is_read))),
            moving: look.map(|look| look.numbers(elapsed)).unwrap_or_default(),
            change,
            code_square: self.code_square_at(at),
            calm,
        };
        if self.written == Some(numbers) {
            return false;
        }
        self.written = Some(numbers);
        gpu.queue.write_buffer(&self.buffer, 0, &numbers.to_bytes());
        true
    }
}
