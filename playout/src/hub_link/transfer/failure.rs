//! Why a file did not come, whose fault that was, and how long it waits.
//!
//! Invariant: a file that fails waits longer each time; one that came wrong does not stop the
//! others, and what is nobody's fault in particular puts off all of them.

use passerby_protocol::Digest;

use crate::content::cache::CacheError;
use crate::hub_link::back_off::back_off_ms;
use crate::hub_link::hub_error::HubError;
use crate::system::random;

/// A file that came wrong is asked for again soon, from its first byte: what a power cut left of it
/// may not be what was written. One that came wrong twice waits this long, then each time one more
/// of it up to a day, in milliseconds.
const WRONG_MS: u64 = 3_600_000;
const WRONG_TIMES_MAX: u32 = 24;
/// So much later than others a file is tried with which everything stopped, in milliseconds.
const AFTER_OTHERS_MS: u64 = 1_000;

/// Why a file did not come.
#[derive(Debug, thiserror::Error)]
pub(super) enum TransferError {
    #[error(transparent)]
    Hub(#[from] HubError),
    #[error("picture {0} comes too slowly; it is tried again later")]
    Slow(Digest),
    #[error("picture {0} came short")]
    Short(Digest),
    #[error("a thread of the cache ended unexpectedly")]
    Thread,
}

impl From<CacheError> for TransferError {
    fn from(error: CacheError) -> Self {
        Self::Hub(error.into())
    }
}

/// Whose fault it was that a file did not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureScope {
    /// This file's: others may come.
    File,
    /// This file's, and its bytes were wrong: asking soon again costs as much and brings no more.
    Content,
    /// The network's, the hub's or the disk's: nothing comes now.
    All,
}

impl TransferError {
    pub(super) fn scope(&self) -> FailureScope {
        match self {
            Self::Slow(_) | Self::Short(_) => FailureScope::File,
            Self::Hub(HubError::Cache(error)) if !error.is_retryable() => FailureScope::Content,
            // What is too much for today's data may be so for large files alone.
            Self::Hub(
                HubError::OverBudget(_)
                | HubError::TimedOut { .. }
                | HubError::Status {
                    status: 400 | 404 | 406 | 412 | 416 | 422,
                    ..
                },
            ) => FailureScope::File,
            Self::Hub(_) | Self::Thread => FailureScope::All,
        }
    }

    fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::Hub(
                HubError::Status { retry_after_ms, .. } | HubError::Away { retry_after_ms, .. },
            ) => *retry_after_ms,
            _ => None,
        }
    }
}

/// How often something failed, and until when it waits, on the boot clock.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wait {
    failures: u32,
    /// How many of them were [`FailureScope::Content`].
    pub(super) wrongs: u32,
    pub(super) until_ms: u64,
}

impl Wait {
    /// Lets a file wait that did not come, and `all` others where that is not its own fault.
    pub(super) fn put_off(&mut self, all: &mut Self, error: &TransferError, now_ms: u64) {
        let pause_ms = |failures| back_off_ms(failures, error.retry_after_ms(), random::u64());
        self.until_ms = match error.scope() {
            FailureScope::Content => {
                let hours = self.wrongs.min(WRONG_TIMES_MAX);
                self.wrongs = self.wrongs.saturating_add(1);
                now_ms + (WRONG_MS * u64::from(hours)).max(pause_ms(0))
            }
            FailureScope::File => now_ms + pause_ms(self.failures),
            FailureScope::All => {
                all.until_ms = now_ms + pause_ms(all.failures);
                all.failures = all.failures.saturating_add(1);
                // Should it be this file's fault after all, the next attempt is another's.
                (all.until_ms + AFTER_OTHERS_MS).max(now_ms + pause_ms(self.failures))
            }
        };
        self.failures = self.failures.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_wrong_is_blamed_on_itself_and_an_absent_hub_on_nobody() {
        let hash = TransferError::from(CacheError::Hash(Digest([1; 32])));
        assert_eq!(hash.scope(), FailureScope::Content);
        let status = |status| {
            TransferError::from(HubError::Status {
                status,
                title: String::new(),
                retry_after_ms: Some(7),
                expected_seq: None,
            })
        };
        assert_eq!(status(404).scope(), FailureScope::File);
        assert_eq!(status(503).scope(), FailureScope::All);
        assert_eq!(status(503).retry_after_ms(), Some(7));
        assert_eq!(
            TransferError::Short(Digest([1; 32])).scope(),
            FailureScope::File
        );
    }
}
