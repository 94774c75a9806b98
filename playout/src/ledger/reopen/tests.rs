use passerby_protocol::plays::{Display, GapReason, Outcome, PlayContent};
use passerby_protocol::{Assignment, Digest};

use super::*;
use crate::ledger::NewPlay;
use crate::schedule::rotation::{Booked, History};
use crate::system::clock::Moment;

fn play(ledger: &mut Ledger) -> NewPlay {
    NewPlay {
        number: ledger.next_number().expect("numbers"),
        content: PlayContent {
            assignment: Assignment::NONE,
            campaign: "cafe".into(),
            creative: Digest([1; 32]),
        },
        start: Moment {
            boot: "boot-1".into(),
            boot_ms: 0,
            wall_ms: None,
        },
        visible_ms: 10_000,
        outcome: Outcome::Complete,
        display: Display::Unknown,
    }
}

fn record(ledger: &mut Ledger, play: &NewPlay) -> Result<Option<u64>, LedgerError> {
    ledger.record(play, "main", &mut History::default(), &Booked::default())
}

#[test]
fn a_play_whose_commit_failed_after_the_fact_is_found_in_the_file() {
    let folder = tempfile::tempdir().expect("folder");
    let (mut ledger, _) = Ledger::open(folder.path()).expect("opens");
    let (first, second, third) = (play(&mut ledger), play(&mut ledger), play(&mut ledger));
    record(&mut ledger, &first).expect("records");
    record(&mut ledger, &second).expect("records");
    // As it is when the checkpoint behind the commit has failed: the row is there, the ledger was
    // not told.
    ledger.last_seq -= 1;
    ledger.doubt();
    assert!(ledger.settle().expect("settles").is_recorded);
    let numbers = [first.number, second.number, third.number];
    assert_eq!(
        ledger.recorded(&numbers).expect("reads"),
        BTreeSet::from([first.number, second.number])
    );
    assert_eq!(record(&mut ledger, &third).expect("records"), Some(3));
    let fourth = ledger.next_number().expect("numbers");
    assert!(fourth > third.number && fourth.get() < third.number.get() + 200);
}

#[test]
fn what_is_missing_is_counted_once_whether_or_not_its_commit_came_through() {
    for came_through in [true, false] {
        let folder = tempfile::tempdir().expect("folder");
        let (mut ledger, _) = Ledger::open(folder.path()).expect("opens");
        let (lost, next) = (play(&mut ledger), play(&mut ledger));
        ledger.miss(GapReason::Disk, &lost);
        if came_through {
            let kept = ledger.record_all([], &mut []).expect("records");
            assert_eq!((kept.rows, kept.dropped), (0, 0));
            // As if the commit had said that it failed.
            ledger.rowless -= 1;
            ledger.doubtful.0 = ledger.gaps().expect("reads");
        } else {
            ledger.doubtful.0.append(&mut ledger.missing);
        }
        ledger.doubt();
        // Noted while nobody knows.
        ledger.miss(GapReason::Disk, &next);
        assert_eq!(ledger.settle().expect("settles").is_recorded, came_through);
        record(&mut ledger, &next).expect("records");
        assert_eq!(ledger.gaps().expect("reads")[0].plays, 2);
        assert_eq!(ledger.dropped().expect("reads"), 2);
    }
}

#[test]
fn a_file_that_has_gone_is_waited_for_and_not_made_anew() {
    let folder = tempfile::tempdir().expect("folder");
    let (mut ledger, _) = Ledger::open(folder.path()).expect("opens");
    let first = play(&mut ledger);
    record(&mut ledger, &first).expect("records");
    let aside = folder.path().join("aside");
    std::fs::create_dir(&aside).expect("makes");
    for name in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"] {
        std::fs::rename(folder.path().join(name), aside.join(name)).expect("renames");
    }
    ledger.doubt();
    assert!(ledger.settle().is_err() && ledger.is_in_doubt());
    assert!(!folder.path().join("ledger.sqlite").exists());
    for name in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"] {
        std::fs::rename(aside.join(name), folder.path().join(name)).expect("renames");
    }
    ledger.settle().expect("is back");
    let second = play(&mut ledger);
    assert_eq!(record(&mut ledger, &second).expect("records"), Some(2));
}

#[test]
fn a_ledger_that_is_damaged_while_it_runs_goes_on_in_a_new_one_without_a_number_twice() {
    let folder = tempfile::tempdir().expect("folder");
    let (mut ledger, _) = Ledger::open(folder.path()).expect("opens");
    let mut last = None;
    for _ in 0..300 {
        let play = play(&mut ledger);
        record(&mut ledger, &play).expect("records");
        last = Some(play.number);
    }
    // Into the file itself, so that damage to it is seen.
    ledger
        .connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .expect("writes");
    let file = folder.path().join("ledger.sqlite");
    let mut bytes = std::fs::read(&file).expect("reads");
    bytes[4_096..].fill(0xA5);
    std::fs::write(&file, bytes).expect("writes");
    let epoch = ledger.epoch();
    ledger.doubt();
    let note = ledger.settle().expect("settles").note.expect("tells");
    assert!(note.contains("set aside"), "{note}");
    assert_ne!(ledger.epoch(), epoch);
    let next = play(&mut ledger);
    assert!(Some(next.number) > last);
    let seq = record(&mut ledger, &next).expect("records");
    assert_eq!(seq, Some(ledger.last_seq()));
}
