//! The figures of plays, by what they were plays of.
//!
//! Invariant: a play is a campaign's only if the hub had given that creative of that campaign to
//! that screen, under the number that the play names. What a terminal says besides, about content
//! of its own or about anything else, stands apart, under names that no campaign shares.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use passerby_protocol::Assignment;
use passerby_protocol::foreign;
use passerby_protocol::plays::{Display, Outcome, SET_ASIDE};
use serde::Serialize;

use crate::database::{DatabaseError, Row, Transaction, values};
use crate::store::dates::{self, UndatedBoot};
use crate::store::gaps::{self, MissingCounts};
use crate::store::report::tally::Tally;

/// Most local campaigns that are listed, those with the most plays first; the rest is in the
/// totals.
pub const LOCAL_CAMPAIGNS_MAX: usize = 1_000;

/// Plays, and what became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PlayCounts {
    /// All that are stored, of the hub's campaigns and of the screens' own; by campaign and
    /// creative only the former.
    #[serde(flatten)]
    pub tally: Tally,
    /// By how they ended, in the words of `passerby plays`.
    pub by_outcome: BTreeMap<String, u64>,
    /// By whether the display was on: `on`, `off`, `unknown`.
    pub by_display: BTreeMap<String, u64>,
    /// Those of the tally that were of folders on the screens themselves.
    pub local: LocalCounts,
    /// Those of the tally whose row came without content, since the hub had refused it before.
    pub set_aside: u64,
    /// Of what was never given to the screen that sent them; not in the tally.
    pub unassigned: UnassignedCounts,
    /// Shown, and known never to come; not in the tally.
    pub missing: MissingCounts,
    /// Those of the tally whose boot never learned the time.
    pub undated: u64,
    /// Where these were and between when, newest first.
    pub undated_boots: Vec<UndatedBoot>,
}

/// Plays of folders on the screens themselves, which no campaign of the hub has a part in, also
/// where it has the same name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LocalCounts {
    /// All of them.
    pub total: u64,
    /// By screen number.
    pub by_screen: BTreeMap<String, u64>,
    /// By the folder's name; at most [`LOCAL_CAMPAIGNS_MAX`].
    pub by_campaign: BTreeMap<String, u64>,
}

/// Plays that a terminal says it made of what its screen was never given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct UnassignedCounts {
    /// All of them.
    pub total: u64,
    /// By screen number.
    pub by_screen: BTreeMap<String, u64>,
}

/// Counts everything.
pub(super) fn counts(tx: &Transaction<'_>) -> Result<PlayCounts, DatabaseError> {
    let mut counts = PlayCounts {
        missing: gaps::missing(tx)?,
        ..PlayCounts::default()
    };
    tx.each(
        "SELECT played.screen, contents.campaign, contents.creative, played.count, outcome, display,
                contents.assignment, assigned.content IS NOT NULL
         FROM (SELECT screen, content, outcome, display, plays AS count FROM play_totals WHERE plays > 0) AS played
         JOIN contents ON contents.id = played.content
         LEFT JOIN assigned_contents AS assigned
             ON assigned.screen = played.screen AND assigned.content = played.content",
        values![],
        |row| counts.add(row).map(ControlFlow::Continue),
    )?;
    counts.local.list_most();
    (counts.undated, counts.undated_boots) = dates::undated(tx)?;
    Ok(counts)
}

impl PlayCounts {
    fn add(&mut self, row: &Row<'_>) -> Result<(), DatabaseError> {
        let (screen, count): (i64, u64) = (row.get(0)?, row.get(3)?);
        let (assignment, is_assigned): (u32, bool) = (row.get(6)?, row.get(7)?);
        let screen = screen.to_string();
        if is_assigned {
            self.tally.add(row)?;
        } else if assignment == Assignment::NONE.get() {
            let campaign: String = row.get(1)?;
            self.tally.total += count;
            *self.tally.by_screen.entry(screen.clone()).or_default() += count;
            if campaign == SET_ASIDE {
                self.set_aside += count;
            } else {
                self.local.add(screen, &campaign, count);
            }
        } else {
            self.unassigned.total += count;
            *self.unassigned.by_screen.entry(screen).or_default() += count;
            return Ok(());
        }
        // Only codes that this hub knows are ever stored.
        if let Ok(outcome) = Outcome::try_from(row.get::<u8>(4)?) {
            *self
                .by_outcome
                .entry(outcome.word().to_owned())
                .or_default() += count;
        }
        if let Ok(display) = Display::try_from(row.get::<u8>(5)?) {
            *self
                .by_display
                .entry(display.word().to_owned())
                .or_default() += count;
        }
        Ok(())
    }
}

impl LocalCounts {
    fn add(&mut self, screen: String, campaign: &str, count: u64) {
        self.total += count;
        *self.by_screen.entry(screen).or_default() += count;
        let name = foreign::escaped(campaign).into_owned();
        *self.by_campaign.entry(name).or_default() += count;
    }

    /// Keeps the names with the most plays.
    fn list_most(&mut self) {
        if self.by_campaign.len() <= LOCAL_CAMPAIGNS_MAX {
            return;
        }
        let mut names: Vec<(String, u64)> =
            std::mem::take(&mut self.by_campaign).into_iter().collect();
        names.sort_by(|(a, of_a), (b, of_b)| of_b.cmp(of_a).then_with(|| a.cmp(b)));
        names.truncate(LOCAL_CAMPAIGNS_MAX);
        self.by_campaign = names.into_iter().collect();
    }
}
