//! A server that is away, hangs, is full or may only be read.

use std::os::unix::fs::PermissionsExt as _;

use passerby_testing::postgres::PostgresServer;

use crate::processes::fleet::Process;
use crate::processes::outages::{Hub, is_full};
use crate::processes::small_disk::SmallDisk;
use crate::stand::{hub_command, location};

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
    let (_folder, server, _, mut hub) = on_a_server_of_its_own();
    location(&hub.scan());
    server.suspend(true);
    hub.is_away();
    server.suspend(false);
    hub.goes_on(10);
}

#[test]
fn a_server_that_lets_nobody_write_is_read_and_written_again_afterwards() {
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
    };
    set("on");
    server.run(
        &address,
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    hub.is_away();
    assert_eq!(hub.process.manifest(&hub.terminal).0.campaigns.len(), 1);
    // Its sessions, which were opened meanwhile, would go on being refused for ever.
    set("off");
    hub.goes_on(10);
}

#[test]
fn a_database_that_cannot_hold_every_letter_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let server = PostgresServer::shared();
    let address = server.new_database();
    server.run(
        "postgres:///postgres",
        "CREATE DATABASE of_ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0",
    );
    let (_, options) = address.split_once('?').unwrap();
    let refused = crate::stand::hub_command()
        .args(["screen", "add", "Door", "--data"])
        .arg(folder.path().join("data"))
        .env(
            "PASSERBY_HUB_DATABASE",
            format!("postgres:///of_ascii?{options}"),
        )
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(3));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.contains("SQL_ASCII") && said.contains("ENCODING 'UTF8'"),
        "{said}"
    );
}

#[test]
fn a_server_whose_disk_is_full_gets_what_it_missed_once_there_is_room() {
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
fn a_server_that_refuses_a_command_is_one_line_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let server = PostgresServer::shared();
    let address = server.new_database();
    let name = address.trim_start_matches("postgres:///");
    let name = name.split('?').next().unwrap();
    let run = |address: &str, arguments: &[&str]| {
        let output = hub_command()
            .args(arguments)
            .arg("--data")
            .arg(folder.path().join(name))
            .env("PASSERBY_HUB_DATABASE", address)
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    assert_eq!(run(&address, &["screen", "add", "Counter"]).0, Some(0));
    let stranger = address.replace("user=hub", &format!("user=stranger_{name}"));
    server.run(&address, &format!("CREATE ROLE stranger_{name} LOGIN"));
    let refused = |address: &str, arguments: &[&str], cure: &str| {
        let (code, said) = run(address, arguments);
        assert_eq!(code, Some(3), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(cure), "{said}");
    };
    refused(&stranger, &["report"], "OWNER TO");
    server.run(
        &address,
        &format!("ALTER ROLE stranger_{name} CONNECTION LIMIT 0"),
    );
    refused(&stranger, &["report"], "max_connections");
    server.run(
        "postgres:///postgres",
        &format!("ALTER DATABASE {name} SET default_transaction_read_only = on"),
    );
    refused(&address, &["screen", "add", "Door"], "takes writes");
    assert_eq!(run(&address, &["report"]).0, Some(0));
}
