use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use passerby_protocol::dating::Anchor;
use passerby_protocol::plays::{Display, Outcome, PlayContent};
use passerby_protocol::proof_of_play;
use passerby_protocol::proof_of_play::{Verdict, Verifier};
use passerby_protocol::{Assignment, Digest};

use super::*;
use crate::identity::device_key;
use crate::ledger::NewPlay;
use crate::schedule::rotation::{Booked, History};
use crate::screen::layout::ZONES_MAX;
use crate::system::clock::{Moment, SimulatedClock};

/// The wall time at the start of each boot below.
const DAY_MS: i64 = 1_800_000_000_000;

fn open(folder: &Path) -> Ledger {
    Ledger::open(folder).expect("opens").0
}

/// Records plays after those that are there, each ten seconds after the one before.
fn record(ledger: &mut Ledger, count: u64, boot: &str) {
    let mut history = History::default();
    for _ in 0..count {
        let at = ledger.last_seq();
        let play = NewPlay {
            number: ledger.next_number().expect("a number"),
            content: PlayContent {
                assignment: Assignment::new(u32::try_from(at % 3).expect("small")).expect("fits"),
                campaign: format!("campaign {}", at % 3),
                creative: Digest([7; 32]),
            },
            start: Moment {
                boot: boot.into(),
                boot_ms: at * 10_000,
                wall_ms: None,
            },
            visible_ms: 10_000,
            outcome: Outcome::Complete,
            display: Display::On,
        };
        let seq = ledger.record(&play, "main", &mut history, &Booked::default());
        assert_eq!(seq.expect("records"), Some(at + 1));
    }
}

fn anchor(ledger: &mut Ledger, boot: &str) {
    let anchor = Anchor {
        boot: boot.into(),
        boot_ms: 0,
        wall_ms: DAY_MS,
    };
    ledger.anchor(&anchor).expect("writes");
}

/// A proof as another process writes it.
fn export(folder: &Path, since_ms: Option<i64>) -> (Vec<u8>, Exported) {
    let ledger = Ledger::open_to_read(folder).expect("opens");
    let key = device_key::load(folder).expect("reads").expect("a key");
    let clock = SimulatedClock::new("of the export", DAY_MS);
    let mut out = Vec::new();
    let exported = ledger
        .export_proof(folder, &key, &clock, since_ms, &mut out)
        .expect("exports");
    (out, exported)
}

fn verify(file: &[u8]) -> Verdict {
    let mut verifier = Verifier::new(&[], true);
    for line in file
        .strip_suffix(b"\n")
        .expect("an end")
        .split(|&byte| byte == b'\n')
    {
        verifier.line(line);
    }
    verifier.finish(true)
}

fn good(folder: &Path, since_ms: Option<i64>) -> Verdict {
    let verdict = verify(&export(folder, since_ms).0);
    assert_eq!(verdict.faults, []);
    verdict
}

#[test]
fn plays_are_sealed_by_the_thousand_and_what_is_not_yet_is_signed_in_the_file() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, 2_005, "a");
    let verdict = good(folder.path(), None);
    assert_eq!((verdict.segments, verdict.tally.all.plays), (3, 2_005));
    assert_eq!(verdict.tally.undated, 2_005);
    // What dates a boot after its plays were sealed dates them in the next proof.
    anchor(&mut ledger, "a");
    let dated = good(folder.path(), None);
    assert_eq!(dated.tally.undated, 0);
    assert_eq!(dated.tally.until_ms, Some(DAY_MS + 20_050_000));
    // It goes on after a restart, and the earlier proof is the beginning of the later one.
    drop(ledger);
    let mut ledger = open(folder.path());
    record(&mut ledger, 1_000, "b");
    let later = good(folder.path(), None);
    assert_eq!((later.segments, later.tally.all.plays), (4, 3_005));
    assert_eq!(proof_of_play::forks(&verdict.trace, &later.trace), []);
    assert_eq!(later.keys.len(), 1, "one key for all");
}

#[test]
fn a_date_leaves_out_whole_segments_and_keeps_their_chain() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, 2_500, "a");
    anchor(&mut ledger, "a");
    let verdict = good(folder.path(), Some(DAY_MS + 15_000_000));
    assert_eq!((verdict.left_out, verdict.first_seq), (1, Some(1_001)));
    let verdict = good(folder.path(), Some(DAY_MS + 90_000_000));
    assert_eq!((verdict.left_out, verdict.first_seq), (2, Some(2_001)));
}

#[test]
fn what_a_hub_refuses_is_proven_as_it_was_recorded() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, 1_002, "a");
    let before = good(folder.path(), None);
    ledger.quarantine(7).expect("writes");
    ledger.quarantine(1_001).expect("writes");
    let after = good(folder.path(), None);
    assert_eq!(after.tally, before.tally);
    assert_eq!(proof_of_play::forks(&before.trace, &after.trace), []);
}

#[test]
fn a_play_that_was_changed_in_the_database_is_found() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, 1_500, "a");
    let before = good(folder.path(), None);
    let changed = "UPDATE plays SET visible_ms = 9000 WHERE seq IN (500, 1200)";
    ledger.connection.execute(changed, []).expect("writes");
    let (file, exported) = export(folder.path(), None);
    assert_eq!(exported.changed, [(1, 1_000)]);
    let verdict = verify(&file);
    assert_eq!(verdict.faults.len(), 1, "{:?}", verdict.faults);
    assert_eq!(
        verdict.faults[0].message,
        "plays 1 to 1,000 are not those that were signed"
    );
    // The other was not sealed yet: only whoever has an earlier proof can tell.
    let forks = proof_of_play::forks(&before.trace, &verdict.trace);
    assert_eq!(
        forks.iter().map(|fork| fork.seq).collect::<Vec<_>>(),
        [500, 1_200]
    );
}

#[test]
fn gaps_are_in_the_segment_and_at_the_end() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    let insert = "INSERT INTO gaps VALUES (?1, ?2, 5, 'a', 1, 2)";
    for (after_seq, reason) in [(0, 2), (999, 1), (1_000, 0), (1_500, 1), (1_500, 3)] {
        ledger
            .connection
            .execute(insert, [after_seq, reason])
            .expect("writes");
    }
    record(&mut ledger, 1_500, "a");
    let verdict = good(folder.path(), None);
    let after: Vec<u64> = verdict.gaps.iter().map(|gap| gap.after_seq).collect();
    assert_eq!(after, [0, 999, 1_000, 1_500, 1_500]);
}

#[test]
fn plays_are_pruned_only_once_they_are_sealed_and_their_headers_stay() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, 2_500, "a");
    assert_eq!(ledger.first_unsealed(), 2_001);
    // What an acknowledgement prunes once there are more than are kept.
    ledger
        .connection
        .execute("DELETE FROM plays WHERE seq <= 1500", [])
        .expect("writes");
    let verdict = good(folder.path(), None);
    assert_eq!((verdict.left_out, verdict.first_seq), (2, Some(2_001)));
    assert_eq!(verdict.tally.all.plays, 500);
    drop(ledger);
    let mut ledger = open(folder.path());
    record(&mut ledger, 1_000, "b");
    assert_eq!(good(folder.path(), None).last_seq, Some(3_500));
}

#[test]
fn a_ledger_that_was_never_sealed_is_sealed_from_where_its_plays_begin() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    ledger.sealer = None;
    record(&mut ledger, 2_500, "a");
    ledger
        .connection
        .execute("DELETE FROM plays WHERE seq <= 10", [])
        .expect("writes");
    drop(ledger);
    let verdict = good(folder.path(), None);
    assert_eq!((verdict.first_seq, verdict.segments), (Some(11), 3));
    let mut ledger = open(folder.path());
    record(&mut ledger, 3, "b");
    let verdict = good(folder.path(), None);
    assert_eq!(
        (verdict.first_seq, verdict.last_seq),
        (Some(11), Some(2_503))
    );
}

#[test]
fn plays_that_could_not_be_sealed_as_they_came_are_recorded_and_sealed_later() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, 700, "a");
    let run = |ledger: &Ledger, sql: &str| ledger.connection.execute_batch(sql).expect("writes");
    run(&ledger, "ALTER TABLE segments RENAME TO elsewhere");
    record(&mut ledger, 700, "a");
    assert_eq!((ledger.last_seq(), ledger.first_unsealed()), (1_400, 1));
    run(&ledger, "ALTER TABLE elsewhere RENAME TO segments");
    record(&mut ledger, 1, "a");
    assert_eq!(ledger.first_unsealed(), 1_001);
    record(&mut ledger, 700, "a");
    assert_eq!(ledger.first_unsealed(), 2_001);
    let verdict = good(folder.path(), None);
    assert_eq!((verdict.segments, verdict.tally.all.plays), (3, 2_101));
}

#[test]
fn rows_cut_off_behind_what_is_sealed_do_not_keep_plays_from_being_recorded() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, 1_200, "a");
    ledger
        .connection
        .execute("DELETE FROM plays WHERE seq > 900", [])
        .expect("writes");
    drop(ledger);
    let mut ledger = open(folder.path());
    record(&mut ledger, 300, "b");
    assert_eq!((ledger.last_seq(), ledger.first_unsealed()), (1_200, 1_001));
}

#[test]
fn a_ledger_that_took_a_damaged_ones_place_names_it() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, 1_200, "a");
    let old = ledger.epoch();
    let end = ledger.sealer.as_ref().expect("sealed").end;
    let damaged = folder.path().join("damaged.sqlite");
    ledger.back_up(&damaged).expect("copies");
    drop(ledger);
    let next = folder.path().join("next");
    drop(open(&next));
    let into = Connection::open(next.join("ledger.sqlite")).expect("opens");
    let from = Connection::open(&damaged).expect("opens");
    segments::name_forerunner(&from, &into).expect("writes");
    drop((from, into));
    let mut ledger = open(&next);
    record(&mut ledger, 1_001, "b");
    let after = good(&next, None).after.expect("named");
    assert_eq!(
        (after.epoch, after.last_seq, after.hash),
        (old, end.last_seq, end.hash)
    );
}

#[test]
fn exports_and_backups_are_whole_while_a_terminal_records() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().to_owned();
    let mut ledger = open(&path);
    record(&mut ledger, 990, "a");
    let (done, committed) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(990)),
    );
    let writer = {
        let (done, committed) = (Arc::clone(&done), Arc::clone(&committed));
        std::thread::spawn(move || {
            while !done.load(Ordering::SeqCst) {
                record(&mut ledger, 1, "a");
                committed.store(ledger.last_seq(), Ordering::SeqCst);
            }
        })
    };
    let mut traces: Vec<proof_of_play::Trace> = Vec::new();
    for round in 0..6 {
        let before = committed.load(Ordering::SeqCst);
        let verdict = good(&path, None);
        assert!(
            verdict.tally.all.plays >= before,
            "every play that was committed before"
        );
        let copy = path.join(format!("copy-{round}"));
        std::fs::create_dir(&copy).expect("folder");
        let before = committed.load(Ordering::SeqCst);
        let reader = Ledger::open_to_read(&path).expect("opens");
        let plays = reader.back_up(&copy.join("ledger.sqlite")).expect("copies");
        assert!(plays >= before, "{plays} of {before}");
        let copied = Ledger::open_to_read(&copy).expect("the copy opens");
        assert_eq!((copied.epoch(), copied.last_seq()), (reader.epoch(), plays));
        assert!(
            traces
                .iter()
                .all(|trace| proof_of_play::forks(trace, &verdict.trace).is_empty())
        );
        traces.push(verdict.trace);
    }
    done.store(true, Ordering::SeqCst);
    writer.join().expect("records to the end");
    let last = committed.load(Ordering::SeqCst);
    assert_eq!(
        good(&path, None).tally.all.plays,
        last,
        "exports have not kept the writer from a play"
    );
}

#[test]
fn lists_are_read_page_by_page_and_stop_when_their_taker_does() {
    let folder = tempfile::tempdir().expect("folder");
    let mut ledger = open(folder.path());
    record(&mut ledger, 2_100, "a");
    let mut seqs = Vec::new();
    let all = ledger.each_play(None, |dated| {
        seqs.push(dated.play.seq);
        Ok::<(), ()>(())
    });
    assert!(all.is_ok());
    assert_eq!(seqs, (1..=2_100).collect::<Vec<_>>());
    let stopped = ledger.each_play(None, |dated| {
        if dated.play.seq < 1_500 {
            Ok(())
        } else {
            Err(dated.play.seq)
        }
    });
    assert!(matches!(stopped, Err(ExportError::Taker(1_500))));
    let undated = ledger.each_play(Some(0), |dated| Err(dated.play.seq));
    assert!(
        matches!(undated, Err(ExportError::Taker(1))),
        "plays without a date may have been after it"
    );
}

#[test]
fn a_screen_can_show_as_many_zones_as_a_proof_allows_for() {
    assert_eq!(ZONES_MAX as u64, proof_of_play::ZONES_MAX);
}
