//! Prints what adaptive picking brings on a simulated street, one figure a line: name, value, unit,
//! compared with, ratio.
//!
//! Scans are what the chosen plays lead to on average, so that the luck of single scans does not
//! blur them. "Oracle" always airs the best creative of the moment: it knows the true rates, and
//! keeps no floors. Creatives that are alike differ by whims of the day only, so nothing can be
//! gained, but chasing them could lose. The number of streets is an argument.

#![allow(clippy::cast_precision_loss, reason = "figures of small numbers")]

mod model;

use std::hint::black_box;
use std::time::Instant;

use model::{ALIKE, Feedback, SETTING, Setting, runs};
use passerby_playout::content::catalog::ItemKey;
use passerby_playout::schedule::adaptive::{Airing, Candidate, LearningBounds, Model, pick};
use passerby_protocol::campaign::AdaptiveBy;
use passerby_protocol::tally::{Tally, WeekPart};

fn main() {
    let streets = std::env::args().nth(1);
    let streets: u64 = streets.map_or(12, |text| text.parse().expect("a number of streets"));
    let (belief, bounds) = (Model::default(), LearningBounds::default());
    let settings = [
        ("street", SETTING),
        (
            "quiet street",
            Setting {
                rate: 0.001,
                ..SETTING
            },
        ),
    ];
    let feedbacks = [
        ("at once", Feedback::Settled { days: 0 }),
        ("after 1 day", Feedback::Settled { days: 1 }),
        ("after 3 days", Feedback::Settled { days: 3 }),
        ("0 to 3 days on its way", Feedback::Delivered),
        ("3 days late, unsettled plays counted", Feedback::Unsettled),
    ];
    let (mut gap_max, mut of_hundred_max) = (0, 0);
    for (street, setting) in settings {
        for (when, feedback) in feedbacks {
            let outcome = runs(setting, streets, feedback, &belief, &bounds);
            let name = format!("{street}, feedback {when}: scans per 1000 plays");
            let per_mille = 1_000.0 / outcome.plays as f64;
            let scans = outcome.scans * per_mille;
            print(
                &name,
                scans,
                "scans",
                "uniform",
                outcome.uniform * per_mille,
            );
            print(&name, scans, "scans", "oracle", outcome.oracle * per_mille);
            gap_max = gap_max.max(outcome.gap_max);
            of_hundred_max = of_hundred_max.max(outcome.of_hundred_max);
        }
    }
    let outcome = runs(
        ALIKE,
        streets,
        Feedback::Settled { days: 1 },
        &belief,
        &bounds,
    );
    let per_mille = 1_000.0 / outcome.plays as f64;
    print(
        "creatives that are alike, feedback after 1 day: scans per 1000 plays",
        outcome.scans * per_mille,
        "scans",
        "uniform",
        outcome.uniform * per_mille,
    );
    let turn = bounds.turn_plays(SETTING.creatives).expect("a floor") as f64;
    let gap = gap_max.max(outcome.gap_max) as f64;
    print(
        "plays until a creative airs again, most",
        gap,
        "plays",
        "floor",
        turn,
    );
    let most = of_hundred_max.max(outcome.of_hundred_max) as f64;
    let ceiling = f64::from(bounds.ceiling_percent);
    print(
        "plays of one creative in 100, most",
        most,
        "plays",
        "ceiling",
        ceiling,
    );
    print(
        "adaptive pick among 10",
        pick_us(&belief, &bounds),
        "µs",
        "goal",
        20.0,
    );
}

/// Microseconds a pick and its booking, when every pick is drawn; of the quickest of several
/// rounds, since other programs only ever add to it.
fn pick_us(belief: &Model, bounds: &LearningBounds) -> f64 {
    let keys: Vec<ItemKey> = (0..10)
        .map(|at| ItemKey::from(format!("metro/{at}")))
        .collect();
    let nothing: [&[Tally]; 10] = [&[]; 10];
    let estimates = belief.estimate(&nothing, AdaptiveBy::Scans, None);
    let candidates: Vec<Candidate<'_>> = keys
        .iter()
        .zip(&estimates)
        .map(|(key, estimate)| Candidate { key, estimate })
        .collect();
    let part = Some(WeekPart::at(0, 480));
    let mut airing = Airing::default();
    let mut round_us = || {
        let start = Instant::now();
        for _ in 0..200 {
            let pick = pick(black_box(&candidates), part, 7, &airing, bounds).expect("candidates");
            airing.book(&keys[pick.index]);
        }
        start.elapsed().as_secs_f64() * 1e6 / 200.0
    };
    (0..100).map(|_| round_us()).fold(f64::MAX, f64::min)
}

fn print(name: &str, value: f64, unit: &str, against: &str, other: f64) {
    println!(
        "{name}\t{value:.2}\t{unit}\t{against} {other:.2}\t{:.4}",
        value / other
    );
}
