//! Whose key is it? What a hub knows of the keys with which its screens sign their proofs of play.

use passerby_hub::store::{KEYS_MAX, Store};
use passerby_protocol::ScreenNumber;
use passerby_protocol::proof_of_play::{DeviceKey, PublicKey, Vouched};
use passerby_protocol::wire::Heartbeat;
use serde_json::json;

use crate::stand::{Stand, new_hub};

const DAY_MS: i64 = 86_400_000;

fn key(seed: u8) -> DeviceKey {
    DeviceKey::from_seed(&[seed; 32])
}

fn hears(store: &Store, screen: ScreenNumber, device: Option<Vouched>, now_ms: i64) {
    let heartbeat = Heartbeat {
        device,
        ..Heartbeat::default()
    };
    store.heard_from(screen, &heartbeat, now_ms).unwrap();
}

fn keys(store: &Store) -> Vec<(u32, PublicKey)> {
    let devices = store.devices().unwrap().into_iter();
    devices
        .map(|line| (line.screen.get(), line.device.key))
        .collect()
}

#[test]
fn a_key_that_changes_is_kept_beside_the_former_with_its_times() {
    let folder = tempfile::tempdir().unwrap();
    let store = new_hub(folder.path()).store;
    let (screen, _) = store
        .add_screen(&passerby_hub::people::Actor::COMMAND_LINE, "exit B", 0)
        .unwrap();
    hears(&store, screen, None, 1);
    assert_eq!(keys(&store), [], "terminals of old say nothing");
    hears(&store, screen, Some(key(1).vouch(screen)), DAY_MS);
    hears(&store, screen, Some(key(1).vouch(screen)), 3 * DAY_MS);
    hears(&store, screen, Some(key(2).vouch(screen)), 2 * DAY_MS);
    assert_eq!(
        json!(store.report().unwrap().screens[0].device_keys),
        json!([
            { "key": key(1).public(), "first_seen": "1970-01-02T00:00:00Z", "last_seen": "1970-01-04T00:00:00Z" },
            { "key": key(2).public(), "first_seen": "1970-01-03T00:00:00Z", "last_seen": "1970-01-03T00:00:00Z" },
        ])
    );
}

#[test]
fn nobody_passes_anothers_key_off_as_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let store = new_hub(folder.path()).store;
    let (honest, _) = store
        .add_screen(&passerby_hub::people::Actor::COMMAND_LINE, "exit B", 0)
        .unwrap();
    let (thief, _) = store
        .add_screen(&passerby_hub::people::Actor::COMMAND_LINE, "exit C", 0)
        .unwrap();
    hears(&store, honest, Some(key(1).vouch(honest)), 1);
    // What went over the wire, said again by another screen.
    hears(&store, thief, Some(key(1).vouch(honest)), 2);
    let made_up = Vouched {
        key: key(1).public(),
        signature: "0".repeat(128),
    };
    hears(&store, thief, Some(made_up), 3);
    assert_eq!(keys(&store), [(honest.get(), key(1).public())]);
}

#[test]
fn a_terminal_with_ever_new_keys_fills_no_disk() {
    let folder = tempfile::tempdir().unwrap();
    let store = new_hub(folder.path()).store;
    let (screen, _) = store
        .add_screen(&passerby_hub::people::Actor::COMMAND_LINE, "exit B", 0)
        .unwrap();
    for seed in 0..100 {
        hears(
            &store,
            screen,
            Some(key(seed).vouch(screen)),
            i64::from(seed),
        );
    }
    let known = keys(&store);
    assert_eq!(known.len(), KEYS_MAX as usize);
    assert_eq!(known[0].1, key(0).public(), "the first ones stay");
}

#[test]
fn screen_devices_answers_whose_key_it_is() {
    let stand = Stand::start();
    let terminal = stand.terminal("Metro");
    let store = stand.hub().store;
    let screen = terminal.credentials.screen;
    hears(&store, screen, Some(key(7).vouch(screen)), DAY_MS);
    let devices = stand.json(&["screen", "devices"]);
    assert_eq!(devices[0]["key"], json!(key(7).public()));
    assert_eq!(devices[0]["screen"], json!(screen));
    assert_eq!(devices[0]["name"], "Metro");
}
