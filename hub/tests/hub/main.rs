//! The hub as a whole: the real program, real HTTP over loopback, real pictures, real SQLite.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod agents;
mod content;
mod enrolment;
mod landing;
mod networks;
mod plays;
mod scans;
mod stand;
mod startup;
mod tallies;
