//! How long it takes to say what became of many shares.

use std::time::Instant;

use passerby_hub::system::clock;
use passerby_protocol::{CampaignId, ScreenNumber};
use passerby_testing::postgres::PostgresServer;

use crate::stand::{SCREENS, Stand};
use crate::{figure, figures, fill};

/// What it may take, in milliseconds.
const GOAL_MS: f64 = 200.0;
/// How often each is asked.
const TIMES: usize = 5;
/// Shares of one chain.
const A_CHAIN: u64 = 5;
/// The statements that make all figures of what rows there are, after they have emptied them.
pub(crate) fn figures_of_rows(is_on_server: bool) -> Vec<String> {
    // What was noted of rows is made of these as well.
    let mut statements = vec!["DELETE FROM figure_changes".to_owned()];
    for insert in figures::inserts(is_on_server) {
        let table = insert.split([' ', '(']).nth(2).expect("a table");
        let empty = format!("DELETE FROM {table}");
        if !statements.contains(&empty) {
            statements.push(empty);
        }
        statements.push(insert);
    }
    statements
}

/// Writes so many shares, most of one campaign's, and prints how long it takes to tell of them.
pub(crate) fn figures(stand: &Stand, server: Option<&PostgresServer>, links: u64) {
    let scans = links / A_CHAIN;
    let day_ms = clock::DAY_MS;
    let now_ms = clock::now_ms();
    let visitor = if server.is_some() {
        "convert_to(lpad(to_hex(i), 16, '0'), 'UTF8')"
    } else {
        "CAST(printf('%016x', i) AS BLOB)"
    };
    let first = "(SELECT max(id) FROM scans)";
    let screens = SCREENS;
    let numbers = |many: u64| {
        format!(
            "WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {many})"
        )
    };
    // Each chain of thirty days: three friends of who scanned, and two friends of the first.
    let below = |at: u64, generation: u64, above: &str| {
        format!(
            "INSERT INTO shares (name, scan, parent, generation, made_for, owner, created_ms, children)
             SELECT 'many-{at}-' || scan, scan, id, {generation}, made_for, made_for, created_ms + {at} * 1800000, 0
             FROM shares WHERE name LIKE '{above}%'"
        )
    };
    let mut statements = vec![
        format!(
            "INSERT INTO scans (screen, play, visitor, grade, assignment, campaign, creative, minted_ms, scanned_ms,
                                standing, settled)
             {} SELECT screen, 5000000 + i, {visitor}, 0, number, campaign, creative, {now_ms},
                {now_ms} - CAST(i % 30 AS BIGINT) * {day_ms}, 0, TRUE
             FROM numbers JOIN assignments ON screen = 1 + i % {screens} AND number = 1 ORDER BY i",
            numbers(scans)
        ),
        format!(
            "INSERT INTO shares (name, scan, generation, made_for, owner, created_ms, children)
             SELECT 'many-0-' || id, id, 0, visitor, visitor, scanned_ms, 3 FROM scans
             WHERE id > {first} - {scans}"
        ),
    ];
    statements.extend((1..=3).map(|at| {
        below(at, 1, "many-0-").replace("made_for, made_for", &made_for(server.is_some(), at))
    }));
    statements.extend((4..=5).map(|at| {
        below(at, 2, "many-1-").replace("made_for, made_for", &made_for(server.is_some(), at))
    }));
    statements.push("UPDATE shares SET children = 2 WHERE name LIKE 'many-1-%'".to_owned());
    statements.extend(figures_of_rows(server.is_some()));
    fill::run(
        server.zip(stand.database.as_deref()),
        &stand.data,
        &statements,
    );
    let hub = stand.hub();
    let campaign: CampaignId = "cafe-0".parse().expect("a name");
    let screen = ScreenNumber::new(7).expect("in range");
    for (of, campaign, screen) in [
        ("a campaign", Some(&campaign), None),
        ("a screen", None, Some(screen)),
        ("both", Some(&campaign), Some(screen)),
    ] {
        let mut times: Vec<f64> = (0..TIMES)
            .map(|_| {
                let started = Instant::now();
                let report = hub.store.chain_report(campaign, screen, now_ms);
                let report = report.expect("is told");
                assert!(report.shares > 0 && !report.largest[0].nodes.is_empty());
                started.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        times.sort_by(f64::total_cmp);
        figure(
            &format!("chains of {of} over {links} shares, {}", stand.name),
            times[TIMES / 2],
            "ms",
            "goal",
            GOAL_MS,
        );
    }
}

/// Somebody else for each link below another.
fn made_for(is_on_server: bool, at: u64) -> String {
    let one = if is_on_server {
        format!("convert_to(lpad(to_hex({at} * 100000000 + scan), 16, '0'), 'UTF8')")
    } else {
        format!("CAST(printf('%016x', {at} * 100000000 + scan) AS BLOB)")
    };
    format!("{one}, {one}")
}
