//! What to fetch next and what to let go: a pure function of what is wanted, what is there and how
//! much room there is.
//!
//! Invariants:
//! - What can air within [`HORIZON_MS`] is never let go. With an unknown clock, anything can.
//! - What is fetched fits: with all that stays, it is within the quota and leaves the disk's floor
//!   free.
//! - Campaigns are fetched whole or not at all, in the order in which they can first air.
//! - What nothing needs any more stays while there is room, so that a campaign that comes back
//!   costs nothing; what was needed longest ago leaves first.

use std::collections::{BTreeMap, BTreeSet};

use passerby_protocol::manifest::Asset;
use passerby_protocol::{CampaignId, Digest};

use crate::content::cache::Inventory;
use crate::content::cache::demand::{AT_ONCE_MS, CampaignDemand};

/// What can air within this span stays, in milliseconds: a week.
pub const HORIZON_MS: i64 = 7 * 24 * 3_600_000;
/// Most files that stay although nothing needs them.
const SPARE_FILES_MAX: usize = 50_000;

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// What the operator allows, in bytes.
    pub quota_bytes: u64,
    /// What of the disk may still be written without touching its floor, in bytes; negative when it
    /// is below.
    pub spare_bytes: i64,
}

/// What to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// What to fetch, in this order.
    pub fetch: Vec<Fetch>,
    /// Files to remove before anything is fetched.
    pub evict: Vec<Digest>,
    /// Parts to remove: nothing wants them, or there is no room for the whole.
    pub drop_parts: Vec<Digest>,
    /// Demands, by their places, whose files are all there.
    pub whole: Vec<usize>,
    /// Demands that are not whole, or will not be, since there is no room, in the order in which
    /// they can first air.
    pub refused: Vec<Refused>,
}

/// A file to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// The file.
    pub asset: Asset,
    /// The demand for which it is fetched, by its place.
    pub demand: usize,
    /// Whether a campaign is whole with it.
    pub completes: bool,
}

/// A campaign for which there is no room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The campaign that this is about.
    pub campaign: CampaignId,
    /// What its files take that do not stay for others, in bytes.
    pub needed_bytes: u64,
    /// What could be had for them, in bytes.
    pub room_bytes: u64,
}

/// Plans. `demands` are every campaign's newest version, and the older ones that air until those
/// are whole.
pub fn plan(
    demands: &[CampaignDemand],
    there: &Inventory,
    now_ms: Option<i64>,
    room: Room,
) -> Plan {
    let used = i128::from(there.bytes()) + i128::from(room.spare_bytes);
    let capacity = room.quota_bytes.min(u64::try_from(used).unwrap_or(0));
    let mut plan = Plan::default();
    let is_there = |file: &Asset| {
        there
            .blobs
            .get(&file.sha256)
            .is_some_and(|blob| blob.size == file.size)
    };

    // What stays come what may.
    let mut kept: BTreeSet<Digest> = BTreeSet::new();
    let mut committed = 0;
    let near = demands.iter().filter(|demand| airs_soon(demand, now_ms));
    for file in near.flat_map(|demand| &demand.files) {
        if is_there(file) && kept.insert(file.sha256) {
            committed += file.size;
        }
    }

    let protected = kept.clone();
    for at in in_order(demands, is_there) {
        let demand = &demands[at];
        let mut new: Vec<&Asset> = demand
            .files
            .iter()
            .filter(|file| !kept.contains(&file.sha256))
            .collect();
        new.sort_by_key(|file| (file.size, file.sha256));
        let new_bytes = sum(new.iter().copied());
        if new_bytes > capacity.saturating_sub(committed) {
            plan.refused.push(Refused {
                campaign: demand.campaign.clone(),
                needed_bytes: new_bytes,
                room_bytes: capacity.saturating_sub(committed),
            });
            continue;
        }
        let missing = new.into_iter().filter(|file| !is_there(file));
        plan.fetch.extend(missing.map(|file| Fetch {
            asset: file.clone(),
            demand: at,
            completes: false,
        }));
        committed += new_bytes;
        kept.extend(demand.files.iter().map(|file| file.sha256));
    }

    plan.whole = (0..demands.len())
        .filter(|&at| demands[at].files.iter().all(is_there))
        .collect();
    mark_last(demands, &mut plan);
    let coming: BTreeSet<Digest> = plan.fetch.iter().map(|next| next.asset.sha256).collect();
    let parts = there.parts.keys().filter(|part| !coming.contains(part));
    plan.drop_parts = parts.copied().collect();
    plan.evict = leaving(demands, there, &kept, capacity.saturating_sub(committed));
    // Files of a wrong size. Two manifests that disagree about a size must not cost what airs.
    let wrong = coming.difference(&protected);
    plan.evict
        .extend(wrong.filter(|&wrong| there.blobs.contains_key(wrong)));
    plan
}

/// Tells whether a demand can air within the horizon.
pub fn airs_soon(demand: &CampaignDemand, now_ms: Option<i64>) -> bool {
    demand.first_ms.is_some_and(|first| {
        first == AT_ONCE_MS || now_ms.is_none_or(|now| first <= now.saturating_add(HORIZON_MS))
    })
}

/// Demands that can still air: who airs first comes first, then who misses least.
fn in_order(demands: &[CampaignDemand], is_there: impl Fn(&Asset) -> bool) -> Vec<usize> {
    let mut order: Vec<(i64, u64, &CampaignId, usize)> = demands
        .iter()
        .enumerate()
        .filter_map(|(at, demand)| {
            let missing = sum(demand.files.iter().filter(|file| !is_there(file)));
            Some((demand.first_ms?, missing, &demand.campaign, at))
        })
        .collect();
    order.sort_unstable();
    order.into_iter().map(|(.., at)| at).collect()
}

/// Marks the files with which campaigns become whole.
fn mark_last(demands: &[CampaignDemand], plan: &mut Plan) {
    let places: BTreeMap<Digest, usize> = plan
        .fetch
        .iter()
        .enumerate()
        .map(|(place, next)| (next.asset.sha256, place))
        .collect();
    for (at, demand) in demands.iter().enumerate() {
        if plan.whole.binary_search(&at).is_ok() {
            continue;
        }
        let places = demand.files.iter().map(|file| places.get(&file.sha256));
        // A campaign of which something is neither there nor fetched completes with nothing;
        // marking it does no harm.
        if let Some(&last) = places.flatten().max() {
            plan.fetch[last].completes = true;
        }
    }
}

/// What has to go of what nothing needs, as far as the room does not hold it.
fn leaving(
    demands: &[CampaignDemand],
    there: &Inventory,
    kept: &BTreeSet<Digest>,
    room_bytes: u64,
) -> Vec<Digest> {
    let demanded: BTreeSet<Digest> = demands
        .iter()
        .flat_map(|demand| demand.files.iter().map(|file| file.sha256))
        .collect();
    let mut spare: Vec<(bool, i64, Digest, u64)> = Vec::new();
    let mut evict: Vec<Digest> = Vec::new();
    for (&digest, blob) in &there.blobs {
        if !kept.contains(&digest) {
            spare.push((
                demanded.contains(&digest),
                blob.needed_ms,
                digest,
                blob.size,
            ));
        }
    }
    spare.sort_unstable_by(|one, two| two.cmp(one));
    let mut left_bytes = room_bytes;
    for (place, &(_, _, digest, size)) in spare.iter().enumerate() {
        if place < SPARE_FILES_MAX && size <= left_bytes {
            left_bytes -= size;
        } else {
            // Nothing that was needed longer ago may stay in its stead.
            left_bytes = 0;
            evict.push(digest);
        }
    }
    evict
}

fn sum<'a>(files: impl Iterator<Item = &'a Asset>) -> u64 {
    files.map(|file| file.size).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests;
