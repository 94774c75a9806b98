//! What is tried with the bytes that libFuzzer makes up, one module a target.
//!
//! Invariants: the same bytes always meet the same state, so that a find can be repeated; a target
//! judges with rules of its own, not with the code that it tries.

pub mod campaign;
pub mod changes;
pub mod feed;
pub mod manifest;
pub mod media;
pub mod plays;
pub mod scan;
pub mod token;
