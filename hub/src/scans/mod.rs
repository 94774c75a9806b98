//! Who opened a code, and what the opening counts for.

pub mod verdict;
pub mod visitor;
