//! What a proof adds up to.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::dating::Anchor;
use crate::foreign::plain;
use crate::plays::Outcome;
use crate::proof_of_play::PlayRow;

/// Most names that are counted apart; those that come later are counted together.
const NAMES_MAX: usize = 10_000;
/// Most boots of which times are kept; plays of later ones count as undated.
const BOOTS_MAX: usize = 100_000;
/// What later names are counted as.
const OTHERS: &str = "(others)";

/// How many plays, and for how long.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Plays.
    pub plays: u64,
    /// Time on the screen, in milliseconds.
    pub visible_ms: u64,
}

/// The plays of a proof, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ProofTally {
    /// All of them.
    pub all: Count,
    /// By campaign.
    pub by_campaign: BTreeMap<String, Count>,
    /// By the creative's SHA-256.
    pub by_creative: BTreeMap<String, Count>,
    /// By how they ended.
    pub by_outcome: BTreeMap<String, u64>,
    /// When the first dated play began, in Unix milliseconds.
    pub from_ms: Option<i64>,
    /// When the last dated play ended, likewise.
    pub until_ms: Option<i64>,
    /// Plays of boots that nothing dates.
    pub undated: u64,
    #[serde(skip)]
    boots: BTreeMap<String, Span>,
    #[serde(skip)]
    of_further_boots: u64,
}

/// What is known of a boot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Span {
    plays: u64,
    from_boot_ms: u64,
    until_boot_ms: u64,
    anchor: Option<Anchor>,
}

impl ProofTally {
    pub(super) fn add(&mut self, play: &PlayRow<'_>) {
        let visible_ms = play.visible_ms;
        let count = |counts: &mut BTreeMap<String, Count>, name: &str| {
            let count = entry(counts, name);
            count.plays += 1;
            count.visible_ms = count.visible_ms.saturating_add(visible_ms);
        };
        self.all.plays += 1;
        self.all.visible_ms = self.all.visible_ms.saturating_add(visible_ms);
        count(&mut self.by_campaign, &plain(&play.content.campaign));
        count(&mut self.by_creative, &play.content.creative.to_string());
        let outcome = Outcome::try_from(play.outcome).map_or("(newer)", Outcome::word);
        match self.by_outcome.get_mut(outcome) {
            Some(plays) => *plays += 1,
            None => {
                self.by_outcome.insert(outcome.to_owned(), 1);
            }
        }
        let (start, end) = (
            play.start_boot_ms,
            play.start_boot_ms.saturating_add(visible_ms),
        );
        let has_room = self.boots.len() < BOOTS_MAX;
        match self.boots.get_mut(play.boot) {
            Some(span) => {
                span.plays += 1;
                span.from_boot_ms = span.from_boot_ms.min(start);
                span.until_boot_ms = span.until_boot_ms.max(end);
            }
            None if has_room => {
                let span = Span {
                    plays: 1,
                    from_boot_ms: start,
                    until_boot_ms: end,
                    anchor: None,
                };
                self.boots.insert(play.boot.to_owned(), span);
            }
            None => self.of_further_boots += 1,
        }
    }

    /// Takes what dates boots; of two, the later one counts.
    pub(super) fn date(&mut self, anchors: &[Anchor]) {
        for anchor in anchors {
            if let Some(span) = self.boots.get_mut(&anchor.boot) {
                span.anchor = Some(anchor.clone());
            }
        }
    }

    /// When the last play of a boot ended, in its milliseconds.
    pub(super) fn ended_boot_ms(&self, boot: &str) -> Option<u64> {
        self.boots.get(boot).map(|span| span.until_boot_ms)
    }

    /// Works out the dates, once everything was read.
    pub(super) fn settle(&mut self) {
        let mut undated = self.of_further_boots;
        for span in self.boots.values() {
            let Some(anchor) = &span.anchor else {
                undated += span.plays;
                continue;
            };
            let (from, until) = (
                anchor.wall_at(span.from_boot_ms),
                anchor.wall_at(span.until_boot_ms),
            );
            self.from_ms = Some(self.from_ms.map_or(from, |known| known.min(from)));
            self.until_ms = Some(self.until_ms.map_or(until, |known| known.max(until)));
        }
        self.undated = undated;
    }
}

fn entry<'m>(counts: &'m mut BTreeMap<String, Count>, name: &str) -> &'m mut Count {
    let is_full = counts.len() >= NAMES_MAX && !counts.contains_key(name);
    let name = if is_full { OTHERS } else { name };
    if !counts.contains_key(name) {
        counts.insert(name.to_owned(), Count::default());
    }
    counts.get_mut(name).expect("it was just put there")
}
