//! The real player on disks that are full, read-only or broken: playback goes on, what could not be
//! kept waits and is told, and when the disk is back the count goes on without a gap and without a
//! play counted twice.
//!
//! The disks are real ones, mounted for the test; that takes root.

mod errors;
mod full;
mod mount;
mod read_only;
mod terminal;
