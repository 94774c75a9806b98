//! The move of a hub's file to PostgreSQL, by the real command beside a hub that serves.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use passerby_testing::postgres::PostgresServer;

use crate::backups::{Place, refused, rows, send_until, stand_with_content};
use crate::stand::{Stand, hub_command};

/// The command that moves the database of a stand.
fn move_command(stand: &Stand, address: &str) -> Command {
    let mut command = hub_command();
    command.arg("move").arg("--from").arg(stand.data());
    command.args(["--to", address]);
    command
}

#[test]
fn a_move_under_load_loses_nothing_and_nobody_goes_on_with_the_file() {
    let (mut stand, first) = stand_with_content(12_000);
    let terminals = [first, stand.terminal("Door"), stand.terminal("Exit")];
    let acked = [12_000, 0, 0].map(AtomicU64::new);
    let address = PostgresServer::shared().new_database();
    let is_over = AtomicBool::new(false);
    send_until(&stand, &terminals, &acked, &is_over, || {
        let moved = move_command(&stand, &address).output().unwrap();
        let said = String::from_utf8_lossy(&moved.stderr);
        assert!(moved.status.success(), "{said}");
        // The hub that has the file open takes nothing more.
        let before: Vec<u64> = acked
            .iter()
            .map(|acked| acked.load(Ordering::SeqCst))
            .collect();
        std::thread::sleep(Duration::from_millis(300));
        let answer = stand.send_plays(
            &terminals[1],
            &rows(before[1] + 1..=before[1] + 20),
            Vec::new(),
        );
        assert_eq!(answer.status(), 503);
        assert!(answer.headers().contains_key("retry-after"));
        for (acked, before) in acked.iter().zip(before) {
            assert_eq!(acked.load(Ordering::SeqCst), before);
        }
        let assignment = stand.manifest(&terminals[0]).campaigns[0].items[0].assignment;
        let page = stand.visit(7, &terminals[0].scan_path(assignment, 3_000_000));
        assert_eq!(page.status(), 503);
        assert!(page.text().unwrap().contains("<html"));
    });
    let said = refused(&stand.command(&["report"]));
    assert!(said.contains("--database"), "{said}");
    assert!(stand.data().join("hub.db.moved").exists() && !stand.data().join("hub.db").exists());
    let place = Place {
        data: stand.data(),
        database: Some(address.clone()),
    };
    let sent: u64 = acked.iter().map(|acked| acked.load(Ordering::SeqCst)).sum();
    assert_eq!(
        place.json(&["report"])["plays"]["total"].as_u64(),
        Some(sent)
    );
    assert_eq!(
        place.json(&["recount"])["differences"],
        serde_json::json!([])
    );
    let said = refused(&move_command(&stand, &address).output().unwrap());
    assert!(said.contains("PostgreSQL already"), "{said}");

    // Started anew, it goes on: ids, cursors and all.
    stand.stop();
    stand.serve_from(&address);
    for (terminal, acked) in terminals.iter().zip(&acked) {
        let first = acked.load(Ordering::SeqCst) - 19;
        let batch = rows(first..=first + 39);
        assert_eq!(stand.send_plays(terminal, &batch, Vec::new()).status(), 200);
    }
    let door = stand.terminal("Another");
    assert_eq!(
        stand.send_plays(&door, &rows(1..=5), Vec::new()).status(),
        200
    );
    let assignment = stand.manifest(&terminals[0]).campaigns[0].items[0].assignment;
    let path = terminals[0].scan_path(assignment, 900_000);
    assert!(stand.visit(250, &path).status().as_u16() < 400);
    assert_eq!(
        place.json(&["report"])["plays"]["total"].as_u64(),
        Some(sent + 3 * 20 + 5)
    );
    assert_eq!(
        place.json(&["recount"])["differences"],
        serde_json::json!([])
    );
}

#[test]
fn a_move_that_is_killed_at_any_step_goes_on_and_the_hub_serves_from_the_file_meanwhile() {
    let (stand, terminal) = stand_with_content(12_000);
    let address = PostgresServer::shared().new_database();
    let (mut seq, mut kills) = (12_000, 0);
    loop {
        let mut child = move_command(&stand, &address)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let told: Vec<String> = lines.by_ref().take(5 * kills).map(Result::unwrap).collect();
        if told.len() < 5 * kills {
            let status = child.wait().unwrap();
            assert!(status.success(), "{told:?}");
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        let report = stand.command(&["report"]);
        if !report.status.success() {
            // It had ended but for the last names.
            continue;
        }
        // A database that is half there is opened by nobody.
        let half = Place {
            data: stand.data().with_file_name("other"),
            database: Some(address.clone()),
        };
        if kills > 1 {
            let said = refused(&half.run(&["screen", "add", "x"]));
            assert!(said.contains("has not ended"), "{said}");
        }
        let batch = rows(seq + 1..=seq + 40);
        assert_eq!(
            stand.send_plays(&terminal, &batch, Vec::new()).status(),
            200
        );
        seq += 40;
        // Rows that were copied already change.
        stand.json(&["screen", "add", &format!("Screen {kills}")]);
        let campaign = stand.campaign(
            &format!("a{kills}"),
            "",
            &[[u8::try_from(kills).unwrap(), 1, 1]],
        );
        stand.publish(&campaign);
    }
    assert!(kills > 2, "{kills}");
    let place = Place {
        data: stand.data(),
        database: Some(address),
    };
    assert_eq!(
        place.json(&["report"])["plays"]["total"].as_u64(),
        Some(seq)
    );
    assert_eq!(
        place.json(&["recount"])["differences"],
        serde_json::json!([])
    );
    assert!(stand.data().join("hub.db.moved").exists());
}

#[test]
fn a_move_that_was_cut_off_at_its_end_is_ended_by_its_own_folder_and_by_no_copy_of_it() {
    let (mut stand, terminal) = stand_with_content(40);
    stand.stop();
    let copy = stand.data().with_file_name("copy");
    let copied = Command::new("cp")
        .arg("-r")
        .arg(stand.data())
        .arg(&copy)
        .status();
    assert!(copied.unwrap().success());
    stand.start_again();
    assert_eq!(
        stand
            .send_plays(&terminal, &rows(41..=50), Vec::new())
            .status(),
        200
    );
    stand.stop();
    let server = PostgresServer::shared();
    let address = server.new_database();
    // It begins, and comes no further.
    server.run(&address, "CREATE VIEW screens AS SELECT 1");
    refused(&move_command(&stand, &address).output().unwrap());
    let id = server.value(&address, "SELECT id FROM unfinished_copy");
    server.run(&address, "DROP VIEW screens");
    assert!(
        move_command(&stand, &address)
            .output()
            .unwrap()
            .status
            .success()
    );
    assert!(stand.data().join("hub.db.moved").exists());
    // What is done last is undone, as if it had been killed before.
    server.run(
        &address,
        &format!(
            "CREATE TABLE unfinished_copy (id TEXT NOT NULL, is_whole BOOLEAN NOT NULL);
             INSERT INTO unfinished_copy VALUES ('{id}', TRUE)"
        ),
    );
    let mut other = hub_command();
    other
        .arg("move")
        .arg("--from")
        .arg(&copy)
        .args(["--to", &address]);
    let said = refused(&other.output().unwrap());
    assert!(said.contains("another restore or move"), "{said}");
    assert!(
        move_command(&stand, &address)
            .output()
            .unwrap()
            .status
            .success()
    );
    let place = Place {
        data: stand.data(),
        database: Some(address),
    };
    assert_eq!(place.json(&["report"])["plays"]["total"], 50);
}

#[test]
fn a_database_with_a_table_of_somebody_else_is_left_alone() {
    let (stand, _) = stand_with_content(10);
    let server = PostgresServer::shared();
    let address = server.new_database();
    server.run(
        &address,
        "CREATE TABLE accounts (name TEXT); INSERT INTO accounts VALUES ('a')",
    );
    let said = refused(&move_command(&stand, &address).output().unwrap());
    assert!(
        said.contains("accounts") && said.contains("empty"),
        "{said}"
    );
    let backup = stand.data().with_file_name("backup");
    stand.json(&["backup", backup.to_str().unwrap()]);
    let place = Place {
        data: stand.data().with_file_name("restored"),
        database: Some(address.clone()),
    };
    let said = refused(&place.run(&["restore", backup.to_str().unwrap()]));
    assert!(said.contains("accounts"), "{said}");
    let tables = "SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(server.value(&address, tables), "accounts");
}
