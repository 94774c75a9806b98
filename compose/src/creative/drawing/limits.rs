//! What a drawing may be, and the sizes in which it is reckoned.

/// Most bytes of an SVG file.
pub const SVG_BYTES_MAX: usize = 8 << 20;
/// Most pixels of all pictures inside a drawing.
pub const EMBEDDED_PIXELS_MAX: u64 = 50_000_000;
/// How many times longer than wide, or wider than long, a drawing may be.
pub(super) const SHAPE_MAX: f32 = 100.0;
/// Most nodes, elements and texts, of a drawing.
pub(super) const NODES_MAX: u32 = 200_000;
/// The longer side of a drawing in its own units, as crops count them.
pub(super) const UNITS: f32 = 10_000.0;
/// The longer side of a drawing as it is glanced at.
pub(super) const SMALL_SIDE_PX: f32 = 192.0;
