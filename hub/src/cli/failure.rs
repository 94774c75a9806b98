//! Why a command of the hub's did not do its work.

use crate::hub::{OpenError, ReleaseError, RotateError};
use crate::keys::manifest_keys::ManifestKeyError;
use crate::server::ServeError;
use crate::store::{
    DomainError, EnrolError, KeyError, PruneError, PublishError, SourceError, StoreError,
};

/// Why a command did not do its work, by what the exit code says about it.
pub(crate) enum Failure {
    /// Exit code 2; every problem on a line of its own.
    Input(Vec<String>),
    /// Exit code 3.
    Start(String),
    /// Exit code 4: it did its work, and nobody got to see what came of it.
    Unprinted(std::io::Error),
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Self::Start(error.to_string())
    }
}

impl From<ManifestKeyError> for Failure {
    fn from(error: ManifestKeyError) -> Self {
        match error {
            ManifestKeyError::Exhausted | ManifestKeyError::Contended(_) => {
                Self::Input(vec![error.to_string()])
            }
            ManifestKeyError::File { .. }
            | ManifestKeyError::Damaged(_)
            | ManifestKeyError::Sealed(_) => Self::Start(error.to_string()),
        }
    }
}

impl From<RotateError> for Failure {
    fn from(error: RotateError) -> Self {
        match error {
            RotateError::Key(error) => error.into(),
            RotateError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Start(error.to_string())
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        Self::Start(error.to_string())
    }
}

impl From<EnrolError> for Failure {
    fn from(error: EnrolError) -> Self {
        Self::Input(vec![match error {
            EnrolError::Store(error) => return error.into(),
            EnrolError::Unknown => {
                "no screen shows this code; compare it with the one on the screen".into()
            }
            EnrolError::Expired => "this code has expired; the screen will show a new one".into(),
            EnrolError::Taken => {
                "this code has been claimed already; see `passerby-hub screen list`".into()
            }
            EnrolError::Key(error) => return error.into(),
            EnrolError::Busy => error.to_string(),
        }])
    }
}

impl From<DomainError> for Failure {
    fn from(error: DomainError) -> Self {
        match error {
            DomainError::Store(error) => error.into(),
            refused => Self::Input(vec![refused.to_string()]),
        }
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Store(error) => error.into(),
            refused => Self::Input(vec![refused.to_string()]),
        }
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Store(error) => error.into(),
            refused => Self::Input(vec![refused.to_string()]),
        }
    }
}

impl From<PruneError> for Failure {
    fn from(error: PruneError) -> Self {
        match error {
            PruneError::Store(error) => error.into(),
            refused @ PruneError::TooFew { .. } => Self::Input(vec![refused.to_string()]),
        }
    }
}

impl From<ReleaseError> for Failure {
    fn from(error: ReleaseError) -> Self {
        match error {
            ReleaseError::Publish(PublishError::Store(error)) => error.into(),
            ReleaseError::Publish(refused) => Self::Input(vec![refused.to_string()]),
            ReleaseError::Blob(_) | ReleaseError::Claim(_) => Self::Start(error.to_string()),
        }
    }
}
