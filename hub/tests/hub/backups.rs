//! Backups and restores, by the real commands beside a hub that serves.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use passerby_protocol::plays::{Display, Outcome, Play, PlayContent};
use passerby_protocol::{Assignment, Digest, PlayNumber};
use passerby_testing::postgres::PostgresServer;
use serde_json::Value;

use crate::stand::{Stand, Terminal, hub_command, is_on_postgres};

pub(crate) fn rows(seqs: std::ops::RangeInclusive<u64>) -> Vec<Play> {
    seqs.map(|seq| Play {
        seq,
        number: PlayNumber::new(u32::try_from(1_000 + seq).unwrap()).unwrap(),
        content: PlayContent {
            assignment: Assignment::NONE,
            campaign: "demo".into(),
            creative: Digest([7; 32]),
        },
        boot: "boot".into(),
        start_boot_ms: 10_000 * seq,
        visible_ms: 9_500,
        outcome: Outcome::Complete,
        display: Display::Unknown,
    })
    .collect()
}

/// A folder with a hub in it, and the address of its database if that is elsewhere.
pub(crate) struct Place {
    pub(crate) data: PathBuf,
    pub(crate) database: Option<String>,
}

impl Place {
    fn new(folder: &Path, name: &str, is_on_server: bool) -> Self {
        Self {
            data: folder.join(name),
            database: is_on_server.then(|| PostgresServer::shared().new_database()),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = hub_command();
        command.args(arguments).arg("--data").arg(&self.data);
        command.stdin(Stdio::null());
        if let Some(address) = &self.database {
            command.env("PASSERBY_HUB_DATABASE", address);
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        assert!(!said.contains("NOTICE"), "of the server's own: {said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What a refused command said, which is no success.
pub(crate) fn refused(output: &Output) -> String {
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The tables of a backup with their rows and digests.
fn tables(backup: &Path) -> BTreeMap<String, Value> {
    let text = fs::read(backup.join("backup.json")).unwrap();
    let description: Value = serde_json::from_slice(&text).unwrap();
    let tables = description["tables"].as_array().unwrap().iter();
    tables
        .map(|table| (table["name"].as_str().unwrap().to_owned(), table.clone()))
        .collect()
}

/// Names of what lies in a folder.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// All files below a folder, by their paths in it.
fn files(folder: &Path) -> Vec<String> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(within) = folders.pop() {
        for entry in fs::read_dir(within).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(text(path.strip_prefix(folder).unwrap()).to_owned());
            }
        }
    }
    found.sort();
    found
}

/// A hub with screens, content, plays and scans.
pub(crate) fn stand_with_content(plays: u64) -> (Stand, Terminal) {
    let stand = Stand::start();
    let campaign = stand.campaign(
        "cafe",
        "title = 'Cafe'\ntarget = 'https://cafe.example/'\n",
        &[[200, 30, 30], [30, 30, 200]],
    );
    let terminal = stand.terminal("Window");
    stand.publish(&campaign);
    for first in (1..=plays).step_by(500) {
        let batch = rows(first..=plays.min(first + 499));
        assert_eq!(
            stand.send_plays(&terminal, &batch, Vec::new()).status(),
            200
        );
    }
    let assignment = stand.manifest(&terminal).campaigns[0].items[0].assignment;
    for visitor in 1..=4 {
        let path = terminal.scan_path(assignment, u32::from(visitor));
        assert!(stand.visit(visitor, &path).status().as_u16() < 400);
    }
    (stand, terminal)
}

/// Has the others stop too when a thread ends, also by a panic.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Sends batches of plays and opens codes until told to stop; `acked` is what the hub has said it
/// has of each screen.
pub(crate) fn send_until(
    stand: &Stand,
    terminals: &[Terminal],
    acked: &[AtomicU64],
    is_over: &AtomicBool,
    work: impl FnOnce(),
) {
    std::thread::scope(|scope| {
        for (terminal, acked) in terminals.iter().zip(acked) {
            scope.spawn(move || {
                let _over = Over(is_over);
                while !is_over.load(Ordering::SeqCst) {
                    let first = acked.load(Ordering::SeqCst) + 1;
                    let batch = rows(first..=first + 19);
                    let answer = stand.send_plays(terminal, &batch, Vec::new());
                    if answer.status() == 200 {
                        acked.store(first + 19, Ordering::SeqCst);
                    } else {
                        // As a terminal does, only sooner.
                        assert_eq!(answer.status(), 503);
                        std::thread::sleep(Duration::from_millis(50));
                    }
                }
            });
        }
        let assignment = stand.manifest(&terminals[0]).campaigns[0].items[0].assignment;
        scope.spawn(move || {
            let _over = Over(is_over);
            let mut play = 1;
            while !is_over.load(Ordering::SeqCst) {
                let path = terminals[0].scan_path(assignment, play);
                let visitor = u8::try_from(play % 200).unwrap();
                stand.visit(visitor, &path);
                play += 1;
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        let goes_on = || {
            acked
                .iter()
                .all(|acked| acked.load(Ordering::SeqCst) >= 200)
        };
        let _over = Over(is_over);
        while !goes_on() && !is_over.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        work();
    });
}

#[test]
fn a_backup_under_load_restores_to_a_state_that_some_moment_had_in_either_database() {
    let (stand, first) = stand_with_content(100);
    let terminals = [first, stand.terminal("Door"), stand.terminal("Exit")];
    let acked = [100, 0, 0].map(AtomicU64::new);
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup");
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let now = || {
        acked
            .iter()
            .map(|acked| acked.load(Ordering::SeqCst))
            .collect::<Vec<u64>>()
    };
    send_until(&stand, &terminals, &acked, &AtomicBool::new(false), || {
        before = now();
        let made = stand.json(&["backup", text(&backup)]);
        after = now();
        assert!(made["made"]["plays"].as_u64().unwrap() >= before.iter().sum::<u64>());
    });
    let mut restored = Vec::new();
    for is_on_server in [false, true] {
        let place = Place::new(
            folder.path(),
            &format!("restored-{is_on_server}"),
            is_on_server,
        );
        place.json(&["restore", text(&backup)]);
        assert_eq!(
            place.json(&["recount"])["differences"],
            serde_json::json!([])
        );
        // A report adds up what was noted of the figures when the backup was made.
        let again = folder.path().join(format!("again-{is_on_server}"));
        place.json(&["backup", text(&again)]);
        assert_eq!(tables(&again), tables(&backup));
        let report = place.json(&["report"]);
        let mut cursors = 0;
        for (at, screen) in report["screens"].as_array().unwrap().iter().enumerate() {
            let cursor = screen["acked_through"].as_u64().unwrap();
            // A batch may have been stored whose answer was still under way.
            assert!((before[at]..=after[at] + 20).contains(&cursor), "{cursor}");
            assert_eq!(cursor % 20, 0, "a batch is stored whole or not at all");
            cursors += cursor;
        }
        assert_eq!(report["plays"]["total"].as_u64(), Some(cursors));
        assert_eq!(report["plays"]["missing"]["total"], 0);
        // And from one kind of database to the other, which must say the same.
        let across = Place::new(
            folder.path(),
            &format!("across-{is_on_server}"),
            !is_on_server,
        );
        across.json(&["restore", text(&again)]);
        assert_eq!(across.json(&["report"]), report);
        restored.push(report);
    }
    assert_eq!(restored[0], restored[1]);
}

#[test]
fn a_backup_is_private_and_any_machine_can_check_it() {
    let (stand, _) = stand_with_content(600);
    stand.json(&["key", "rotate"]);
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup");
    let made = stand.json(&["backup", text(&backup)]);
    assert_eq!(made["made"]["plays"], 600);
    assert_eq!(made["made"]["scans"], 4);
    assert_eq!(made["made"]["creatives"], 2);
    assert_eq!(names(folder.path()), ["backup"], "nothing beside it");
    assert_eq!(
        names(&backup),
        ["SHA256SUMS", "backup.json", "blobs", "keys", "tables"]
    );
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&backup), 0o700);
    for file in files(&backup) {
        assert_eq!(mode(&backup.join(&file)), 0o600, "{file}");
    }
    for file in ["keys.json", "manifest-keys/1.json"] {
        let kept = fs::read(stand.data().join(file)).unwrap();
        assert_eq!(fs::read(backup.join("keys").join(file)).unwrap(), kept);
    }
    let checked = Command::new("sha256sum")
        .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
        .current_dir(&backup)
        .output()
        .unwrap();
    assert!(checked.status.success(), "{checked:?}");
    let listed = fs::read_to_string(backup.join("SHA256SUMS")).unwrap();
    assert_eq!(listed.lines().count() + 1, files(&backup).len());
    // Pseudonyms of the last days cannot be made again from it.
    assert!(!backup.join("tables/salts.jsonl.zst").exists());

    let said = refused(&stand.command(&["backup", text(&backup)]));
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.contains(text(&backup)) && said.contains("exists"),
        "{said}"
    );

    let place = Place::new(folder.path(), "restored", is_on_postgres());
    place.json(&["restore", text(&backup)]);
    for file in ["keys.json", "manifest-keys/1.json"] {
        assert_eq!(mode(&place.data.join(file)), 0o600, "{file}");
    }
    assert_eq!(mode(&place.data), 0o700);
    for file in files(&backup.join("blobs")) {
        let kept = fs::read(backup.join("blobs").join(&file)).unwrap();
        assert_eq!(
            fs::read(place.data.join("blobs").join(&file)).unwrap(),
            kept
        );
    }
    assert_eq!(place.json(&["report"]), stand.report());
    assert_eq!(place.json(&["key", "list"]), stand.json(&["key", "list"]));
}

#[test]
fn nothing_is_restored_where_there_is_something() {
    let (stand, _) = stand_with_content(20);
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup");
    stand.json(&["backup", text(&backup)]);
    let said = refused(&stand.command(&["restore", text(&backup)]));
    assert!(said.contains("is not empty"), "{said}");
    assert_eq!(stand.report()["plays"]["total"], 20);
    // A database with a hub in it is not taken either, nor is a folder made then.
    let place = Place::new(folder.path(), "restored", true);
    place.json(&["restore", text(&backup)]);
    let other = Place {
        data: folder.path().join("other"),
        database: place.database,
    };
    let said = refused(&other.run(&["restore", text(&backup)]));
    assert!(said.contains("there is a hub in this database"), "{said}");
    assert_eq!(names(folder.path()), ["backup", "restored"]);
    let said = refused(&other.run(&["restore", text(folder.path())]));
    assert!(said.contains("is no backup"), "{said}");
    // An empty folder is as good as none.
    let empty = Place::new(folder.path(), "empty", false);
    fs::create_dir(&empty.data).unwrap();
    empty.json(&["restore", text(&backup)]);
    assert_eq!(empty.json(&["report"])["plays"]["total"], 20);
}

#[test]
fn whatever_is_damaged_or_missing_in_a_backup_is_named_and_nothing_is_made() {
    let (stand, _) = stand_with_content(50);
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup");
    stand.json(&["backup", text(&backup)]);
    let place = Place::new(folder.path(), "restored", false);
    for file in files(&backup) {
        let path = backup.join(&file);
        let good = fs::read(&path).unwrap();
        let mut flipped = good.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 0x01;
        let cut = &good[..good.len() - 1];
        for bad in [flipped.as_slice(), cut, &[]] {
            // Creatives are links to those of the hub, which stay as they are.
            fs::remove_file(&path).unwrap();
            fs::write(&path, bad).unwrap();
            let said = refused(&place.run(&["restore", text(&backup)]));
            let is_list = file == "SHA256SUMS";
            assert!(is_list || said.contains(text(&path)), "{file}: {said}");
            assert!(!place.data.exists(), "{file}");
        }
        fs::remove_file(&path).unwrap();
        let said = refused(&place.run(&["restore", text(&backup)]));
        let named = if file == "SHA256SUMS" { &backup } else { &path };
        assert!(said.contains(text(named)), "{file}: {said}");
        fs::write(&path, good).unwrap();
    }
    assert_eq!(names(folder.path()), ["backup"]);
    place.json(&["restore", text(&backup)]);
}

/// Writes another `backup.json`, with what SHA256SUMS says of it.
fn describe(backup: &Path, change: impl FnOnce(&mut Value)) {
    let path = backup.join("backup.json");
    let mut description: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut description);
    let text = serde_json::to_vec(&description).unwrap();
    fs::write(&path, &text).unwrap();
    let sums = backup.join("SHA256SUMS");
    let kept = fs::read_to_string(&sums).unwrap();
    let is_known = |table: &str| {
        let tables = description["tables"].as_array().unwrap();
        tables
            .iter()
            .any(|known| table == format!("tables/{}.jsonl.zst", known["name"].as_str().unwrap()))
    };
    let lines = kept.lines().filter_map(|line| {
        let (digest, path) = line.split_once("  ").unwrap();
        let digest = if path == "backup.json" {
            Digest::of(&text).to_string()
        } else {
            digest.to_owned()
        };
        let is_gone = path.starts_with("tables/") && !is_known(path);
        (!is_gone).then(|| format!("{digest}  {path}\n"))
    });
    let lines: String = lines.collect();
    fs::write(&sums, lines).unwrap();
}

#[test]
fn a_backup_of_an_older_hub_is_brought_up_to_date_and_one_of_a_newer_is_refused() {
    let (stand, _) = stand_with_content(50);
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup");
    stand.json(&["backup", text(&backup)]);
    let place = Place::new(folder.path(), "restored", false);
    for change in [
        (|description: &mut Value| description["format"] = 9_999.into()) as fn(&mut Value),
        |description| description["steps"]["sqlite"] = 9_999.into(),
        |description| description["steps"]["postgres"] = 9_999.into(),
    ] {
        let kept = (
            fs::read(backup.join("backup.json")).unwrap(),
            fs::read(backup.join("SHA256SUMS")).unwrap(),
        );
        describe(&backup, change);
        let said = refused(&place.run(&["restore", text(&backup)]));
        assert!(said.contains("newer hub"), "{said}");
        assert!(!place.data.exists());
        fs::write(backup.join("backup.json"), kept.0).unwrap();
        fs::write(backup.join("SHA256SUMS"), kept.1).unwrap();
    }
    // As the last hub without figures by the hour would have made it.
    describe(&backup, |description| {
        description["steps"] = serde_json::json!({ "sqlite": 16, "postgres": 1 });
        let is_since = |name: &str| {
            let ends = ["_hours", "_quarters", "_totals", "_sums"];
            let others = [
                "boot_plays",
                "creative_names",
                "figure_changes",
                "unassigned_plays",
            ];
            let of_people = [
                "people",
                "recovery_codes",
                "invitations",
                "api_tokens",
                "audit",
                "screen_groups",
                "screen_tags",
                "screen_notices",
                "screen_places",
                "passed_on",
                "moments",
                "moment_reports",
                "voices",
                "campaign_groups",
                "slots",
                "film_jobs",
                "quotas",
                "file_people",
                "chains",
                "link_numbers",
                "link_days",
            ];
            let begins = [
                "pruned_",
                "acme_",
                "source",
                "alert_",
                "mail_",
                "voice_",
                "emergenc",
                "conversion",
                "click",
                "event_",
                "draft",
                "campaign_version",
                "follow",
                "fan_",
                "account_",
            ];
            begins.iter().any(|begin| name.starts_with(begin))
                || of_people.contains(&name)
                || ends.iter().any(|end| name.ends_with(end))
                || others.contains(&name)
        };
        let tables = description["tables"].as_array_mut().unwrap();
        tables.retain(|table| !is_since(table["name"].as_str().unwrap()));
    });
    for is_on_server in [false, true] {
        let place = Place::new(
            folder.path(),
            &format!("older-{is_on_server}"),
            is_on_server,
        );
        place.json(&["restore", text(&backup)]);
        assert_eq!(
            place.json(&["recount"])["differences"],
            serde_json::json!([])
        );
        assert_eq!(place.json(&["report"]), stand.report());
    }
}

#[test]
fn a_full_disk_is_one_clear_line_and_leaves_nothing() {
    let (stand, _) = stand_with_content(3_000);
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup");
    let limited = |command: &Command| {
        let mut shell = Command::new("sh");
        // No file may have more than so many blocks; what is past that fails as on a full disk.
        shell.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""]);
        shell.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            shell.env(name, value.unwrap_or_default());
        }
        shell.output().unwrap()
    };
    let mut command = stand.hub_command();
    command
        .args(["backup", text(&backup), "--data"])
        .arg(stand.data());
    let said = refused(&limited(&command));
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("cannot write"), "{said}");
    assert!(names(folder.path()).is_empty());
    stand.json(&["backup", text(&backup)]);
    for is_on_server in [false, true] {
        let place = Place::new(folder.path(), "restored", is_on_server);
        let said = refused(&limited(&place.command(&["restore", text(&backup)])));
        assert_eq!(said.lines().count(), 1, "{said}");
        assert_eq!(names(folder.path()), ["backup"], "{said}");
        place.json(&["restore", text(&backup)]);
        fs::remove_dir_all(&place.data).unwrap();
    }
}

/// Starts a command again and again and kills it each time a little later, until it ends by itself.
fn kill_until_it_ends(command: impl Fn() -> Command, mut killed: impl FnMut()) {
    let mut kills = 0_u64;
    loop {
        let mut child = command()
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(28 * kills));
        if let Some(status) = child.try_wait().unwrap() {
            let mut said = String::new();
            child.stderr.unwrap().read_to_string(&mut said).unwrap();
            assert!(status.success(), "{said}");
            eprintln!("killed {kills} times");
            return;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        killed();
    }
}

#[test]
fn a_backup_and_a_restore_that_are_killed_at_any_moment_can_be_made_again() {
    let (stand, _) = stand_with_content(2_000);
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup");
    let make = || {
        let mut command = stand.hub_command();
        command
            .args(["backup", text(&backup), "--data"])
            .arg(stand.data());
        command
    };
    kill_until_it_ends(make, || {
        // Killed just after it had ended, it is whole.
        if backup.exists() {
            let place = Place::new(folder.path(), "trial", false);
            place.json(&["restore", text(&backup)]);
            fs::remove_dir_all(&place.data).unwrap();
            fs::remove_dir_all(&backup).unwrap();
        }
    });
    assert_eq!(names(folder.path()), ["backup"]);
    for is_on_server in [false, true] {
        let place = Place::new(
            folder.path(),
            &format!("restored-{is_on_server}"),
            is_on_server,
        );
        let is_over = std::cell::Cell::new(false);
        kill_until_it_ends(
            || {
                if is_over.get() {
                    return place.command(&["report"]);
                }
                place.command(&["restore", text(&backup)])
            },
            || {
                let report = place.run(&["report"]);
                if report.status.success() {
                    is_over.set(true);
                }
            },
        );
        assert_eq!(place.json(&["report"]), stand.report());
        assert_eq!(
            place.json(&["recount"])["differences"],
            serde_json::json!([])
        );
    }
    assert_eq!(
        names(folder.path()),
        ["backup", "restored-false", "restored-true"]
    );
}
