//! Goals: what a phase still owes, spread evenly over the time on the air that is left for it.
//!
//! Invariant: the share that a goal takes depends on what is left alone, so an outage is caught up
//! over the whole rest of the phase and never floods the screen: no goal takes more than half of a
//! zone from those who have none.

use jiff::Timestamp;
use passerby_protocol::Window;

use crate::schedule::rotation::PickSurroundings;
use crate::schedule::rotation::air_time_left::{AirTimeLeft, ms_between};
use crate::schedule::rotation::plan::Rotation;

/// Most of a zone's air time that goals may take from content without one, in millionths.
pub(super) const GOALS_PPM_MAX: u64 = 500_000;
/// After so many changes of windows the rest of a phase is taken to be like what was seen of it.
const EDGES_MAX: usize = 2_000;
/// Placements of a phase whose hours are looked at; the others are taken to be like them.
const MEMBERS_MAX: usize = 8;
/// What is believed of a code before anything is known: scanned plays, of so many plays.
const SCANS_BELIEVED: (f64, f64) = (1.0, 500.0);

/// How a phase stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PaceState {
    /// Plays that its goal still takes; `None` without a goal.
    pub(super) plays_left: Option<u64>,
}

impl Rotation {
    /// How a phase stands with what has aired.
    pub(super) fn standing(
        &self,
        campaign: usize,
        phase: usize,
        around: &PickSurroundings<'_>,
    ) -> PaceState {
        let goal = &self.campaign(campaign).phases[phase];
        let account = self.campaigns[campaign].accounts[phase];
        let done = around.history.accounts.of(account).plays;
        let plays = goal
            .goal_plays
            .map(|goal| u64::from(goal).saturating_sub(done));
        let scans = goal.goal_scans.map(|goal| {
            let rate = self.scans_a_play(campaign, around);
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "an estimate; plays are far fewer than 2^52"
            )]
            {
                ((f64::from(goal) / rate - done as f64).max(0.0)).ceil() as u64
            }
        });
        PaceState {
            plays_left: match (plays, scans) {
                (Some(plays), Some(scans)) => Some(plays.max(scans)),
                (plays, scans) => plays.or(scans),
            },
        }
    }

    /// Scanned plays for each play of a campaign on this screen, as far as the hub has counted.
    fn scans_a_play(&self, campaign: usize, around: &PickSurroundings<'_>) -> f64 {
        let members = &self.campaigns[campaign].members;
        let tallies = members
            .iter()
            .flat_map(|&item| around.facts.scans.of(self.catalog[item].assignment));
        let (scanned, plays) = tallies.fold(SCANS_BELIEVED, |(scanned, plays), tally| {
            (
                scanned + f64::from(tally.scanned),
                plays + f64::from(tally.plays),
            )
        });
        scanned / plays
    }

    /// Time on the air that a phase has left, in milliseconds; `None` when it has no end.
    pub(super) fn left_ms(&mut self, campaign: usize, phase: usize, now: Timestamp) -> Option<u64> {
        self.campaign(campaign).phases[phase].until?;
        if let Some(pace) = self.seen.paces.get(&(campaign, phase))
            && let Some(left_ms) = pace.left_ms(now)
        {
            return Some(left_ms);
        }
        let pace = self.pace(campaign, phase, now);
        self.seen.paces.insert((campaign, phase), pace);
        pace.left_ms(now)
    }

    fn pace(&self, campaign: usize, phase: usize, now: Timestamp) -> AirTimeLeft {
        let zone = &self.rules.time_zone;
        let dates = &self.campaign(campaign).phases[phase];
        let members: Vec<usize> = self.campaigns[campaign]
            .members
            .iter()
            .copied()
            .filter(|&item| {
                let phases = &self.items[item].phases;
                phases.is_empty() || phases.contains(&phase)
            })
            .take(MEMBERS_MAX)
            .collect();
        let open_at = |at: Timestamp| {
            let hours = members
                .iter()
                .map(|&item| self.catalog[item].placement().at(at, zone))
                .reduce(Window::or)
                .unwrap_or(Window::NEVER);
            hours.and(self.rules.opening.at(at, zone))
        };
        let first = open_at(now).and(dates.at(now, zone));
        let (mut at, mut left_ms, mut open_ms, mut seen_ms) = (now, 0_u64, 0_u64, 0_u64);
        let mut edges = 0;
        while dates.at(at, zone).open {
            let (window, dates) = (open_at(at), dates.at(at, zone));
            let Some(end) = [window.until, dates.until].into_iter().flatten().min() else {
                break;
            };
            let span_ms = ms_between(at, end);
            seen_ms += span_ms;
            if window.open {
                open_ms += span_ms;
            }
            left_ms = open_ms;
            at = end;
            edges += 1;
            if edges == EDGES_MAX {
                left_ms = self.extrapolated_ms(campaign, phase, at, open_ms, seen_ms);
                break;
            }
        }
        AirTimeLeft {
            from: now,
            until: first.until.unwrap_or(Timestamp::MAX),
            open: first.open,
            left_ms,
        }
    }

    /// The whole, when the rest until the end of a phase is like what was seen of it.
    fn extrapolated_ms(
        &self,
        campaign: usize,
        phase: usize,
        at: Timestamp,
        open_ms: u64,
        seen_ms: u64,
    ) -> u64 {
        let dates = self.campaign(campaign).phases[phase].at(at, &self.rules.time_zone);
        let rest_ms = dates.until.map_or(0, |until| ms_between(at, until));
        let rest = u128::from(open_ms) * u128::from(rest_ms) / u128::from(seen_ms.max(1));
        open_ms.saturating_add(u64::try_from(rest).unwrap_or(u64::MAX))
    }
}
