//! Data folders that have their database in them.

use std::fs;

use crate::stand::{Stand, hub_command};

#[test]
fn a_data_folder_with_a_database_takes_no_other() {
    let stand = Stand::start();
    let listed = stand.command(&[
        "screen",
        "list",
        "--database",
        "postgres://nobody.example/hub",
    ]);
    assert_eq!(listed.status.code(), Some(3));
    let said = String::from_utf8(listed.stderr).unwrap();
    assert!(said.contains("hub.db"), "{said}");
}

#[test]
fn a_file_that_is_damaged_is_one_line_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let run = |arguments: &[&str]| {
        let output = hub_command()
            .args(arguments)
            .arg("--data")
            .arg(&data)
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    assert_eq!(run(&["screen", "add", "Counter"]).0, Some(0));
    // All of it is in its log until then.
    let connection = rusqlite::Connection::open(data.join("hub.db")).unwrap();
    (connection.pragma_update(None, "journal_mode", "delete")).unwrap();
    drop(connection);
    let mut torn = fs::read(data.join("hub.db")).unwrap();
    torn[4_096..].fill(0xad);
    for bad in [
        torn.as_slice(),
        b"no database at all".repeat(600).as_slice(),
    ] {
        for rest in ["hub.db-wal", "hub.db-shm"] {
            let _ = fs::remove_file(data.join(rest));
        }
        fs::write(data.join("hub.db"), bad).unwrap();
        for arguments in [&["report"][..], &["serve", "--listen", "127.0.0.1:0"]] {
            let (code, said) = run(arguments);
            assert_eq!(code, Some(3), "{said}");
            assert_eq!(said.lines().count(), 1, "{said}");
            assert!(
                said.contains("hub.db") && said.contains("passerby-hub restore"),
                "{said}"
            );
        }
    }
}
