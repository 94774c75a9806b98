//! What is printed of a fleet's day, one figure a line: name, value, unit, compared with, ratio.

use std::time::Duration;

use crate::balancer::Balancers;
use crate::hubs::{Hubs, MEMORY_MB_MAX};
use crate::phones::Scans;
use crate::requests::{Line, Requests};
use crate::size::{CALLS_A_DAY, DAY_MS, Size};

/// How long a scan should take at most, for all but one in a hundred people, in milliseconds.
const SCAN_MS_GOAL: f64 = 50.0;

pub(crate) struct Figures<'a> {
    pub(crate) size: Size,
    pub(crate) seed: u64,
    pub(crate) hubs: &'a Hubs,
    pub(crate) balancers: &'a Balancers,
    pub(crate) scans: &'a Scans,
    pub(crate) requests: &'a Requests,
    /// How long it took to add all screens.
    pub(crate) enrolled: Duration,
    /// How long the day took.
    pub(crate) took: Duration,
    /// How long the fleet's day was, until all had arrived.
    pub(crate) day_ms: u64,
    /// How many terminals waited for a publication, and how long the last one did.
    pub(crate) news: (usize, Duration),
}

impl Figures<'_> {
    pub(crate) fn print(&self) {
        println!(
            "fleet of seed {}: {:?} in {:?}, scans {}, {:?}",
            self.seed,
            self.size,
            self.took,
            self.scans,
            self.hubs.ends()
        );
        for line in self.hubs.memory() {
            println!("{line}");
        }
        for line in Line::ALL {
            self.print_line(line);
        }
        let screens = number(self.size.screens);
        let requests = number(self.requests.all());
        figure(
            "requests of the fleet",
            requests / self.took.as_secs_f64(),
            "/s",
            "screens",
            screens,
        );
        figure(
            "screens added and enrolled",
            screens / self.enrolled.as_secs_f64(),
            "/s",
            "screens",
            screens,
        );
        let (listening, longest) = self.news;
        figure(
            "from a publication's command until the last waiting terminal had it",
            longest.as_secs_f64(),
            "s",
            "terminals",
            number(listening as u64),
        );
        let goal = number(MEMORY_MB_MAX);
        let memory_mb = number(self.hubs.memory_mb());
        figure("memory of a hub at most", memory_mb, "MB", "goal", goal);
        for percent in [50, 99] {
            let name = format!("p{percent} of scans beside the fleet");
            let ms = self.scans.percentile_ms(percent);
            figure(&name, ms, "ms", "goal", SCAN_MS_GOAL);
        }
    }

    fn print_line(&self, line: Line) {
        let screens = number(self.size.screens_on(line));
        if screens == 0.0 {
            return;
        }
        let screen_days = screens * number(self.day_ms) / number(DAY_MS);
        let requests = number(self.requests.of(line));
        let rounds = match line {
            Line::Metered => self.size.rounds,
            Line::Unmetered => CALLS_A_DAY,
        };
        let name = line.name();
        println!("fleet {name}: {}", self.requests.kinds(line));
        figure(
            &format!("requests a screen a day {name}"),
            requests / screen_days,
            "requests",
            "calls for changes",
            number(rounds),
        );
        figure(
            &format!("bytes both ways a screen a day {name}"),
            number(self.balancers.of(line).bytes()) / screen_days,
            "B",
            "requests",
            requests / screen_days,
        );
    }
}

fn figure(name: &str, value: f64, unit: &str, against: &str, goal: f64) {
    println!(
        "{name}\t{value:.1}\t{unit}\t{against} {goal:.1}\t{:.4}",
        value / goal
    );
}

#[allow(clippy::cast_precision_loss, reason = "figures for people")]
const fn number(value: u64) -> f64 {
    value as f64
}
