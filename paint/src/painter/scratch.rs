//! Room for one row on its way to the output; each thread has its own and uses it again.

/// Room for one row.
#[derive(Default)]
pub(super) struct Scratch {
    /// A slide's row.
    pub(super) row: Vec<u8>,
    /// A moving layer's row.
    pub(super) moving: Vec<u8>,
    /// A strip's row, with one pixel more.
    pub(super) strip: Vec<u8>,
    /// Two rows mixed, in 128ths of a step.
    pub(super) wide: Vec<i16>,
    /// Of each column the two numbers that are mixed, in 128ths.
    pub(super) beside: [Vec<i16>; 2],
    /// What came of it, in 128ths.
    pub(super) mixed: Vec<i16>,
    /// Luma in 128ths of a step.
    pub(super) luma: Vec<i16>,
    /// Chroma in the same, from its middle.
    pub(super) cb: Vec<i16>,
    pub(super) cr: Vec<i16>,
    /// A row of chroma before it is spread over the pixels.
    pub(super) pairs: [Vec<i16>; 2],
    /// Red, green and blue before they are put beside each other.
    pub(super) levels: [Vec<u8>; 3],
    /// A row of the background.
    pub(super) background: Vec<u8>,
}
