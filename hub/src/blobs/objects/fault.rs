//! What a store did in place of what it was asked for, told through `object_store`.

use std::error::Error;
use std::fmt;

use crate::blobs::counts::Outcome;

/// What went wrong with one request. Nothing of it is a text of the store's but a code of letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// No connection, or it broke.
    Unreachable(String),
    /// Nothing came for too long.
    Slow,
    /// It refused or failed.
    Answer {
        /// Of the answer.
        status: u16,
        /// What S3 calls it; empty when it said nothing that could be one.
        code: String,
    },
    /// More came than such an answer can have.
    TooLong,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(said) => f.write_str(said),
            Self::Slow => f.write_str("nothing came for too long"),
            Self::Answer { status, code } if code.is_empty() => write!(f, "HTTP {status}"),
            Self::Answer { status, code } => write!(f, "{code}, HTTP {status}"),
            Self::TooLong => f.write_str("its answer has no end"),
        }
    }
}

impl Error for Fault {}

impl Fault {
    /// What a request counts as that ended so.
    pub(super) const fn outcome(&self) -> Outcome {
        match self {
            Self::Unreachable(_) => Outcome::Unreachable,
            Self::Slow => Outcome::Slow,
            Self::Answer {
                status: 401 | 403, ..
            } => Outcome::Refused,
            Self::Answer { status: 404, .. } => Outcome::Missing,
            Self::Answer { .. } | Self::TooLong => Outcome::Failed,
        }
    }

    /// Finds it among the reasons of an error.
    pub(super) fn of<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(fault) = error.downcast_ref() {
                return Some(fault);
            }
            next = error.source();
        }
        None
    }
}

/// The last of the reasons of an error, which says most.
pub(super) fn deepest(error: &dyn Error) -> String {
    let mut deepest = error;
    while let Some(next) = deepest.source() {
        deepest = next;
    }
    deepest.to_string()
}
