//! The machine beneath: clock, random numbers, private files, memory, priorities, and what is told
//! of errors that repeat.

pub mod clock;
pub(crate) mod histogram;
pub mod malloc;
pub(crate) mod priority;
pub(crate) mod private;
pub(crate) mod random;
pub(crate) mod repeated_errors;
pub(crate) mod signing;
