//! Where the chance in tests comes from: one seed, and those that once found something.
//!
//! `testing/found_cases.txt` keeps what `scripts/soak` found, a line each. The first word is the
//! file of the test. Then comes `cc` and what proptest needs to make the same input again, or
//! `seed` and the number for tests that throw their own dice. What stands behind `#` is for people.

use std::any::Any;
use std::fmt;

use proptest::test_runner::{Config, FailurePersistence, PersistedSeed, RngSeed};

/// The seed of every run that asks for no other.
const SEED: u64 = 1;
/// The variable that asks for another seed, and for no found cases.
const SEED_VARIABLE: &str = "PASSERBY_SEED";
/// The variable that asks for so many times as many random cases.
const FACTOR_VARIABLE: &str = "PASSERBY_CASES_FACTOR";
/// What begins a line that is to be added to the found cases; `scripts/soak` looks for it.
const FOUND: &str = "found: ";

const FOUND_CASES: &str = include_str!("../../found_cases.txt");

/// Says how a property is tested: with so many random inputs, the same in every run, after those
/// that once failed.
///
/// # Panics
/// A variable of `scripts/soak` holds something that is no number.
pub fn random_cases(cases: u32) -> Config {
    let factor = variable(FACTOR_VARIABLE).unwrap_or(1);
    let factor = u32::try_from(factor).expect("so many cases");
    Config {
        cases: cases.saturating_mul(factor),
        rng_seed: RngSeed::Fixed(variable(SEED_VARIABLE).unwrap_or(SEED)),
        failure_persistence: Some(Box::new(FoundCases)),
        ..Config::default()
    }
}

/// Gives the seeds with which a test runs that throws its own dice. `source` is its `file!()`.
///
/// # Panics
/// A variable of `scripts/soak` holds something that is no number, or a line of the found cases
/// does.
pub fn seeds(source: &'static str) -> Seeds {
    let seeds = match variable(SEED_VARIABLE) {
        Some(seed) => vec![seed],
        None => {
            let found = found_in(FOUND_CASES, source).filter_map(|line| line.strip_prefix("seed "));
            let found =
                found.map(|seed| seed.parse().expect("a number in testing/found_cases.txt"));
            [SEED].into_iter().chain(found).collect()
        }
    };
    Seeds { source, seeds }
}

/// Seeds of one test.
#[derive(Debug)]
pub struct Seeds {
    source: &'static str,
    seeds: Vec<u64>,
}

impl Seeds {
    /// The seeds, for tests that say by themselves with which one they fail; see [`report_find`].
    pub fn iter(&self) -> std::vec::IntoIter<u64> {
        self.seeds.clone().into_iter()
    }

    /// Runs the test with each of them. Where it fails, the line to keep is printed.
    pub fn each(self, test: impl Fn(u64)) {
        for seed in self.seeds {
            let failing = Failing {
                source: self.source,
                seed,
            };
            test(seed);
            drop(failing);
        }
    }
}

/// Prints the line that keeps a seed with which a test fails. `source` is its `file!()`.
pub fn report_find(source: &str, seed: u64) {
    eprintln!("{FOUND}{source} seed {seed}");
}

/// Says which seed it was when a test panics.
struct Failing {
    source: &'static str,
    seed: u64,
}

impl Drop for Failing {
    fn drop(&mut self) {
        if std::thread::panicking() {
            report_find(self.source, self.seed);
        }
    }
}

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{name}={text} is not a number")))
}

/// The cases of a file, without the words for people.
fn found_in<'a>(cases: &'a str, source: &str) -> impl Iterator<Item = &'a str> {
    cases.lines().filter_map(move |line| {
        let case = line.strip_prefix(source)?.strip_prefix(' ')?;
        Some(case.split('#').next().unwrap_or_default().trim())
    })
}

/// The line that keeps a find.
fn find_line(source: &str, seed: &PersistedSeed, value: &dyn fmt::Debug) -> String {
    let value = format!("{value:?}").replace(['\n', '\r'], " ");
    format!("{source} {seed} # {value}")
}

/// The found cases as proptest asks for them. It writes no file: what fails is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FoundCases;

impl FailurePersistence for FoundCases {
    fn load_persisted_failures2(&self, source_file: Option<&'static str>) -> Vec<PersistedSeed> {
        if variable(SEED_VARIABLE).is_some() {
            return Vec::new();
        }
        let source = source_file.expect("random_cases needs the source_file of the test");
        // The others are numbers, for tests that throw their own dice.
        found_in(FOUND_CASES, source)
            .filter_map(|case| case.parse().ok())
            .collect()
    }

    fn save_persisted_failure2(
        &mut self,
        source_file: Option<&'static str>,
        seed: PersistedSeed,
        shrunken_value: &dyn fmt::Debug,
    ) {
        let source = source_file.unwrap_or("?");
        eprintln!("{FOUND}{}", find_line(source, &seed, shrunken_value));
    }

    fn box_clone(&self) -> Box<dyn FailurePersistence> {
        Box::new(*self)
    }

    fn eq(&self, other: &dyn FailurePersistence) -> bool {
        other.as_any().is::<Self>()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests;
