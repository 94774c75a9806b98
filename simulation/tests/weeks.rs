//! Simulated weeks against a model of the hub; `hub/tests/terminal` runs them against the real one.

use passerby_simulation::hub::{HubBug, ModelHub};
use passerby_simulation::{Failure, Setup, TerminalBug, Week, run};
use passerby_testing::{report_find, seeds};

/// A folder in memory where the system has one.
fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    }
    .expect("a folder")
}

fn week(seed: u64) -> Result<Week, Box<Failure>> {
    let folder = folder();
    let setup = Setup::week(seed, folder.path().join("disks"));
    run(&setup, ModelHub::new(HubBug::None))
}

/// The first seed whose week shows that something is wrong, of so many.
fn found(terminal: TerminalBug, hub: HubBug, seeds_max: u64) -> Option<Box<Failure>> {
    (0..seeds_max).find_map(|seed| {
        let folder = folder();
        let mut setup = Setup::week(seed, folder.path().join("disks"));
        setup.bug = terminal;
        run(&setup, ModelHub::new(hub)).err()
    })
}

fn number_of(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn after_any_week_the_hub_is_the_ledger() {
    let first = number_of("PASSERBY_SIMULATION_FIRST").unwrap_or(0);
    let seeds = number_of("PASSERBY_SIMULATION_SEEDS").unwrap_or(100);
    let started = std::time::Instant::now();
    // Each week is one thread's; weeks know nothing of each other.
    let weeks: Vec<_> = std::thread::scope(|scope| {
        let every_other = |odd| {
            scope.spawn(move || {
                (first + odd..first + seeds)
                    .step_by(2)
                    .map(|seed| (seed, week(seed)))
                    .collect::<Vec<_>>()
            })
        };
        let halves = [every_other(0), every_other(1)];
        halves
            .into_iter()
            .flat_map(|half| half.join().expect("ends"))
            .collect()
    });
    let (mut sum, mut failures) = (Week::default(), Vec::new());
    // Rare ones: plays that went on under another name, of which a late copy had brought some under
    // the old.
    let mut twice_named = Vec::new();
    for (seed, week) in weeks {
        match week {
            Ok(week) => {
                if week.refused > 0 {
                    twice_named.push(seed);
                }
                sum.add(&week);
            }
            Err(failure) => {
                report_find(file!(), seed);
                failures.push(failure);
            }
        }
    }
    println!(
        "{seeds} weeks in {:.1} s, rows refused in seeds {twice_named:?}: {sum:#?}",
        started.elapsed().as_secs_f64()
    );
    assert!(
        failures.is_empty(),
        "{} of {seeds} weeks failed: {:?}\n{}",
        failures.len(),
        failures
            .iter()
            .map(|failure| (failure.seed, &failure.reason))
            .collect::<Vec<_>>(),
        failures[0]
    );
}

/// Seeds of weeks in which a disk goes back to its image after the hub has had more of it. Before
/// the hub compared rows, their plays were taken for repeats. In the first and in 33 plays were
/// held when they went on under another name, and the ledger had forgotten that its file says so.
/// In the last a copy of a batch comes late, to a hub that was restored meanwhile, after its plays
/// went on under another name.
const IMAGE_SEEDS: [u64; 6] = [10, 20, 21, 33, 35, 308];

#[test]
fn a_disk_that_goes_back_to_its_image_goes_on_in_a_new_ledger_and_loses_no_play() {
    for seed in IMAGE_SEEDS {
        match week(seed) {
            Ok(week) => assert!(week.forks > 0, "seed {seed} shows it no more"),
            Err(failure) => panic!("{failure}"),
        }
    }
}

/// Seeds that found something under earlier simulations. Their weeks are others since: a reply that
/// came while the machine slept is [`TerminalBug::BelievesLateWords`] now, a row that the disk
/// refuses to mark has a test in [`passerby_playout::hub_link::send_state`].
const FOUND_SEEDS: [u64; 8] = [51, 115, 116, 117, 128, 446, 2_747, 6_069];

#[test]
fn weeks_that_found_something_pass() {
    let kept = seeds(file!()).iter();
    for seed in FOUND_SEEDS.into_iter().chain(kept) {
        if let Err(failure) = week(seed) {
            panic!("{failure}");
        }
    }
}

#[test]
fn one_seed_gives_one_week_down_to_the_last_event() {
    for seed in [4, 7] {
        let (first, again) = (week(seed), week(seed));
        assert_eq!(first, again);
        assert_ne!(
            first.expect("a week").fingerprint,
            week(seed + 1).expect("a week").fingerprint
        );
    }
}

#[test]
fn every_deliberate_mistake_of_a_terminal_is_found_within_twenty_weeks() {
    for (bug, word) in [
        (TerminalBug::AcknowledgesUnsent, "takes rows up to"),
        (TerminalBug::DropsRefusedPlays, "lost in memory"),
        (TerminalBug::WritesTwice, "newest row"),
        (TerminalBug::TrustsAnyClock, "nobody knew the time"),
        (TerminalBug::NeverStops, "said stop"),
        (TerminalBug::ReusesNumbers, "comes after"),
        (TerminalBug::MixesNumbers, "never shown so"),
        (TerminalBug::PrunesUnsent, "takes rows up to"),
        (TerminalBug::HoldsInSecret, "does not say so"),
        (TerminalBug::BelievesLateWords, "ms wrong"),
    ] {
        let failure = found(bug, HubBug::None, 20);
        let failure = failure.unwrap_or_else(|| panic!("{bug:?} is not found"));
        println!(
            "{bug:?}: seed {}, step {}: {}",
            failure.seed, failure.step, failure.reason
        );
        assert!(failure.reason.contains(word), "{bug:?}: {failure}");
    }
}

#[test]
fn a_hub_that_acknowledges_more_than_was_sent_does_no_harm() {
    if let Some(failure) = found(TerminalBug::None, HubBug::AcknowledgesTooMuch, 20) {
        panic!("{failure}");
    }
}

#[test]
fn every_deliberate_mistake_of_a_hub_is_found_within_twenty_weeks() {
    for bug in [
        HubBug::ForgetsDeduplication,
        HubBug::LosesRows,
        HubBug::SkipsGaps,
    ] {
        let failure = found(TerminalBug::None, bug, 20);
        let failure = failure.unwrap_or_else(|| panic!("{bug:?} is not found"));
        println!(
            "{bug:?}: seed {}, step {}: {}",
            failure.seed, failure.step, failure.reason
        );
        assert!(
            failure
                .to_string()
                .contains(&format!("seed {}", failure.seed))
        );
    }
}
