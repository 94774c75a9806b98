//! What became of shares: how many links there are in each generation, how many others one person
//! brings, how long after the scan, from which screens, and the largest chains.
//!
//! Invariants: figures are made of the sums by day ([`crate::store::rollups::link_sums`]) and say
//! the same before and after pruning; what is listed is bounded, and how much is left out is said;
//! of chains it is never told whose links they are, nor what anybody typed. A moment that was
//! erased changes nothing here: that a link was passed on and opened is a figure, and no word of it
//! is.

mod figures;
mod interval;
mod largest;

use jiff::civil::Date;
use passerby_protocol::{CampaignId, ScreenNumber};
use serde::Serialize;

use crate::store::Store;
use crate::store::report::breakdown::{BreakdownError, Filter, known};
use crate::store::report::names;

pub use crate::store::report::chains::figures::{
    AfterScan, GenerationLine, PLACES_MAX, PlaceLine, Reproduction,
};
pub(super) use crate::store::report::chains::figures::{Of, generations};
pub use crate::store::report::chains::interval::Estimate;
pub use crate::store::report::chains::largest::{
    CHAINS_DRAWN, LARGEST_MAX, LargeChain, NODES_MAX, Node,
};

/// What is said of chains.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChainReport {
    /// Of which campaign.
    pub campaign: Option<CampaignId>,
    /// Begun at which screen.
    pub screen: Option<ScreenNumber>,
    /// Links: those of scans, and those that others got.
    pub links: u64,
    /// Links that others got: what was passed on and opened.
    pub shares: u64,
    /// The highest generation.
    pub depth: u64,
    /// The most links in one generation after the scans.
    pub breadth: u64,
    /// By generation, from the scans.
    pub generations: Vec<GenerationLine>,
    /// How many others one person brings; `None` while no link is old enough.
    pub reproduction: Option<Reproduction>,
    /// How many others one person brings who brings any.
    pub by_sharer: Option<Reproduction>,
    /// How long after the scan links were made.
    pub after_scan: AfterScan,
    /// Where chains began, those with the most links first; at most [`PLACES_MAX`].
    pub places: Vec<PlaceLine>,
    /// Links that others got of chains that began elsewhere.
    pub shares_elsewhere: u64,
    /// Chains that have more than the link of the scan, and are there.
    pub chains: u64,
    /// The largest of them; at most [`LARGEST_MAX`].
    pub largest: Vec<LargeChain>,
    /// The name of the screen.
    pub screen_name: Option<String>,
    /// The title of the campaign.
    pub title: Option<String>,
}

impl Store {
    /// Says what became of the shares of a campaign, of one screen, or of both.
    ///
    /// # Errors
    /// There is no such campaign or screen, or the database fails.
    pub fn chain_report(
        &self,
        campaign: Option<&CampaignId>,
        screen: Option<ScreenNumber>,
        now_ms: i64,
    ) -> Result<ChainReport, BreakdownError> {
        self.add_up_figures()?;
        self.read(|tx| {
            let filter = Filter {
                campaign: campaign.cloned(),
                screen,
                ..Filter::default()
            };
            let filter = known(tx, &filter)?;
            let of = figures::Of::new(&filter);
            let sums = figures::generations(tx, &of, now_ms)?;
            let (mut places, in_places) = figures::places(tx, &of)?;
            let (chains, mut largest) = largest::largest(tx, &of)?;
            let shares: u64 = sums.lines.iter().map(|line| line.brought).sum();
            let after_scans = || sums.lines.iter().filter(|line| line.generation > 0);
            let numbers = places.iter().map(|place| place.screen);
            let numbers = numbers.chain(largest.iter().map(|chain| chain.screen));
            let screens = names::screens_of(tx, numbers.chain(screen))?;
            let name = |screen: ScreenNumber| screens.get(&screen.to_string()).cloned();
            for place in &mut places {
                place.name = name(place.screen);
            }
            for chain in &mut largest {
                chain.name = name(chain.screen);
            }
            let title = match &filter.campaign {
                Some(campaign) => names::campaign(tx, campaign)?,
                None => None,
            };
            Ok(ChainReport {
                campaign: filter.campaign,
                screen,
                links: sums.lines.iter().map(|line| line.links).sum(),
                shares,
                depth: after_scans().map(|line| line.generation).max().unwrap_or(0),
                breadth: after_scans().map(|line| line.links).max().unwrap_or(0),
                reproduction: sums.reproduction(),
                by_sharer: sums.by_sharer(),
                after_scan: sums.after_scan,
                generations: sums.lines,
                places,
                shares_elsewhere: shares.saturating_sub(in_places),
                chains,
                largest,
                screen_name: screen.and_then(name),
                title,
            })
        })
    }
}

impl ChainReport {
    /// The last day of UTC on which links were made that are old enough.
    pub fn settled_until(&self) -> Option<Date> {
        self.reproduction.map(|reproduction| reproduction.until)
    }
}

#[cfg(test)]
mod tests;
