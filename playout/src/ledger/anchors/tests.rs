use std::path::Path;

use passerby_protocol::limits::BOOT_ANCHORS_MAX;
use passerby_protocol::plays::{Display, Outcome, PlayBatch, PlayContent};
use passerby_protocol::{Assignment, Digest};

use super::*;
use crate::ledger::{Ledger, NewPlay};
use crate::schedule::rotation::{Booked, History};
use crate::system::clock::Moment;

/// 2028-02-28T23:59:50Z.
const START_MS: i64 = 1_835_395_190_000;

fn open(folder: &Path) -> Ledger {
    Ledger::open(folder).expect("opens").0
}

fn record(ledger: &mut Ledger, boot: &str, boot_ms: u64, wall_ms: Option<i64>) {
    let play = NewPlay {
        number: ledger.next_number().expect("numbers"),
        content: PlayContent {
            assignment: Assignment::NONE,
            campaign: "cafe".into(),
            creative: Digest([1; 32]),
        },
        start: Moment {
            boot: boot.into(),
            boot_ms,
            wall_ms,
        },
        visible_ms: 10_000,
        outcome: Outcome::Complete,
        display: Display::Unknown,
    };
    ledger
        .record(&play, "main", &mut History::default(), &Booked::default())
        .expect("records");
}

fn anchor(boot: &str, boot_ms: u64, wall_ms: i64) -> Anchor {
    Anchor {
        boot: boot.into(),
        boot_ms,
        wall_ms,
    }
}

fn dates(ledger: &Ledger) -> Vec<Option<i64>> {
    let plays = ledger.plays_since(None).expect("reads");
    plays.iter().map(|play| play.wall_ms).collect()
}

fn anchors_of(ledger: &Ledger, boot: &str) -> Vec<(u64, i64)> {
    of_boot(&ledger.connection, boot)
        .expect("reads")
        .points()
        .to_vec()
}

#[test]
fn the_first_dated_play_begins_and_a_change_leaves_what_was_before() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, "a", 0, None);
    record(&mut ledger, "a", 10_000, Some(START_MS));
    // The clock is set an hour back after 25 s; the second anchor came while the new time was not
    // yet believed.
    ledger
        .anchor(&anchor("a", 3_610_000, START_MS + 3_600_000))
        .expect("writes");
    ledger
        .anchor_changed(3_605_000, &anchor("a", 3_606_000, START_MS - 4_000))
        .expect("writes");
    record(&mut ledger, "a", 3_604_000, None);
    record(&mut ledger, "a", 3_620_000, None);
    assert_eq!(
        dates(&ledger),
        [
            Some(START_MS - 10_000),
            Some(START_MS),
            Some(START_MS + 3_594_000),
            Some(START_MS + 10_000)
        ]
    );
    assert_eq!(
        ledger.newest_anchor("a").expect("reads"),
        Some(anchor("a", 3_610_001, START_MS + 1))
    );
    drop(ledger);
    assert_eq!(dates(&open(folder.path())).len(), 4, "all of it is on disk");
}

#[test]
fn a_year_of_steps_keeps_a_bounded_number_of_anchors() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    for hour in 0..400 {
        let boot_ms = hour * 3_600_000;
        let off_ms = if hour % 2 == 0 { 0 } else { 5_000 };
        ledger
            .anchor(&anchor(
                "a",
                boot_ms,
                START_MS.saturating_add_unsigned(boot_ms) + off_ms,
            ))
            .expect("writes");
    }
    assert!(anchors_of(&ledger, "a").len() <= BOOT_ANCHORS_MAX);
}

#[test]
fn anchors_of_boots_that_were_sent_go_with_the_next_batch_until_it_is_acknowledged() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, "a", 0, None);
    let _ = ledger.waiting_plays(10).expect("reads");
    ledger.acknowledge(1).expect("writes");
    // The boot ended right after it had learned the time.
    ledger
        .anchor(&anchor("a", 9_000, START_MS))
        .expect("writes");
    record(&mut ledger, "b", 0, None);
    for _ in 0..2 {
        // An answer that is lost changes nothing.
        let (plays, anchors) = ledger.waiting_plays(10).expect("reads");
        let batch = PlayBatch::pack(ledger.epoch(), &plays, anchors);
        assert!(batch.unpack().is_ok());
        assert!(batch.anchors.is_empty(), "an older hub counts them by rows");
        assert_eq!(batch.known[0].boot, "a");
    }
    ledger.acknowledge(2).expect("writes");
    record(&mut ledger, "b", 10_000, None);
    assert_eq!(ledger.waiting_plays(10).expect("reads").1, []);
    // A hub that has lost plays may have lost anchors.
    ledger.acknowledge(0).expect("writes");
    assert_eq!(
        ledger.waiting_plays(10).expect("reads").1,
        [anchor("a", 9_000, START_MS)]
    );
}

#[test]
fn anchors_leave_with_the_plays_of_their_boot() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    for boot in ["a", "b"] {
        record(&mut ledger, boot, 0, Some(START_MS));
    }
    ledger
        .connection
        .execute("DELETE FROM plays WHERE seq = 1", [])
        .expect("prunes");
    ledger.anchor(&anchor("c", 0, START_MS)).expect("writes");
    assert_eq!(anchors_of(&ledger, "a"), []);
    assert_eq!(anchors_of(&ledger, "b").len(), 1);
    assert_eq!(anchors_of(&ledger, "c").len(), 1);
}

#[test]
fn plays_of_a_boot_that_never_learned_the_time_have_bounds_and_are_found_by_them() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, "a", 0, Some(START_MS));
    record(&mut ledger, "b", 5_000, None);
    record(&mut ledger, "b", 15_000, None);
    record(&mut ledger, "c", 0, Some(START_MS + 86_400_000));
    let plays = ledger.plays_since(None).expect("reads");
    assert_eq!(plays[1].wall_ms, None);
    let bound = |play: &DatedPlay| (play.between.not_before_ms, play.between.not_after_ms);
    assert_eq!(
        bound(&plays[1]),
        (Some(START_MS + 10_000), Some(START_MS + 86_380_000))
    );
    assert_eq!(
        bound(&plays[2]),
        (Some(START_MS + 20_000), Some(START_MS + 86_390_000))
    );
    assert_eq!(bound(&plays[3]), (None, None));
    let since = |ms: i64| {
        ledger
            .plays_since(Some(START_MS + ms))
            .expect("reads")
            .len()
    };
    assert_eq!(since(86_380_000), 3);
    assert_eq!(since(86_380_001), 2);
    assert_eq!(since(86_390_001), 1);
}

#[test]
fn a_ledger_with_one_anchor_a_boot_is_brought_over() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, "a", 0, Some(START_MS));
    drop(ledger);
    let older = Connection::open(folder.path().join("ledger.sqlite")).expect("opens");
    older
        .execute_batch(
            "CREATE TABLE before (boot TEXT PRIMARY KEY, boot_ms INTEGER NOT NULL, wall_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
             INSERT INTO before SELECT * FROM anchors;
             DROP TABLE anchors; DROP TABLE anchor_news;
             ALTER TABLE before RENAME TO anchors;
             PRAGMA user_version = 2;",
        )
        .expect("goes back");
    drop(older);
    let mut ledger = open(folder.path());
    assert_eq!(dates(&ledger), [Some(START_MS)]);
    ledger
        .anchor(&anchor("a", 7_200_000, START_MS + 7_200_000))
        .expect("writes");
    assert_eq!(anchors_of(&ledger, "a").len(), 2);
}
