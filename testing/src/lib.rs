//! What the tests of all packages share. Nothing but tests depends on it.
//!
//! Invariants: a random test does the same in every run, unless `scripts/soak` asks for other
//! seeds; a test that needs a program fails where that is missing, and says which package brings
//! it.

pub mod browser;
pub mod mail_receiver;
mod package;
pub mod postgres;
mod programs;
pub mod references;
pub mod s3;
mod seeds;
mod unique;

pub use crate::package::package_folder;
pub use crate::programs::{faketime, required_file, required_program};
pub use crate::seeds::{Seeds, random_cases, report_find, seeds};
