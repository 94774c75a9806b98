//! What is wrong with a ledger.

/// Says what is wrong with the ledger.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The folder or file cannot be used.
    #[error(
        "{path}: the ledger cannot be opened: {reason}; give data.dir a folder on a disk that can be written"
    )]
    Open {
        /// The file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// There is no ledger yet, to one who only reads.
    #[error("{path}: nothing has been played here yet")]
    NothingPlayed {
        /// Where it would be.
        path: String,
    },
    /// A statement failed.
    #[error("the ledger cannot be written: {0}")]
    Sql(#[from] rusqlite::Error),
    /// No numbers are left; after 85 years of one play in ten seconds.
    #[error("this screen has used all its play numbers; enrol it anew")]
    NumbersExhausted,
}
