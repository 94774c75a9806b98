//! What is missing, what is held, and what goes when there is no room.

use passerby_protocol::plays::{Gap, GapReason};

use super::*;

/// Plays that are about to be recorded.
fn plays(ledger: &mut Ledger, count: u64) -> Vec<NewPlay> {
    (0..count)
        .map(|at| play(ledger, at * 10_000, None))
        .collect()
}

fn record_all(ledger: &mut Ledger, plays: &[NewPlay]) -> Result<RecordOutcome, LedgerError> {
    let (mut history, booked) = (History::default(), Booked::default());
    let entries = plays.iter().map(|play| Entry {
        play,
        zone: "main",
        booked: &booked,
    });
    ledger.record_all(entries, &mut [("main", &mut history)])
}

/// A ledger in which so many more rows have room, as far as its size goes.
fn with_room(ledger: &mut Ledger, bytes: u64) {
    let bytes_max = ledger.bytes_used().expect("reads") + retention::BYTES_BESIDE + bytes;
    ledger.set_limits(Limits {
        bytes_max,
        ..Limits::default()
    });
}

#[test]
fn a_full_ledger_drops_plays_into_a_gap_that_grows_until_a_row_follows_it() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, 3);
    ledger.set_limits(Limits {
        bytes_max: 0,
        ..Limits::default()
    });
    let five = plays(&mut ledger, 5);
    for part in [&five[..1], &five[1..]] {
        let kept = record_all(&mut ledger, part).expect("commits");
        assert_eq!((kept.rows, kept.dropped), (0, part.len() as u64));
    }
    let gap = Gap {
        after_seq: 3,
        reason: GapReason::Full,
        plays: 5,
        boot: "boot-1".into(),
        from_boot_ms: 0,
        until_boot_ms: 50_000,
    };
    drop(ledger);
    let mut ledger = open(folder.path());
    assert_eq!(ledger.gaps().expect("reads"), std::slice::from_ref(&gap));
    record(&mut ledger, 1);
    ledger.set_limits(Limits {
        bytes_max: 0,
        ..Limits::default()
    });
    let two = plays(&mut ledger, 2);
    record_all(&mut ledger, &two).expect("commits");
    let gaps = ledger.gaps().expect("reads");
    assert_eq!((&gaps[0], gaps[1].after_seq, gaps[1].plays), (&gap, 4, 2));
    assert_eq!(ledger.dropped().expect("reads"), 7);
    assert_eq!(ledger.gaps_before(1..=3).expect("reads"), []);
    assert_eq!(ledger.gaps_before(4..=4).expect("reads"), [gap]);
}

#[test]
fn a_full_ledger_removes_what_the_hub_has_before_it_drops_anything_and_never_the_rest() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    let all = plays(&mut ledger, 30_000);
    record_all(&mut ledger, &all).expect("commits");
    ledger.acknowledge(25_000).expect("writes");
    with_room(&mut ledger, 0);
    let mut rows = 0;
    let more = plays(&mut ledger, 500);
    let dropped = loop {
        let kept = record_all(&mut ledger, &more).expect("commits");
        rows += kept.rows;
        if kept.dropped > 0 {
            break kept.dropped;
        }
        assert!(rows < 100_000, "it is full some time");
    };
    assert!(rows >= 20_000, "{rows} came in the place of 25,000");
    assert_eq!((ledger.gone_through(), dropped), (25_000, 500));
    let left = ledger.plays_since(None).expect("reads");
    assert_eq!(left.len() as u64, 5_000 + rows, "none that waits is gone");
    // The hub comes back, and there is room again.
    ledger.acknowledge(ledger.last_seq()).expect("writes");
    let kept = record_all(&mut ledger, &more).expect("commits");
    assert_eq!((kept.rows, kept.dropped), (500, 0));
}

#[test]
fn what_a_hub_acknowledges_at_once_is_removed_a_little_at_a_time_and_its_pages_are_used_again() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    ledger.set_limits(Limits {
        acked_rows_kept: 100,
        ..Limits::default()
    });
    let month = plays(&mut ledger, 50_000);
    for some in month.chunks(1_000) {
        record_all(&mut ledger, some).expect("commits");
    }
    let file = folder.path().join("ledger.sqlite");
    let size = |name: &Path| std::fs::metadata(name).map_or(0, |file| file.len());
    ledger.acknowledge(50_000).expect("writes");
    let one = plays(&mut ledger, 1);
    let mut commits = 0;
    while ledger.gone_through() < ledger.last_seq().min(50_000) - 100 {
        let before = ledger.gone_through();
        record_all(&mut ledger, &one).expect("commits");
        assert!(ledger.gone_through() - before <= 1_000, "a bounded delete");
        commits += 1;
    }
    assert!(commits <= 60, "{commits}");
    let wal = size(&folder.path().join("ledger.sqlite-wal"));
    assert!(wal <= 6 << 20, "{wal} bytes of write-ahead log");
    let into_the_file = |ledger: &Ledger| {
        ledger
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .expect("checkpoints");
    };
    into_the_file(&ledger);
    let before = size(&file);
    for some in month[..40_000].chunks(1_000) {
        record_all(&mut ledger, some).expect("commits");
        ledger.acknowledge(ledger.last_seq()).expect("writes");
    }
    into_the_file(&ledger);
    assert!(before > 1 << 20, "{before}");
    assert!(
        size(&file) <= before + (64 << 10),
        "{before} then {}",
        size(&file)
    );
}

#[test]
fn plays_that_a_refusing_disk_cost_are_told_with_the_first_row_that_it_takes() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, 2);
    let refuse = |ledger: &Ledger, refuses: bool| {
        ledger
            .connection
            .pragma_update(None, "query_only", refuses)
            .expect("sets");
    };
    let three = plays(&mut ledger, 3);
    refuse(&ledger, true);
    assert!(record_all(&mut ledger, &three).is_err());
    assert_eq!(ledger.last_seq(), 2);
    for lost in &three[..2] {
        ledger.miss(GapReason::Disk, lost);
    }
    assert!(record_all(&mut ledger, &three[2..]).is_err());
    assert_eq!(
        ledger.dropped().expect("reads"),
        2,
        "known before it is told"
    );
    refuse(&ledger, false);
    record_all(&mut ledger, &three[2..]).expect("commits");
    let gaps = ledger.gaps().expect("reads");
    assert_eq!(
        (gaps[0].after_seq, gaps[0].reason, gaps[0].plays),
        (2, GapReason::Disk, 2)
    );
    assert_eq!((gaps.len(), ledger.last_seq()), (1, 3));
}

#[test]
fn plays_that_are_recorded_together_are_there_together_or_not_at_all() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    let mut all = plays(&mut ledger, 10);
    // A length that SQLite cannot take, in the middle.
    all[5].visible_ms = u64::MAX;
    assert!(record_all(&mut ledger, &all).is_err());
    assert_eq!((ledger.last_seq(), ledger.rows().expect("reads")), (0, 0));
    all[5].visible_ms = 1;
    record_all(&mut ledger, &all).expect("commits");
    let recorded = ledger.plays_since(None).expect("reads");
    let numbers: Vec<_> = recorded.iter().map(|play| play.play.number).collect();
    assert_eq!(
        numbers,
        all.iter().map(|play| play.number).collect::<Vec<_>>()
    );
    assert!(
        recorded
            .iter()
            .all(|play| play.play.content.campaign == "cafe" && play.play.boot == "boot-1")
    );
}

#[test]
fn a_run_that_was_cut_off_while_it_held_plays_leaves_a_gap_that_claims_no_figure() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, 2);
    ledger.set_holding(true).expect("writes");
    drop(ledger);
    let reader = Ledger::open_to_read(folder.path()).expect("opens");
    assert_eq!(reader.gaps().expect("reads"), [], "who reads, judges not");
    drop(reader);
    for _ in 0..2 {
        let gaps = open(folder.path()).gaps().expect("reads");
        assert_eq!(
            gaps,
            [Gap {
                after_seq: 2,
                reason: GapReason::Interrupted,
                plays: 0,
                boot: "boot-1".into(),
                from_boot_ms: 20_000,
                until_boot_ms: 20_000,
            }]
        );
    }
    let mut ledger = open(folder.path());
    record(&mut ledger, 1);
    ledger.set_holding(true).expect("writes");
    ledger.set_holding(false).expect("writes");
    drop(ledger);
    assert_eq!(open(folder.path()).gaps().expect("reads").len(), 1);
    // Nor does an end in good order after the plays went on under another name.
    let mut ledger = open(folder.path());
    ledger.set_holding(true).expect("writes");
    ledger.begin_anew_at(4).expect("writes");
    ledger.set_holding(false).expect("writes");
    drop(ledger);
    assert_eq!(open(folder.path()).gaps().expect("reads"), []);
}

#[test]
fn what_could_not_be_shown_is_counted_by_item_and_reason_and_bounded() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    let failure = |campaign: &str, reason: String, boot_ms| NewFailure {
        campaign: campaign.to_owned(),
        placement: 1,
        creative: "00".into(),
        reason,
        at: moment(boot_ms, Some(1_800_000_000_000 + boot_ms.cast_signed())),
    };
    for boot_ms in [5, 7, 9] {
        ledger.note_failure(failure("cafe", "not a picture".into(), boot_ms));
    }
    ledger.note_failure(failure("book", "字".repeat(9_000), 11));
    assert_eq!(ledger.failures().expect("reads"), [], "with the next play");
    record(&mut ledger, 1);
    let failures = ledger.failures().expect("reads");
    let cafe = &failures[0];
    assert_eq!(
        (cafe.times, cafe.first_ms, cafe.last_ms),
        (3, Some(1_800_000_000_005), Some(1_800_000_000_009))
    );
    assert_eq!(failures[1].reason, "字".repeat(500));
    for at in 0..FAILURES_MAX + 100 {
        ledger.note_failure(failure("many", format!("reason {at}"), at));
        if at % 200 == 199 {
            record_all(&mut ledger, &[]).expect("commits");
        }
    }
    record_all(&mut ledger, &[]).expect("commits");
    let failures = ledger.failures().expect("reads");
    assert_eq!(failures.len() as u64, FAILURES_MAX);
    let last = failures.last().expect("many");
    assert_eq!(last.reason, format!("reason {}", FAILURES_MAX + 99));
}

#[test]
fn a_new_ledger_can_be_opened_by_several_at_once() {
    const SEVERAL: usize = 4;
    for _ in 0..30 {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join("ledger.sqlite"), []).expect("writes");
        let all_ready = std::sync::Barrier::new(SEVERAL);
        std::thread::scope(|scope| {
            let open = || {
                all_ready.wait();
                Ledger::open_to_read(folder.path()).map(drop)
            };
            let opened: Vec<_> = (0..SEVERAL).map(|_| scope.spawn(open)).collect();
            for one in opened {
                one.join().expect("ends").expect("opens");
            }
        });
    }
}
