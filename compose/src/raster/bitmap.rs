//! A picture as pixels.

/// A decoded picture, upright.
#[derive(Clone)]
pub(crate) struct Bitmap {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) pixels: Pixels,
}

/// Eight bits a channel, rows from the top.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Pixels {
    Rgb(Vec<u8>),
    /// Alpha is not premultiplied.
    Rgba(Vec<u8>),
}
