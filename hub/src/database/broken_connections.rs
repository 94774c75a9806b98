//! What becomes of work whose connection breaks, on a real PostgreSQL.

use std::cell::Cell;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use passerby_testing::postgres::PostgresServer;
use tempfile::TempDir;

use crate::database::{Database, DatabaseError, Lock, PostgresDatabase, Transaction, values};

fn database(address: &str) -> Database {
    Database::Postgres(PostgresDatabase::new(address).unwrap())
}

fn with_table(address: &str) -> Database {
    let server = PostgresServer::shared();
    server.run(address, "CREATE TABLE kept (number BIGINT NOT NULL)");
    database(address)
}

fn keep(tx: &Transaction<'_>, number: i64) -> Result<(), DatabaseError> {
    tx.execute("INSERT INTO kept VALUES (?1)", values![number])
        .map(drop)
}

fn kept(database: &Database) -> Vec<i64> {
    let all = "SELECT number FROM kept ORDER BY number";
    let kept: Result<_, DatabaseError> =
        database.read(|tx| tx.all(all, values![], |row| row.get::<i64>(0)));
    kept.unwrap()
}

/// Ends all sessions of a database but that which asks.
fn break_all(address: &str) {
    PostgresServer::shared().run(
        address,
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
}

#[test]
fn idle_connections_that_broke_are_noticed_by_nobody() {
    let address = PostgresServer::shared().new_database();
    let database = with_table(&address);
    // Several at one time, so that several are open.
    std::thread::scope(|scope| {
        for number in 0..8 {
            let database = &database;
            scope.spawn(move || database.write(Lock::Screens(&[]), |tx| keep(tx, number)));
        }
    });
    break_all(&address);
    assert_eq!(kept(&database), (0..8).collect::<Vec<_>>());
    break_all(&address);
    let once: Result<i64, DatabaseError> =
        database.read_once(|tx| tx.value("SELECT count(*) FROM kept", values![]));
    assert_eq!(once.unwrap(), 8);
    break_all(&address);
    let written = database.write(Lock::Everything, |tx| keep(tx, 8));
    written.unwrap();
    assert_eq!(kept(&database).len(), 9);
}

#[test]
fn work_whose_connection_breaks_before_its_commit_is_done_again_and_kept_once() {
    let address = PostgresServer::shared().new_database();
    let database = with_table(&address);
    let attempts = Cell::new(0);
    let written = database.write(Lock::Everything, |tx| {
        attempts.set(attempts.get() + 1);
        keep(tx, 1)?;
        if attempts.get() == 1 {
            break_all(&address);
        }
        keep(tx, 2)
    });
    written.unwrap();
    assert_eq!((attempts.get(), kept(&database)), (2, vec![1, 2]));
}

#[test]
fn work_that_breaks_each_time_is_given_up() {
    let address = PostgresServer::shared().new_database();
    let database = with_table(&address);
    let attempts = Cell::new(0);
    let written = database.write(Lock::Everything, |tx| {
        attempts.set(attempts.get() + 1);
        break_all(&address);
        keep(tx, 1)
    });
    assert!(written.unwrap_err().is_outage());
    assert_eq!((attempts.get(), kept(&database)), (5, vec![]));
}

#[test]
fn of_two_that_wait_for_each_other_one_begins_anew() {
    let address = PostgresServer::shared().new_database();
    let database = with_table(&address);
    database
        .write(Lock::Everything, |tx| {
            keep(tx, 1)?;
            keep(tx, 2)
        })
        .unwrap();
    let barrier = std::sync::Barrier::new(2);
    let attempts: Vec<u32> = std::thread::scope(|scope| {
        let each = [(1_i64, 2_i64), (2, 1)].map(|(first, second)| {
            let (database, barrier) = (&database, &barrier);
            scope.spawn(move || {
                let attempts = Cell::new(0);
                let change = "UPDATE kept SET number = number + 10 WHERE number % 10 = ?1";
                let written = database.write(Lock::Screens(&[]), |tx| {
                    attempts.set(attempts.get() + 1);
                    tx.execute(change, values![first])?;
                    if attempts.get() == 1 {
                        barrier.wait();
                    }
                    tx.execute(change, values![second])
                });
                written.unwrap();
                attempts.get()
            })
        });
        each.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(attempts.iter().sum::<u32>(), 3);
    assert_eq!(kept(&database), [21, 22]);
}

#[test]
fn a_refused_lock_leaves_a_connection_that_can_be_used() {
    let address = PostgresServer::shared().new_database();
    let (first, second) = (
        with_table(&address),
        database(&format!("{address}&options=-c%20lock_timeout=50")),
    );
    first
        .write(Lock::Everything, |_| {
            let refused = second.write(Lock::Everything, |tx| keep(tx, 1));
            assert!(refused.is_err());
            Ok::<_, DatabaseError>(())
        })
        .unwrap();
    second.write(Lock::Everything, |tx| keep(tx, 2)).unwrap();
    assert_eq!(kept(&second), [2]);
}

/// A relay before the server that loses the answer to one commit.
struct Relay {
    folder: TempDir,
    /// Whether the next answer to a commit is lost.
    loses: Arc<AtomicBool>,
}

impl Relay {
    /// With `loses_commit` the commit itself is lost, on its way there.
    fn before(server_socket: &Path, loses_commit: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let loses = Arc::new(AtomicBool::new(false));
        let (server_socket, losing) = (server_socket.to_owned(), Arc::clone(&loses));
        // It ends with the test program.
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = UnixStream::connect(&server_socket).unwrap();
                let losing = Arc::clone(&losing);
                std::thread::spawn(move || relay(&client, &server, &losing, loses_commit));
            }
        });
        Self { folder, loses }
    }

    fn address(&self, address: &str) -> String {
        let (name, _) = address.split_once('?').unwrap();
        format!("{name}?host={}&user=hub", self.folder.path().display())
    }
}

fn relay(client: &UnixStream, server: &UnixStream, loses: &AtomicBool, loses_commit: bool) {
    let is_lost = Arc::new(AtomicBool::new(false));
    std::thread::scope(|scope| {
        let lost = Arc::clone(&is_lost);
        scope.spawn(move || {
            let mut bytes = [0; 65_536];
            while let Ok(count @ 1..) = { server }.read(&mut bytes) {
                if lost.load(Ordering::SeqCst) {
                    break;
                }
                if { client }.write_all(&bytes[..count]).is_err() {
                    break;
                }
            }
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        });
        let mut bytes = [0; 65_536];
        while let Ok(count @ 1..) = { client }.read(&mut bytes) {
            let is_commit = bytes[..count].windows(7).any(|part| part == b"COMMIT\0");
            if is_commit && loses.swap(false, Ordering::SeqCst) {
                is_lost.store(true, Ordering::SeqCst);
                if loses_commit {
                    break;
                }
            }
            if { server }.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = client.shutdown(Shutdown::Both);
        let _ = server.shutdown(Shutdown::Both);
    });
}

fn commit_that_breaks(loses_commit: bool) -> (u32, Vec<i64>) {
    let address = PostgresServer::shared().new_database();
    let direct = with_table(&address);
    let folder = address.split_once("host=").unwrap().1;
    let folder = folder.split('&').next().unwrap();
    let relay = Relay::before(&Path::new(folder).join(".s.PGSQL.5432"), loses_commit);
    let database = database(&relay.address(&address));
    let attempts = Cell::new(0);
    let written = database.write(Lock::Everything, |tx| {
        attempts.set(attempts.get() + 1);
        if attempts.get() == 1 {
            relay.loses.store(true, Ordering::SeqCst);
        }
        keep(tx, 7)
    });
    written.unwrap();
    (attempts.get(), kept(&direct))
}

#[test]
fn a_commit_whose_answer_is_lost_is_asked_after_and_not_done_again() {
    assert_eq!(commit_that_breaks(false), (1, vec![7]));
}

#[test]
fn a_commit_that_never_arrived_is_done_again() {
    assert_eq!(commit_that_breaks(true), (2, vec![7]));
}

/// A server that crashes forgets which numbers it gave to transactions of which nothing was on
/// disk, and gives them again.
#[test]
fn a_commit_is_not_taken_for_made_because_a_later_transaction_has_its_number() {
    // Nothing but a commit writes its log to disk.
    let server = PostgresServer::start(
        [
            "wal_writer_delay=10s",
            "bgwriter_delay=10s",
            "autovacuum=off",
        ]
        .into_iter()
        .flat_map(|option| ["-c", option])
        .collect::<Vec<_>>()
        .as_slice(),
    );
    let address = server.new_database();
    server.run(&address, "CREATE TABLE kept (number BIGINT NOT NULL)");
    server.run(&address, "CHECKPOINT");
    let database = database(&address);
    let attempts = Cell::new(0);
    let is_taken = Cell::new(false);
    let written = database.write(Lock::Everything, |tx| {
        attempts.set(attempts.get() + 1);
        keep(tx, 7)?;
        let own: String = tx.value("SELECT pg_current_xact_id()::text", values![])?;
        if attempts.get() == 1 {
            server.kill();
            server.start_again();
            for _ in 0..20 {
                server.run(&address, "INSERT INTO kept VALUES (1)");
            }
            let status = format!("SELECT pg_xact_status('{own}')");
            is_taken.set(server.value(&address, &status) == "committed");
        }
        Ok::<_, DatabaseError>(())
    });
    assert!(is_taken.get(), "another transaction has the number");
    assert!(
        matches!(written, Err(DatabaseError::OutcomeUnknown)),
        "{written:?}"
    );
    assert_eq!((attempts.get(), kept(&database).contains(&7)), (1, false));
}

#[test]
fn of_a_server_that_is_away_everybody_hears_at_once() {
    let database = database("postgres:///hub?host=/nowhere/at/all");
    let begun = std::time::Instant::now();
    for _ in 0..1_000 {
        let read: Result<i64, DatabaseError> = database.read(|tx| tx.value("SELECT 1", values![]));
        assert!(read.unwrap_err().is_outage());
    }
    // Far less than a try for each of them would take on a network.
    assert!(begun.elapsed().as_secs() < 30);
}
