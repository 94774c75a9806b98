use super::hub::{HubBug, ModelHub};
use super::*;

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
    let setup = Setup::week(seed, folder.path().join("cards"));
    run(&setup, ModelHub::new(HubBug::None))
}

fn number_of(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn after_any_week_the_hub_is_the_ledger() {
    let first = number_of("PASSERBY_SIMULATION_FIRST").unwrap_or(0);
    let seeds = number_of("PASSERBY_SIMULATION_SEEDS").unwrap_or(200);
    let started = std::time::Instant::now();
    let (mut sum, mut failures) = (Week::default(), Vec::new());
    for seed in first..first + seeds {
        match week(seed) {
            Ok(week) => sum.add(&week),
            Err(failure) => failures.push(failure),
        }
    }
    println!(
        "{seeds} weeks in {:.1} s: {sum:#?}",
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
