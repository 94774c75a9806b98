use passerby_protocol::Digest;

use super::*;

fn asset(bytes: &[u8]) -> Asset {
    Asset {
        sha256: Digest::of(bytes),
        size: bytes.len() as u64,
        media_type: "image/png".into(),
    }
}

fn part_of(cache: &Cache, bytes: &[u8]) -> PathBuf {
    cache.part(Digest::of(bytes))
}

/// A file that comes whole.
fn bring(cache: &Cache, bytes: &[u8]) {
    let mut download = cache.begin(&asset(bytes)).expect("begins");
    let got = usize::try_from(download.got()).expect("small");
    download.write(&bytes[got..]).expect("writes");
    assert!(download.finish().expect("whole"));
}

#[test]
fn a_download_resumes_where_it_was_cut() {
    let folder = tempfile::tempdir().expect("folder");
    let (cache, bytes) = (
        Cache::new(folder.path()),
        b"a picture of some length".as_slice(),
    );
    let mut first = cache.begin(&asset(bytes)).expect("begins");
    first.write(&bytes[..7]).expect("writes");
    assert!(!first.finish().expect("short"));
    assert!(!cache.has(&asset(bytes)));
    let mut second = cache.begin(&asset(bytes)).expect("resumes");
    assert_eq!(second.got(), 7);
    second.write(&bytes[7..]).expect("writes");
    assert!(second.finish().expect("whole"));
    assert!(cache.has(&asset(bytes)));
}

#[test]
fn what_hashes_wrong_or_runs_on_is_thrown_away() {
    let folder = tempfile::tempdir().expect("folder");
    let cache = Cache::new(folder.path());
    let mut wrong = cache.begin(&asset(b"right")).expect("begins");
    wrong.write(b"wrong").expect("writes");
    assert!(matches!(wrong.finish(), Err(CacheError::Hash(_))));
    let mut long = cache.begin(&asset(b"right")).expect("begins anew");
    assert_eq!(long.got(), 0);
    assert!(matches!(
        long.write(b"right and more"),
        Err(CacheError::TooLong(_))
    ));
    assert!(!cache.has(&asset(b"right")));
}

#[test]
fn a_part_that_was_damaged_or_is_too_long_costs_a_new_download_and_nothing_else() {
    let folder = tempfile::tempdir().expect("folder");
    let (cache, bytes) = (Cache::new(folder.path()), b"what should be there");
    std::fs::create_dir_all(folder.path().join("cache")).expect("folder");
    // After a power cut a file may be as long as it was, with nothing in it.
    std::fs::write(part_of(&cache, bytes), [0; 10]).expect("writes");
    let mut download = cache.begin(&asset(bytes)).expect("resumes");
    assert_eq!(download.got(), 10);
    download.write(&bytes[10..]).expect("writes");
    assert!(matches!(download.finish(), Err(CacheError::Hash(_))));
    assert!(!part_of(&cache, bytes).exists());
    // A part that is longer than the whole begins anew; one that is as long is judged at once.
    std::fs::write(part_of(&cache, bytes), [0; 100]).expect("writes");
    assert_eq!(cache.begin(&asset(bytes)).expect("begins").got(), 0);
    std::fs::write(part_of(&cache, bytes), bytes).expect("writes");
    let whole = cache.begin(&asset(bytes)).expect("begins");
    assert_eq!(whole.got(), bytes.len() as u64);
    assert!(whole.finish().expect("whole"));
    let mut again = cache.begin(&asset(bytes)).expect("begins");
    again.write(&bytes[..5]).expect("writes");
    again.restart().expect("restarts");
    again.write(bytes).expect("writes");
    assert!(again.finish().expect("whole"));
}

#[test]
fn links_and_pipes_in_the_folder_are_not_followed_and_strangers_leave() {
    let folder = tempfile::tempdir().expect("folder");
    let cache = Cache::new(folder.path());
    let (bytes, inside) = (b"a picture", folder.path().join("cache"));
    std::fs::create_dir_all(&inside).expect("folder");
    let victim = folder.path().join("credentials.json");
    std::fs::write(&victim, b"secret").expect("writes");
    let link = |at: &Path| std::os::unix::fs::symlink(&victim, at).expect("links");

    link(&part_of(&cache, bytes));
    link(&cache.path(Digest::of(bytes)));
    assert!(!cache.has(&Asset {
        size: 6,
        ..asset(bytes)
    }));
    bring(&cache, bytes);
    assert!(cache.has(&asset(bytes)));
    assert_eq!(std::fs::read(&victim).expect("there"), b"secret");

    let pipe = part_of(&cache, b"other");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("runs").success());
    bring(&cache, b"other");

    link(&inside.join("link"));
    link(&cache.path(Digest::of(b"linked")));
    std::fs::write(inside.join("notes.txt"), b"mine").expect("writes");
    std::fs::write(
        inside.join(Digest::of(b"x").to_string().to_uppercase()),
        b"x",
    )
    .expect("writes");
    std::fs::create_dir(inside.join("empty")).expect("folder");
    std::fs::create_dir_all(inside.join("full/of")).expect("folder");
    let mut cut = cache.begin(&asset(b"cut short")).expect("begins");
    cut.write(b"cut").expect("writes");
    let inventory = cache.inventory();
    assert_eq!(
        inventory
            .blobs
            .keys()
            .copied()
            .collect::<std::collections::BTreeSet<_>>(),
        [Digest::of(bytes), Digest::of(b"other")].into()
    );
    assert_eq!(inventory.parts, [(Digest::of(b"cut short"), 3)].into());
    assert_eq!(inventory.bytes(), 9 + 5 + 3);
    let mut left: Vec<String> = std::fs::read_dir(&inside)
        .expect("reads")
        .map(|entry| {
            entry
                .expect("reads")
                .file_name()
                .into_string()
                .expect("text")
        })
        .filter(|name| !name.contains(|c: char| c.is_ascii_digit()))
        .collect();
    left.sort();
    assert_eq!(
        left,
        ["full"],
        "a folder with something in it is left alone"
    );
    assert_eq!(std::fs::read(&victim).expect("there"), b"secret");
}

#[test]
fn what_was_needed_last_has_the_later_date_and_a_missing_file_is_no_error() {
    let folder = tempfile::tempdir().expect("folder");
    let cache = Cache::new(folder.path());
    bring(&cache, b"one");
    cache.note_needed(Digest::of(b"one"), 1_700_000_000_000);
    cache.note_needed(Digest::of(b"gone"), 1_700_000_000_000);
    let inventory = cache.inventory();
    let stored = inventory.blobs[&Digest::of(b"one")];
    assert_eq!((stored.size, stored.needed_ms), (3, 1_700_000_000_000));
    cache.remove(Digest::of(b"one")).expect("removes");
    cache
        .remove(Digest::of(b"one"))
        .expect("it is gone already");
    cache
        .remove_part(Digest::of(b"one"))
        .expect("it was never there");
    assert_eq!(cache.inventory(), Inventory::default());
}
