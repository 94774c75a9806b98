//! One clear message each; no crash, no blank screen.

use std::net::TcpListener;
use std::path::Path;

use passerby_testing::required_program;

use crate::frames;
use crate::parts::{Terminal, captured, finish, picture, run_until, terminal, text};

fn check(folder: &Path, extra: &str) -> (Option<i32>, String) {
    let screen = Terminal::with_settings(folder, extra);
    let output = finish(terminal().args(["check", "--config"]).arg(&screen.settings));
    (output.status.code(), text(&output.stderr))
}

/// A PNG whose header claims to be enormous; its check sum is right.
fn write_huge_png(path: &Path) {
    let mut header = Vec::from(*b"IHDR");
    header.extend(30_000u32.to_be_bytes());
    header.extend(30_000u32.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut crc = !0u32;
    for &byte in &header {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0xEDB8_8320
            } else {
                crc >> 1
            };
        }
    }
    let mut png = Vec::from(*b"\x89PNG\r\n\x1a\n\0\0\0\x0d");
    png.extend(header);
    png.extend((!crc).to_be_bytes());
    png.extend(*b"\0\x10\0\0IDAT");
    std::fs::write(path, png).expect("writes");
}

/// Runs with a capture until what it says and which creatives were on the screen is as awaited;
/// returns both.
fn run(
    screen: &Terminal,
    folder: &Path,
    is_so: impl Fn(&str, &[String]) -> bool,
) -> (String, Vec<String>) {
    let capture = folder.join("frames");
    let creatives = || -> Vec<String> {
        let notes = captured(&capture).into_iter();
        notes
            .map(|note| note["creative"].as_str().expect("text").to_owned())
            .collect()
    };
    let mut command = screen.run();
    command
        .args(["--capture-every", "500", "--capture"])
        .arg(&capture);
    let said = run_until(&mut command, "what is awaited", |said| {
        is_so(said, &creatives())
    });
    frames::read_capture(&capture);
    (said, creatives())
}

#[test]
fn settings_written_wrong_are_reported_all_at_once_with_file_and_line() {
    let folder = tempfile::tempdir().expect("folder");
    let screen = Terminal::with_settings(
        folder.path(),
        "[screen]\nrotation = 45\ncolour = 1\n[content]\nseconds = 'ten'\n",
    );
    let output = finish(&mut screen.run());
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for expected in [
        "kiosk.toml:6: screen.rotation is 45; use 0, 90, 180 or 270",
        "kiosk.toml:7: unknown key \"colour\"",
        "kiosk.toml:9: content.seconds is \"ten\"",
    ] {
        assert!(said.contains(expected), "{expected:?} in {said}");
    }
}

#[test]
fn a_campaign_written_wrong_stops_the_start_with_every_mistake() {
    let folder = tempfile::tempdir().expect("folder");
    picture(&folder.path().join("c/a.png"), [[0, 0, 0], [255, 255, 255]]);
    std::fs::write(
        folder.path().join("c/campaign.toml"),
        "title = 'x'\ntarget = 'nowhere'\n[[placement]]\ncreative = 'b.png'\n",
    )
    .expect("writes");
    let screen = Terminal::with_settings(folder.path(), "[content]\nfolders = ['c']\n");
    let output = finish(&mut screen.run());
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("campaign.toml:2: target is \"nowhere\"")
            && said.contains("campaign.toml:4: creative \"b.png\" is missing"),
        "{said}"
    );
}

#[test]
fn check_finds_bad_pictures_and_missing_signs_before_a_passer_by_does() {
    let folder = tempfile::tempdir().expect("folder");
    let c = folder.path().join("c");
    picture(&c.join("good.png"), [[0, 0, 0], [255, 255, 255]]);
    std::fs::write(c.join("torn.jpg"), b"\xff\xd8\xff\xe0 and then nothing").expect("writes");
    write_huge_png(&c.join("huge.png"));
    std::fs::write(
        c.join("campaign.toml"),
        "title = 'x'\n[[placement]]\ncreative = 'good.png'\nheadline = '好𠀀🎈'\n[[placement]]\ncreative = 'torn.jpg'\n[[placement]]\ncreative = 'huge.png'\n",
    )
    .expect("writes");
    let (code, said) = check(folder.path(), "[content]\nfolders = ['c']\n");
    assert_eq!(code, Some(2), "{said}");
    for expected in ["torn.jpg: ", "huge.png: ", "30000", "𠀀"] {
        assert!(said.contains(expected), "{expected:?} in {said}");
    }
    // Besides these it is said what draws.
    assert_eq!(said.lines().count(), 4, "one message each: {said}");
}

#[test]
fn bad_pictures_and_an_empty_folder_leave_the_rest_on_the_screen() {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::create_dir_all(folder.path().join("all/empty")).expect("folder");
    picture(
        &folder.path().join("all/mixed/good.png"),
        [[200, 30, 30], [250, 250, 230]],
    );
    std::fs::write(
        folder.path().join("all/mixed/torn.jpg"),
        b"\xff\xd8\xff torn",
    )
    .expect("writes");
    write_huge_png(&folder.path().join("all/mixed/huge.png"));
    let screen =
        Terminal::with_settings(folder.path(), "[content]\nfolders = ['all']\nseconds = 2\n");
    run(&screen, folder.path(), |said, creatives| {
        let words = ["empty: it is no campaign", "torn.jpg", "huge.png"];
        // The good picture airs.
        words.iter().all(|word| said.contains(word))
            && creatives.iter().any(|creative| creative != "house")
    });
}

#[test]
fn with_nothing_to_show_and_a_busy_port_the_house_creative_airs() {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::create_dir(folder.path().join("empty")).expect("folder");
    let busy = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = busy.local_addr().expect("an address").port();
    let settings = folder.path().join("kiosk.toml");
    std::fs::write(&settings, format!("[content]\nfolders = ['empty']\n[data]\ndir = 'terminal'\n[local]\nlisten = '127.0.0.1:{port}'\n")).expect("writes");
    let cannot = format!("127.0.0.1:{port} cannot be used");
    let (_, creatives) = run(&Terminal { settings }, folder.path(), |said, creatives| {
        said.contains(&cannot) && creatives.len() >= 3
    });
    assert!(
        creatives.iter().all(|creative| creative == "house"),
        "{creatives:?}"
    );
}

#[test]
fn a_data_folder_that_cannot_be_written_is_one_clear_message() {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(
        folder.path().join("terminal"),
        b"a file where a folder should be",
    )
    .expect("writes");
    let screen = Terminal::with_settings(folder.path(), "");
    let output = finish(&mut screen.run());
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains("data.dir")
            && said
                .lines()
                .filter(|line| line.contains("terminal"))
                .count()
                == 1,
        "{said}"
    );
}

#[test]
fn a_second_terminal_on_the_same_data_is_refused() {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::create_dir(folder.path().join("terminal")).expect("folder");
    let lock = std::fs::File::create(folder.path().join("terminal/lock")).expect("a lock");
    lock.lock().expect("locks");
    let output = finish(&mut Terminal::with_settings(folder.path(), "").run());
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("another terminal is running with this data.dir"));
}

#[test]
fn a_read_only_disk_is_one_clear_message_and_the_screen_plays_on() {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::create_dir(folder.path().join("terminal")).expect("folder");
    picture(
        &folder.path().join("window/a.png"),
        [[200, 30, 30], [250, 250, 230]],
    );
    let screen = Terminal::with_settings(
        folder.path(),
        "[content]\nfolders = ['window']\nseconds = 2\n",
    );
    let capture = folder.path().join("frames");
    // A mount namespace of its own, as any user may have one: the folder is really on a read-only
    // mount.
    let script = "mount --bind \"$0\" \"$0\" && mount -o remount,ro,bind \"$0\" && exec \"$@\"";
    let mut command = std::process::Command::new(required_program("unshare"));
    command
        .args(["--user", "--mount", "--map-root-user", "sh", "-c", script])
        .arg(folder.path().join("terminal"));
    let run = screen.run();
    command
        .arg(run.get_program())
        .args(run.get_args())
        .args(["--capture-every", "500", "--capture"])
        .arg(&capture)
        .env("XDG_RUNTIME_DIR", folder.path());
    let said = run_until(&mut command, "three frames of the window", |said| {
        let frames = captured(&capture);
        let shown = frames.iter().filter(|note| note["campaign"] == "window");
        said.contains("the disk is read-only") && shown.count() >= 3
    });
    assert_eq!(said.matches("the disk is read-only").count(), 1, "{said}");
    frames::read_capture(&capture);
}

#[test]
fn check_looks_at_the_folders_that_it_is_given_without_any_settings() {
    let folder = tempfile::tempdir().expect("folder");
    let elsewhere = tempfile::tempdir().expect("folder");
    let check = |named: &[&str]| {
        let mut command = terminal();
        command.current_dir(elsewhere.path()).arg("check");
        for name in named {
            command.arg(folder.path().join(name));
        }
        let output = finish(&mut command);
        let said = text(&output.stdout) + &text(&output.stderr);
        (output.status.code(), said)
    };
    for name in ["one", "two"] {
        picture(
            &folder.path().join(name).join("a.png"),
            [[0, 0, 0], [255, 255, 255]],
        );
    }
    let (code, said) = check(&["one", "two"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("looked at 2 campaigns"), "{said}");
    std::fs::write(folder.path().join("two/\u{202e}gnp.exe.png"), b"no picture").expect("writes");
    let (code, said) = check(&["two"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("two/gnp.exe.png: "), "{said}");
    assert!(!said.contains('\u{202e}'), "{said}");
    let (code, said) = check(&["three"]);
    assert_eq!(code, Some(2), "{said}");
    let (code, said) = check(&[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("nothing to look at"), "{said}");
}

#[test]
fn check_tells_problems_and_notes_apart_and_notes_alone_are_good() {
    let folder = tempfile::tempdir().expect("folder");
    let c = folder.path().join("c");
    picture(&c.join("good.png"), [[0, 0, 0], [255, 255, 255]]);
    let campaign = |more: &str| {
        let text = format!(
            "title = 'x'\ntarget = 'https://a.example'\n[[placement]]\ncreative = 'good.png'\nmotion = 'ken-burns'\n{more}"
        );
        std::fs::write(c.join("campaign.toml"), text).expect("writes");
    };
    campaign("");
    let (code, said) = check(folder.path(), "[content]\nfolders = ['c']\n");
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.starts_with("note: ") && said.contains("(good.png): the picture rests"),
        "{said}"
    );
    campaign("headline = 'ب'\n");
    let settings = folder.path().join("kiosk.toml");
    let output = finish(
        terminal()
            .args(["check", "--json", "--config"])
            .arg(settings),
    );
    assert_eq!(output.status.code(), Some(2));
    let lines: Vec<serde_json::Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let told: Vec<(&str, u64)> = lines
        .iter()
        .map(|line| {
            let severity = line["severity"].as_str().expect("a severity");
            (severity, line["line"].as_u64().expect("a line"))
        })
        .collect();
    assert_eq!(
        told,
        [("problem", 6), ("note", 0), ("note", 0)],
        "{lines:?}"
    );
    let draws = lines[2]["message"].as_str().expect("one");
    assert!(draws.contains(" draws: "), "{draws}");
    assert!(
        lines[0]["message"]
            .as_str()
            .expect("one")
            .contains("U+0628")
    );
}
