//! The real player, ledger and threads, with a stage that draws nothing and a composer that decodes
//! nothing.

mod faults;
mod keeping;
mod key;
mod notices;
mod parts;
mod rotation;
mod time;
mod zones;

use std::collections::BTreeSet;
use std::path::Path;

use passerby_protocol::plays::Outcome;

use super::*;
use crate::content::creative::Creative;
use crate::messages::stage_messages::SlideOrder;
use crate::player::tests::parts::{PlayerSetup, write};
use crate::system::clock::SimulatedClock;

/// Plays a folder for a while; returns what was presented.
fn play(folder: &Path, run_for_ms: u64) -> Vec<SlideOrder> {
    let setup = PlayerSetup {
        clock: Arc::new(SimulatedClock::new("boot", 1_800_000_000_000)),
        run_for_ms: Some(run_for_ms),
        ..PlayerSetup::in_folder(folder)
    };
    setup.start().finish().presented()
}

#[test]
fn plays_abut_are_recorded_once_and_never_share_a_number() {
    let folder = tempfile::tempdir().expect("folder");
    write(&folder.path().join("content/cafe/a.png"), b"a");
    write(&folder.path().join("content/cafe/b.png"), b"b");
    write(
        &folder.path().join("content/cafe/campaign.toml"),
        b"title = 'x'\ntarget = 'https://cafe.example/'\n",
    );
    let presented = play(folder.path(), 700);
    assert!(presented.iter().all(|order| {
        order
            .code
            .as_ref()
            .is_some_and(|code| code.url == "https://cafe.example/")
    }));
    let ledger = Ledger::open(&folder.path().join("data")).expect("opens").0;
    let plays = ledger.plays_since(None).expect("reads");
    assert_eq!(
        plays.len(),
        presented.len(),
        "every presented item is one play"
    );
    assert!(plays.len() >= 5, "{}", plays.len());
    let numbers: BTreeSet<_> = plays.iter().map(|play| play.play.number).collect();
    assert_eq!(numbers.len(), plays.len());
    for pair in plays.windows(2) {
        assert_eq!(
            pair[0].play.start_boot_ms + pair[0].play.visible_ms,
            pair[1].play.start_boot_ms,
            "plays abut"
        );
    }
    assert!(
        plays[..plays.len() - 1]
            .iter()
            .all(|play| play.play.outcome == Outcome::Complete),
        "none was cut"
    );
}

#[test]
fn a_bad_picture_costs_its_own_item_only_and_the_house_airs_when_all_are_bad() {
    let folder = tempfile::tempdir().expect("folder");
    write(&folder.path().join("content/mixed/bad.png"), b"bad");
    write(&folder.path().join("content/mixed/good.png"), b"good");
    let presented = play(folder.path(), 300);
    assert!(presented.len() >= 3);
    assert!(presented[1..].iter().all(
        |order| matches!(&order.creative, Creative::File(file) if file.path.ends_with("good.png"))
    ));

    std::fs::remove_file(folder.path().join("content/mixed/good.png")).expect("removes");
    let running = PlayerSetup::in_folder(folder.path()).start();
    running.status_when("it is reported", |status| {
        let mut problems = status.problems.iter();
        problems.any(|problem| problem.contains("bad.png: not a picture"))
    });
    let presented = running.stop().presented();
    assert_eq!(
        presented
            .iter()
            .map(|order| &order.creative)
            .collect::<Vec<_>>(),
        [&Creative::House]
    );
}
