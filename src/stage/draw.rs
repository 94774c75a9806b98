//! Draws the slides: one pass, straight into the picture that is presented.
//!
//! Bevy's cameras would draw into a picture of their own first and copy that over; on a machine
//! without a GPU a copy of the whole output costs as much as a slide.
//!
//! Invariants:
//! - An update that draws nothing asks the window for no picture and presents none.
//! - Slides are drawn in the order of their zones, in each the incoming one over the one that is
//!   shown, and none outside its area.
//! - Every pipeline has drawn once, where nobody sees it, before the first slide: drivers compile
//!   what is left to compile then.

use bevy::camera::NormalizedRenderTarget;
use bevy::prelude::*;
use bevy::render::render_asset::RenderAssets;
use bevy::render::render_resource::{
    BindGroup, CommandEncoderDescriptor, LoadOp, Operations, PipelineCache,
    RenderPassColorAttachment, RenderPassDescriptor, StoreOp,
};
use bevy::render::renderer::{RenderDevice, RenderGraph, RenderGraphSystems, RenderQueue};
use bevy::render::texture::{GpuImage, ManualTextureViews, OutputColorAttachment};
use bevy::render::view::{ExtractedWindows, ViewTargetAttachments};
use bevy::render::{Extract, ExtractSchedule, Render, RenderApp, RenderSystems};
use bevy::window::PrimaryWindow;
use passerby_playout::screen::area::Area;

use crate::stage::pipeline::{Layer, SlidePipelines};
use crate::stage::presenter::{PipelinesReady, Presenter, Target};
use crate::stage::slides::Slides;

/// What shows where no zone lies.
#[derive(Resource, Clone, Copy)]
pub(super) struct Background(pub(super) [u8; 3]);

/// Where the slides that no zone has yet are drawn, to have their pipelines compiled.
const WARM_UP_AREA: Area = Area::new(0, 0, 1, 1);

/// What the next frame is made of, in the render world.
#[derive(Resource, Default)]
pub(super) struct DrawList {
    target: Option<NormalizedRenderTarget>,
    background: LinearRgba,
    is_warm: bool,
    slides: Vec<DrawnSlide>,
}

impl DrawList {
    /// How many slides there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.slides.len()
    }
}

struct DrawnSlide {
    layer: Layer,
    group: BindGroup,
    area: Area,
}

pub(super) fn plugin(app: &mut App) {
    if let Some(render) = app.get_sub_app_mut(RenderApp) {
        render
            .init_resource::<DrawList>()
            .add_systems(ExtractSchedule, list_slides)
            .add_systems(Render, ask_for_pictures.in_set(RenderSystems::CreateViews))
            .add_systems(RenderGraph, draw.in_set(RenderGraphSystems::Render));
    }
}

fn list_slides(
    slides: Extract<Res<Slides>>,
    target: Extract<Res<Target>>,
    background: Extract<Res<Background>>,
    warm: Extract<Res<PipelinesReady>>,
    primary: Extract<Query<Entity, With<PrimaryWindow>>>,
    mut list: ResMut<DrawList>,
) {
    let [red, green, blue] = background.0;
    list.target = target.0.normalize(primary.iter().next());
    list.background = Color::srgb_u8(red, green, blue).into();
    list.is_warm = warm.0;
    list.slides.clear();
    for zone in slides.0.values() {
        list.slides.extend(zone.on_screen().map(|shown| DrawnSlide {
            layer: shown.gpu_slide.layer(),
            group: shown.gpu_slide.group.clone(),
            area: shown.at,
        }));
    }
}

/// Windows have a picture to draw into, and present it, for an update that draws: what Bevy
/// otherwise does for the window of a camera, and for a new window.
fn ask_for_pictures(presenter: Res<Presenter>, mut windows: ResMut<ExtractedWindows>) {
    if presenter.frame().is_drawing() {
        for window in windows.values_mut() {
            window.needs_initial_present = true;
        }
    }
}

fn draw(
    list: Res<DrawList>,
    presenter: Res<Presenter>,
    mut pipelines: ResMut<SlidePipelines>,
    cache: Res<PipelineCache>,
    snapshots: Res<ViewTargetAttachments>,
    windows: Res<ExtractedWindows>,
    images: Res<RenderAssets<GpuImage>>,
    others: Res<ManualTextureViews>,
    device: Res<RenderDevice>,
    queue: Res<RenderQueue>,
) {
    let mut frame = presenter.frame();
    let Some(target) = list.target.as_ref().filter(|_| frame.is_drawing()) else {
        return;
    };
    // Of a frame that is read back, Bevy draws the window's picture from the copy.
    let copied = snapshots.get(target).cloned();
    let output = copied.or_else(|| {
        let view = target.get_texture_view(&windows, &images, &others)?;
        let format = target.get_texture_view_format(&windows, &images, &others)?;
        Some(OutputColorAttachment::new(view.clone(), format))
    });
    let Some(output) = output else {
        return;
    };
    let size = output.view.texture().size();
    let ids = pipelines.of(&cache, output.view_format);
    let mut encoder = device.create_command_encoder(&CommandEncoderDescriptor {
        label: Some("slides"),
    });
    let mut pass = encoder.begin_render_pass(&RenderPassDescriptor {
        label: Some("slides"),
        color_attachments: &[Some(RenderPassColorAttachment {
            view: &output.view,
            depth_slice: None,
            resolve_target: None,
            ops: Operations {
                load: LoadOp::Clear(list.background.into()),
                store: StoreOp::Store,
            },
        })],
        ..default()
    });
    let mut draw_one = |layer: Layer, group: &BindGroup, area: Area| {
        let Some(pipeline) = cache.get_render_pipeline(ids[layer as usize]) else {
            return false;
        };
        let (left, top) = (area.x.min(size.width), area.y.min(size.height));
        let width = area.right().min(size.width) - left;
        let height = area.bottom().min(size.height) - top;
        if width > 0 && height > 0 {
            pass.set_scissor_rect(left, top, width, height);
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, group, &[]);
            pass.draw(0..3, 0..1);
        }
        true
    };
    if !list.is_warm {
        let mut drawn = Layer::ALL
            .map(|layer| draw_one(layer, &pipelines.nothing, WARM_UP_AREA))
            .into_iter();
        frame.every_layer_drawn |= drawn.all(|drawn| drawn);
    }
    for slide in &list.slides {
        draw_one(slide.layer, &slide.group, slide.area);
    }
    drop(pass);
    queue.submit([encoder.finish()]);
}
