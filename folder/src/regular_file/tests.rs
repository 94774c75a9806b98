use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use super::*;

/// Makes a pipe that nobody writes into.
fn make_pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo")
        .arg(path)
        .status()
        .expect("mkfifo runs");
    assert!(made.success());
}

fn refusal(path: &Path) -> String {
    open_within(path).expect_err("refused").to_string()
}

#[test]
fn what_is_no_regular_file_is_named_and_never_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    make_pipe(&at("pipe.png"));
    std::fs::create_dir(at("folder.png")).expect("a folder");
    let _socket = UnixListener::bind(at("socket.png")).expect("a socket");
    for (name, word) in [
        ("pipe.png", "a pipe"),
        ("folder.png", "a folder"),
        ("socket.png", "a socket"),
    ] {
        let expected = format!("it is not a file but {word}; put a file there");
        assert_eq!(refusal(&at(name)), expected);
        let anywhere = open_anywhere(&at(name)).expect_err("refused");
        assert_eq!(anywhere.to_string(), expected);
        // A link within the folder to such a thing is none either.
        symlink(name, at(&format!("to-{name}"))).expect("a link");
        assert_eq!(refusal(&at(&format!("to-{name}"))), expected);
    }
    assert!(refusal(&at("gone.png")).contains("missing"));
    let device = open_anywhere(Path::new("/dev/zero")).expect_err("refused");
    assert!(device.to_string().contains("a device"), "{device}");
    assert!(refusal(Path::new("/dev/zero")).contains("a device"));
}

#[test]
fn links_are_followed_within_the_folder_and_not_out_of_it() {
    let outer = tempfile::tempdir().expect("a folder");
    let folder = outer.path().join("campaign");
    std::fs::create_dir_all(folder.join("inner")).expect("a folder");
    std::fs::write(outer.path().join("private.png"), b"private").expect("writes");
    std::fs::write(folder.join("a.png"), b"shown").expect("writes");
    std::fs::write(folder.join("inner/b.png"), b"inner").expect("writes");
    let link = |target: &Path, name: &str| {
        symlink(target, folder.join(name)).expect("a link");
        folder.join(name)
    };
    let read = |path: &Path| read_within(path, 100).map_err(|error| error.to_string());
    let within = [
        (link(Path::new("a.png"), "relative.png"), b"shown"),
        (link(&folder.join("a.png"), "absolute.png"), b"shown"),
        (link(Path::new("inner/b.png"), "deeper.png"), b"inner"),
        (link(Path::new("relative.png"), "twice.png"), b"shown"),
    ];
    for (path, content) in &within {
        assert_eq!(read(path).expect("within"), content.as_slice());
    }
    for path in [
        link(Path::new("../private.png"), "up.png"),
        link(&outer.path().join("private.png"), "out.png"),
        link(Path::new("up.png"), "twice-out.png"),
        link(Path::new("/dev/zero"), "zero.png"),
        link(Path::new("/proc/self/mem"), "memory.png"),
        // A prefix of the name is not the folder.
        link(&outer.path().join("campaign/../private.png"), "round.png"),
    ] {
        assert_eq!(
            read(&path).expect_err("refused"),
            "it is a link that leads out of its folder; put the file itself there",
            "{}",
            path.display()
        );
    }
    let broken = link(Path::new("gone.png"), "broken.png");
    assert!(
        read(&broken)
            .expect_err("refused")
            .contains("a file that is missing")
    );
    let looping = link(Path::new("loop.png"), "loop.png");
    assert!(read(&looping).expect_err("refused").contains("is a link"));

    // The folder itself may be a link.
    let other_name = outer.path().join("other-name");
    symlink(&folder, &other_name).expect("a link");
    assert_eq!(read(&other_name.join("a.png")).expect("read"), b"shown");
    assert_eq!(
        read(&other_name.join("absolute.png")).expect("read"),
        b"shown"
    );
    assert!(read(&other_name.join("up.png")).is_err());
}

#[test]
fn nothing_past_the_stated_size_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.png");
    std::fs::write(&path, b"12345").expect("writes");
    assert_eq!(read_within(&path, 5).expect("read"), b"12345");
    let refused = read_within(&path, 4).expect_err("too large").to_string();
    assert_eq!(refused, "it has 5 bytes, more than 4; make it smaller");
    assert_eq!(
        open_within(&path).expect("open").start(3).expect("read"),
        b"123"
    );
    // A file that claims less than it gives: those of /proc have no size.
    let endless = open_anywhere(Path::new("/proc/self/status")).expect("open");
    assert!(endless.read(10).is_err());
}
