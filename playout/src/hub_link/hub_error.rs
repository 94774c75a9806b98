//! Why the hub did not do what was asked.

use crate::content::cache::CacheError;

/// Says why the hub did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// No answer.
    #[error("the hub at {url} cannot be reached: {reason}")]
    Unreachable {
        /// The hub's address.
        url: String,
        /// What went wrong, in words that end a sentence.
        reason: String,
    },
    /// An answer with an error status.
    #[error("the hub answered {status}: {title}")]
    Status {
        /// HTTP status.
        status: u16,
        /// What the hub's answer says, in its own words.
        title: String,
        /// From `Retry-After`, in milliseconds.
        retry_after_ms: Option<u64>,
        /// The number that the hub expects next, with status 409.
        expected_seq: Option<u64>,
    },
    /// The hub has other rows of this ledger from here on: its file was put back to an older state.
    #[error("the hub has other plays than this ledger from row {from_seq} on")]
    Forked {
        /// The first that differs.
        from_seq: u64,
    },
    /// The answer did not come, or not on, within its time.
    #[error("the hub at {url} takes too long: {what}")]
    TimedOut {
        /// The hub's address.
        url: String,
        /// What did not come, and within which time.
        what: &'static str,
    },
    /// Something before the hub says that the hub is not there now.
    #[error("the hub at {url} is away for now: what stands before it answers {status}")]
    Away {
        /// The hub's address.
        url: String,
        /// HTTP status.
        status: u16,
        /// From `Retry-After`, in milliseconds.
        retry_after_ms: Option<u64>,
    },
    /// An answer that no hub gives, from a captive portal for example.
    #[error(
        "something between this screen and the hub at {url} answers in its place ({reason}); is there a Wi-Fi log-in, or a proxy?"
    )]
    NotAHub {
        /// The hub's address.
        url: String,
        /// What went wrong, in words that end a sentence.
        reason: String,
        /// HTTP status, if that was it.
        status: Option<u16>,
    },
    /// The certificates of this machine or of `hub.ca` cannot be used.
    #[error("{0}")]
    Certificates(String),
    /// Today's share of the data is used; `hub.daily_mb` says how much that is.
    #[error("{0} wait for tomorrow: today's data is used as far as they may use it (hub.daily_mb)")]
    OverBudget(&'static str),
    /// A picture cannot be kept.
    #[error(transparent)]
    Cache(#[from] CacheError),
}
