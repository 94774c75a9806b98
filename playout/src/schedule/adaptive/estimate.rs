//! What the tallies say about how often each candidate is scanned, or brings what else its campaign
//! wants; "scanned" stands for that below.

use jiff::civil::Date;
use passerby_protocol::campaign::AdaptiveBy;
use passerby_protocol::tally::{Tally, WEEK_PARTS, WeekPart};

/// The numbers of the estimate. A scan that is not seen but assumed is a pseudo-scan: a belief with
/// `x` of them is as firm as one after `x` scans, so its standard deviation is `1 / √x` of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Model {
    /// After how many days a play counts for half.
    pub half_life_days: f64,
    /// How often a play is scanned before anything is known; taken for one pseudo-scan.
    pub rate: f64,
    /// How firmly a part of the week is believed to be like the whole week, in pseudo-scans.
    pub part_scans: f64,
    /// How firmly candidates are believed to be alike, in pseudo-scans.
    pub lift_scans: f64,
    /// How firmly a candidate is believed to do in one part of the week as in the others, in
    /// pseudo-scans.
    pub own_part_scans: f64,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            half_life_days: 21.0,
            rate: 0.005,
            part_scans: 4.0,
            lift_scans: 4.0,
            own_part_scans: 10.0,
        }
    }
}

/// Settled plays that were counted, none of them discounted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evidence {
    /// How many plays were judged.
    pub plays: u64,
    /// How many of them were scanned, or brought what else is wanted.
    pub scanned: u64,
}

/// What is believed about how often a candidate is scanned in each part of the week.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    parts: [Belief; WEEK_PARTS],
    whole: Belief,
    /// By what it was judged.
    pub(super) by: AdaptiveBy,
}

/// A beta distribution over the rate; both parameters are at least 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Belief {
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) seen: Evidence,
}

impl Belief {
    fn new(pseudo_scans: f64, rate: f64, counts: PartCounts) -> Self {
        let a = pseudo_scans.max(1.0);
        let plays = a / rate.clamp(1e-6, 0.5);
        Self {
            a: a + counts.scanned,
            b: plays - a + (counts.plays - counts.scanned).max(0.0),
            seen: counts.seen,
        }
    }

    pub(super) fn mean(&self) -> f64 {
        self.a / (self.a + self.b)
    }
}

impl Estimate {
    /// The belief for a part of the week; for the week as a whole when the part is not known.
    pub(super) fn of(&self, part: Option<WeekPart>) -> &Belief {
        part.map_or(&self.whole, |part| &self.parts[part.index()])
    }

    /// Whether any scan of it was counted.
    pub(super) fn is_scanned(&self) -> bool {
        self.whole.seen.scanned > 0
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct PartCounts {
    plays: f64,
    scanned: f64,
    seen: Evidence,
}

impl std::ops::AddAssign for PartCounts {
    fn add_assign(&mut self, other: Self) {
        self.plays += other.plays;
        self.scanned += other.scanned;
        self.seen.plays += other.seen.plays;
        self.seen.scanned += other.seen.scanned;
    }
}

impl Model {
    /// Estimates all candidates of a group together, from the tallies of each, in the order of the
    /// candidates.
    ///
    /// A candidate may be one assignment, or a campaign with the tallies of all of its assignments.
    /// `today` is the day at the venue; without it days are counted back from the newest tally. The
    /// cost is a few microseconds for a hundred rows, so the caller keeps the result until tallies
    /// or the day change.
    pub fn estimate(
        &self,
        group: &[&[Tally]],
        by: AdaptiveBy,
        today: Option<Date>,
    ) -> Vec<Estimate> {
        let today = today.or_else(|| {
            group
                .iter()
                .flat_map(|tallies| tallies.iter().map(|tally| tally.day))
                .max()
        });
        let counts: Vec<[PartCounts; WEEK_PARTS]> = group
            .iter()
            .map(|tallies| self.discounted(tallies, by, today))
            .collect();
        let total = |of: &mut dyn Iterator<Item = PartCounts>| {
            of.fold(PartCounts::default(), |mut sum, counts| {
                sum += counts;
                sum
            })
        };
        let all = total(&mut counts.iter().flatten().copied());
        let rate = (all.scanned + 1.0) / (all.plays + 1.0 / self.rate);
        let rates: [f64; WEEK_PARTS] = std::array::from_fn(|part| {
            let here = total(&mut counts.iter().map(|parts| parts[part]));
            (here.scanned + self.part_scans) / (here.plays + self.part_scans / rate)
        });
        counts
            .iter()
            .map(|parts| {
                let whole = total(&mut parts.iter().copied());
                let expected = |part: usize| parts[part].plays * rates[part];
                let expected_whole: f64 = (0..WEEK_PARTS).map(expected).sum();
                Estimate {
                    parts: std::array::from_fn(|part| {
                        // What the other parts of the week tell about it, as a factor to what is
                        // usual then.
                        let elsewhere = self.lift_scans + whole.scanned - parts[part].scanned;
                        let lift = elsewhere
                            / (self.lift_scans + expected_whole - expected(part)).max(1e-9);
                        // Two uncertainties, of the lift and of this part, add up.
                        let firmness =
                            self.own_part_scans * elsewhere / (self.own_part_scans + elsewhere);
                        Belief::new(firmness, rates[part] * lift, parts[part])
                    }),
                    whole: Belief::new(self.lift_scans, rate, whole),
                    by,
                }
            })
            .collect()
    }

    fn discounted(
        &self,
        tallies: &[Tally],
        by: AdaptiveBy,
        today: Option<Date>,
    ) -> [PartCounts; WEEK_PARTS] {
        let mut parts = [PartCounts::default(); WEEK_PARTS];
        for tally in tallies {
            let age = today.map_or(0, |today| (today - tally.day).get_days().max(0));
            let brought = tally.brought(by);
            let weight = libm::exp(-std::f64::consts::LN_2 * f64::from(age) / self.half_life_days);
            parts[tally.part.index()] += PartCounts {
                plays: weight * f64::from(tally.plays),
                scanned: weight * f64::from(brought),
                seen: Evidence {
                    plays: u64::from(tally.plays),
                    scanned: u64::from(brought),
                },
            };
        }
        parts
    }
}
