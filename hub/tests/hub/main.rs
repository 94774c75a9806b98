//! The hub as a whole: the real program, real HTTP over loopback, real pictures, real SQLite.

mod content;
mod enrolment;
mod landing;
mod plays;
mod scans;
mod stand;
mod startup;
