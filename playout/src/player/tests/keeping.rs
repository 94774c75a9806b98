//! Plays that are held for a common commit, failures, and whether the display was on.

use passerby_protocol::Digest;
use passerby_protocol::plays::Display;

use crate::ledger::Ledger;
use crate::player::tests::parts::{PlayerSetup, Running, SteppedClock, write};

fn two_pictures(folder: &std::path::Path) {
    write(&folder.join("content/cafe/a.png"), b"a");
    write(&folder.join("content/cafe/z.png"), b"z");
}

fn wait_for_plays(running: &Running, count: usize) {
    for _ in 0..count {
        running.wait_for("a play", |seen| {
            seen.order().is_some_and(|order| order.play.is_some())
        });
    }
}

#[test]
fn plays_of_a_group_wait_in_memory_and_go_to_disk_when_the_program_ends_in_good_order() {
    let folder = tempfile::tempdir().expect("folder");
    two_pictures(folder.path());
    let mut setup = PlayerSetup::in_folder(folder.path());
    setup.config.commit_ms = 600_000;
    let running = setup.start();
    wait_for_plays(&running, 4);
    let status = running.status_when("three are held", |status| status.plays_held >= 3);
    assert_eq!((status.plays_recorded, status.plays_dropped), (0, 0));
    let past = running.stop();
    assert!(past.plays.len() >= 4);
    let ledger = Ledger::open(&folder.path().join("data")).expect("opens").0;
    assert_eq!(ledger.gaps().expect("reads"), [], "nothing was cut off");
}

#[test]
fn a_group_is_written_when_its_time_has_come() {
    let folder = tempfile::tempdir().expect("folder");
    two_pictures(folder.path());
    let mut setup = PlayerSetup::in_folder(folder.path());
    setup.config.commit_ms = 10_000;
    setup.config.dwell_ms = 4_000;
    setup.clock = SteppedClock::idling();
    let running = setup.start();
    let status = running.status_when("a group", |status| status.plays_recorded > 0);
    assert!(
        status.plays_recorded >= 2,
        "several at once: {}",
        status.plays_recorded
    );
    running.stop();
}

#[test]
fn an_item_that_could_not_be_shown_is_no_play_but_is_remembered_with_its_reason() {
    let folder = tempfile::tempdir().expect("folder");
    two_pictures(folder.path());
    write(&folder.path().join("content/cafe/m.png"), b"bad");
    let running = PlayerSetup::in_folder(folder.path()).start();
    wait_for_plays(&running, 5);
    running.assert_problem(|problem| problem.contains("m.png: not a picture"));
    let past = running.stop();
    let bad = Digest::of(b"bad");
    assert!(
        past.plays
            .iter()
            .all(|play| play.play.content.creative != bad)
    );
    let ledger = Ledger::open(&folder.path().join("data")).expect("opens").0;
    let failures = ledger.failures().expect("reads");
    assert_eq!(failures.len(), 1);
    assert_eq!(
        (failures[0].creative.as_str(), failures[0].times),
        (bad.to_string().as_str(), 1)
    );
    assert!(failures[0].reason.contains("not a picture") && failures[0].first_ms.is_some());
}

#[test]
fn a_play_says_whether_the_display_was_on_and_off_when_it_went_dark_meanwhile() {
    let folder = tempfile::tempdir().expect("folder");
    two_pictures(folder.path());
    let connector = folder.path().join("drm/card1-HDMI-A-1");
    write(&connector.join("status"), b"connected\n");
    write(&connector.join("enabled"), b"enabled\n");
    write(&connector.join("dpms"), b"On\n");
    let mut setup = PlayerSetup::in_folder(folder.path());
    setup.config.displays = Some(folder.path().join("drm"));
    let running = setup.start();
    wait_for_plays(&running, 3);
    running.status_when("two plays", |status| status.plays_recorded >= 2);
    write(&connector.join("dpms"), b"Off\n");
    wait_for_plays(&running, 3);
    let past = running.stop();
    let displays: Vec<Display> = past.plays.iter().map(|play| play.play.display).collect();
    let first_off = displays.iter().position(|&display| display == Display::Off);
    let first_off = first_off.expect("it went dark");
    assert!(first_off >= 2, "{displays:?}");
    assert!(
        displays[..first_off]
            .iter()
            .all(|&display| display == Display::On)
    );
    assert!(
        displays[first_off..]
            .iter()
            .all(|&display| display == Display::Off)
    );
}
