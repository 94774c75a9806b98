//! Prints what it costs the hub to judge who asks, one figure a line: name, value, unit, compared
//! with, ratio.
//!
//! Speed is a goal for `scripts/bench`, never a test: machines differ.

use std::hint::black_box;
use std::time::Instant;

use passerby_hub::scans::visitor::Grade;

const PEOPLE: &str = include_str!("../tests/hub/agents/people.txt");
const ROBOTS: &str = include_str!("../tests/hub/agents/robots.txt");

fn main() {
    let agents: Vec<&str> = PEOPLE
        .lines()
        .chain(ROBOTS.lines())
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let mut at = 0;
    let grade_us = per_call_us(100_000, || {
        at = (at + 1) % agents.len();
        Grade::of_agent(black_box(agents[at]))
    });
    compare("grade of a user agent", grade_us, "µs", 20.0);
}

fn per_call_us<T>(calls: u32, mut call: impl FnMut() -> T) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        black_box(call());
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
}

fn compare(name: &str, value: f64, unit: &str, goal: f64) {
    println!(
        "{name}\t{value:.2}\t{unit}\tgoal {goal}\t{:.4}",
        value / goal
    );
}
