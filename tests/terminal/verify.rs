//! Proofs of play, made by a running terminal and checked by somebody else.

use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::parts::{HubProcess, LOOK, PATIENCE, Terminal, finish, hub, picture, terminal, text};

/// A terminal that is killed with the test.
struct Running(Child);

impl Running {
    fn start(screen: &Terminal) -> Self {
        let child = screen
            .run()
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.expect("starts"))
    }
}

impl Drop for Running {
    /// SIGKILL: it has no chance to tidy up.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A proof that is written beside whatever the terminal does.
fn export(screen: &Terminal, file: &Path) -> Output {
    let mut command = terminal();
    command
        .args(["plays", "--format", "proof", "--out"])
        .arg(file)
        .arg("--config")
        .arg(&screen.settings);
    finish(&mut command)
}

fn verify(files: &[&Path], more: &[&str]) -> Output {
    finish(terminal().arg("verify").args(files).args(more))
}

fn verdict(file: &Path) -> Value {
    let told = verify(&[file], &["--json"]);
    assert_eq!(told.status.code(), Some(0), "{}", text(&told.stderr));
    serde_json::from_slice(&told.stdout).expect("a JSON object")
}

/// Exports again and again until the proof has more plays than that.
fn export_with_more_than(screen: &Terminal, file: &Path, plays: u64) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        // Before its first start there is no ledger.
        if export(screen, file).status.success() {
            let verdict = verdict(file);
            if verdict["plays"].as_u64().expect("a count") > plays {
                return verdict;
            }
        }
        assert!(Instant::now() < deadline, "no more than {plays} plays");
        std::thread::sleep(LOOK);
    }
}

fn content(folder: &Path) {
    let campaign = folder.join("window");
    picture(&campaign.join("a.png"), [[10, 90, 90], [240, 240, 200]]);
    let toml = "title = 'x'\n[[placement]]\ncreative = 'a.png'\nseconds = 2\n";
    std::fs::write(campaign.join("campaign.toml"), toml).expect("writes");
}

fn tampered(file: &Path, change: impl FnOnce(Vec<String>) -> Vec<String>) -> PathBuf {
    let lines = std::fs::read_to_string(file).expect("reads");
    let lines = change(lines.lines().map(str::to_owned).collect());
    let other = file.with_extension("tampered");
    std::fs::write(&other, lines.join("\n") + "\n").expect("writes");
    other
}

#[test]
fn a_proof_of_a_running_terminal_is_good_until_anybody_changes_it() {
    let folder = tempfile::tempdir().expect("folder");
    content(folder.path());
    let data = folder.path().join("hub");
    let hub_process = HubProcess::start(&data, "127.0.0.1:0");
    let url = hub_process.url();
    let settings = format!(
        "[content]\nfolders = ['window']\n[screen]\ntrust_clock = true\n[hub]\nurl = '{url}'\n"
    );
    let screen = Terminal::with_settings(folder.path(), &settings);
    screen.enrol(&data, &url);
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));

    let running = Running::start(&screen);
    let before = export_with_more_than(&screen, &first, 0);
    assert_eq!(before["undated"], 0);
    assert_eq!(before["screens"][0]["hub"], url);
    // kill -9, and the story goes on.
    drop(running);
    let running = Running::start(&screen);
    let played = before["plays"].as_u64().expect("a count");
    let after = export_with_more_than(&screen, &second, played);
    assert_eq!(after["epoch"], before["epoch"]);
    assert_eq!(
        after["keys"].as_array().expect("keys").len(),
        1,
        "one key for both lives"
    );
    let both = verify(&[&first, &second], &[]);
    assert_eq!(both.status.code(), Some(0), "{}", text(&both.stderr));

    // Whoever was given the file asks the hub's owner whose key it is.
    let key = after["keys"][0]["key"].as_str().expect("a key").to_owned();
    let deadline = Instant::now() + PATIENCE;
    let device = loop {
        let devices = hub(&data, &["screen", "devices"]);
        if let Some(device) = devices.get(0) {
            break device.clone();
        }
        assert!(Instant::now() < deadline, "the hub hears of the key");
        std::thread::sleep(LOOK);
    };
    assert_eq!(device["key"], key.as_str());
    assert_eq!(device["name"], "Metro");
    let expected = verify(&[&second], &["--key", &key]);
    assert!(text(&expected.stdout).contains("signed by the key that was asked for"));
    let unexpected = verify(&[&second], &[]);
    assert!(text(&unexpected.stdout).contains("compare it with what the hub's owner says"));
    let other = verify(&[&second], &["--key", &"ab".repeat(32)]);
    assert_eq!(other.status.code(), Some(2));

    // A copy of the whole ledger, meanwhile; it has every play, and no key to sign others with.
    let copy = folder.path().join("copy/ledger.sqlite");
    std::fs::create_dir(folder.path().join("copy")).expect("folder");
    let mut back_up = terminal();
    back_up.args(["plays", "--backup"]).arg(&copy);
    back_up.arg("--config").arg(&screen.settings);
    let copied = finish(&mut back_up);
    assert!(copied.status.success(), "{}", text(&copied.stderr));
    let again = finish(&mut back_up);
    assert_eq!(again.status.code(), Some(2), "it writes over nothing");
    drop(running);
    let elsewhere = folder.path().join("elsewhere.toml");
    std::fs::write(&elsewhere, "[data]\ndir = 'copy'\n").expect("writes");
    let listed = finish(terminal().args(["plays", "--config"]).arg(&elsewhere));
    let plays = text(&listed.stdout).lines().count() as u64;
    assert!(
        plays >= after["plays"].as_u64().expect("a count"),
        "{plays}"
    );

    // What was changed is named.
    let longer = tampered(&second, |mut lines| {
        // seq, play, content, boot, start, visible time: a play that was longer than it was.
        let mut columns: Vec<String> = lines[2].split(',').map(str::to_owned).collect();
        columns[5].push('0');
        lines[2] = columns.join(",");
        lines
    });
    let told = verify(&[&longer], &[]);
    assert_eq!(told.status.code(), Some(2));
    let problem = format!(
        "{}:3: play 1 was changed after it was signed",
        longer.display()
    );
    assert!(
        text(&told.stderr).contains(&problem),
        "{}",
        text(&told.stderr)
    );
    let cut = tampered(&second, |mut lines| {
        lines.pop();
        lines
    });
    let told = verify(&[&cut], &["--json"]);
    assert_eq!(told.status.code(), Some(2));
    let verdict: Value = serde_json::from_slice(&told.stdout).expect("a JSON object");
    assert_eq!(verdict["good"], false);
    assert!(text(&told.stderr).contains("the rest was cut off"));
}
