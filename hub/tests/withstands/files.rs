//! What lies on the hub's disk, and who may have which part of it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::attack::Attacked;
use crate::stand::{Stand, Terminal};

/// Everything in a folder, itself included.
fn all(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    let mut at = 0;
    while let Some(path) = found.get(at).cloned() {
        at += 1;
        if path.is_dir() {
            let entries = std::fs::read_dir(path).unwrap();
            found.extend(entries.map(|entry| entry.unwrap().path()));
        }
    }
    found
}

fn open_to_others(folder: &Path) -> Vec<(String, u32)> {
    let modes = all(folder).into_iter().map(|path| {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        (path.display().to_string(), mode)
    });
    modes.filter(|(_, mode)| mode & 0o077 != 0).collect()
}

#[test]
fn nobody_else_on_the_machine_reads_what_the_hub_keeps() {
    let attacked = Attacked::start("other users");
    let stand = &attacked.stand;
    stand.json(&["key", "rotate"]);
    let data = stand.data();
    assert_eq!(open_to_others(&data), []);
    let names: Vec<_> = all(&data)
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    for name in [
        "hub.db",
        "hub.db-wal",
        "hub.db-shm",
        "keys.json",
        "manifest-keys",
        "blobs",
    ] {
        assert!(
            names.iter().any(|known| known == name),
            "{name} of {names:?}"
        );
    }
}

#[test]
fn a_folder_that_an_older_hub_left_open_is_closed_at_the_next_start() {
    let mut attacked = Attacked::start("other users");
    let data = attacked.stand.data();
    let notes = data.join("notes.txt");
    std::fs::write(&notes, "the operator's own").unwrap();
    for path in all(&data) {
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    }
    assert!(open_to_others(&data).len() > 5);
    attacked.stand.kill_and_restart();
    let notes = (notes.display().to_string(), 0o644);
    assert_eq!(open_to_others(&data), [notes], "only what the hub made");
    attacked.honest_scan();
}

#[test]
fn a_terminal_fetches_what_its_own_manifests_name_and_nothing_else() {
    let stand = Stand::start();
    let (one, two) = (stand.terminal("one"), stand.terminal("two"));
    let folder = stand.campaign("shop", "", &[[9; 3]]);
    std::fs::write(format!("{folder}/beans.png"), crate::stand::png([90; 3])).unwrap();
    let card = "headline = 'Sale'\npicture = 'beans.png'\n";
    std::fs::write(format!("{folder}/sale.card.toml"), card).unwrap();
    let screen = one.credentials.screen.to_string();
    stand.json(&["publish", &folder, "--screen", &screen]);
    let files: Vec<_> = (stand.manifest(&one).assets.iter())
        .map(|asset| format!("/v1/blobs/{}", asset.sha256))
        .collect();
    assert_eq!(files.len(), 3);
    let statuses = |terminal: &Terminal| -> Vec<u16> {
        let statuses = files
            .iter()
            .map(|file| stand.get(terminal, file).send().unwrap().status());
        statuses.map(|status| status.as_u16()).collect()
    };
    assert_eq!(statuses(&one), [200; 3]);
    assert_eq!(statuses(&two), [404; 3], "as if there were none");

    // Another version, then none: a terminal that still holds the older manifest gets what that
    // names.
    std::fs::write(format!("{folder}/beans.png"), crate::stand::png([120; 3])).unwrap();
    stand.json(&["publish", &folder, "--screen", &screen]);
    stand.json(&["unpublish", "shop"]);
    assert_eq!(statuses(&one), [200; 3]);
    // A screen that comes later gets what airs everywhere, and still not this.
    let later = stand.terminal("later");
    assert_eq!(statuses(&later), [404; 3]);
}
