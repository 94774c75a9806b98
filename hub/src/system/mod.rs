//! The machine beneath: clock, random numbers, private files, memory.

pub mod clock;
pub mod malloc;
pub(crate) mod private;
pub(crate) mod random;
