//! The machine beneath: clock, random numbers, private files, memory,
//! priorities.

pub mod clock;
pub(crate) mod histogram;
pub mod malloc;
pub(crate) mod priority;
pub(crate) mod private;
pub(crate) mod random;
