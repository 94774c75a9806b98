//! Pixels: marked, scaled, coloured and kept.

pub(crate) mod bitmap;
pub(crate) mod canvas;
pub(crate) mod frame_cache;
pub(crate) mod frame_files;
pub(crate) mod palette;
pub(crate) mod scale;
