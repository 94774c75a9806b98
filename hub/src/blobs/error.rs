//! Why a creative could not be stored or read.

use std::io;
use std::path::Path;

use passerby_protocol::Digest;

use crate::blobs::counts::Failure;

/// Says why a creative could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// It is not there.
    #[error("the creative {digest} is not in {place}")]
    Missing {
        /// Its name.
        digest: Digest,
        /// The folder or store.
        place: String,
    },
    /// Something else is there under its name.
    #[error("the creative {digest} in {place} is damaged: {said}")]
    Damaged {
        /// Its name.
        digest: Digest,
        /// The folder or store.
        place: String,
        /// What is wrong.
        said: String,
    },
    /// It is not what it was when it was looked at.
    #[error("{0} changed while it was published; publish again when it is still")]
    Changed(String),
    /// A file cannot be read or written.
    #[error("cannot {what} {file}: {source}")]
    File {
        /// What was to be done.
        what: &'static str,
        /// The file or folder.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// What the environment says of the store is of no use.
    #[error("cannot use the store {place}: {said}")]
    Settings {
        /// The store.
        place: String,
        /// What is wrong.
        said: String,
    },
    /// Nobody answers.
    #[error("the store {place} cannot be reached: {said}; try again when it can")]
    Away {
        /// The store.
        place: String,
        /// What the connection said.
        said: String,
    },
    /// It answers too late.
    #[error("the store {place} does not answer in time; try again")]
    Slow {
        /// The store.
        place: String,
    },
    /// It does not want us.
    #[error("the store {place} refuses this hub ({said}); {advice}")]
    Refused {
        /// The store.
        place: String,
        /// Its code.
        said: String,
        /// What to look at.
        advice: &'static str,
    },
    /// There is no such bucket.
    #[error("there is no bucket {bucket} in the store {place}; make it, or name another one")]
    NoBucket {
        /// Its name.
        bucket: String,
        /// The store.
        place: String,
    },
    /// It takes nothing more.
    #[error("the store {place} is full ({said}); make room and try again")]
    Full {
        /// The store.
        place: String,
        /// Its code.
        said: String,
    },
    /// It fails, or answers something else than S3.
    #[error("the store {place} fails: {said}; try again")]
    Failed {
        /// The store.
        place: String,
        /// What it said.
        said: String,
    },
}

impl BlobError {
    /// Says of an error of the file system what was done to which file.
    pub(super) fn file(what: &'static str, file: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let file = file.display().to_string();
        move |source| Self::File { what, file, source }
    }

    /// Tells whether the same may go well later, without anybody's doing.
    pub const fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Away { .. } | Self::Slow { .. } | Self::Full { .. } | Self::Failed { .. }
        )
    }

    /// Tells whether it is the creative that is wrong, and not the way to it.
    pub(crate) const fn is_of_content(&self) -> bool {
        matches!(self, Self::Missing { .. } | Self::Damaged { .. })
    }

    /// What it counts as.
    pub(super) const fn failure(&self) -> Failure {
        match self {
            Self::Missing { .. } => Failure::Missing,
            Self::Damaged { .. } | Self::Changed(_) => Failure::Damaged,
            Self::File { .. } => Failure::File,
            Self::Away { .. } => Failure::Away,
            Self::Slow { .. } => Failure::Slow,
            Self::Refused { .. } | Self::NoBucket { .. } | Self::Settings { .. } => {
                Failure::Refused
            }
            Self::Full { .. } => Failure::Full,
            Self::Failed { .. } => Failure::Failed,
        }
    }
}
