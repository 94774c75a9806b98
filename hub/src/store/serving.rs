//! Processes that serve one database have one address, since codes of all screens carry it and any
//! process may answer them.
//!
//! Invariants: while a process serves under an address, none begins to under another; the address
//! changes only while nobody serves, and with it every screen's manifest.

use std::time::{Duration, Instant};

use crate::database::DatabaseError;
use crate::store::{Result, Store, StoreError};
use crate::system::random;

/// How long others are waited for that serve under another address: one that was killed a moment
/// ago may still seem to.
const OTHERS_TIME_MAX: Duration = Duration::from_secs(5);
/// Shortest and longest pause between two looks, in milliseconds. At random, so that of two that
/// begin at one moment one comes first.
const LOOK_MS: std::ops::RangeInclusive<u64> = 20..=147;

/// Says why a process does not begin to serve.
#[derive(Debug, thiserror::Error)]
pub enum ServingError {
    /// Another process serves under another address.
    #[error("another process serves this database and has codes lead to {0}")]
    OtherAddress(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DatabaseError> for ServingError {
    fn from(error: DatabaseError) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Has this process serve, and codes start with `scan_base`, until [`Store::end_serving`] or
    /// its end.
    ///
    /// # Errors
    /// See [`ServingError`]; nothing was changed then.
    pub fn begin_serving(&self, scan_base: &str, now_ms: i64) -> Result<(), ServingError> {
        let begun = Instant::now();
        loop {
            let joined = match self.serving.join(&self.database) {
                Err(DatabaseError::File(error)) => {
                    // A disk on which no empty file finds room is no reason to serve nobody.
                    tracing::warn!(%error, "whether another process serves this database is unknown");
                    return Ok(self.set_scan_base(scan_base, now_ms)?);
                }
                joined => joined?,
            };
            let known = self.scan_base()?;
            if joined && known.as_deref() == Some(scan_base) {
                return Ok(());
            }
            if joined && self.serving.is_alone()? {
                let set = self.set_scan_base(scan_base, now_ms);
                let is_shared = self.serving.share();
                set?;
                // It is looked at once more what holds then.
                if is_shared? {
                    continue;
                }
            }
            self.serving.leave();
            if begun.elapsed() >= OTHERS_TIME_MAX {
                return Err(ServingError::OtherAddress(known.unwrap_or_default()));
            }
            let spread_ms = LOOK_MS.end() - LOOK_MS.start() + 1;
            let pause_ms = LOOK_MS.start() + u64::from_le_bytes(random::bytes()) % spread_ms;
            std::thread::sleep(Duration::from_millis(pause_ms));
        }
    }

    /// Tells others that this process still serves; has to be called every few seconds. Returns
    /// false when meanwhile others serve under another address, as after an outage.
    ///
    /// # Errors
    /// The database fails.
    pub fn keep_serving(&self, scan_base: &str) -> Result<bool> {
        // What was lost with a connection is taken again.
        if !self.serving.keep()? && !self.serving.join(&self.database)? {
            return Ok(true);
        }
        Ok(self.scan_base()?.as_deref() == Some(scan_base))
    }

    /// Serves no more.
    pub fn end_serving(&self) {
        self.serving.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::on_each_database;

    const HUB: &str = "HTTPS://HUB.EXAMPLE";
    const OTHER: &str = "HTTPS://OTHER.EXAMPLE";

    #[test]
    fn all_who_serve_have_one_address_and_who_comes_when_they_are_gone_may_have_another() {
        on_each_database(|database| {
            let (first, second, third) = (database.open(), database.open(), database.open());
            first.begin_serving(HUB, 1_000).unwrap();
            second.begin_serving(HUB, 1_000).unwrap();
            let refused = third.begin_serving(OTHER, 2_000);
            assert!(
                matches!(&refused, Err(ServingError::OtherAddress(known)) if known == HUB),
                "{refused:?}"
            );
            assert!(first.keep_serving(HUB).unwrap() && second.keep_serving(HUB).unwrap());
            first.end_serving();
            drop(second);
            third.begin_serving(OTHER, 3_000).unwrap();
            assert_eq!(first.scan_base().unwrap().as_deref(), Some(OTHER));
            assert!(!first.keep_serving(HUB).unwrap(), "it learns of that");
        });
    }

    #[test]
    fn of_many_that_begin_at_one_moment_all_serve() {
        on_each_database(|database| {
            let stores = [(); 4].map(|()| database.open());
            std::thread::scope(|scope| {
                for store in &stores {
                    scope.spawn(|| store.begin_serving(HUB, 1_000).unwrap());
                }
            });
            for store in &stores {
                assert!(store.keep_serving(HUB).unwrap());
            }
        });
    }
}
