//! Processes with data folders of their own: whose keys count, and how they stay the same.

use std::path::Path;

use passerby_testing::postgres::PostgresServer;

use crate::processes::fleet::{Process, client};
use crate::stand::hub_command;

fn serve_once(data: &Path, address: &str) -> std::process::Output {
    hub_command()
        .args(["screen", "add", "x", "--data"])
        .arg(data)
        .env("PASSERBY_HUB_DATABASE", address)
        .output()
        .unwrap()
}

#[test]
fn a_folder_without_the_hubs_keys_is_refused_and_gets_none() {
    let folder = tempfile::tempdir().unwrap();
    let address = PostgresServer::shared().new_database();
    let [first, empty, other] = ["first", "empty", "other"].map(|name| folder.path().join(name));
    let hub = Process::start(Some(&address), &first);
    std::fs::create_dir(&other).unwrap();
    let strange = format!(
        "{{\"master\": \"{}\", \"manifest_seed\": \"{}\"}}",
        "12".repeat(32),
        "34".repeat(32)
    );
    std::fs::write(other.join("keys.json"), strange).unwrap();
    for data in [&empty, &other] {
        let refused = serve_once(data, &address);
        assert_eq!(refused.status.code(), Some(3));
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(
            said.contains("keys.json") && said.contains(data.to_str().unwrap()),
            "{said}"
        );
    }
    assert!(!empty.join("keys.json").exists());

    std::fs::copy(first.join("keys.json"), empty.join("keys.json")).unwrap();
    assert!(serve_once(&empty, &address).status.success());
    assert_eq!(hub.json(&["screen", "list"]).as_array().unwrap().len(), 1);
}

#[test]
fn a_manifest_key_that_is_made_at_one_process_signs_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let server = PostgresServer::shared();
    let address = server.new_database();
    let folders = ["first", "second"].map(|name| folder.path().join(name));
    let first = Process::start(Some(&address), &folders[0]);
    std::fs::create_dir(&folders[1]).unwrap();
    std::fs::copy(folders[0].join("keys.json"), folders[1].join("keys.json")).unwrap();
    let second = Process::start(Some(&address), &folders[1]);
    let terminal = first.terminal("one");
    let rotate = |process: &Process| process.json(&["key", "rotate"])["generation"].clone();
    let generation = |process: &Process| {
        let tag = process.manifest(&terminal).1;
        let (_, generation) = tag.trim_matches('"').split_once("-k").unwrap();
        generation.parse::<u32>().unwrap()
    };
    let path = format!(
        "/v1/terminals/{}/manifest-keys?after=0",
        terminal.credentials.screen
    );
    let endorsements = |process: &Process| {
        let asked = client()
            .get(process.url(&path))
            .bearer_auth(&terminal.credentials.bearer)
            .send();
        asked.unwrap().text().unwrap()
    };
    assert_eq!((generation(&first), generation(&second)), (0, 0));
    assert_eq!(rotate(&first), 1);
    assert_eq!((generation(&second), generation(&first)), (1, 1));
    assert_eq!(rotate(&second), 2);
    assert_eq!(endorsements(&first), endorsements(&second));
    assert_eq!((generation(&first), generation(&second)), (2, 2));
    for generation in 1..=2 {
        let files = folders.each_ref().map(|data| {
            let file = data.join(format!("manifest-keys/{generation}.json"));
            std::fs::read(file).unwrap()
        });
        assert_eq!(files[0], files[1]);
        let dump = server.dump(&address);
        let file: serde_json::Value = serde_json::from_slice(&files[0]).unwrap();
        let seed = file["seed"].as_str().unwrap().as_bytes();
        let lies_open = dump.windows(seed.len()).any(|part| part == seed);
        assert!(!lies_open, "who has the database has no key");
    }
    // A database from a backup that was made before.
    server.run(&address, "DELETE FROM manifest_keys WHERE generation = 2");
    assert_eq!((generation(&second), generation(&first)), (2, 2));
    assert_eq!(
        server.value(&address, "SELECT count(*) FROM manifest_keys"),
        "2"
    );
    assert_eq!(rotate(&first), 3);
    assert_eq!(generation(&second), 3);
    // And a folder from one.
    std::fs::remove_dir_all(folders[1].join("manifest-keys")).unwrap();
    drop(second);
    let second = Process::start(Some(&address), &folders[1]);
    assert_eq!(generation(&second), 3);
    assert_eq!(endorsements(&first), endorsements(&second));
}
