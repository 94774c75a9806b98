//! A simulated street: how often each creative of a group would be scanned, and what a policy makes
//! of it.
//!
//! One screen airs the group's creatives from 6 to 24 o'clock for eight weeks. The chance that a
//! play is scanned is a product of: a base rate; the part of the week; the day (weather, the same
//! for all); the creative; the creative in this part of the week; a random walk of the creative
//! from day to day; and a whim of the day for each creative, which nobody can foresee. All but the
//! base rate are log-normal.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use passerby_playout::content::catalog::ItemKey;
use passerby_playout::schedule::adaptive::{
    Airing, Candidate, LearningBounds, LearningReason, Model, pick,
};
use passerby_protocol::Assignment;
use passerby_protocol::campaign::AdaptiveBy;
use passerby_protocol::tally::{LedTo, Tally, WEEK_PARTS, WeekPart};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

const DAYS: usize = 56;
/// First hour and length in hours of the parts of a day in which the screen is on.
const SLOTS: [(u16, u32); 4] = [(6, 4), (10, 5), (15, 4), (19, 5)];

/// What a street is like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    /// How many creatives.
    pub creatives: usize,
    /// Plays of the group an hour.
    pub plays_per_hour: u32,
    /// Scanned plays per play of an average creative.
    pub rate: f64,
    /// Standard deviation of the logarithm of what makes creatives different; 0 makes them all
    /// alike.
    pub difference: f64,
    /// The same for a creative in one part of the week.
    pub difference_in_part: f64,
    /// The same for a creative's step from one day to the next.
    pub drift: f64,
    /// The same for a day.
    pub weather: f64,
    /// The same for a creative on one day.
    pub whim: f64,
}

/// Creatives that differ as posters do: about one in six is scanned 1.6 times as often as the
/// middle one.
pub(crate) const SETTING: Setting = Setting {
    creatives: 5,
    plays_per_hour: 60,
    rate: 0.01,
    difference: 0.5,
    difference_in_part: 0.3,
    drift: 0.05,
    weather: 0.3,
    whim: 0.0,
};

/// Creatives that do not differ in anything that could be learned.
pub(crate) const ALIKE: Setting = Setting {
    difference: 0.0,
    difference_in_part: 0.0,
    drift: 0.0,
    whim: 0.3,
    ..SETTING
};

/// How scans become known to the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feedback {
    /// All scans come within so many days of their play, and a play is settled then.
    Settled {
        /// How many.
        days: usize,
    },
    /// Plays are settled at once, but what the hub sends is 0 to 3 days on its way, differently
    /// every day.
    Delivered,
    /// Scans come up to 3 days late and every play counts at once: what must not be done.
    Unsettled,
}

/// What came of one run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    /// Scans that the chosen plays lead to on average.
    pub scans: f64,
    /// Scans that uniform rotation leads to on average.
    pub uniform: f64,
    /// Scans on average if the best creative of every moment always aired.
    pub oracle: f64,
    /// Plays.
    pub plays: u64,
    /// Most plays of the group from one play of a creative to the next, or to its first.
    pub gap_max: u64,
    /// Most plays of one creative in a hundred of the group.
    pub of_hundred_max: usize,
    /// Plays for which [`LearningReason::Trying`] was given.
    pub trying: u64,
}

struct Street {
    setting: Setting,
    street: [f64; WEEK_PARTS],
    creative: Vec<f64>,
    in_part: Vec<[f64; WEEK_PARTS]>,
    today: Vec<f64>,
    random: SmallRng,
}

impl Street {
    fn new(setting: Setting, seed: u64) -> Self {
        let mut random = SmallRng::seed_from_u64(seed);
        Self {
            setting,
            street: std::array::from_fn(|_| (0.4 * normal(&mut random)).exp()),
            creative: (0..setting.creatives)
                .map(|_| setting.difference * normal(&mut random))
                .collect(),
            in_part: (0..setting.creatives)
                .map(|_| std::array::from_fn(|_| setting.difference_in_part * normal(&mut random)))
                .collect(),
            today: vec![0.0; setting.creatives],
            random,
        }
    }

    /// Moves on by a day and returns its weather as a factor.
    fn dawn(&mut self) -> f64 {
        for creative in &mut self.creative {
            *creative += self.setting.drift * normal(&mut self.random);
        }
        if self.setting.whim > 0.0 {
            for today in &mut self.today {
                *today = self.setting.whim * normal(&mut self.random);
            }
        }
        (self.setting.weather * normal(&mut self.random)).exp()
    }

    fn rates(&self, weather: f64, part: WeekPart) -> Vec<f64> {
        let usual = self.setting.rate * weather * self.street[part.index()];
        (0..self.setting.creatives)
            .map(|at| self.creative[at] + self.in_part[at][part.index()] + self.today[at])
            .map(|log| (usual * log.exp()).min(0.5))
            .collect()
    }
}

/// Runs a street for eight weeks.
pub(crate) fn run(
    setting: Setting,
    seed: u64,
    feedback: Feedback,
    model: &Model,
    bounds: &LearningBounds,
) -> Outcome {
    let mut street = Street::new(setting, seed);
    let mut luck = SmallRng::seed_from_u64(!seed);
    let mut late = SmallRng::seed_from_u64(seed ^ 0xFACE);
    let count = setting.creatives;
    let keys: Vec<ItemKey> = (0..count)
        .map(|at| ItemKey::from(format!("metro/{at}")))
        .collect();
    let mut airing = Airing::default();
    let mut outcome = Outcome::default();
    // Rows come in the order of time, one a slot and creative, and with them when each of their
    // scans is known.
    let mut rows: Vec<Vec<Tally>> = vec![Vec::new(); count];
    let mut known: Vec<Vec<Vec<usize>>> = vec![Vec::new(); count];
    let mut seen_slots = 0;
    let mut last: Vec<u64> = vec![0; count];
    let mut order: Vec<usize> = Vec::new();
    for day in 0..DAYS {
        let weather = street.dawn();
        let today: Date = date(2026, 11, 23) + i32::try_from(day).unwrap_or(0).days();
        let delay_days = late.random_range(0..=3);
        for (slot, (hour, hours)) in SLOTS.into_iter().enumerate() {
            let now = day * SLOTS.len() + slot;
            let weekday = u8::try_from(day % 7).unwrap_or(0);
            let part = WeekPart::at(weekday, hour * 60);
            let rates = street.rates(weather, part);
            let back = |days: usize| now.saturating_sub(days * SLOTS.len());
            seen_slots = match feedback {
                Feedback::Settled { days } => back(days),
                Feedback::Delivered => seen_slots.max(back(delay_days)),
                Feedback::Unsettled => now,
            };
            if feedback == Feedback::Unsettled {
                for (rows, known) in rows.iter_mut().zip(&known) {
                    for (row, known) in rows.iter_mut().zip(known) {
                        let scanned = known.iter().filter(|&&known| known <= now).count();
                        row.scanned = u32::try_from(scanned).unwrap_or(u32::MAX);
                    }
                }
            }
            let told: Vec<Vec<Tally>> = rows
                .iter()
                .map(|rows| {
                    let told = rows[..seen_slots].iter();
                    told.filter(|row| row.plays > 0).copied().collect()
                })
                .collect();
            let group: Vec<&[Tally]> = told.iter().map(Vec::as_slice).collect();
            let estimates = model.estimate(&group, AdaptiveBy::Scans, Some(today));
            let candidates: Vec<Candidate<'_>> = keys
                .iter()
                .zip(&estimates)
                .map(|(key, estimate)| Candidate { key, estimate })
                .collect();
            let mut plays = vec![0u32; count];
            let mut scanned = vec![Vec::new(); count];
            for _ in 0..hours * setting.plays_per_hour {
                let pick = pick(&candidates, Some(part), seed, &airing, bounds)
                    .expect("there are candidates");
                let number = airing.plays();
                airing.book(candidates[pick.index].key);
                plays[pick.index] += 1;
                let luck_here: f64 = luck.random();
                if luck_here < rates[pick.index] {
                    let delay = late.random_range(0..=3 * SLOTS.len());
                    scanned[pick.index].push(now + delay);
                }
                outcome.scans += rates[pick.index];
                outcome.uniform += rates.iter().sum::<f64>() / count as f64;
                outcome.oracle += rates.iter().copied().fold(0.0, f64::max);
                outcome.plays += 1;
                outcome.trying += u64::from(matches!(pick.reason, LearningReason::Trying(_)));
                for &last in &last {
                    outcome.gap_max = outcome.gap_max.max(number + 1 - last);
                }
                last[pick.index] = number + 1;
                order.push(pick.index);
                let newest = &order[order.len().saturating_sub(100)..];
                let of_hundred = newest.iter().filter(|&&one| one == pick.index).count();
                outcome.of_hundred_max = outcome.of_hundred_max.max(of_hundred);
            }
            for (at, scanned) in scanned.into_iter().enumerate() {
                rows[at].push(Tally {
                    assignment: Assignment::new(1 + u32::try_from(at).unwrap_or(0))
                        .expect("in range"),
                    day: today,
                    part,
                    plays: plays[at],
                    scanned: u32::try_from(scanned.len()).unwrap_or(u32::MAX),
                    led_to: LedTo::default(),
                });
                known[at].push(scanned);
            }
        }
    }
    outcome
}

/// Runs many streets, with seeds from 0, and adds up what came of them.
pub(crate) fn runs(
    setting: Setting,
    streets: u64,
    feedback: Feedback,
    model: &Model,
    bounds: &LearningBounds,
) -> Outcome {
    (0..streets).fold(Outcome::default(), |sum, seed| {
        let one = run(setting, seed, feedback, model, bounds);
        Outcome {
            scans: sum.scans + one.scans,
            uniform: sum.uniform + one.uniform,
            oracle: sum.oracle + one.oracle,
            plays: sum.plays + one.plays,
            gap_max: sum.gap_max.max(one.gap_max),
            of_hundred_max: sum.of_hundred_max.max(one.of_hundred_max),
            trying: sum.trying + one.trying,
        }
    })
}

/// Box and Muller, 1958.
fn normal(random: &mut SmallRng) -> f64 {
    let (u, v): (f64, f64) = (random.random(), random.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}
