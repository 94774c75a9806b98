//! The ledger.

use std::path::{Path, PathBuf};

use crate::disk::Lies;
use crate::points::{Verdict, choose, judge};
use crate::promise::Promise;
use crate::random::number_from;
use crate::trace::{Deed, Reader, strace};

/// The program that writes.
fn writer() -> PathBuf {
    // Cargo builds examples beside tests before it runs these.
    let test = std::env::current_exe().expect("a path");
    let program = test
        .ancestors()
        .nth(2)
        .expect("a target folder")
        .join("examples/ledger_writer");
    assert!(
        program.exists(),
        "{} is missing; build it with `cargo build -p passerby-playout --examples`",
        program.display()
    );
    program
}

fn points() -> usize {
    usize::try_from(number_from("PASSERBY_CRASH_POINTS", 2_000)).expect("so many")
}

fn seed() -> u64 {
    let seed = number_from("PASSERBY_SEED", u64::from(std::process::id()));
    println!("PASSERBY_SEED={seed}");
    seed
}

/// Runs a writer in a new folder, some times one after the other.
fn write(root: &Path, runs: u64, plays: u64, seed: u64, inject: &[&str]) -> Vec<Deed> {
    let mut reader = Reader::new(root, &[]);
    let mut deeds = Vec::new();
    let data = root.join("data");
    let data = data.to_str().expect("text");
    for run in 0..runs {
        let seed = (seed + run).to_string();
        let trace = strace(
            &writer(),
            &["plays", data, &plays.to_string(), &seed],
            inject,
        );
        deeds.extend(reader.read(&trace));
    }
    deeds
}

fn cut_everywhere(root: &Path, deeds: &[Deed], count: usize, seed: u64, lies: Lies) -> Verdict {
    let points = choose(deeds, count, seed);
    judge(root, &[], deeds, &points, lies, |cut| {
        Promise::of(cut.deeds).holds(&cut.folder.join("data"))
    })
}

#[test]
fn no_power_cut_takes_a_committed_play_or_harms_the_ledger() {
    let seed = seed();
    let root = tempfile::tempdir().expect("folder");
    let deeds = write(root.path(), 2, 300, seed, &[]);
    let verdict = cut_everywhere(root.path(), &deeds, points(), seed, Lies::Never);
    println!("{} deeds, {} power cuts", deeds.len(), verdict.points);
    assert!(verdict.points >= points());
    assert_eq!(verdict.findings, [""; 0]);
}

#[test]
fn a_disk_that_only_says_it_has_synced_is_found_out() {
    let seed = seed();
    let root = tempfile::tempdir().expect("folder");
    let deeds = write(root.path(), 1, 200, seed, &[]);
    for lies in [Lies::AboutFiles, Lies::AboutNames] {
        let verdict = cut_everywhere(root.path(), &deeds, 200, seed, lies);
        println!("{lies:?}: {:?}", verdict.findings.first());
        assert!(!verdict.findings.is_empty(), "{lies:?}");
    }
}
