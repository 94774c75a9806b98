//! Has a database make many rows by statements of its own, which takes minutes less than calls.

use std::path::Path;

use passerby_testing::postgres::PostgresServer;

/// Runs statements on a database: of a server at an address, or else the file in a data folder.
pub(crate) fn run(server: Option<(&PostgresServer, &str)>, data: &Path, statements: &[String]) {
    if let Some((server, address)) = server {
        // Nobody would miss these rows.
        let quickly = "SET synchronous_commit = off; SET work_mem = '256MB'";
        for statement in statements {
            server.run(address, &format!("{quickly}; {statement}"));
        }
        server.run(address, "VACUUM ANALYZE");
        return;
    }
    let file = rusqlite::Connection::open(data.join("hub.db")).expect("opens");
    file.execute_batch("PRAGMA synchronous = off; PRAGMA cache_size = -500000; BEGIN")
        .expect("begins");
    for statement in statements {
        file.execute_batch(statement)
            .unwrap_or_else(|error| panic!("{error}: {statement}"));
    }
    file.execute_batch("COMMIT; PRAGMA synchronous = full; PRAGMA wal_checkpoint(TRUNCATE)")
        .expect("ends");
}
