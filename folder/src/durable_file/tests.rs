use super::*;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt as _, symlink};

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| {
            let name = entry.expect("an entry").file_name();
            name.into_string().expect("a name")
        })
        .collect();
    names.sort();
    names
}

fn mode_of(path: &Path) -> u32 {
    let permissions = fs::metadata(path).expect("there").permissions();
    permissions.mode() & 0o777
}

#[test]
fn a_file_takes_the_place_of_an_earlier_one_and_leaves_nothing_beside_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("keys.json");
    write(&target, PRIVATE_MODE, b"old").expect("writes");
    write(&target, PRIVATE_MODE, b"new").expect("writes");
    assert_eq!(fs::read(&target).expect("reads"), b"new");
    assert_eq!(names(folder.path()), ["keys.json"]);
}

#[test]
fn a_write_that_fails_leaves_the_old_file_and_nothing_beside_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("keys.json");
    write(&target, PRIVATE_MODE, b"old").expect("writes");
    let mut half = UnfinishedFile::create(&target, PRIVATE_MODE).expect("begins");
    half.write_all(b"ne").expect("writes");
    assert_eq!(names(folder.path()).len(), 2, "it is written beside");
    drop(half);
    assert_eq!(fs::read(&target).expect("reads"), b"old");
    assert_eq!(names(folder.path()), ["keys.json"]);

    // A folder in the target's place refuses the rename, to root as well.
    let taken = folder.path().join("taken");
    fs::create_dir(&taken).expect("a folder");
    assert!(write(&taken, PRIVATE_MODE, b"new").is_err());
    let missing = write(&folder.path().join("none/x"), PRIVATE_MODE, b"new");
    let missing = missing.expect_err("there is no such folder");
    assert_eq!(
        missing.raw_os_error(),
        Some(2),
        "no temporary name is in its words"
    );
    assert!(write(Path::new("/"), PRIVATE_MODE, b"new").is_err());
    assert_eq!(names(folder.path()), ["keys.json", "taken"]);
}

#[test]
fn a_file_has_its_own_mode_and_not_that_of_the_one_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("file");
    fs::write(&target, b"for all").expect("writes");
    fs::set_permissions(&target, Permissions::from_mode(0o666)).expect("set");
    write(&target, PRIVATE_MODE, b"secret").expect("writes");
    assert_eq!(mode_of(&target), 0o600);
    let unfinished = UnfinishedFile::create(&target, PRIVATE_MODE).expect("begins");
    assert_eq!(mode_of(unfinished.temporary_path()), 0o600);
    write(&target, SHARED_MODE, b"for all").expect("writes");
    // What the umask leaves of it: the same as of a file that is made without a word.
    let usual = folder.path().join("usual");
    fs::write(&usual, b"").expect("writes");
    assert_eq!(mode_of(&target), mode_of(&usual));
}

#[test]
fn a_link_in_the_targets_place_is_replaced_and_not_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (target, other) = (folder.path().join("file"), folder.path().join("other"));
    fs::write(&other, b"somebody's").expect("writes");
    symlink(&other, &target).expect("a link");
    write(&target, PRIVATE_MODE, b"secret").expect("writes");
    assert_eq!(fs::read(&other).expect("reads"), b"somebody's");
    assert!(!target.is_symlink());
    assert_eq!(fs::read(&target).expect("reads"), b"secret");

    // A link that leads nowhere is a name that is taken.
    let nowhere = folder.path().join("nowhere");
    symlink(folder.path().join("made"), &nowhere).expect("a link");
    let refused = write_new(&nowhere, PRIVATE_MODE, b"secret").expect_err("taken");
    assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
    assert_eq!(names(folder.path()), ["file", "nowhere", "other"]);
}

#[test]
fn what_was_left_behind_is_removed_and_neither_read_nor_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("credentials.json");
    let left = folder.path().join(".credentials.json.aB3dE6gH.tmp");
    fs::write(&left, b"left").expect("writes");
    // Anybody's to read, and somebody has it open.
    fs::set_permissions(&left, Permissions::from_mode(0o666)).expect("set");
    let watching = File::open(&left).expect("opens");
    // What is not of this target, or was not made here.
    let others = [
        ".credentials.json.short.tmp",
        ".credentials.json.aB3.E6gH.tmp",
        ".other.json.aB3dE6gH.tmp",
        "credentials.json.aB3dE6gH.tmp",
    ];
    for other in others {
        fs::write(folder.path().join(other), b"mine").expect("writes");
    }
    symlink(
        "elsewhere",
        folder.path().join(".credentials.json.linkLINK.tmp"),
    )
    .expect("a link");
    write(&target, PRIVATE_MODE, b"secret").expect("writes");
    assert!(!left.exists());
    assert_eq!(io::read_to_string(watching).expect("reads"), "left");
    assert_eq!(mode_of(&target), 0o600);
    let mut expected = others.to_vec();
    expected.extend([".credentials.json.linkLINK.tmp", "credentials.json"]);
    expected.sort_unstable();
    assert_eq!(names(folder.path()), expected);
    remove_leftovers(folder.path());
    assert!(!folder.path().join(".other.json.aB3dE6gH.tmp").exists());
    assert_eq!(names(folder.path()).len(), expected.len() - 1);
}

#[test]
fn what_another_writer_is_at_is_not_taken_for_left_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("file");
    let mut slow = UnfinishedFile::create(&target, PRIVATE_MODE).expect("begins");
    write(&target, PRIVATE_MODE, b"quick").expect("writes");
    slow.write_all(b"slow").expect("writes");
    slow.finish().expect("is still there");
    assert_eq!(fs::read(&target).expect("reads"), b"slow");
    assert_eq!(names(folder.path()), ["file"]);
}

#[test]
fn many_writers_at_once_leave_one_whole_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("file");
    let made = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8_u8)
            .map(|writer| {
                let target = &target;
                scope.spawn(move || {
                    let content = vec![writer; 10_000];
                    let new = write_new(target, PRIVATE_MODE, &content).is_ok();
                    for _ in 0..20 {
                        write(target, PRIVATE_MODE, &content).expect("writes");
                        let seen = fs::read(target).expect("reads");
                        assert!(seen.len() == 10_000 && seen.iter().all(|byte| *byte == seen[0]));
                    }
                    new
                })
            })
            .collect();
        let made = writers
            .into_iter()
            .map(|writer| writer.join().expect("ends"));
        made.filter(|new| *new).count()
    });
    assert!(made <= 1, "{made} were the first");
    assert_eq!(names(folder.path()), ["file"]);
}

#[test]
fn a_file_that_is_there_is_not_replaced_by_a_new_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("device.key");
    write_new(&target, PRIVATE_MODE, b"first").expect("writes");
    let refused = write_new(&target, PRIVATE_MODE, b"second").expect_err("it is there");
    assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&target).expect("reads"), b"first");
    assert_eq!(names(folder.path()), ["device.key"]);
}

#[test]
fn folders_above_are_made_too_and_a_file_in_the_way_is_told() {
    let folder = tempfile::tempdir().expect("folder");
    let deep = folder.path().join("a/b/c");
    make_folder(&deep).expect("makes");
    make_folder(&deep).expect("is there already");
    assert!(deep.is_dir());
    write_private(&folder.path().join("d/e/file"), b"secret").expect("writes");
    assert_eq!(mode_of(&folder.path().join("d/e/file")), 0o600);
    fs::write(folder.path().join("file"), b"").expect("writes");
    assert!(make_folder(&folder.path().join("file/d")).is_err());
    assert_eq!(folder_of(Path::new("data")), Path::new("."));
}
