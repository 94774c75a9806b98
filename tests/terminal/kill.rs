//! kill -9 of the real terminal while it renders.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use crate::parts::{Terminal, picture};

#[test]
fn a_terminal_that_is_killed_while_it_renders_loses_no_committed_play() {
    let rounds: u64 = std::env::var("PASSERBY_KILL_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(4);
    let folder = tempfile::tempdir().expect("folder");
    picture(
        &folder.path().join("window/a.png"),
        [[10, 90, 90], [240, 240, 200]],
    );
    picture(
        &folder.path().join("window/b.png"),
        [[90, 10, 90], [200, 240, 240]],
    );
    std::fs::write(
        folder.path().join("window/campaign.toml"),
        "title = 'x'\ntarget = 'https://x.example/'\n[[placement]]\ncreative = 'a.png'\nseconds = 2\n[[placement]]\ncreative = 'b.png'\nseconds = 2\n",
    )
    .expect("writes");
    let screen = Terminal::with_settings(folder.path(), "[content]\nfolders = ['window']\n");
    let mut committed = 0;
    for round in 0..rounds {
        let mut child = screen
            .run()
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        // The moment of the kill is the test's input, not a wait for something.
        std::thread::sleep(Duration::from_millis(3_000 + round * 977 % 2_500));
        child.kill().expect("SIGKILL");
        child.wait().expect("reaped");
        let plays = screen.plays();
        assert!(
            plays.len() >= committed,
            "round {round}: {} plays after {committed}",
            plays.len()
        );
        committed = plays.len();
        let numbers: BTreeSet<u64> = plays
            .iter()
            .filter_map(|play| play["play"].as_u64())
            .collect();
        assert_eq!(numbers.len(), plays.len(), "no play number was used twice");
    }
    assert!(committed > 0, "something was played");
}
