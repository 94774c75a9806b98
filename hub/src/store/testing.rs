//! The databases that tests of the store run on: a file of SQLite, and a real PostgreSQL.

use passerby_testing::postgres::PostgresServer;
use tempfile::TempDir;

use crate::store::{Result, Store};

/// One database, empty at first.
pub(super) struct TestDatabase {
    folder: TempDir,
    /// Its address, when it is on a server.
    address: Option<String>,
}

impl TestDatabase {
    /// Another one of the same kind, empty.
    pub(super) fn another(&self) -> Self {
        Self::new(self.address.is_some())
    }

    fn new(is_on_server: bool) -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            address: is_on_server.then(|| PostgresServer::shared().new_database()),
        }
    }

    /// Opens it; for a second time, as it is then.
    pub(super) fn open(&self) -> Store {
        self.try_open().expect("the database opens")
    }

    /// The same, where it may not open.
    pub(super) fn try_open(&self) -> Result<Store> {
        match &self.address {
            None => Store::open(self.folder.path()),
            Some(address) => Store::open_server(address),
        }
    }
}

/// Runs a test on each kind of database, each time on an empty one.
pub(super) fn on_each_database(test: impl Fn(&TestDatabase)) {
    for is_on_server in [false, true] {
        let database = TestDatabase::new(is_on_server);
        eprintln!("on {}", database.address.as_deref().unwrap_or("SQLite"));
        test(&database);
    }
}
