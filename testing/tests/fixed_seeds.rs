//! No test of the workspace takes its chance from anywhere but [`passerby_testing`].

use std::fs;
use std::path::{Path, PathBuf};

/// What would make two runs differ, and what to use instead.
const FORBIDDEN: [(&str, &str); 5] = [
    ("ProptestConfig::", "passerby_testing::random_cases"),
    ("deterministic_rng", "passerby_testing::random_cases"),
    ("RandomState", "passerby_testing::seeds"),
    ("\"PASSERBY_SEED\"", "passerby_testing::seeds"),
    ("proptest-regressions", "testing/found_cases.txt"),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_random_test_takes_its_seed_from_one_place() {
    let root = passerby_testing::package_folder().join("..");
    let mut files = Vec::new();
    for folder in [
        "protocol",
        "playout",
        "compose",
        "hub",
        "simulation",
        "src",
        "tests",
    ] {
        sources(&root.join(folder), &mut files);
    }
    let (mut properties, mut wrong) = (0, Vec::new());
    for path in files {
        let text = fs::read_to_string(&path).expect("text");
        let name = path.display();
        for (word, instead) in FORBIDDEN {
            if text.contains(word) {
                wrong.push(format!("{name}: {word}; use {instead}"));
            }
        }
        for (start, _) in text.match_indices("proptest! {") {
            properties += 1;
            let rest = text[start + "proptest! {".len()..].trim_start();
            if !rest.starts_with("#![proptest_config(random_cases(") {
                wrong.push(format!("{name}: proptest! without random_cases"));
            }
        }
        let runners = text.matches("TestRunner::").count();
        properties += runners;
        // Each takes a configuration that begins there.
        if runners != text.matches("..random_cases(").count() {
            wrong.push(format!("{name}: TestRunner without random_cases"));
        }
    }
    assert!(properties > 20, "only {properties} found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
