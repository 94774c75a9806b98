//! The machine beneath: clocks, random numbers, memory.

pub mod clock;
pub mod malloc;
pub mod random;
