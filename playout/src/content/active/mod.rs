//! What of the hub's content may air now: whole campaigns of one or more manifests.
//!
//! A campaign switches to a new version when all of it is on this machine; until then its former
//! version airs on, as long as its manifest can be held. The newest manifest alone says which
//! campaigns there are: one that it does not name leaves at once, and one that airs leaves in no
//! other way, but with the date of its manifest.
//!
//! Invariants: it is made of manifests that [`Manifest::open`] returned; no campaign airs that the
//! newest of them does not name; nothing of an expired one airs; at most [`MANIFESTS_MAX`] are
//! held.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use passerby_protocol::manifest::{Asset, ManifestCampaign};
use passerby_protocol::{CampaignId, Digest, Manifest};

use crate::content::cache::demand::{assets_of, files_of};

/// Most manifests that are held: the newest and former ones from which campaigns still air.
pub const MANIFESTS_MAX: usize = 4;

/// From which version of the manifest each campaign airs. It goes on doing so while a newer version
/// of it is not whole, also when one of its own files is lost: that costs an item, not the
/// campaign.
pub type Switched = BTreeMap<CampaignId, u64>;

/// What may air of the hub's content.
#[derive(Debug, Clone, PartialEq)]
pub struct ActiveContent {
    /// Never empty, the newest first.
    manifests: Vec<Arc<Manifest>>,
    /// Places of manifests and, in them, of campaigns.
    airing: Vec<(usize, usize)>,
    /// Files of those campaigns that are not there.
    missing: BTreeSet<Digest>,
}

impl From<Manifest> for ActiveContent {
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

impl ActiveContent {
    /// Chooses for each campaign the newest version that is whole, or that has aired before.
    /// `manifests` are the newest first; `None` when there are none.
    ///
    /// What is the same in a newer manifest has aired there as well. A campaign whose former
    /// version is in none of the [`MANIFESTS_MAX`] that can be held goes on in the newest, as far
    /// as its files are there: a creative may be missing for a while then, but it does not leave.
    pub fn choose(
        manifests: &[Arc<Manifest>],
        switched: &Switched,
        has: impl Fn(&Asset) -> bool,
    ) -> Option<Self> {
        let newest = manifests.first()?;
        let versions = Versions::of(manifests);
        let mut airing: Vec<(usize, usize)> = Vec::new();
        for (place, entry) in newest.campaigns.iter().enumerate() {
            let known = versions.switched(&entry.id, switched);
            let at = (0..manifests.len()).find_map(|at| {
                let place = versions.place(at, place, &entry.id)?;
                let airs = versions.is_whole(at, place, &has)
                    || known.is_some_and(|known| versions.is_same((at, place), known));
                airs.then_some((at, place))
            });
            airing.extend(at);
        }
        versions.hold_at_most(MANIFESTS_MAX, &mut airing);
        let missing = airing.iter().flat_map(|&(at, place)| {
            let files = versions.files(at, place).into_iter();
            files.filter(|file| !has(file)).map(|file| file.sha256)
        });
        Some(
            Self {
                missing: missing.collect(),
                manifests: manifests.to_vec(),
                airing,
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

    /// The campaigns that air, in the order of the newest manifest, each with the manifest from
    /// which it is.
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

/// The versions of campaigns in some manifests, the newest first. A version is named by the places
/// of its manifest and, in it, of the campaign.
struct Versions<'a> {
    manifests: &'a [Arc<Manifest>],
    assets: Vec<BTreeMap<Digest, &'a Asset>>,
}

impl<'a> Versions<'a> {
    fn of(manifests: &'a [Arc<Manifest>]) -> Self {
        Self {
            assets: manifests
                .iter()
                .map(|manifest| assets_of(manifest))
                .collect(),
            manifests,
        }
    }

    /// Where a campaign is in a manifest. In the newest, which may hold anything, it is where it
    /// was asked for.
    fn place(&self, at: usize, place: usize, id: &CampaignId) -> Option<usize> {
        if at == 0 {
            Some(place)
        } else {
            let campaigns = &self.manifests[at].campaigns;
            campaigns.iter().position(|entry| entry.id == *id)
        }
    }

    /// The version from which a campaign airs.
    fn switched(&self, id: &CampaignId, switched: &Switched) -> Option<(usize, usize)> {
        let version = switched.get(id)?;
        let manifests = self.manifests.iter();
        let at = manifests
            .enumerate()
            .find(|(_, held)| held.version == *version)?
            .0;
        let campaigns = &self.manifests[at].campaigns;
        let place = campaigns.iter().position(|entry| entry.id == *id)?;
        Some((at, place))
    }

    fn files(&self, at: usize, place: usize) -> Vec<Asset> {
        files_of(&self.manifests[at].campaigns[place], &self.assets[at])
    }

    fn is_whole(&self, at: usize, place: usize, has: impl Fn(&Asset) -> bool) -> bool {
        self.files(at, place).iter().all(has)
    }

    /// Tells whether two versions of a campaign differ in nothing but their manifests.
    fn is_same(&self, one: (usize, usize), other: (usize, usize)) -> bool {
        let entry = |(at, place): (usize, usize)| &self.manifests[at].campaigns[place];
        one == other
            || (entry(one) == entry(other)
                && self.files(one.0, one.1) == self.files(other.0, other.1))
    }

    /// Moves campaigns of the oldest manifests to the newest until so few manifests are needed.
    fn hold_at_most(&self, manifests_max: usize, airing: &mut [(usize, usize)]) {
        let needed: BTreeSet<usize> = airing.iter().map(|&(at, _)| at).chain([0]).collect();
        let Some(&oldest) = needed.iter().nth(manifests_max) else {
            return;
        };
        let newest = &self.manifests[0];
        for (at, place) in airing.iter_mut().filter(|(at, _)| *at >= oldest) {
            let id = &self.manifests[*at].campaigns[*place].id;
            let Some(now) = newest.campaigns.iter().position(|entry| entry.id == *id) else {
                continue;
            };
            tracing::warn!(
                "campaign {id} changes before all of its files are here, since no more than {manifests_max} \
                 versions of the content are kept; what is missing airs once it has come"
            );
            (*at, *place) = (0, now);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
