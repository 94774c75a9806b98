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

use passerby_paint::MovingKind;

use crate::stage::gpu::Gpu;
use crate::stage::numbers::Numbers;
use crate::stage::planes::{Planes, blank};

/// What lies beneath the holes of a slide's still layer; each has a pipeline of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Kind(pub(super) Option<MovingKind>);

impl Kind {
    pub(super) const ALL: [Self; 4] = [
        Self(None),
        Self(Some(MovingKind::Rgba)),
        Self(Some(MovingKind::Nv12)),
        Self(Some(MovingKind::Strip)),
    ];

    /// Its place among [`Self::ALL`].
    pub(super) const fn place(self) -> usize {
        match self.0 {
            None => 0,
            Some(MovingKind::Rgba) => 1,
            Some(MovingKind::Nv12) => 2,
            Some(MovingKind::Strip) => 3,
        }
    }

    /// The shader's names for it.
    const fn definitions(self) -> &'static [&'static str] {
        match self.0 {
            None => &[],
            Some(MovingKind::Rgba) => &["MOVING"],
            Some(MovingKind::Nv12) => &["MOVING", "NV12"],
            Some(MovingKind::Strip) => &["MOVING", "STRIP"],
        }
    }
}

/// What all slides have in common.
#[derive(Resource, Clone)]
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

/// The form in which frames are mixed: numbers as they are coded.
pub(super) const CANVAS: TextureFormat = TextureFormat::Rgba8Unorm;

/// The pipelines, in the render world.
#[derive(Resource)]
pub(super) struct SlidePipelines {
    shader: Handle<Shader>,
    to_output: Handle<Shader>,
    slides: Option<[CachedRenderPipelineId; Kind::ALL.len()]>,
    /// A window and its snapshots may have outputs of two formats.
    outputs: Vec<(TextureFormat, CachedRenderPipelineId)>,
    /// Binds nothing that is seen; to have the driver compile a pipeline before it is needed.
    pub(super) nothing: BindGroup,
}

impl SlidePipelines {
    /// Returns the pipelines that draw slides, in the order of [`Kind::ALL`]. New ones are there
    /// once the cache has compiled them.
    pub(super) fn slides(
        &mut self,
        cache: &PipelineCache,
    ) -> [CachedRenderPipelineId; Kind::ALL.len()] {
        let shader = &self.shader;
        *self.slides.get_or_insert_with(|| {
            Kind::ALL.map(|kind| cache.queue_render_pipeline(describe(shader.clone(), kind)))
        })
    }

    /// Returns the pipeline that brings a finished frame to an output that decodes its colours.
    pub(super) fn output(
        &mut self,
        cache: &PipelineCache,
        format: TextureFormat,
    ) -> CachedRenderPipelineId {
        if let Some((_, known)) = self.outputs.iter().find(|(known, _)| *known == format) {
            return *known;
        }
        let made = cache.queue_render_pipeline(RenderPipelineDescriptor {
            label: Some("frame to output".into()),
            layout: vec![canvas_layout()],
            vertex: VertexState {
                shader: self.to_output.clone(),
                ..default()
            },
            fragment: Some(FragmentState {
                shader: self.to_output.clone(),
                targets: vec![Some(ColorTargetState {
                    format,
                    blend: None,
                    write_mask: ColorWrites::ALL,
                })],
                ..default()
            }),
            ..default()
        });
        self.outputs.push((format, made));
        made
    }
}

/// What the pipeline to the output reads.
pub(super) fn canvas_layout() -> BindGroupLayoutDescriptor {
    BindGroupLayoutDescriptor::new(
        "canvas",
        &BindGroupLayoutEntries::single(
            ShaderStages::FRAGMENT,
            texture_2d(TextureSampleType::Float { filterable: false }),
        ),
    )
}

fn describe(shader: Handle<Shader>, kind: Kind) -> RenderPipelineDescriptor {
    let definitions: Vec<_> = kind.definitions().iter().map(|&name| name.into()).collect();
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
                format: CANVAS,
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
    embedded_asset!(app, "to_output.wgsl");
    let server = app.world().resource::<AssetServer>();
    let shader = server.load("embedded://passerby/stage/slide.wgsl");
    let to_output = server.load("embedded://passerby/stage/to_output.wgsl");
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
            to_output,
            slides: None,
            outputs: Vec::new(),
            nothing,
        });
    }
}
