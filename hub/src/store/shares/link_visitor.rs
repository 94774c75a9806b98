//! Who opens a link, and whether that brings its chain somebody new.

use crate::scans::visitor::{Grade, Visitor};

/// Who opens a link, presses its button, or sees its page.
#[derive(Debug, Clone, Copy)]
pub struct LinkVisitor {
    /// The pseudonym of whoever opened it.
    pub visitor: Visitor,
    /// With what; robots leave nothing here.
    pub grade: Grade,
    /// Whether the visitor's networks have brought more new visitors than a crowd does: then
    /// nothing is begun for another one. What a scan or an earlier opening has begun goes on.
    pub is_crowded: bool,
}

/// Whether a chain has a new visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// No: known, or not to be counted.
    Nothing,
    /// Yes.
    New,
    /// It would have one, but this is a flood.
    Flood,
}

impl LinkVisitor {
    /// Whether a first visit to a link brings its chain a new visitor. One for whom the link was
    /// made is none.
    pub(super) fn begins_on(&self, made_for: [u8; 16]) -> Begun {
        if made_for == self.visitor.0 {
            Begun::Nothing
        } else if self.is_crowded {
            Begun::Flood
        } else {
            Begun::New
        }
    }
}
