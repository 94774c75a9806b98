//! The slides on the GPU.
//!
//! Invariants: textures, buffer and bind group of a slide are made once, when it is loaded, and are
//! gone in the update in which the stage lets go of it. A frame writes numbers only where they have
//! changed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bevy::prelude::*;
use bevy::render::RenderApp;
use bevy::render::render_resource::{BindGroup, Buffer};
use passerby_compose::slide::Patch;
use passerby_paint::{Layer, MovingKind, SlideId, SlidePixels, SlideStore};

use crate::stage::gpu::Gpu;
use crate::stage::numbers::Numbers;
use crate::stage::pipeline::{Kind, SharedSlideAssets};
use crate::stage::planes::Planes;
use crate::stage::store::Store;

/// The slides on the GPU, for main world and render world.
#[derive(Resource, Clone, Default)]
pub(super) struct GpuSlides(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    loaded: u64,
    slides: BTreeMap<SlideId, GpuSlide>,
}

struct GpuSlide {
    kind: Kind,
    planes: Planes,
    group: BindGroup,
    buffer: Buffer,
    /// What the buffer holds.
    written: Option<Numbers>,
}

impl GpuSlides {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the GPU draw a layer with its numbers from now on, and returns what it is drawn with.
    pub(super) fn ready(&self, gpu: &Gpu, layer: &Layer) -> Option<(Kind, BindGroup)> {
        let mut kept = self.kept();
        let slide = kept.slides.get_mut(&layer.slide)?;
        let numbers = Numbers::of(layer, slide.planes.still_px());
        if slide.written != Some(numbers) {
            slide.written = Some(numbers);
            gpu.queue
                .write_buffer(&slide.buffer, 0, &numbers.to_bytes());
        }
        Some((slide.kind, slide.group.clone()))
    }
}

/// The stage's way to the slides on the GPU.
struct GpuStore {
    gpu: Gpu,
    assets: SharedSlideAssets,
    slides: GpuSlides,
}

impl SlideStore for GpuStore {
    fn load(&mut self, pixels: SlidePixels) -> Result<SlideId, String> {
        let planes = Planes::upload(&self.gpu, &pixels)?;
        let (group, buffer) = self.assets.bind(&self.gpu, &planes);
        let mut kept = self.slides.kept();
        kept.loaded += 1;
        let id = SlideId(kept.loaded);
        kept.slides.insert(
            id,
            GpuSlide {
                kind: Kind(pixels.picture.as_ref().map(MovingKind::of)),
                planes,
                group,
                buffer,
                written: None,
            },
        );
        Ok(id)
    }

    fn patch(&mut self, slide: SlideId, patch: &mut Patch) -> Result<(), String> {
        match self.slides.kept().slides.get(&slide) {
            Some(slide) => slide.planes.patch(&self.gpu, patch),
            None => Err("it is gone".into()),
        }
    }

    fn keep(&mut self, slides: &[SlideId]) {
        let mut kept = self.slides.kept();
        kept.slides.retain(|id, _| slides.contains(id));
    }

    fn side_px_max(&self) -> u32 {
        self.gpu.side_px_max()
    }
}

pub(super) fn plugin(app: &mut App) {
    let slides = GpuSlides::default();
    let world = app.world();
    let gpu = world.resource::<Gpu>().clone();
    let store = GpuStore {
        gpu: gpu.clone(),
        assets: world.resource::<SharedSlideAssets>().clone(),
        slides: slides.clone(),
    };
    app.insert_resource(Store(Box::new(store)));
    if let Some(render) = app.get_sub_app_mut(RenderApp) {
        render.insert_resource(slides).insert_resource(gpu);
    }
}
