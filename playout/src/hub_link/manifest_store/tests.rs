//! Real files, real signatures.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::SigningKey;
use passerby_protocol::wire::Credentials;
use passerby_protocol::{PlayNumber, ScreenNumber};
use passerby_testing::random_cases;
use proptest::prelude::*;

use super::*;
use crate::content::active::tests;
use crate::content::active::tests::manifest;

fn key(byte: u8) -> SigningKey {
    SigningKey::from_bytes(&[byte; 32])
}

fn enrolment() -> Enrolment {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let key: String = hex(key(9).verifying_key().as_bytes());
    let json = serde_json::json!({
        "hub": "https://hub.example",
        "credentials": Credentials {
            screen: ScreenNumber::new(1).expect("in range"),
            token_key: "ab".repeat(32),
            generation: 0,
            bearer: "secret".into(),
            manifest_key: key,
            manifest_key_generation: 0,
            scan_base: "HTTPS://HUB.EXAMPLE".into(),
            play_floor: PlayNumber::new(1).expect("in range"),
        },
    });
    serde_json::from_value(json).expect("an enrolment")
}

fn sealed(manifest: &Manifest, by: u8) -> SealedManifest {
    let (body, signature) = manifest.seal(&key(by)).expect("seals");
    SealedManifest {
        body,
        signature,
        etag: None,
    }
}

/// A data folder and what has happened in it.
struct StoredManifests {
    folder: tempfile::TempDir,
    cache: Cache,
}

impl StoredManifests {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let cache = Cache::new(folder.path());
        std::fs::create_dir(folder.path().join("cache")).expect("folder");
        Self { folder, cache }
    }

    /// The files with these names come. Their sizes are what counts here.
    fn come(&self, files: &[u8]) {
        for &byte in files {
            let file = tests::file(byte);
            std::fs::write(self.cache.path(file.sha256), vec![0; usize::from(byte)])
                .expect("writes");
        }
    }

    fn load(&self, seen: u64, now_ms: Option<i64>) -> ManifestStore {
        ManifestStore::load(self.folder.path(), &enrolment(), &self.cache, seen, now_ms)
    }

    /// What airs after a restart.
    fn airs(&self, seen: u64) -> Option<Vec<(String, u64)>> {
        self.load(seen, None)
            .refresh(None)
            .map(|content| listed(&content))
    }

    fn put(&self, store: &ManifestStore, manifest: &Manifest) -> Option<Vec<(String, u64)>> {
        store.put(manifest.clone(), &sealed(manifest, 9));
        store.refresh(None).map(|content| listed(&content))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn listed(content: &ActiveContent) -> Vec<(String, u64)> {
    let campaigns = content.campaigns();
    campaigns
        .map(|(manifest, entry)| (entry.id.to_string(), manifest.version))
        .collect()
}

fn airing(list: &[(&str, u64)]) -> Option<Vec<(String, u64)>> {
    Some(
        list.iter()
            .map(|&(id, version)| (id.to_owned(), version))
            .collect(),
    )
}

#[test]
fn a_former_version_airs_on_through_restarts_until_the_new_one_is_whole() {
    let stored = StoredManifests::new();
    stored.come(&[1, 2, 6]);
    let first = manifest(1, &[("a", &[1]), ("b", &[2]), ("c", &[6])]);
    let second = manifest(2, &[("a", &[3, 4]), ("b", &[2])]);
    let store = stored.load(0, None);
    assert_eq!(
        stored.put(&store, &first),
        airing(&[("a", 1), ("b", 1), ("c", 1)])
    );
    assert_eq!(
        stored.put(&store, &second),
        airing(&[("a", 1), ("b", 2)]),
        "c leaves at once, a waits, b is whole as it is"
    );
    assert_eq!(stored.put(&store, &second), None, "nothing new");
    for seen in [1, 2] {
        assert_eq!(stored.airs(seen), airing(&[("a", 1), ("b", 2)]));
    }
    assert_eq!(
        stored.airs(3),
        None,
        "a rollback is refused after a restart too"
    );
    stored.come(&[3]);
    assert_eq!(store.refresh(None), None, "half of it is not enough");
    stored.come(&[4]);
    assert_eq!(
        store.refresh(None).map(|content| listed(&content)),
        airing(&[("a", 2), ("b", 2)])
    );
    let kept = read(&stored.path("manifest.json")).expect("there");
    assert_eq!(kept.former.len(), 0, "the former one is no longer kept");
    // A file is lost. What has switched does not go back, and does not leave.
    stored.cache.remove(tests::file(4).sha256).expect("removes");
    assert_eq!(stored.airs(2), airing(&[("a", 2), ("b", 2)]));
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(stored.path("manifest.json"))
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_is_not_signed_for_this_screen_by_this_hub_is_not_taken_from_disk_either() {
    let first = manifest(1, &[("a", &[1])]);
    let second = manifest(2, &[("a", &[3])]);
    let with_former = |kept: Vec<Kept>| {
        let stored = StoredManifests::new();
        stored.come(&[1]);
        let store = stored.load(0, None);
        stored.put(&store, &second);
        let mut on_disk = read(&stored.path("manifest.json")).expect("there");
        on_disk.former = kept;
        let bytes = serde_json::to_vec(&on_disk).expect("writes");
        std::fs::write(stored.path("manifest.json"), bytes).expect("writes");
        stored.airs(2)
    };
    let good = Kept::from(&sealed(&first, 9));
    assert_eq!(with_former(vec![good.clone()]), airing(&[("a", 1)]));
    assert_eq!(
        with_former(vec![Kept::from(&sealed(&first, 8))]),
        airing(&[])
    );
    let tampered = Kept {
        body: good.body.replace("HUB.EXAMPLE", "BAD.EXAMPLE"),
        ..good
    };
    assert_eq!(with_former(vec![tampered]), airing(&[]));
    let mut other = Manifest::clone(&first);
    other.screen = ScreenNumber::new(2).expect("in range");
    assert_eq!(
        with_former(vec![Kept::from(&sealed(&other, 9))]),
        airing(&[])
    );
    // What is as new as the newest, or newer, is no former one.
    let newer = manifest(3, &[("a", &[1])]);
    assert_eq!(
        with_former(vec![Kept::from(&sealed(&newer, 9))]),
        airing(&[])
    );
    let many: Vec<Kept> = (0..100).map(|_| Kept::from(&sealed(&first, 9))).collect();
    assert_eq!(with_former(many), airing(&[("a", 1)]));
}

#[test]
fn the_file_of_an_earlier_terminal_is_read_and_garbage_is_as_good_as_none() {
    let stored = StoredManifests::new();
    stored.come(&[1]);
    let kept = Kept::from(&sealed(&manifest(1, &[("a", &[1])]), 9));
    let write = |bytes: &[u8]| std::fs::write(stored.path("manifest.json"), bytes).expect("writes");
    write(&serde_json::to_vec(&kept).expect("writes"));
    assert_eq!(stored.airs(1), airing(&[("a", 1)]));
    for garbage in [&b"[]"[..], b"", b"{\"signature\":\"\",\"body\":\"\"}"] {
        write(garbage);
        assert_eq!(stored.airs(1), None);
    }
    let long = std::fs::File::create(stored.path("manifest.json")).expect("opens");
    long.set_len(FILE_BYTES_MAX + 1).expect("grows");
    assert_eq!(stored.airs(1), None, "it is not even read");
}

#[test]
fn nothing_takes_an_expired_manifests_place_and_a_full_disk_does_not_keep_what_must_leave() {
    let stored = StoredManifests::new();
    stored.come(&[1, 2]);
    let mut first = Manifest::clone(&manifest(1, &[("a", &[1])]));
    first.expires_ms = 9_000;
    let second = manifest(2, &[("a", &[3]), ("b", &[2])]);
    let store = stored.load(0, None);
    stored.put(&store, &first);
    assert_eq!(stored.put(&store, &second), airing(&[("a", 1), ("b", 2)]));
    assert_eq!(
        store.refresh(Some(2_000)),
        None,
        "the second has expired, and with it all"
    );
    assert_eq!(store.active(), None);
    assert_eq!(stored.load(2, Some(2_000)).refresh(Some(2_000)), None);

    let store = stored.load(2, None);
    assert!(store.refresh(None).is_some());
    // A folder in the file's place refuses every write, to root as well.
    let (kept, aside) = (path_in(stored.folder.path()), stored.path("aside"));
    std::fs::rename(&kept, &aside).expect("renames");
    std::fs::create_dir(&kept).expect("folder");
    let third = manifest(3, &[("b", &[2])]);
    assert_eq!(
        stored.put(&store, &third),
        airing(&[("b", 3)]),
        "a leaves all the same"
    );
    std::fs::remove_dir(&kept).expect("removes");
    std::fs::rename(&aside, &kept).expect("renames");
    assert_eq!(
        stored.airs(2),
        airing(&[("a", 1), ("b", 2)]),
        "the disk did not take it"
    );
    assert_eq!(store.refresh(None), None);
    assert_eq!(
        stored.airs(3),
        airing(&[("b", 3)]),
        "it is written when the disk lets it"
    );
}

#[test]
fn whatever_hostile_names_a_manifest_brings_only_digests_become_paths() {
    let stored = StoredManifests::new();
    let good = manifest(1, &[("a", &[1])]);
    let body = String::from_utf8(sealed(&good, 9).body).expect("text");
    let digest = "01".repeat(32);
    for hostile in [
        "../../../../../../etc/passwd",
        "/etc/passwd",
        "..",
        "",
        ".part",
        "01/../../../credentials.json",
        &"01".repeat(31),
        &format!("{digest}/../x"),
        &format!("{digest}.part"),
        &"0G".repeat(32),
        &"AB".repeat(32),
        "\\u0000",
    ] {
        let changed = body.replace(&digest, hostile);
        assert_ne!(changed, body);
        let signature: String = {
            use ed25519_dalek::Signer as _;
            let signed = [b"passerby manifest v1\n", changed.as_bytes()].concat();
            let bytes = key(9).sign(&signed).to_bytes();
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        let kept = Kept {
            signature,
            body: changed,
        };
        assert!(open(kept, &enrolment(), 0, None).is_err(), "{hostile:?}");
    }
    let inside = stored.cache.path(passerby_protocol::Digest([1; 32]));
    assert_eq!(inside.parent(), Some(stored.path("cache").as_path()));
}

/// What happens in a data folder: `(0, campaign, files)`, a new manifest names the campaign with
/// these files; `(1, _, files)`, they come; `(2, _, files)`, the first of them is lost.
type Step = (u8, u8, BTreeSet<u8>);

const IDS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// Takes the steps with a restart before each look, and compares with what must hold.
fn take(steps: &[Step]) -> Result<(), TestCaseError> {
    let stored = StoredManifests::new();
    let store = stored.load(0, None);
    let is_there = |&byte: &u8| stored.cache.has(&tests::file(byte));
    // What each manifest named, and what aired before a step, from how many manifests.
    let mut manifests: Vec<BTreeMap<&str, Vec<u8>>> = vec![BTreeMap::new()];
    let (mut last, mut last_held) = (Vec::<(String, u64)>::new(), 0);
    for (what, which, files) in steps {
        let files: Vec<u8> = files.iter().copied().collect();
        match what {
            0 => {
                let mut named = manifests[manifests.len() - 1].clone();
                let id = IDS[usize::from(*which)];
                // A third of the campaigns may be taken off.
                if which % 3 == 2 && files.len() > 1 {
                    named.remove(id);
                } else {
                    named.insert(id, files);
                }
                let campaigns: Vec<(&str, &[u8])> = named
                    .iter()
                    .map(|(id, files)| (*id, files.as_slice()))
                    .collect();
                stored.put(&store, &manifest(manifests.len() as u64, &campaigns));
                manifests.push(named);
            }
            1 => stored.come(&files),
            _ => {
                let lost = tests::file(files[0]);
                stored.cache.remove(lost.sha256).expect("removes");
            }
        }
        store.refresh(None);
        let Some(content) = store.active() else {
            continue;
        };
        let now = listed(&content);
        let newest = manifests.len() - 1;
        prop_assert_eq!(stored.airs(newest as u64), Some(now.clone()));
        prop_assert!(content.manifests().len() <= MANIFESTS_MAX);
        for (id, from) in &last {
            let is_named = manifests[newest].contains_key(id.as_str());
            let airs = now.iter().find(|(airing, _)| airing == id);
            prop_assert_eq!(airs.is_some(), is_named, "{}", id);
            let Some((_, version)) = airs else { continue };
            prop_assert!(version >= from, "no campaign goes back");
            let files_of =
                |version: u64| &manifests[usize::try_from(version).expect("small")][id.as_str()];
            prop_assert!(
                files_of(*version) == files_of(*from)
                    || files_of(*version).iter().all(is_there)
                    || (last_held == MANIFESTS_MAX && *version == newest as u64),
                "{} switches before it is whole, though its manifest could be held",
                id
            );
        }
        prop_assert!(
            now.iter()
                .all(|(id, _)| manifests[newest].contains_key(id.as_str()))
        );
        (last, last_held) = (now, content.manifests().len());
    }
    Ok(())
}

/// Once, a manifest from which nothing aired took the place of the one from which `a` did.
#[test]
fn a_campaign_stays_when_its_file_is_lost_and_manifests_come_from_which_nothing_airs() {
    let steps = [
        (1, 0, 6),
        (0, 1, 6),
        (0, 0, 6),
        (0, 0, 2),
        (0, 0, 2),
        (1, 0, 1),
        (2, 0, 6),
        (0, 2, 1),
        (0, 2, 2),
        (0, 0, 2),
    ];
    let steps = steps.map(|(what, which, file)| (what, which, BTreeSet::from([file])));
    take(&steps).expect("holds");
}

proptest! {
    #![proptest_config(random_cases(64))]

    /// Manifests, files and losses in any order, with a restart before each look.
    #[test]
    fn a_restart_changes_nothing_and_a_campaign_that_airs_leaves_only_when_it_is_taken_off(
        steps in proptest::collection::vec((0_u8..3, 0_u8..6, proptest::collection::btree_set(1_u8..8, 1..3)), 1..25),
    ) {
        take(&steps)?;
    }
}
