//! The ledger: recording, pruning, reopening, and what is left of a damaged one.

use std::process::{Command, Stdio};

use passerby_playout::ledger::Ledger;
use passerby_protocol::plays::Play;
use passerby_testing::seeds;

use crate::disk::Lies;
use crate::points::{Verdict, choose, judge};
use crate::promise::Promise;
use crate::writing::{Written, points, writer};

fn cut_everywhere(written: &Written, count: usize, seed: u64, lies: Lies) -> Verdict {
    let points = choose(&written.deeds, count, seed);
    let root = written.root.path();
    let verdict = judge(root, &written.found, &written.deeds, &points, lies, |cut| {
        Promise::of(cut.deeds).holds(&cut.folder.join("data"))
    });
    println!("{}: {} power cuts", written.counts(), verdict.points);
    verdict
}

#[test]
fn no_power_cut_takes_a_committed_play_or_harms_the_ledger() {
    seeds(file!()).each(|seed| {
        let (first, second) = (seed.to_string(), (seed + 1).to_string());
        let written = Written::after(|_| ())
            .run("plays", &["400", &first], &[])
            .run("plays", &["200", &second], &[]);
        let verdict = cut_everywhere(&written, points(), seed, Lies::Never);
        assert!(verdict.points >= points());
        assert_eq!(verdict.findings, [""; 0]);
    });
}

#[test]
fn a_disk_that_only_says_it_has_synced_is_found_out() {
    seeds(file!()).each(|seed| {
        let text = seed.to_string();
        let written = Written::after(|_| ()).run("plays", &["200", &text], &[]);
        for lies in [Lies::AboutFiles, Lies::AboutLogs, Lies::AboutNames] {
            let verdict = cut_everywhere(&written, 300, seed, lies);
            println!("{lies:?}: {:?}", verdict.findings);
            assert!(!verdict.findings.is_empty(), "{lies:?}");
        }
    });
}

#[test]
fn a_sync_that_failed_costs_no_play_that_was_committed_before_or_after_it() {
    seeds(file!()).each(|seed| {
        let (first, second) = (seed.to_string(), (seed + 1).to_string());
        // The writer ends after its last failures, and another goes on with what the system shows.
        for inject in [
            "fdatasync,fsync:error=EIO:when=13+7",
            "fdatasync,fsync:error=EIO:when=29..33",
            // The first play of a boot takes some fifty writes; what fails more often than that
            // never ends.
            "pwrite64:error=EIO:when=200+97",
            "pwrite64:error=ENOSPC:when=120..180",
        ] {
            let written = Written::after(|_| ())
                .run("plays", &["60", &first], &[inject])
                .run("plays", &["90", &second], &[inject])
                .run("plays", &["90", &first], &[inject]);
            let verdict = cut_everywhere(&written, points() / 4, seed, Lies::Never);
            assert_eq!(verdict.findings, [""; 0], "{inject}");
        }
    });
}

#[test]
fn what_a_process_leaves_that_ends_at_a_failed_sync_harms_nothing_behind_it() {
    seeds(file!()).each(|seed| {
        let (odd, even) = ((seed | 1).to_string(), (seed & !1).to_string());
        // The system shows the plays whose sync has failed to the next process, which goes on
        // behind them.
        let left = Written::after(|_| ())
            .run(
                "plays-until-refused",
                &["60", &odd],
                &["fdatasync,fsync:error=EIO:when=43"],
            )
            .run("plays", &["60", &odd], &[]);
        // A log that is made anew, whose name does not get to the disk at the first attempt.
        let named = Written::after(|_| ())
            .run("plays", &["30", &even], &[])
            .run(
                "plays",
                &["60", &odd],
                &["fdatasync,fsync:error=EIO:when=2"],
            );
        for written in [left, named] {
            let verdict = cut_everywhere(&written, points() / 4, seed, Lies::Never);
            assert_eq!(verdict.findings, [""; 0]);
        }
    });
}

/// What can be read of a damaged ledger, without touching it.
fn salvaged(written: &Written) -> Vec<Play> {
    let copy = tempfile::tempdir().expect("folder");
    for (path, bytes) in &written.found {
        let name = path.file_name().expect("a name");
        std::fs::write(copy.path().join(name), bytes).expect("writes");
    }
    let (ledger, note) = Ledger::open(copy.path()).expect("opens");
    println!("{}", note.expect("is called damaged"));
    let plays = ledger.plays_since(None).expect("reads");
    plays.into_iter().map(|dated| dated.play).collect()
}

#[test]
fn a_damaged_ledger_is_salvaged_to_the_same_plays_wherever_the_power_goes() {
    seeds(file!()).each(|seed| {
        let text = seed.to_string();
        // A memory card that lost pages in the middle, while the log held some; one that lost the
        // first of a ledger that was closed; one whose file is cut off.
        type Damage = fn(&mut Vec<u8>);
        let damages: [(u64, Damage); 3] = [
            (1, |file| {
                for page in file.chunks_mut(4_096).skip(3).step_by(3) {
                    page.fill(0xA5);
                }
            }),
            (0, |file| file[..4_096].fill(0xA5)),
            (1, |file| file.truncate(file.len() / 2)),
        ];
        for (left_open, damage) in damages {
            let prepared = (seed / 2 * 2 + left_open).to_string();
            let written = Written::after(|root| {
                let data = root.join("data");
                let status = Command::new(writer())
                    .arg("plays")
                    .arg(&data)
                    .args(["500", &prepared])
                    .stdout(Stdio::null())
                    .status();
                assert!(status.expect("runs").success());
                let file = data.join("ledger.sqlite");
                let mut bytes = std::fs::read(&file).expect("reads");
                damage(&mut bytes);
                std::fs::write(&file, bytes).expect("writes");
            });
            let plays = salvaged(&written);
            println!("{} plays can be read", plays.len());
            let written = written.run("plays", &["20", &text], &[]);
            let points = choose(&written.deeds, points() / 4, seed);
            let root = written.root.path();
            let verdict = judge(
                root,
                &written.found,
                &written.deeds,
                &points,
                Lies::Never,
                |cut| Promise::after_damage(&plays, cut.deeds).holds(&cut.folder.join("data")),
            );
            println!("{}: {} power cuts", written.counts(), verdict.points);
            assert_eq!(verdict.findings, [""; 0]);
        }
    });
}
