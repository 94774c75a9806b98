//! Prints what the hub does under load, over HTTP and on both databases, one figure a line: name,
//! value, unit, compared with, ratio.
//!
//! The first argument is a folder on the disk that is measured. `PASSERBY_LOAD_PLAYS` and
//! `PASSERBY_LOAD_SCANS` say over how many rows reports are made, `PASSERBY_LOAD_SECONDS` for how
//! long codes are opened each time, `PASSERBY_LOAD_CONNECTIONS` by how many phones at one time, and
//! `PASSERBY_LOAD_BATCHES` how many batches each terminal sends. `PASSERBY_LOAD_PARTS` names those
//! of `report`, `scans` and `ingest` that are wanted. Making all rows takes longer than to measure:
//! with `PASSERBY_LOAD_WAITS` it measures once for each line on its input, until that ends.
//! `PASSERBY_LOAD_OLDER` names the `passerby-hub` of an older build: codes are opened at it by
//! turns, with no other rows in its database.
//!
//! Speed is a goal for `scripts/bench`, never a test: machines differ.

mod figures;
mod fill;
mod ingest;
mod large;
mod report;
mod scans;
mod stand;

use std::path::{Path, PathBuf};
use std::time::Instant;

use passerby_testing::postgres::PostgresServer;

use crate::stand::Stand;

fn main() {
    // reqwest asks for a provider even when it only speaks http.
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("the first one");
    let folder = std::env::args().nth(1);
    let folder = folder.map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = folder.join(format!("passerby-load-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let (plays, scans) = (
        number_from("PASSERBY_LOAD_PLAYS", 10_000_000),
        number_from("PASSERBY_LOAD_SCANS", 1_000_000),
    );
    let of =
        |variable, default| u32::try_from(number_from(variable, default)).expect("a small number");
    let seconds = of("PASSERBY_LOAD_SECONDS", 15);
    let batches = of("PASSERBY_LOAD_BATCHES", 200);
    let parts = std::env::var("PASSERBY_LOAD_PARTS");
    let parts = &parts.unwrap_or_else(|_| "report scans ingest".to_owned());
    // It waits for the disk, as one that serves does.
    let server = PostgresServer::start(&["-c", "shared_buffers=512MB", "-c", "max_wal_size=4GB"]);
    let servers = [None, Some(&server)];
    let stands: Vec<(Stand, Option<&PostgresServer>)> = servers
        .into_iter()
        .map(|server| (Stand::new(&folder, server), server))
        .collect();
    std::thread::scope(|scope| {
        for (stand, server) in &stands {
            scope.spawn(move || {
                let started = Instant::now();
                large::fill(stand, *server, plays, scans);
                eprintln!(
                    "{}: {plays} plays and {scans} scans made in {:?}",
                    stand.name,
                    started.elapsed()
                );
            });
        }
    });
    let waits = std::env::var_os("PASSERBY_LOAD_WAITS").is_some();
    while !waits || was_told_to_measure() {
        measure(parts, &stands, &folder, seconds, batches);
        if !waits {
            break;
        }
    }
    stands.iter().for_each(|(stand, _)| recount(stand));
    drop(stands);
    std::fs::remove_dir_all(folder).expect("removes its own folder");
}

/// Waits for a line; without one there is nothing more to measure.
fn was_told_to_measure() -> bool {
    eprintln!("ready");
    let read = std::io::stdin().read_line(&mut String::new());
    read.expect("standard input") > 0
}

/// Measures once.
fn measure(
    parts: &str,
    stands: &[(Stand, Option<&PostgresServer>)],
    folder: &Path,
    seconds: u32,
    batches: u32,
) {
    if parts.contains("report") {
        stands.iter().for_each(|(stand, _)| report::figures(stand));
    }
    if parts.contains("scans") {
        clear(&folder.join("hub-older"));
        let older = std::env::var_os("PASSERBY_LOAD_OLDER")
            .map(|program| Stand::of_older(folder, program.into()));
        for (stand, _) in stands {
            scans::figures(stand, folder, seconds, older.as_ref());
        }
    }
    if parts.contains("ingest") {
        clear(&folder.join("empty"));
        for (_, server) in stands {
            let stand = Stand::new(&folder.join("empty"), *server);
            ingest::figures(&stand, *server, batches);
            recount(&stand);
        }
    }
}

/// Removes what an earlier time has left.
fn clear(folder: &Path) {
    if folder.exists() {
        std::fs::remove_dir_all(folder).expect("removes its own folder");
    }
}

/// Sees to it that the figures are those of the rows.
fn recount(stand: &Stand) {
    let started = Instant::now();
    assert_eq!(
        stand.hub().store.recount().expect("counts"),
        [],
        "{}",
        stand.name
    );
    let took = started.elapsed();
    eprintln!(
        "{}: counted anew without a difference in {took:?}",
        stand.name
    );
}

/// A number from a variable.
fn number_from(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().expect("a number"))
}

/// Prints a figure.
fn figure(name: &str, value: f64, unit: &str, against: &str, goal: f64) {
    println!(
        "{name}\t{value:.1}\t{unit}\t{against} {goal:.1}\t{:.4}",
        value / goal
    );
}
