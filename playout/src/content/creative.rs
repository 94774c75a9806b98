//! What a slide is made from: a file with its parts, or something built in.

use std::path::PathBuf;
use std::sync::Arc;

use passerby_protocol::campaign::CreativeKind;
use passerby_protocol::{Digest, file_names};

/// What a slide is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Creative {
    /// A file, named by what it should hash to.
    File(CreativeFile),
    /// The built-in house creative.
    House,
    /// A message of the operator's that goes over everything.
    Notice {
        /// One sentence.
        headline: String,
        /// What else there is to say; may be empty.
        body: String,
    },
}

impl Creative {
    /// What reports and captions call it: the digest of a file, `house` or `notice`.
    pub fn label(&self) -> String {
        match self {
            Self::File(file) => file.digest.to_string(),
            Self::House => "house".to_owned(),
            Self::Notice { .. } => "notice".to_owned(),
        }
    }
}

/// A creative on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreativeFile {
    /// What it is.
    pub kind: CreativeKind,
    /// What its publisher calls it, for messages.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Its name in reports.
    pub digest: Digest,
    /// The files that it refers to: pictures of a card, the poster of a video.
    pub parts: Arc<[Part]>,
}

impl CreativeFile {
    /// Returns the part that the creative calls `name`, however the two write its accents.
    pub fn part(&self, name: &str) -> Option<&Part> {
        let mut parts = self.parts.iter();
        parts.find(|part| file_names::is_same(&part.name, name))
    }
}

/// A file that a creative refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What the creative calls it.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// What it should hash to.
    pub digest: Digest,
}
