//! How the GPU draws a slide: one shader, a pipeline for each kind of moving layer, one bind group
//! a slide.
//!
//! Invariant: a bind group is made once for each slide. What changes is written into its buffer and
//! its textures.

use bevy::asset::embedded_asset;
use bevy::prelude::*;
use bevy::render::RenderApp;
use bevy::render::render_resource::binding_types::{sampler, texture_2d, uniform_buffer_sized};
use bevy::render::render_resource::{
    BindGroup, BindGroupEntries, BindGroupLayout, BindGroupLayoutDescriptor,
    BindGroupLayoutEntries, BindGroupLayoutEntry, BlendState, Buffer, BufferDescriptor,
    BufferUsages, CachedRenderPipelineId, ColorTargetState, ColorWrites, FilterMode, FragmentState,
    PipelineCache, RenderPipelineDescriptor, Sampler, SamplerBindingType, SamplerDescriptor,
    ShaderStages, TextureFormat, TextureSampleType, TextureView, VertexState,
};
use bevy::shader::Shader;

use crate::stage::gpu::Gpu;
use crate::stage::numbers::Numbers;
use crate::stage::planes::{Planes, blank};

/// What lies beneath the holes of a slide's still layer; each has a pipeline of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Layer {
    None,
    Rgba,
    Nv12,
    Strip,
}

impl Layer {
    pub(super) const ALL: [Self; 4] = [Self::None, Self::Rgba, Self::Nv12, Self::Strip];

    /// The shader's names for it.
    const fn definitions(self) -> &'static [&'static str] {
        match self {
            Self::None => &[],
            Self::Rgba => &["MOVING"],
            Self::Nv12 => &["MOVING", "NV12"],
            Self::Strip => &["MOVING", "STRIP"],
        }
    }
}

/// What all slides have in common.
#[derive(Resource)]
pub(super) struct SharedSlideAssets {
    layout: BindGroupLayout,
    blank: TextureView,
    exact: Sampler,
    linear: Sampler,
}

impl SharedSlideAssets {
    /// Makes what a slide binds, and the buffer that its numbers go into.
    pub(super) fn bind(&self, gpu: &Gpu, planes: &Planes) -> (BindGroup, Buffer) {
        let still = planes.still_view();
        let (picture, chroma) = (planes.moving_view(), planes.chroma_view());
        let numbers = numbers(gpu);
        let group = self.group(gpu, &numbers, &still, picture.as_ref(), chroma.as_ref());
        (group, numbers)
    }

    /// Makes a bind group with which every pipeline draws nothing.
    fn bind_nothing(&self, gpu: &Gpu) -> BindGroup {
        self.group(gpu, &numbers(gpu), &self.blank, None, None)
    }

    fn group(
        &self,
        gpu: &Gpu,
        numbers: &Buffer,
        still: &TextureView,
        picture: Option<&TextureView>,
        chroma: Option<&TextureView>,
    ) -> BindGroup {
        let entries = BindGroupEntries::sequential((
            numbers.as_entire_binding(),
            still,
            &self.exact,
            picture.unwrap_or(&self.blank),
            chroma.unwrap_or(&self.blank),
            &self.linear,
        ));
        gpu.device
            .create_bind_group("slide", &self.layout, &entries)
    }
}

/// The buffer of one slide's numbers; all of them are zero at first.
fn numbers(gpu: &Gpu) -> Buffer {
    gpu.device.create_buffer(&BufferDescriptor {
        label: Some("slide_numbers"),
        size: Numbers::BYTES as u64,
        usage: BufferUsages::UNIFORM | BufferUsages::COPY_DST,
        mapped_at_creation: false,
    })
}

/// What a slide binds, for the shader's fragment stage.
fn layout_entries() -> Vec<BindGroupLayoutEntry> {
    let colours = || texture_2d(TextureSampleType::Float { filterable: true });
    let filtering = || sampler(SamplerBindingType::Filtering);
    BindGroupLayoutEntries::sequential(
        ShaderStages::FRAGMENT,
        (
            uniform_buffer_sized(false, None),
            colours(),
            filtering(),
            colours(),
            colours(),
            filtering(),
        ),
    )
    .to_vec()
}

/// The pipelines, in the render world. A window and its snapshots may have outputs of two formats.
#[derive(Resource)]
pub(super) struct SlidePipelines {
    shader: Handle<Shader>,
    made: Vec<(TextureFormat, [CachedRenderPipelineId; Layer::ALL.len()])>,
    /// Binds nothing that is seen; to have the driver compile a pipeline before it is needed.
    pub(super) nothing: BindGroup,
}

impl SlidePipelines {
    /// Returns the pipelines for outputs of a format, in the order of [`Layer::ALL`]. New ones are
    /// there once the cache has compiled them.
    pub(super) fn of(
        &mut self,
        cache: &PipelineCache,
        format: TextureFormat,
    ) -> [CachedRenderPipelineId; Layer::ALL.len()] {
        if let Some((_, known)) = self.made.iter().find(|(known, _)| *known == format) {
            return *known;
        }
        let made = Layer::ALL
            .map(|layer| cache.queue_render_pipeline(describe(self.shader.clone(), layer, format)));
        self.made.push((format, made));
        made
    }
}

fn describe(
    shader: Handle<Shader>,
    layer: Layer,
    format: TextureFormat,
) -> RenderPipelineDescriptor {
    let definitions: Vec<_> = layer
        .definitions()
        .iter()
        .map(|&name| name.into())
        .collect();
    RenderPipelineDescriptor {
        label: Some("slide".into()),
        layout: vec![BindGroupLayoutDescriptor::new("slide", &layout_entries())],
        vertex: VertexState {
            shader: shader.clone(),
            shader_defs: definitions.clone(),
            ..default()
        },
        fragment: Some(FragmentState {
            shader,
            shader_defs: definitions,
            targets: vec![Some(ColorTargetState {
                format,
                blend: Some(BlendState::ALPHA_BLENDING),
                write_mask: ColorWrites::ALL,
            })],
            ..default()
        }),
        ..default()
    }
}

pub(super) fn plugin(app: &mut App) {
    embedded_asset!(app, "slide.wgsl");
    let shader = app
        .world()
        .resource::<AssetServer>()
        .load("embedded://passerby/stage/slide.wgsl");
    let gpu = app.world().resource::<Gpu>();
    let assets = SharedSlideAssets {
        layout: gpu
            .device
            .create_bind_group_layout("slide", &layout_entries()),
        blank: blank(gpu),
        exact: gpu.device.create_sampler(&SamplerDescriptor::default()),
        linear: gpu.device.create_sampler(&SamplerDescriptor {
            mag_filter: FilterMode::Linear,
            min_filter: FilterMode::Linear,
            ..default()
        }),
    };
    let nothing = assets.bind_nothing(gpu);
    app.insert_resource(assets);
    if let Some(render) = app.get_sub_app_mut(RenderApp) {
        render.insert_resource(SlidePipelines {
            shader,
            made: Vec::new(),
            nothing,
        });
    }
}
