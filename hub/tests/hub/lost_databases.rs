//! Data folders whose hub has lived, and whose database is lost or another one.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::stand::{hub_command, new_database};

fn run(data: &Path, database: Option<&str>, arguments: &[&str]) -> Output {
    let mut command = hub_command();
    command.args(arguments).arg("--data").arg(data);
    if let Some(address) = database {
        command.env("PASSERBY_HUB_DATABASE", address);
    }
    command.output().unwrap()
}

/// All that may begin a hub, and some that only read.
fn commands<'a>(campaign: &'a str, backup: &'a str) -> Vec<Vec<&'a str>> {
    vec![
        vec!["report"],
        vec!["recount"],
        vec!["screen", "list"],
        vec!["key", "list"],
        vec!["domain", "list"],
        vec!["prune", "--keep-days", "400"],
        vec!["backup", backup],
        vec!["screen", "add", "Door"],
        vec!["publish", campaign],
        vec!["serve", "--listen", "127.0.0.1:0"],
    ]
}

#[test]
fn a_hub_whose_database_is_lost_or_another_empty_one_is_refused_by_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let database = new_database();
    let added = run(&data, database.as_deref(), &["screen", "add", "Counter"]);
    assert!(added.status.success());
    let campaign = folder.path().join("cafe");
    fs::create_dir(&campaign).unwrap();
    fs::write(campaign.join("a.png"), crate::stand::png([1, 2, 3])).unwrap();
    let backup = folder.path().join("backup");
    let commands = commands(campaign.to_str().unwrap(), backup.to_str().unwrap());
    let file = data.join("hub.db");
    let is_refused = |address: Option<&str>| {
        for arguments in &commands {
            let output = run(&data, address, arguments);
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(3), "{arguments:?}: {said}");
            assert_eq!(said.lines().count(), 1, "{said}");
            for cure in ["restore a backup", "--database", "begin a new hub"] {
                assert!(said.contains(cure), "{said}");
            }
            assert!(output.stdout.is_empty(), "{arguments:?}");
        }
    };
    if database.is_some() {
        is_refused(new_database().as_deref());
    } else {
        // Its log stays, with all that has not been moved into the file.
        fs::rename(&file, folder.path().join("kept")).unwrap();
        is_refused(None);
        assert!(!file.exists());
        fs::write(&file, "").unwrap();
        is_refused(None);
        assert_eq!(fs::metadata(&file).unwrap().len(), 0);
        fs::rename(folder.path().join("kept"), &file).unwrap();
    }
    assert!(!backup.exists());
    let listed = run(&data, database.as_deref(), &["screen", "list"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("Counter"), "{listed}");
}

#[test]
fn a_first_start_that_was_killed_before_it_had_keys_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let database = new_database();
    let add = |name: &str| run(&data, database.as_deref(), &["screen", "add", name]);
    assert!(add("Counter").status.success());
    fs::remove_file(data.join("keys.json")).unwrap();
    // Whoever lost keys is told so; a first start has told the database of none yet.
    assert_eq!(add("Door").status.code(), Some(3));
    let forget = "DELETE FROM settings WHERE name = 'keys_fingerprint'";
    match &database {
        Some(address) => passerby_testing::postgres::PostgresServer::shared().run(address, forget),
        None => {
            let file = rusqlite::Connection::open(data.join("hub.db")).unwrap();
            file.execute(forget, []).unwrap();
        }
    }
    let said = String::from_utf8(add("Door").stderr).unwrap();
    assert!(said.is_empty(), "{said}");
    assert!(data.join("keys.json").exists());
}
