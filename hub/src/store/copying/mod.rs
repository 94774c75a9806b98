//! Copies of a whole database: what backups are made of and restored from, and the move from a file
//! to PostgreSQL.
//!
//! Invariants: a copy is of one state that the database had; all tables are in [`tables::TABLES`];
//! a database into which a copy was begun and not finished is opened by nobody.

pub(crate) mod export;
pub(crate) mod import;
mod moved_mark;
pub(crate) mod moving;
pub(crate) mod ranges;
pub(crate) mod rows;
pub(crate) mod tables;
mod unfinished;

#[cfg(test)]
mod tests;

pub(in crate::store) use crate::store::copying::moved_mark::is_moved;
pub(crate) use crate::store::copying::unfinished::{Begun, is_unfinished};
