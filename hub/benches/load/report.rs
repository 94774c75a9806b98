//! How long a report takes: its queries, and the command as a whole.

use std::time::Instant;

use crate::figure;
use crate::stand::Stand;

/// Of so many the one in the middle counts.
const TIMES: usize = 5;

/// Prints it.
pub(crate) fn figures(stand: &Stand) {
    let hub = stand.hub();
    let found = hub.store.report().expect("a report");
    let of_queries = median(|| {
        hub.store.report().expect("a report");
    });
    let of_command = median(|| {
        let output = stand.command(&["report", "--json"]).output();
        assert!(output.expect("reports").status.success());
    });
    let what = format!(
        "report over {} plays and {} scans, {}",
        found.plays.tally.total, found.scans.tally.total, stand.name
    );
    figure(
        &format!("queries of a {what}"),
        of_queries,
        "ms",
        "goal",
        200.0,
    );
    figure(
        &format!("command for a {what}"),
        of_command,
        "ms",
        "goal",
        200.0,
    );
}

/// The time that something takes, in milliseconds.
fn median(run: impl Fn()) -> f64 {
    let mut times: Vec<f64> = (0..TIMES)
        .map(|_| {
            let started = Instant::now();
            run();
            started.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[TIMES / 2]
}
