//! Which process does the work that one does for all.

use passerby_testing::postgres::PostgresServer;

use crate::processes::fleet::{Process, wait_until};

/// The locks of whoever does it; see `database/session_lock.rs`.
const HOLDERS: &str = "FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND classid = 1885497459 AND granted AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())";

#[test]
fn background_work_is_taken_over_from_a_process_that_dies_and_from_one_that_hangs() {
    let folder = tempfile::tempdir().unwrap();
    let server = PostgresServer::shared();
    let address = server.new_database();
    let data = folder.path().join("data");
    let old_salt = "INSERT INTO salts VALUES ('2020-01-01', '\\x00')";
    let salts = "SELECT count(*) FROM salts WHERE day = '2020-01-01'";
    // Each tells the server its name.
    let start =
        |name: &str| Process::start(Some(&format!("{address}&application_name={name}")), &data);
    let holder = || server.value(&address, &format!("SELECT application_name {HOLDERS}"));
    let mut processes = [start("a"), start("b")];
    let at = |name: &str| usize::from(name == "b");

    wait_until("somebody does it", || !holder().is_empty());
    let first = holder();
    assert_eq!(
        server.value(&address, &format!("SELECT count(*) {HOLDERS}")),
        "1"
    );
    server.run(&address, old_salt);
    processes[at(&first)].kill();
    wait_until("the other does it", || {
        !holder().is_empty() && holder() != first
    });
    wait_until("it begins with all of it", || {
        server.value(&address, salts) == "0"
    });

    processes[at(&first)].start_again();
    let second = holder();
    assert_ne!(second, first);
    server.run(&address, old_salt);
    processes[at(&second)].signal("-STOP");
    wait_until("one that hangs loses it", || holder() == first);
    wait_until("it is done", || server.value(&address, salts) == "0");
    processes[at(&second)].signal("-CONT");
    // Told to stop, the one that does it leaves it at once.
    processes[at(&first)].signal("-TERM");
    processes[at(&first)].ends();
    wait_until("it comes back", || holder() == second);
}

#[test]
fn sources_are_fetched_by_another_process_once_the_one_that_did_it_is_dead() {
    let folder = tempfile::tempdir().unwrap();
    let server = PostgresServer::shared();
    let address = server.new_database();
    let data = folder.path().join("data");
    let start =
        |name: &str| Process::start(Some(&format!("{address}&application_name={name}")), &data);
    let holder = || server.value(&address, &format!("SELECT application_name {HOLDERS}"));
    let mut processes = [start("a"), start("b")];
    let at = |name: &str| usize::from(name == "b");
    let file = folder.path().join("menu.csv");
    std::fs::write(&file, "title\nSoup\nPie\n").unwrap();
    let airs = |process: &Process, name: &str| {
        let file = file.to_str().unwrap();
        process.json(&["source", "add", name, "--file", file]);
        wait_until("its items air", || {
            let shown = process.json(&["source", "show", name]);
            let items = shown["items"].as_array().unwrap();
            items.len() == 2 && items.iter().all(|item| item["state"] == "airing")
        });
    };
    wait_until("somebody does it", || !holder().is_empty());
    let first = holder();
    airs(&processes[0], "one");
    processes[at(&first)].kill();
    let other = 1 - at(&first);
    airs(&processes[other], "two");
    assert_ne!(holder(), first);
    processes[at(&first)].start_again();
    processes[other].kill();
    airs(&processes[at(&first)], "three");
}
