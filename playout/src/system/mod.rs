//! The machine beneath: clocks, random numbers, files that outlast a power cut, memory.

pub mod clock;
pub(crate) mod durable;
pub mod malloc;
pub mod random;
