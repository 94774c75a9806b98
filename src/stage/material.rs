//! How the GPU draws a slide: one shader, a pipeline for each kind of moving layer, one bind group
//! a slide.
//!
//! Invariant: a bind group is made once for each slide. What changes is written into its buffer and
//! its textures.

use bevy::asset::embedded_asset;
use bevy::prelude::*;
use bevy::reflect::TypePath;
use bevy::render::render_resource::binding_types::{sampler, texture_2d, uniform_buffer_sized};
use bevy::render::render_resource::{
    AsBindGroup, AsBindGroupError, BindGroupLayout, BindGroupLayoutEntries, BindGroupLayoutEntry,
    BindingResources, Buffer, BufferDescriptor, BufferUsages, FilterMode, OwnedBindingResource,
    RenderPipelineDescriptor, Sampler, SamplerBindingType, SamplerDescriptor, ShaderStages,
    TextureSampleType, TextureView, TextureViewDimension, UnpreparedBindGroup,
};
use bevy::render::renderer::RenderDevice;
use bevy::shader::ShaderRef;
use bevy::ui_render::prelude::{UiMaterial, UiMaterialKey, UiMaterialPlugin};

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

/// What one slide binds. All of it is shared with the slide, which writes into it.
#[derive(Asset, TypePath, Clone)]
pub(super) struct SlideMaterial {
    layer: Layer,
    numbers: Buffer,
    still: TextureView,
    picture: TextureView,
    chroma: TextureView,
    exact: Sampler,
    linear: Sampler,
}

/// What all slides have in common.
#[derive(Resource)]
pub(super) struct SharedSlideAssets {
    blank: TextureView,
    exact: Sampler,
    linear: Sampler,
}

impl SharedSlideAssets {
    /// Makes the material of a slide, and the buffer that its numbers go into.
    pub(super) fn material(
        &self,
        gpu: &Gpu,
        planes: &Planes,
        layer: Layer,
    ) -> (SlideMaterial, Buffer) {
        let numbers = gpu.device.create_buffer(&BufferDescriptor {
            label: Some("slide_numbers"),
            size: Numbers::BYTES as u64,
            usage: BufferUsages::UNIFORM | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let material = SlideMaterial {
            layer,
            numbers: numbers.clone(),
            still: planes.still_view(),
            picture: planes.moving_view().unwrap_or_else(|| self.blank.clone()),
            chroma: planes.chroma_view().unwrap_or_else(|| self.blank.clone()),
            exact: self.exact.clone(),
            linear: self.linear.clone(),
        };
        (material, numbers)
    }

    /// Makes a material that draws nothing, to have a layer's pipeline compiled.
    pub(super) fn warm_up_mesh(&self, gpu: &Gpu, layer: Layer) -> SlideMaterial {
        let numbers = gpu.device.create_buffer(&BufferDescriptor {
            label: Some("speck_numbers"),
            size: Numbers::BYTES as u64,
            usage: BufferUsages::UNIFORM | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        SlideMaterial {
            layer,
            numbers,
            still: self.blank.clone(),
            picture: self.blank.clone(),
            chroma: self.blank.clone(),
            exact: self.exact.clone(),
            linear: self.linear.clone(),
        }
    }
}

pub(super) fn plugin(app: &mut App) {
    embedded_asset!(app, "slide.wgsl");
    let gpu = app.world().resource::<Gpu>();
    let assets = SharedSlideAssets {
        blank: blank(gpu),
        exact: gpu.device.create_sampler(&SamplerDescriptor::default()),
        linear: gpu.device.create_sampler(&SamplerDescriptor {
            mag_filter: FilterMode::Linear,
            min_filter: FilterMode::Linear,
            ..default()
        }),
    };
    app.insert_resource(assets)
        .add_plugins(UiMaterialPlugin::<SlideMaterial>::default());
}

impl UiMaterial for SlideMaterial {
    fn fragment_shader() -> ShaderRef {
        "embedded://passerby/stage/slide.wgsl".into()
    }

    fn specialize(descriptor: &mut RenderPipelineDescriptor, key: UiMaterialKey<Self>) {
        if let Some(fragment) = &mut descriptor.fragment {
            let definitions = key.bind_group_data.definitions();
            fragment
                .shader_defs
                .extend(definitions.iter().map(|&name| name.into()));
        }
    }
}

impl AsBindGroup for SlideMaterial {
    type Data = Layer;
    type Param = ();

    fn label() -> &'static str {
        "slide"
    }

    fn bind_group_data(&self) -> Self::Data {
        self.layer
    }

    fn unprepared_bind_group(
        &self,
        _layout: &BindGroupLayout,
        _device: &RenderDevice,
        (): &mut (),
        _force_no_bindless: bool,
    ) -> Result<UnpreparedBindGroup, AsBindGroupError> {
        let view = |view: &TextureView| {
            OwnedBindingResource::TextureView(TextureViewDimension::D2, view.clone())
        };
        let sampler = |sampler: &Sampler| {
            OwnedBindingResource::Sampler(SamplerBindingType::Filtering, sampler.clone())
        };
        Ok(UnpreparedBindGroup {
            bindings: BindingResources(vec![
                (0, OwnedBindingResource::Buffer(self.numbers.clone())),
                (1, view(&self.still)),
                (2, sampler(&self.exact)),
                (3, view(&self.picture)),
                (4, view(&self.chroma)),
                (5, sampler(&self.linear)),
            ]),
        })
    }

    fn bind_group_layout_entries(
        _device: &RenderDevice,
        _force_no_bindless: bool,
    ) -> Vec<BindGroupLayoutEntry> {
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
}
