//! What of the hub's content may air now: whole campaigns of one or more manifests.
//!
//! A campaign switches to a new version when all of it is on this machine; until then its former version airs on. The
//! newest manifest alone says which campaigns there are, so one that it does not name leaves at once.
//!
//! Invariants: it is made of manifests that [`Manifest::open`] returned; no campaign airs that the newest of them does
//! not name; nothing of an expired one airs; at most [`MANIFESTS_MAX`] are held.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use passerby_protocol::manifest::{Asset, ManifestCampaign};
use passerby_protocol::{CampaignId, Digest, Manifest};

use crate::cache::demand::{assets_of, files_of};

/// Most manifests that are held: the newest and former ones from which campaigns still air.
pub const MANIFESTS_MAX: usize = 4;

/// From which version of the manifest each campaign airs. It goes on doing so while a newer version of it is not whole,
/// also when one of its own files is lost: that costs an item, not the campaign.
pub type Switched = BTreeMap<CampaignId, u64>;

/// What may air of the hub's content.
#[derive(Debug, Clone, PartialEq)]
pub struct Airable {
    /// Never empty, the newest first.
    manifests: Vec<Arc<Manifest>>,
    /// Places of manifests and, in them, of campaigns.
    airing: Vec<(usize, usize)>,
    /// Files of those campaigns that are not there.
    missing: BTreeSet<Digest>,
}

impl From<Manifest> for Airable {
    /// All of one manifest, whether or not its files are there.
    fn from(manifest: Manifest) -> Self {
        let airing = (0..manifest.campaigns.len()).map(|place| (0, place));
        Self {
            airing: airing.collect(),
            manifests: vec![Arc::new(manifest)],
            missing: BTreeSet::new(),
        }
    }
}

impl Airable {
    /// Chooses for each campaign the newest version that is whole, or that has aired before. `manifests` are the newest
    /// first; `None` when there are none.
    pub fn choose(
        manifests: &[Arc<Manifest>],
        switched: &Switched,
        has: impl Fn(&Asset) -> bool,
    ) -> Option<Self> {
        let newest = manifests.first()?;
        let held = &manifests[..manifests.len().min(MANIFESTS_MAX)];
        let assets: Vec<_> = held.iter().map(|manifest| assets_of(manifest)).collect();
        let mut airing = Vec::new();
        let mut missing = BTreeSet::new();
        for (place, entry) in newest.campaigns.iter().enumerate() {
            for (at, manifest) in held.iter().enumerate() {
                let Some(place) = place_in(manifest, at, place, &entry.id) else {
                    continue;
                };
                let mut files = files_of(&manifest.campaigns[place], &assets[at]);
                files.retain(|file| !has(file));
                if files.is_empty() || switched.get(&entry.id) == Some(&manifest.version) {
                    airing.push((at, place));
                    missing.extend(files.into_iter().map(|file| file.sha256));
                    break;
                }
            }
        }
        Some(
            Self {
                manifests: held.to_vec(),
                airing,
                missing,
            }
            .without_idle(),
        )
    }

    /// Lets go of former manifests from which nothing airs.
    fn without_idle(mut self) -> Self {
        let used: BTreeSet<usize> = self.airing.iter().map(|&(at, _)| at).chain([0]).collect();
        let places: BTreeMap<usize, usize> = used.iter().copied().zip(0..).collect();
        self.manifests = used.iter().map(|&at| self.manifests[at].clone()).collect();
        for (at, _) in &mut self.airing {
            *at = places[at];
        }
        self
    }

    /// The newest version, which says what there is.
    pub fn version(&self) -> u64 {
        self.newest().version
    }

    /// The newest manifest.
    pub fn newest(&self) -> &Manifest {
        &self.manifests[0]
    }

    /// The manifests that are needed, the newest first.
    pub fn manifests(&self) -> &[Arc<Manifest>] {
        &self.manifests
    }

    /// The campaigns that air, in the order of the newest manifest, each with the manifest from which it is.
    pub fn campaigns(&self) -> impl Iterator<Item = (&Manifest, &ManifestCampaign)> {
        self.airing.iter().map(|&(at, place)| {
            let manifest = &*self.manifests[at];
            (manifest, &manifest.campaigns[place])
        })
    }

    /// From which version each campaign airs.
    pub fn switched(&self) -> Switched {
        let airing = self.campaigns();
        airing
            .map(|(manifest, entry)| (entry.id.clone(), manifest.version))
            .collect()
    }

    /// Tells whether a file of what airs is not there.
    pub fn is_missing(&self, file: Digest) -> bool {
        self.missing.contains(&file)
    }

    /// Tells whether nothing of it may air any more; false while the time is unknown.
    pub fn is_expired(&self, now_ms: Option<i64>) -> bool {
        self.newest().is_expired(now_ms)
    }

    /// Tells whether something of it may no longer air; false while the time is unknown.
    pub fn has_expired_parts(&self, now_ms: Option<i64>) -> bool {
        self.campaigns()
            .any(|(manifest, _)| manifest.is_expired(now_ms))
    }

    /// Takes off what may no longer air.
    pub fn drop_expired(&mut self, now_ms: Option<i64>) {
        let manifests = &self.manifests;
        self.airing
            .retain(|&(at, _)| !manifests[at].is_expired(now_ms));
    }
}

/// Where a campaign is in a manifest. In the newest, which may hold anything, it is where it was asked for.
fn place_in(manifest: &Manifest, at: usize, place: usize, id: &CampaignId) -> Option<usize> {
    if at == 0 {
        Some(place)
    } else {
        manifest.campaigns.iter().position(|entry| entry.id == *id)
    }
}

#[cfg(test)]
pub(crate) mod tests;
