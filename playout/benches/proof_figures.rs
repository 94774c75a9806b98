//! Prints what proofs of play cost, one figure a line: name, value, unit, compared with, ratio.
//!
//! `proof_figures [PLAYS]`; twenty thousand unless told otherwise.

#![allow(clippy::cast_precision_loss, reason = "figures of small numbers")]

// A clock that stands still is not worth a dependency on the simulation, which needs this package.
#[allow(unreachable_pub, reason = "the simulation shows it to others")]
#[path = "../../simulation/src/clock.rs"]
mod clock;

use std::io::{BufRead, BufReader, BufWriter};
use std::time::{Duration, Instant};

use passerby_playout::identity::device_key;
use passerby_playout::ledger::{Ledger, NewPlay};
use passerby_playout::schedule::rotation::{Booked, History};
use passerby_playout::system::clock::Moment;
use passerby_protocol::ScreenNumber;
use passerby_protocol::plays::{Display, Outcome, PlayContent};
use passerby_protocol::proof_of_play::{
    DeviceKey, NOTHING_BEFORE, PlayRow, SEGMENT_ROWS, SegmentHasher, Verifier,
};
use passerby_protocol::{Assignment, Digest, Epoch, PlayNumber};

use crate::clock::SimulatedClock;

fn main() {
    let plays: u64 = std::env::args()
        .nth(1)
        .map_or(20_000, |plays| plays.parse().expect("a number of plays"));
    let folder = std::env::temp_dir().join(format!("passerby-proof-{}", std::process::id()));
    compare(
        "seal 1,000 plays, with their own COMMIT",
        record(&folder, plays),
        "ms",
        50.0,
    );
    compare("hash and sign 1,000 plays", sealed_ms(), "ms", 20.0);

    let ledger = Ledger::open_to_read(&folder).expect("opens");
    let key = device_key::load(&folder).expect("reads").expect("a key");
    let file = folder.join("proof");
    let clock = SimulatedClock::new("of the export", 1_800_000_000_000);
    let before_kb = memory_kb();
    let started = Instant::now();
    let mut out = BufWriter::new(std::fs::File::create(&file).expect("a file"));
    let exported = ledger
        .export_proof(&folder, &key, &clock, None, &mut out)
        .expect("exports");
    let seconds = started.elapsed().as_secs_f64();
    assert_eq!((exported.plays, exported.changed.len()), (plays, 0));
    compare(
        "export of a proof",
        plays as f64 / seconds,
        "plays/s",
        100_000.0,
    );
    let bytes = std::fs::metadata(&file).expect("there").len();
    compare(
        "proof on disk",
        bytes as f64 / plays as f64,
        "B a play",
        64.0,
    );

    let started = Instant::now();
    let mut verifier = Verifier::new(&[key.public()], false);
    let mut reader = BufReader::new(std::fs::File::open(&file).expect("there"));
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).expect("reads") > 0 {
        verifier.line(&line[..line.len() - 1]);
        line.clear();
    }
    let verdict = verifier.finish(true);
    let seconds = started.elapsed().as_secs_f64();
    assert!(verdict.is_good(), "{:?}", verdict.faults);
    compare("verify", plays as f64 / seconds, "plays/s", 100_000.0);

    let started = Instant::now();
    let listed = ledger.each_play(None, |_| Ok::<(), ()>(()));
    assert!(listed.is_ok());
    let seconds = started.elapsed().as_secs_f64();
    compare(
        "list of plays",
        plays as f64 / seconds,
        "plays/s",
        100_000.0,
    );
    let grown_mb = memory_kb().saturating_sub(before_kb) as f64 / 1_024.0;
    compare(
        "memory that export, check and list add",
        grown_mb,
        "MB",
        64.0,
    );

    let copy = folder.join("copy.sqlite");
    let started = Instant::now();
    assert_eq!(ledger.back_up(&copy).expect("copies"), plays);
    let seconds = started.elapsed().as_secs_f64();
    compare(
        "copy of the ledger, checked",
        plays as f64 / seconds,
        "plays/s",
        100_000.0,
    );
    drop(ledger);
    std::fs::remove_dir_all(&folder).expect("removes its own folder");
}

/// Records plays; returns by how many milliseconds those with which a segment is sealed take longer
/// than others.
fn record(folder: &std::path::Path, plays: u64) -> f64 {
    let mut ledger = Ledger::open(folder).expect("a ledger").0;
    let mut history = History::default();
    let contents = contents();
    let (mut sealing, mut others) = (Duration::ZERO, Duration::ZERO);
    for at in 0..plays {
        let play = NewPlay {
            number: ledger.next_number().expect("a number"),
            content: contents[usize::try_from(at % 5).expect("small")].clone(),
            start: Moment {
                boot: "0a1b2c3d-0000-4000-8000-000000000000".into(),
                boot_ms: at * 10_000,
                wall_ms: Some(1_800_000_000_000),
            },
            visible_ms: 10_000,
            outcome: Outcome::Complete,
            display: Display::On,
        };
        let started = Instant::now();
        let seq = ledger
            .record(&play, "main", &mut history, &Booked::default())
            .expect("records");
        let seals = seq.is_some_and(|seq| seq.is_multiple_of(SEGMENT_ROWS));
        *(if seals { &mut sealing } else { &mut others }) += started.elapsed();
    }
    let segments = (plays / SEGMENT_ROWS).max(1);
    let of_each = |spent: Duration, times: u64| spent.as_secs_f64() * 1e3 / times as f64;
    of_each(sealing, segments) - of_each(others, (plays - segments).max(1))
}

/// What the processor has to do for a segment, without the disk.
fn sealed_ms() -> f64 {
    let contents = contents();
    let key = DeviceKey::from_seed(&[7; 32]);
    let screen = ScreenNumber::new(7).expect("in range");
    let started = Instant::now();
    let rounds = 20;
    for _ in 0..rounds {
        let mut hasher = SegmentHasher::new(Epoch(1), 1, &NOTHING_BEFORE);
        for seq in 1..=SEGMENT_ROWS {
            hasher.add(&PlayRow {
                seq,
                number: PlayNumber::new(9).expect("in range").get(),
                content: &contents[usize::try_from(seq % 5).expect("small")],
                boot: "0a1b2c3d-0000-4000-8000-000000000000",
                start_boot_ms: seq * 10_000,
                visible_ms: 10_000,
                outcome: 0,
                display: 1,
            });
        }
        std::hint::black_box((hasher.hash(), key.vouch(screen)));
    }
    started.elapsed().as_secs_f64() * 1e3 / f64::from(rounds)
}

fn contents() -> Vec<PlayContent> {
    (1..=5)
        .map(|at| PlayContent {
            assignment: Assignment::new(at).expect("in range"),
            campaign: format!("campaign {at}"),
            creative: Digest::of(&at.to_be_bytes()),
        })
        .collect()
}

/// The memory that this process has had at most, in KiB.
fn memory_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|line| line.split_whitespace().next())
        .and_then(|kb| kb.parse().ok())
        .unwrap_or(0)
}

fn compare(name: &str, value: f64, unit: &str, goal: f64) {
    println!(
        "{name}\t{value:.2}\t{unit}\tgoal {goal}\t{:.4}",
        value / goal
    );
}
