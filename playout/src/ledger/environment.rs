//! What a ledger asks of the machine beneath it, besides its folder.
//!
//! Invariant: nothing that has to be secret comes from here; keys are made of
//! [`random::bytes`].

use rusqlite::Connection;

use crate::system::random;

/// Gives a ledger its random bits, and may set up its connections to the database. A terminal has
/// the operating system's; whoever tests a ledger can bring another, with [`Ledger::open_with`].
///
/// [`Ledger::open_with`]: crate::ledger::Ledger::open_with
pub trait Environment: Send + Sync {
    /// Returns 64 bits that differ each time and need not be secret: they become epochs, the number
    /// of a new ledger's first play, and how far it skips ahead.
    fn random_bits(&self) -> u64;

    /// Is shown each connection that the ledger opens, once it has the ledger's own settings and
    /// the tables are there, and the open one again when [`Ledger::set_up_again`] is called.
    ///
    /// [`Ledger::set_up_again`]: crate::ledger::Ledger::set_up_again
    ///
    /// # Errors
    /// SQLite refuses; the ledger is then not opened, or stays in doubt.
    fn set_up(&self, connection: &mut Connection) -> Result<(), rusqlite::Error>;
}

/// The machine as it is.
#[derive(Debug)]
pub(super) struct OperatingSystem;

impl Environment for OperatingSystem {
    fn random_bits(&self) -> u64 {
        random::u64()
    }

    fn set_up(&self, _connection: &mut Connection) -> Result<(), rusqlite::Error> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    use super::*;
    use crate::ledger::Ledger;

    /// Counts up instead of throwing dice, and makes the database refuse.
    #[derive(Debug, Default)]
    struct Counting {
        drawn: AtomicU64,
        refuses: AtomicBool,
    }

    impl Environment for Counting {
        fn random_bits(&self) -> u64 {
            self.drawn.fetch_add(1, Ordering::SeqCst) + 40
        }

        fn set_up(&self, connection: &mut Connection) -> Result<(), rusqlite::Error> {
            connection.pragma_update(None, "query_only", self.refuses.load(Ordering::SeqCst))
        }
    }

    #[test]
    fn a_ledger_takes_its_epoch_and_numbers_from_its_environment() {
        let folder = tempfile::tempdir().expect("folder");
        let environment = Arc::new(Counting::default());
        let (mut ledger, _) = Ledger::open_with(folder.path(), environment).expect("opens");
        assert_eq!(ledger.epoch().0, 40);
        assert_eq!(ledger.next_number().expect("a number").get(), 41);
        ledger.begin_anew_at(1).expect("begins");
        assert_eq!(ledger.epoch().0, 42);
    }

    #[test]
    fn an_environment_sets_up_the_open_connection_and_each_later_one() {
        let folder = tempfile::tempdir().expect("folder");
        let environment = Arc::new(Counting::default());
        let (mut ledger, _) = Ledger::open_with(folder.path(), environment.clone()).expect("opens");
        environment.refuses.store(true, Ordering::SeqCst);
        assert!(ledger.see_manifest(1).is_ok(), "it was not told yet");
        ledger.set_up_again().expect("is told");
        assert!(ledger.see_manifest(2).is_err());
        ledger.doubt();
        ledger.settle().expect("reads");
        assert!(ledger.see_manifest(2).is_err(), "the next connection too");
        environment.refuses.store(false, Ordering::SeqCst);
        ledger.set_up_again().expect("is told");
        ledger.see_manifest(2).expect("writes");
    }
}
