//! Who may make a call.

use crate::people::{Actor, Right};

/// What a call asks of whoever makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Nothing: the ways in.
    Open,
    /// That they have shown their password; the second step may still be missing.
    HalfSignedIn,
    /// That they are signed in, whatever their role.
    SignedIn,
    /// That their role has this right.
    May(Right),
    /// The same, of a call whose body is large and read by whoever answers it, which looks itself
    /// whether a form is theirs.
    MayUpload(Right),
}

impl Rule {
    /// Tells whether somebody who is signed in meets it.
    pub fn admits(self, actor: &Actor) -> bool {
        match self {
            Self::Open | Self::HalfSignedIn | Self::SignedIn => true,
            Self::May(right) | Self::MayUpload(right) => actor.may(right),
        }
    }
}
