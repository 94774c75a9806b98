//! Where campaigns stand that have goals.

use std::ops::ControlFlow;

use passerby_protocol::foreign;
use passerby_protocol::{Campaign, CampaignId};
use serde::Serialize;

use crate::database::{DatabaseError, Id, Transaction, owned_values, values};
use crate::store::report::breakdown::{Filter, unassigned};
use crate::store::rollups::{quarter_of, spans};
use crate::store::{Result, StoreError};
use crate::system::clock;

/// A phase's goals and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GoalCount {
    /// The campaign.
    pub campaign: CampaignId,
    /// The phase's name.
    pub phase: String,
    /// Hoped for.
    pub goal_plays: Option<u32>,
    /// Dated plays in the phase.
    pub plays: u64,
    /// Hoped for.
    pub goal_scans: Option<u32>,
    /// Scans in the phase.
    pub scans: u64,
}

/// Counts what each phase with a goal has come to.
///
/// # Errors
/// The database fails, or a campaign cannot be read.
pub(super) fn goals(tx: &Transaction<'_>) -> Result<Vec<GoalCount>> {
    let (mut goals, mut phases) = (Vec::new(), Vec::new());
    tx.each(
        "SELECT id, body FROM campaigns ORDER BY id",
        values![],
        |row| {
            let id: CampaignId = row.get::<Id<_>>(0)?.0;
            let campaign: Campaign = serde_json::from_str(&row.get::<String>(1)?)?;
            for phase in campaign.phases {
                if phase.goal_plays.is_none() && phase.goal_scans.is_none() {
                    continue;
                }
                // What has no date is in no phase; days begin on a quarter everywhere.
                let from_ms = clock::start_of(phase.from, 0);
                let until_ms = clock::end_of(phase.until, i64::MAX);
                phases.push((quarter_of(from_ms), quarter_of(until_ms)));
                goals.push(GoalCount {
                    campaign: id.clone(),
                    phase: foreign::escaped(&phase.name).into_owned(),
                    goal_plays: phase.goal_plays,
                    plays: 0,
                    goal_scans: phase.goal_scans,
                    scans: 0,
                });
            }
            Ok::<_, StoreError>(ControlFlow::Continue(()))
        },
    )?;
    let (mut of, mut sets) = (Vec::new(), Vec::new());
    for (at, (goal, phase)) in goals.iter().zip(&phases).enumerate() {
        for part in spans::parts(*phase) {
            of.push((at, part.is_added));
            let campaign = goal.campaign.to_string();
            sets.push(owned_values![part.span, campaign, part.from, part.until]);
        }
    }
    let found = tx.all_each(
        "SELECT CAST(coalesce(sum(plays), 0) AS BIGINT), CAST(coalesce(sum(scans), 0) AS BIGINT) FROM creative_sums
         WHERE span = ?1 AND campaign = ?2 AND creative <> '' AND at >= ?3 AND at < ?4",
        &sets,
        |row| Ok::<_, DatabaseError>((row.get::<u64>(0)?, row.get::<u64>(1)?)),
    )?;
    // What is added comes before what is taken off.
    for ((at, is_added), (plays, scans)) in of.into_iter().zip(found.concat()) {
        let goal = &mut goals[at];
        if is_added {
            goal.plays += plays;
            goal.scans += scans;
        } else {
            goal.plays = goal.plays.saturating_sub(plays);
            goal.scans = goal.scans.saturating_sub(scans);
        }
    }
    if unassigned::is_any(tx)? {
        for (goal, phase) in goals.iter_mut().zip(phases) {
            let of_campaign = Filter {
                campaign: Some(goal.campaign.clone()),
                ..Filter::default()
            };
            for one in unassigned::read(tx, &of_campaign, phase)? {
                goal.plays = goal.plays.saturating_sub(one.plays);
            }
        }
    }
    Ok(goals)
}
