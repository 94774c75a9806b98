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
    /// Claims, by their places, whose files are all there.
    pub whole: Vec<usize>,
    /// Claims that are not whole, or will not be, since there is no room, in the order in which
    /// they can first air.
    pub refused: Vec<Refused>,
}

/// A file to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// The file.
    pub asset: Asset,
    /// The claim for which it is fetched, by its place.
    pub claim: usize,
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

/// Plans. `claims` are every campaign's newest version, and the older ones that air until those are
/// whole.
pub fn plan(claims: &[CampaignDemand], there: &Inventory, now_ms: Option<i64>, room: Room) -> Plan {
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
    let near = claims.iter().filter(|claim| airs_soon(claim, now_ms));
    for file in near.flat_map(|claim| &claim.files) {
        if is_there(file) && kept.insert(file.sha256) {
            committed += file.size;
        }
    }

    let protected = kept.clone();
    for at in in_order(claims, is_there) {
        let claim = &claims[at];
        let mut new: Vec<&Asset> = claim
            .files
            .iter()
            .filter(|file| !kept.contains(&file.sha256))
            .collect();
        new.sort_by_key(|file| (file.size, file.sha256));
        let new_bytes = sum(new.iter().copied());
        if new_bytes > capacity.saturating_sub(committed) {
            plan.refused.push(Refused {
                campaign: claim.campaign.clone(),
                needed_bytes: new_bytes,
                room_bytes: capacity.saturating_sub(committed),
            });
            continue;
        }
        let missing = new.into_iter().filter(|file| !is_there(file));
        plan.fetch.extend(missing.map(|file| Fetch {
            asset: file.clone(),
            claim: at,
            completes: false,
        }));
        committed += new_bytes;
        kept.extend(claim.files.iter().map(|file| file.sha256));
    }

    plan.whole = (0..claims.len())
        .filter(|&at| claims[at].files.iter().all(is_there))
        .collect();
    mark_last(claims, &mut plan);
    let coming: BTreeSet<Digest> = plan.fetch.iter().map(|next| next.asset.sha256).collect();
    let parts = there.parts.keys().filter(|part| !coming.contains(part));
    plan.drop_parts = parts.copied().collect();
    plan.evict = leaving(claims, there, &kept, capacity.saturating_sub(committed));
    // Files of a wrong size. Two manifests that disagree about a size must not cost what airs.
    let wrong = coming.difference(&protected);
    plan.evict
        .extend(wrong.filter(|&wrong| there.blobs.contains_key(wrong)));
    plan
}

/// Tells whether a claim can air within the horizon.
pub fn airs_soon(claim: &CampaignDemand, now_ms: Option<i64>) -> bool {
    claim.first_ms.is_some_and(|first| {
        first == AT_ONCE_MS || now_ms.is_none_or(|now| first <= now.saturating_add(HORIZON_MS))
    })
}

/// Claims that can still air: who airs first comes first, then who misses least.
fn in_order(claims: &[CampaignDemand], is_there: impl Fn(&Asset) -> bool) -> Vec<usize> {
    let mut order: Vec<(i64, u64, &CampaignId, usize)> = claims
        .iter()
        .enumerate()
        .filter_map(|(at, claim)| {
            let missing = sum(claim.files.iter().filter(|file| !is_there(file)));
            Some((claim.first_ms?, missing, &claim.campaign, at))
        })
        .collect();
    order.sort_unstable();
    order.into_iter().map(|(.., at)| at).collect()
}

/// Marks the files with which campaigns become whole.
fn mark_last(claims: &[CampaignDemand], plan: &mut Plan) {
    let places: BTreeMap<Digest, usize> = plan
        .fetch
        .iter()
        .enumerate()
        .map(|(place, next)| (next.asset.sha256, place))
        .collect();
    for (at, claim) in claims.iter().enumerate() {
        if plan.whole.binary_search(&at).is_ok() {
            continue;
        }
        let places = claim.files.iter().map(|file| places.get(&file.sha256));
        // A campaign of which something is neither there nor fetched completes with nothing;
        // marking it does no harm.
        if let Some(&last) = places.flatten().max() {
            plan.fetch[last].completes = true;
        }
    }
}

/// What has to go of what nothing needs, as far as the room does not hold it.
fn leaving(
    claims: &[CampaignDemand],
    there: &Inventory,
    kept: &BTreeSet<Digest>,
    room_bytes: u64,
) -> Vec<Digest> {
    let claimed: BTreeSet<Digest> = claims
        .iter()
        .flat_map(|claim| claim.files.iter().map(|file| file.sha256))
        .collect();
    let mut spare: Vec<(bool, i64, Digest, u64)> = Vec::new();
    let mut evict: Vec<Digest> = Vec::new();
    for (&digest, blob) in &there.blobs {
        if !kept.contains(&digest) {
            spare.push((claimed.contains(&digest), blob.needed_ms, digest, blob.size));
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
