//! A database that is away, hangs, is full or may only be read: phones are asked to come back,
//! terminals keep what they have, and all goes on by itself.

use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use passerby_protocol::Assignment;
use passerby_protocol::wire::{PlaysReply, ProblemDetails};
use passerby_testing::postgres::PostgresServer;
use reqwest::blocking::{Client, Response};

use crate::processes::fleet::{
    PATIENCE, Process, client, plays_path, rows, send, visit, wait_until,
};
use crate::processes::small_disk::SmallDisk;
use crate::stand::{Terminal, is_on_postgres, location};

/// What a phone gets in its first round trip; see `server/phones/page.rs`.
const PAGE_BYTES_MAX: usize = 14 << 10;
/// A hub waits for its database for no longer than this, and the machine may be busy.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(45);

struct Hub {
    process: Process,
    terminal: Terminal,
    assignment: Assignment,
    client: Client,
    phones: u32,
}

impl Hub {
    fn of(process: Process) -> Self {
        let terminal = process.terminal("one");
        process.publish("book");
        let assignment = process.manifest(&terminal).0.campaigns[0].items[0].assignment;
        Self {
            process,
            terminal,
            assignment,
            client: client(),
            phones: 0,
        }
    }

    /// Somebody new scans something new.
    fn scan(&mut self) -> Response {
        self.phones += 1;
        let path = self
            .terminal
            .scan_path(self.assignment, 100_000 + self.phones);
        let begun = Instant::now();
        let answer = visit(&self.client, &self.process.url(&path), self.phones).unwrap();
        assert!(begun.elapsed() < ANSWER_TIME_MAX, "{:?}", begun.elapsed());
        answer
    }

    fn send(&self, seqs: std::ops::RangeInclusive<u64>) -> Response {
        let begun = Instant::now();
        let url = self.process.url(&plays_path(&self.terminal));
        let plays = rows(seqs);
        let answer = send(&self.client, &url, &self.terminal, &plays).unwrap();
        assert!(begun.elapsed() < ANSWER_TIME_MAX, "{:?}", begun.elapsed());
        answer
    }

    /// Phones and terminals are told to come back.
    fn is_away(&mut self) {
        let page = self.scan();
        assert_eq!(page.status(), 503);
        assert_eq!(page.headers()["retry-after"], "60");
        assert!(page.headers().contains_key("content-security-policy"));
        let text = page.text().unwrap();
        assert!(text.len() < PAGE_BYTES_MAX);
        assert!(
            text.contains("请过一会儿再打开。")
                && text.contains("Please open it again in a minute."),
            "{text}"
        );
        self.takes_no_plays(1..=10);
        // What needs no database is answered.
        for (path, status) in [("/", 200), ("/nowhere", 404)] {
            let answer = self.client.get(self.process.url(path)).send().unwrap();
            assert_eq!(answer.status(), status, "{path}");
        }
    }

    fn takes_no_plays(&self, seqs: std::ops::RangeInclusive<u64>) {
        let refused = self.send(seqs);
        assert_eq!(refused.status(), 503);
        assert_eq!(refused.headers()["retry-after"], "30");
        let problem: ProblemDetails = serde_json::from_slice(&refused.bytes().unwrap()).unwrap();
        assert_eq!(problem.status, 503);
    }

    /// All is answered again; the plays that were refused are taken.
    fn goes_on(&mut self, plays: u64) {
        let begun = Instant::now();
        while self.scan().status() != 302 {
            assert!(begun.elapsed() < PATIENCE);
        }
        location(&self.scan());
        for sent in (0..plays).step_by(1_000) {
            let until = plays.min(sent + 1_000);
            let taken = self.send(sent + 1..=until);
            assert_eq!(taken.status(), 200);
            let taken: PlaysReply = serde_json::from_slice(&taken.bytes().unwrap()).unwrap();
            assert!((until..=plays).contains(&taken.acked_through));
        }
        let report = self.process.json(&["report"]);
        assert_eq!(report["plays"]["total"], plays);
        let recount = self.process.json(&["recount"]);
        assert_eq!(recount["differences"], serde_json::json!([]));
    }
}

fn on_a_server_of_its_own() -> (tempfile::TempDir, PostgresServer, String, Hub) {
    let folder = tempfile::tempdir().unwrap();
    // Killing processes loses nothing that the system has taken to write.
    let server = PostgresServer::start(&["-c", "fsync=off"]);
    let address = server.new_database();
    let process = Process::start(Some(&address), &folder.path().join("data"));
    (folder, server, address, Hub::of(process))
}

#[test]
fn a_server_that_is_killed_is_waited_for_and_found_again() {
    if !is_on_postgres() {
        return;
    }
    let (_folder, server, _, mut hub) = on_a_server_of_its_own();
    location(&hub.scan());
    server.kill();
    for _ in 0..3 {
        hub.is_away();
    }
    server.start_again();
    hub.goes_on(10);
}

#[test]
fn a_server_that_hangs_keeps_nobody_waiting_for_long() {
    if !is_on_postgres() {
        return;
    }
    let (_folder, server, _, mut hub) = on_a_server_of_its_own();
    location(&hub.scan());
    server.suspend(true);
    hub.is_away();
    server.suspend(false);
    hub.goes_on(10);
}

#[test]
fn a_server_that_lets_nobody_write_is_read_and_written_again_afterwards() {
    if !is_on_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = PostgresServer::shared();
    let address = server.new_database();
    let process = Process::start(Some(&address), &folder.path().join("data"));
    let mut hub = Hub::of(process);
    location(&hub.scan());
    let set = |value: &str| {
        let name = address.trim_start_matches("postgres:///");
        let name = name.split('?').next().unwrap();
        // From another database, which may be written.
        server.run(
            "postgres:///postgres",
            &format!("ALTER DATABASE {name} SET default_transaction_read_only = {value}"),
        );
        server.run(
            &address,
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
    };
    set("on");
    hub.is_away();
    assert_eq!(hub.process.manifest(&hub.terminal).0.campaigns.len(), 1);
    set("off");
    hub.goes_on(10);
}

#[test]
fn a_server_whose_disk_is_full_gets_what_it_missed_once_there_is_room() {
    if !is_on_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let rows_folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::at(rows_folder.path(), 64);
    let tables = disk.folder().join("tables");
    std::fs::create_dir(&tables).unwrap();
    // PostgreSQL's own user has to get there.
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(rows_folder.path(), open).unwrap();
    // Its own, since a server cannot write down what it has in tables that are gone.
    let server = PostgresServer::start(&["-c", "fsync=off"]);
    let address = server.new_database_in(&tables);
    let process = Process::start(Some(&address), &folder.path().join("data"));
    let hub = Hub::of(process);
    disk.fill();
    is_full(hub, &disk);
}

#[test]
fn a_file_on_a_disk_that_is_full_gets_what_it_missed_once_there_is_room() {
    if is_on_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::at(&folder.path().join("disk"), 64);
    let process = Process::start(None, &disk.folder().join("data"));
    let hub = Hub::of(process);
    disk.fill();
    is_full(hub, &disk);
}

/// Sends plays until the disk is full, and then once more.
fn is_full(mut hub: Hub, disk: &SmallDisk) {
    let mut taken = 0;
    let refused = loop {
        let answer = hub.send(taken + 1..=taken + 1_000);
        if answer.status() != 200 {
            break answer;
        }
        taken += 1_000;
        assert!(taken < 100_000, "the disk is never full");
    };
    assert_eq!(refused.status(), 503);
    hub.takes_no_plays(taken + 1..=taken + 1_000);
    // Of many people, somebody's scan does not fit either.
    let page = (0..5_000)
        .map(|_| hub.scan())
        .find(|page| page.status() != 302);
    let page = page.expect("the disk has room for everybody");
    assert_eq!(page.status(), 503);
    assert_eq!(page.headers()["retry-after"], "60");
    disk.make_room();
    wait_until("there is room", || hub.scan().status() == 302);
    // The same again, and what was missing.
    hub.goes_on(taken + 1_000);
}
