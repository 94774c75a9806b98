//! Room for one row on its way to the output; each thread has its own and uses it again.

use crate::painter::taps::Tap;

/// Room for one row.
#[derive(Default)]
pub(super) struct Scratch {
    /// A slide's row.
    pub(super) row: Vec<u8>,
    /// A moving layer's row.
    pub(super) moving: Vec<u8>,
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
    /// One share as often as a row has numbers.
    pub(super) down: Vec<i16>,
    /// Rows of a video that were scaled across.
    pub(super) luma_lines: Lines,
    /// The same of its chroma.
    pub(super) chroma_lines: Lines,
    /// A row of the background.
    pub(super) background: Vec<u8>,
}

/// Two rows of a plane that were scaled across: those between which a row of the output lies. Where
/// a picture is made larger the next row lies between the same, or one of them.
#[derive(Default)]
pub(super) struct Lines([Line; 2]);

#[derive(Default)]
struct Line {
    /// Where the plane lies in memory, and which of its rows it is.
    of: Option<(usize, usize)>,
    numbers: Vec<i16>,
}

impl Lines {
    /// The two rows that a place lies between; `scale` makes those that are not here.
    #[inline(always)]
    pub(super) fn both(
        &mut self,
        plane: usize,
        at: Tap,
        mut scale: impl FnMut(usize, &mut Vec<i16>),
    ) -> (&[i16], &[i16]) {
        for row in [at.first, at.second] {
            let line = &mut self.0[row % 2];
            if line.of != Some((plane, row)) {
                scale(row, &mut line.numbers);
                line.of = Some((plane, row));
            }
        }
        let [first, second] = [at.first, at.second].map(|row| &*self.0[row % 2].numbers);
        (first, second)
    }
}
