//! Why nothing was changed of people.

use crate::database::DatabaseError;
use crate::store::StoreError;

/// Says why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// There is nobody, or nothing, of this number.
    #[error("there is no such person, link or token any more")]
    Unknown,
    /// A link that was used, was taken back, or is too old.
    #[error("this link has been used or is too old; ask for a new one")]
    LinkOver,
    /// Somebody else has the name.
    #[error("somebody here is called that already; use another name")]
    NameTaken,
    /// Nobody could decide anything any more.
    #[error("a hub needs an owner; make somebody else one first")]
    LastOwner,
    /// An owner has to do with everything.
    #[error("an owner has to do with all groups; choose another role to hold somebody to some")]
    BoundOwner,
    /// There are too many.
    #[error("there are {0} already; remove one first")]
    TooMany(usize),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DatabaseError> for PeopleError {
    fn from(error: DatabaseError) -> Self {
        Self::Store(error.into())
    }
}
