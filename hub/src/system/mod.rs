//! The machine beneath: clock, random numbers, private and durable files, memory.

pub mod clock;
pub(crate) mod files;
pub mod malloc;
pub(crate) mod private;
pub(crate) mod random;
