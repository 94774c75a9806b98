//! The pass that draws slides on the GPU, and brings the frame to the output.
//!
//! Bevy's cameras would draw into a picture of their own first and copy that over. Here an
//! offscreen picture is drawn into directly. A window takes light, not coded colours, and only a
//! second pass can give it what was mixed as coded.
//!
//! Invariants:
//! - An update that draws nothing asks the window for no picture and presents none.
//! - Slides are drawn in the order of the frame's layers, and none outside its area.
//! - Every pipeline has drawn once, where nobody sees it, before the first slide: drivers compile
//!   what is left to compile then.

use bevy::camera::NormalizedRenderTarget;
use bevy::prelude::*;
use bevy::render::render_asset::RenderAssets;
use bevy::render::render_resource::{
    BindGroup, BindGroupEntries, CommandEncoderDescriptor, Extent3d, LoadOp, Operations,
    PipelineCache, RenderPassColorAttachment, RenderPassDescriptor, StoreOp, Texture,
    TextureDescriptor, TextureDimension, TextureUsages, TextureView, TextureViewDescriptor,
};
use bevy::render::renderer::{RenderDevice, RenderGraph, RenderGraphSystems, RenderQueue};
use bevy::render::texture::{GpuImage, ManualTextureViews, OutputColorAttachment};
use bevy::render::view::{ExtractedWindows, ViewTargetAttachments};
use bevy::render::{Extract, ExtractSchedule, Render, RenderApp, RenderSystems};
use bevy::window::PrimaryWindow;
use passerby_paint::Frame;
use passerby_playout::screen::area::Area;

use crate::stage::gpu::Gpu;
use crate::stage::gpu_presenter::{Target, WarmUp};
use crate::stage::gpu_store::GpuSlides;
use crate::stage::pipeline::{CANVAS, Kind, SlidePipelines, canvas_layout};
use crate::stage::presenter::{Presenter, Ready};
use crate::stage::store::NextFrame;

/// Where the slides that no zone has yet are drawn, to have their pipelines compiled.
const WARM_UP_AREA: Area = Area::new(0, 0, 1, 1);

/// What the next frame is made of, in the render world.
#[derive(Resource, Default)]
pub(super) struct DrawList {
    target: Option<NormalizedRenderTarget>,
    is_ready: bool,
    frame: Frame,
}

/// Where frames for a window are mixed.
#[derive(Resource, Default)]
struct Canvas(Option<(Texture, TextureView, BindGroup)>);

impl Canvas {
    /// A canvas of a size; the one of the last frame, if that had the same.
    fn of(
        &mut self,
        size: Extent3d,
        device: &RenderDevice,
        cache: &PipelineCache,
    ) -> &(Texture, TextureView, BindGroup) {
        self.0.take_if(|(texture, ..)| texture.size() != size);
        self.0.get_or_insert_with(|| {
            let texture = device.create_texture(&TextureDescriptor {
                label: Some("canvas"),
                size,
                mip_level_count: 1,
                sample_count: 1,
                dimension: TextureDimension::D2,
                format: CANVAS,
                usage: TextureUsages::RENDER_ATTACHMENT | TextureUsages::TEXTURE_BINDING,
                view_formats: &[],
            });
            let view = texture.create_view(&TextureViewDescriptor::default());
            let group = device.create_bind_group(
                "canvas",
                &cache.get_bind_group_layout(&canvas_layout()),
                &BindGroupEntries::single(&view),
            );
            (texture, view, group)
        })
    }
}

pub(super) fn plugin(app: &mut App) {
    if let Some(render) = app.get_sub_app_mut(RenderApp) {
        render
            .init_resource::<DrawList>()
            .init_resource::<Canvas>()
            .add_systems(ExtractSchedule, list_slides)
            .add_systems(Render, ask_for_pictures.in_set(RenderSystems::CreateViews))
            .add_systems(RenderGraph, draw.in_set(RenderGraphSystems::Render));
    }
}

fn list_slides(
    next: Extract<Res<NextFrame>>,
    target: Extract<Res<Target>>,
    ready: Extract<Res<Ready>>,
    primary: Extract<Query<Entity, With<PrimaryWindow>>>,
    mut list: ResMut<DrawList>,
) {
    list.target = target.0.normalize(primary.iter().next());
    list.is_ready = ready.0;
    list.frame.clone_from(&next.0);
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
    slides: Res<GpuSlides>,
    gpu: Res<Gpu>,
    presenter: Res<Presenter>,
    warm_up: Res<WarmUp>,
    mut canvas: ResMut<Canvas>,
    mut pipelines: ResMut<SlidePipelines>,
    cache: Res<PipelineCache>,
    snapshots: Res<ViewTargetAttachments>,
    windows: Res<ExtractedWindows>,
    images: Res<RenderAssets<GpuImage>>,
    others: Res<ManualTextureViews>,
    device: Res<RenderDevice>,
    queue: Res<RenderQueue>,
) {
    let is_drawing = presenter.frame().is_drawing();
    let Some(target) = list.target.as_ref().filter(|_| is_drawing) else {
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
    let mut encoder = device.create_command_encoder(&CommandEncoderDescriptor {
        label: Some("slides"),
    });
    // What mixes coded colours must not decode them.
    let is_direct = output.view_format == CANVAS;
    let mixed = (!is_direct).then(|| canvas.of(size, &device, &cache));
    let view = mixed.map_or(&output.view, |(_, view, _)| view);
    let mut all_drawn = {
        let mut pass = encoder.begin_render_pass(&RenderPassDescriptor {
            label: Some("slides"),
            color_attachments: &attachment(view, list.frame.background),
            ..default()
        });
        let ids = pipelines.slides(&cache);
        let mut draw_one = |kind: Kind, group: &BindGroup, area: Area| {
            let Some(pipeline) = cache.get_render_pipeline(ids[kind.place()]) else {
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
        let all_drawn = list.is_ready
            || Kind::ALL
                .map(|kind| draw_one(kind, &pipelines.nothing, WARM_UP_AREA))
                .into_iter()
                .all(|drawn| drawn);
        for layer in &list.frame.layers {
            if let Some((kind, group)) = slides.ready(&gpu, layer) {
                draw_one(kind, &group, layer.area);
            }
        }
        all_drawn
    };
    if let Some((_, _, group)) = mixed {
        let id = pipelines.output(&cache, output.view_format);
        match cache.get_render_pipeline(id) {
            Some(pipeline) => {
                let mut pass = encoder.begin_render_pass(&RenderPassDescriptor {
                    label: Some("frame to output"),
                    color_attachments: &attachment(&output.view, [0; 3]),
                    ..default()
                });
                pass.set_pipeline(pipeline);
                pass.set_bind_group(0, group, &[]);
                pass.draw(0..3, 0..1);
            }
            None => all_drawn = false,
        }
    }
    if all_drawn {
        warm_up.every_layer_is_drawn();
    }
    queue.submit([encoder.finish()]);
}

/// What a pass draws into, from one colour on, as it is coded.
fn attachment(
    view: &TextureView,
    background: [u8; 3],
) -> [Option<RenderPassColorAttachment<'_>>; 1] {
    let [red, green, blue] = background.map(|level| f32::from(level) / 255.0);
    [Some(RenderPassColorAttachment {
        view,
        depth_slice: None,
        resolve_target: None,
        ops: Operations {
            load: LoadOp::Clear(LinearRgba::rgb(red, green, blue).into()),
            store: StoreOp::Store,
        },
    })]
}
