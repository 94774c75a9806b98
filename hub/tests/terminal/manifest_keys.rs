//! The hub signs with another key, and its screens follow: online, after months offline, through
//! kill -9; and not back.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use passerby_hub::Hub;
use passerby_playout::content::active::ActiveContent;
use passerby_playout::content::cache::Cache;
use passerby_playout::hub_link::kept_content;
use passerby_playout::identity::credentials::Enrolment;
use passerby_protocol::Digest;
use passerby_protocol::manifest_keys::ManifestKey;

use crate::parts::{
    HubProcess, TerminalProcess, copy_folder, enrol, hub, publish, renew, settings, wait_until,
};
use crate::stand::Terminal;

/// So many rotations must be cut off by the kill, and so many come through.
const KILLS_MIN: u32 = 15;

fn known(data_dir: &Path) -> Enrolment {
    Enrolment::load(data_dir).expect("reads").expect("there")
}

fn rotate(data: &Path, times: u32) {
    let hub = Hub::open(data).expect("opens");
    for now_ms in 0..i64::from(times) {
        hub.rotate_manifest_key(now_ms).expect("rotates");
    }
}

/// Publishes one more campaign.
fn publish_another(folder: &Path, data: &Path, name: &str, grey: u8) {
    let campaign = folder.join(name);
    std::fs::create_dir_all(&campaign).expect("folder");
    image::GrayImage::from_pixel(64, 48, image::Luma([grey]))
        .save(campaign.join("a.png"))
        .expect("a picture");
    hub(data, &["publish", campaign.to_str().expect("text")]);
}

#[test]
fn a_serving_hub_takes_another_key_and_its_screens_follow_and_refuse_the_old_one() {
    let folder = tempfile::tempdir().expect("folder");
    let (data, backup) = (folder.path().join("hub"), folder.path().join("backup"));
    let process = HubProcess::start(&data, "127.0.0.1:0");
    let address = process.address.clone();
    publish(folder.path(), &data);
    let (data_dir, enrolment) = enrol(folder.path(), &data, &process.url());
    assert_eq!(enrolment.credentials.manifest_key_generation, 0);
    let terminal = Terminal::start(&data_dir, &enrolment);
    terminal.wait_for("content", |status| status.items == 2);
    copy_folder(&data, &backup);

    assert_eq!(hub(&data, &["key", "rotate"])["generation"], 1);
    wait_until("the terminal knows the new key", || {
        known(&data_dir).credentials.manifest_key_generation == 1
    });
    assert_ne!(known(&data_dir).manifest_key(), enrolment.manifest_key());
    publish_another(folder.path(), &data, "books", 90);
    terminal.wait_for("content signed with the new key", |status| {
        status.items == 3
    });
    wait_until("the hub knows that it knows", || {
        hub(&data, &["key", "list"])[1]["screens"] == 1
    });
    // Before it is enrolled anew: whoever then asks with its former bearer forgets what it has.
    terminal.stop();
    let later = renew(&data, "1", &process.url(), &folder.path().join("later"));
    assert_eq!(
        later.credentials.manifest_key_generation, 1,
        "the newest key at once"
    );
    drop(process);

    // A hub that was restored from before the rotation signs with the old key, and then with keys
    // of its own.
    std::fs::remove_dir_all(&data).expect("removes");
    copy_folder(&backup, &data);
    let process = HubProcess::start(&data, &address);
    publish_another(folder.path(), &data, "rogue", 120);
    publish_another(folder.path(), &data, "other", 150);
    let seen = known(&data_dir);
    let terminal = Terminal::start(&data_dir, &seen);
    terminal.wait_for("what it has", |status| status.items == 3);
    wait_until("the hub hears what it knows", || {
        hub(&data, &["screen", "list"])[0]["manifest_key"] == 1
    });
    let told = Command::new(env!("CARGO_BIN_EXE_passerby-hub"))
        .args(["key", "list", "--data"])
        .arg(&data)
        .output()
        .expect("runs");
    let told = String::from_utf8(told.stdout).expect("text");
    assert!(
        told.contains("screen 1 knows key 1, which this hub has not got"),
        "{told}"
    );
    rotate(&data, 2);
    let before = terminal.status().manifest_version;
    // It asks, and asks again.
    for _ in 0..2 {
        let last_seen = || hub(&data, &["report"])["screens"][0]["last_seen"].clone();
        let then = last_seen();
        wait_until("the terminal asks again", || last_seen() != then);
    }
    let status = terminal.status();
    assert_eq!((status.items, status.manifest_version), (3, before));
    assert_eq!(
        known(&data_dir).manifest_key(),
        seen.manifest_key(),
        "it never goes back"
    );

    // What the operator does: a token, and the screen is the hub's again.
    let renewed = renew(&data, "1", &process.url(), &data_dir);
    assert_eq!(renewed.credentials.manifest_key_generation, 2);
    terminal.wait_for("the restored hub's content", |status| status.items == 4);
    terminal.stop();
    drop(process);
}

#[test]
fn a_screen_that_was_offline_for_a_hundred_rotations_finds_its_way_to_the_newest_key() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("hub");
    let process = HubProcess::start(&data, "127.0.0.1:0");
    publish(folder.path(), &data);
    let (data_dir, enrolment) = enrol(folder.path(), &data, &process.url());
    rotate(&data, 100);
    let terminal = Terminal::start(&data_dir, &enrolment);
    terminal.wait_for("content", |status| status.items == 2);
    assert_eq!(known(&data_dir).credentials.manifest_key_generation, 100);
    terminal.stop();
}

#[test]
fn content_of_the_old_key_goes_on_until_the_new_is_all_there_also_through_kill_9() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("hub");
    let process = HubProcess::start(&data, "127.0.0.1:0");
    publish(folder.path(), &data);
    let (data_dir, _) = enrol(folder.path(), &data, &process.url());
    let settings = settings(folder.path(), &process.url());
    let running = TerminalProcess::start(&settings, 50);
    let kept = |seen| {
        let enrolment = known(&data_dir);
        kept_content(&data_dir, &enrolment, &Cache::new(&data_dir), seen, None)
    };
    // From which version of the manifest the café airs.
    let cafe = |seen| {
        let content = kept(seen)?;
        let (manifest, _) = content.campaigns().next()?;
        Some(manifest.version)
    };
    wait_until("content is kept", || cafe(0).is_some());
    let before = cafe(0).expect("kept");

    running.kill();

    // The café's next version names a picture that never comes.
    publish_another(folder.path(), &data, "cafe", 90);
    let lost = std::fs::read(folder.path().join("cafe/a.png")).expect("reads");
    let lost = Hub::open(&data)
        .expect("opens")
        .blobs
        .file(Digest::of(&lost))
        .expect("is in the folder");
    std::fs::remove_file(lost).expect("removes");
    hub(&data, &["key", "rotate"]);
    let running = TerminalProcess::start(&settings, 50);
    wait_until("the key and the next version are known", || {
        let is_newer = |content: ActiveContent| content.version() > before;
        known(&data_dir).credentials.manifest_key_generation == 1 && kept(0).is_some_and(is_newer)
    });
    running.kill();
    drop(process);
    assert_eq!(
        cafe(before + 1),
        Some(before),
        "it still airs after a restart"
    );

    // These manifests, and no others of the old key.
    let path = data_dir.join("manifest.json");
    let text = std::fs::read_to_string(&path).expect("kept");
    let (newest, former) = text.split_once("\"former\"").expect("former ones");
    assert!(former.contains("Caf"));
    let changed = format!("{newest}\"former\"{}", former.replace("Caf", "Bar"));
    std::fs::write(&path, changed).expect("writes");
    assert_eq!(cafe(0), None);
    std::fs::write(&path, text).expect("writes");
    assert_eq!(cafe(0), Some(before));
}

#[test]
fn a_rotation_that_is_killed_at_any_moment_leaves_a_hub_that_works() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("hub");
    let first = Hub::open(&data).expect("opens").manifest_keys();
    let (mut newest, mut cut_off) = (0, 0);
    // Closer and closer to the moment from which on it comes through, wherever that is on this
    // machine.
    let mut later = Duration::from_millis(1);
    while newest < KILLS_MIN || cut_off < KILLS_MIN {
        let mut child = Command::new(env!("CARGO_BIN_EXE_passerby-hub"))
            .args(["key", "rotate", "--data"])
            .arg(&data)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        // The moment of the kill is the test's input, not a wait for something.
        std::thread::sleep(later);
        child.kill().expect("SIGKILL");
        child.wait().expect("reaped");
        let hub = Hub::open(&data).expect("kill -9 leaves a hub that opens");
        let generation = hub.manifest_key_generation();
        if generation == newest {
            cut_off += 1;
            later = later * 6 / 5;
        } else {
            later = later * 5 / 6;
        }
        assert!(generation == newest || generation == newest + 1);
        newest = generation;
        let start = ManifestKey {
            generation: 0,
            public: passerby_protocol::hexadecimal::unhex32(&first[0].key).expect("a key"),
        };
        let chain = hub.manifest_keys_after(0).endorsements;
        assert_eq!(start.follow(&chain).expect("a chain").generation, newest);
    }
    println!("{cut_off} rotations were cut off, {newest} came through");
}
