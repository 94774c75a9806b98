//! Fetches the files that the hub's campaigns need, keeps the cache within its room, and reads
//! stored files again.
//!
//! Invariants: one file at a time; what is fetched and what is let go is [`plan`]'s to say; a
//! manifest that comes meanwhile is heeded at once; a file that fails waits, each time longer, and
//! does not hold up the others; nothing is read again while something is fetched.

mod failure;
mod fetch;
mod status;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use jiff::tz::TimeZone;
use passerby_protocol::Digest;

use crate::content::cache::demand::{CampaignDemand, Foresight, assets_of};
use crate::content::cache::plan::{Fetch, Plan, Room, plan};
use crate::content::cache::scrub::{Scrub, ScrubOutcome, read_again};
use crate::content::cache::{Cache, CacheError, Inventory};
use crate::hub_link::client::HubClient;
use crate::hub_link::link::{HubLink, PlayerGone};
use crate::hub_link::manifest_store::ManifestStore;
use crate::hub_link::transfer::failure::Wait;
use crate::messages::player_requests::{PlayerRequest, Transfers};
use crate::system::random;

/// How often the plan is made anew when nothing happens: time passes, and disks fill.
const REVIEW: Duration = Duration::from_mins(10);

/// Brings the hub's files.
pub(super) struct Transfer {
    hub_link: HubLink,
    client: HubClient,
    cache: Cache,
    store: Rc<ManifestStore>,
    zone: TimeZone,
    demands: Vec<CampaignDemand>,
    there: Inventory,
    plan: Plan,
    /// Files that wait; only those that are wanted, so never more than a manifest has.
    waits: BTreeMap<Digest, Wait>,
    all_wait: Wait,
    /// Files that were needed when the plan was last made.
    needed: BTreeSet<Digest>,
    scrub: Scrub,
    /// When the next stored file is read again, on the boot clock.
    scrub_at_ms: u64,
    status: Transfers,
    refusal_told: Option<String>,
}

impl Transfer {
    pub(super) fn new(
        hub_link: HubLink,
        client: HubClient,
        cache: Cache,
        store: Rc<ManifestStore>,
    ) -> Self {
        Self {
            // The name comes from a zone that was found; should the data base of zones be another
            // one now, hours are off.
            zone: TimeZone::get(&hub_link.zone).unwrap_or(TimeZone::UTC),
            scrub: Scrub::new(hub_link.cache.round, random::u64()),
            hub_link,
            client,
            cache,
            store,
            demands: Vec::new(),
            there: Inventory::default(),
            plan: Plan::default(),
            scrub_at_ms: u64::MAX,
            waits: BTreeMap::new(),
            all_wait: Wait::default(),
            needed: BTreeSet::new(),
            status: Transfers::default(),
            refusal_told: None,
        }
    }

    pub(super) async fn run(mut self) -> PlayerGone {
        match self.work().await {
            Ok(never) => never,
            Err(gone) => gone,
        }
    }

    async fn work(&mut self) -> Result<PlayerGone, PlayerGone> {
        loop {
            self.review()?;
            while let Some(next) = self.next() {
                self.fetch(&next).await?;
            }
            self.idle().await?;
        }
    }

    /// Looks at what is wanted and what is there, makes the plan, and lets go of what it says.
    fn review(&mut self) -> Result<(), PlayerGone> {
        let now_ms = self.hub_link.clock.now().wall_ms;
        if let Some(content) = self.store.refresh(now_ms) {
            self.hub_link.tell(PlayerRequest::Content(content))?;
        }
        self.there = self.cache.inventory();
        self.demands = self.demand(now_ms);
        self.note_what_is_needed(now_ms);
        self.plan = plan(&self.demands, &self.there, now_ms, self.room());
        for &digest in &self.plan.evict {
            tell_disk(self.cache.remove(digest));
            self.there.blobs.remove(&digest);
        }
        for &digest in &self.plan.drop_parts {
            tell_disk(self.cache.remove_part(digest));
            self.there.parts.remove(&digest);
        }
        let wanted: BTreeSet<Digest> = self
            .plan
            .fetch
            .iter()
            .map(|next| next.asset.sha256)
            .collect();
        self.waits.retain(|digest, _| wanted.contains(digest));
        // More files than before want shorter pauses.
        self.scrub_at_ms = self.scrub_at_ms.min(self.next_scrub_ms());
        self.tell_refusal()?;
        self.tell_status(None)
    }

    /// The newest version of each campaign, and the former ones that air.
    fn demand(&self, now_ms: Option<i64>) -> Vec<CampaignDemand> {
        let Some(content) = self.store.active() else {
            return Vec::new();
        };
        let newest = content.newest();
        let mut foresight = Foresight::new(now_ms, &self.zone);
        let assets = assets_of(newest);
        let mut demands: Vec<CampaignDemand> = newest
            .campaigns
            .iter()
            .map(|entry| foresight.demand(newest, entry, &assets))
            .collect();
        for manifest in &content.manifests()[1..] {
            let assets = assets_of(manifest);
            let from_it = content
                .campaigns()
                .filter(|(from, _)| from.version == manifest.version);
            demands.extend(from_it.map(|(from, entry)| foresight.demand(from, entry, &assets)));
        }
        demands
    }

    /// Dates the files that are no longer needed, so that those which were needed longest ago leave
    /// first.
    fn note_what_is_needed(&mut self, now_ms: Option<i64>) {
        let files = self.demands.iter().flat_map(|demand| &demand.files);
        let needed: BTreeSet<Digest> = files.map(|file| file.sha256).collect();
        if let Some(now_ms) = now_ms {
            for &digest in self.needed.difference(&needed) {
                self.cache.note_needed(digest, now_ms);
                if let Some(stored) = self.there.blobs.get_mut(&digest) {
                    stored.needed_ms = now_ms;
                }
            }
        }
        self.needed = needed;
    }

    fn room(&self) -> Room {
        let spare = self.cache.space().map(|space| {
            i64::try_from(space.free_bytes)
                .unwrap_or(i64::MAX)
                .saturating_sub_unsigned(space.floor_bytes())
        });
        Room {
            quota_bytes: self.hub_link.cache.bytes_max,
            // A disk that does not say how full it is stops the writing itself.
            spare_bytes: spare.unwrap_or(i64::MAX),
        }
    }

    /// The first file of the plan that need not wait.
    fn next(&self) -> Option<Fetch> {
        let now_ms = self.hub_link.clock.now().boot_ms;
        let is_free = |wait: &Wait| wait.until_ms <= now_ms;
        if !is_free(&self.all_wait) {
            return None;
        }
        self.plan
            .fetch
            .iter()
            .find(|next| self.waits.get(&next.asset.sha256).is_none_or(is_free))
            .cloned()
    }

    /// Waits for a new manifest, for what was put off, or for the time to look again; meanwhile
    /// stored files are read again.
    async fn idle(&mut self) -> Result<(), PlayerGone> {
        let now_ms = self.hub_link.clock.now().boot_ms;
        let put_off = self
            .plan
            .fetch
            .iter()
            .map(|next| {
                let wait = self.waits.get(&next.asset.sha256);
                wait.map_or(0, |wait| wait.until_ms)
                    .max(self.all_wait.until_ms)
            })
            .min();
        let review_ms = now_ms + u64::try_from(REVIEW.as_millis()).unwrap_or(u64::MAX);
        let wake_ms = put_off.map_or(review_ms, |until| until.min(review_ms));
        let store = self.store.clone();
        loop {
            let (cache, scrub_at_ms) = (self.cache.clone(), self.scrub_at_ms);
            tokio::select! {
                () = store.changed.notified() => return Ok(()),
                () = self.until(wake_ms) => return Ok(()),
                () = self.until(scrub_at_ms) => {}
            }
            self.scrub_at_ms = self.next_scrub_ms();
            let Some(digest) = self.scrub.next(&self.there) else {
                continue;
            };
            tokio::select! {
                () = store.changed.notified() => return Ok(()),
                () = self.until(wake_ms) => return Ok(()),
                verdict = read_again(&cache, digest) => {
                    if self.judge(digest, &verdict)? {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn until(&self, boot_ms: u64) {
        let now_ms = self.hub_link.clock.now().boot_ms;
        tokio::time::sleep(Duration::from_millis(boot_ms.saturating_sub(now_ms))).await;
    }

    /// When the next file is read again if the last one was just now.
    fn next_scrub_ms(&self) -> u64 {
        let pause_ms = u64::try_from(self.scrub.pause(&self.there).as_millis()).unwrap_or(u64::MAX);
        self.hub_link.clock.now().boot_ms.saturating_add(pause_ms)
    }

    /// Removes a file that is not what it was. Returns whether there is something to fetch now.
    fn judge(&mut self, digest: Digest, verdict: &ScrubOutcome) -> Result<bool, PlayerGone> {
        let what = match verdict {
            ScrubOutcome::Intact => return Ok(false),
            ScrubOutcome::Gone => return Ok(true),
            ScrubOutcome::Rotten => "has changed on the disk".to_owned(),
            ScrubOutcome::Unreadable(reason) => format!("cannot be read ({reason})"),
        };
        tell_disk(self.cache.remove(digest));
        let demand = self
            .demands
            .iter()
            .find(|demand| demand.files.iter().any(|file| file.sha256 == digest));
        if let Some(demand) = demand {
            self.hub_link.tell(PlayerRequest::Problem(format!(
                "file {digest} of campaign {} {what}; it was removed and is fetched again. If this happens more than once, replace the memory card or disk",
                demand.campaign
            )))?;
        } else {
            tracing::warn!("file {digest} of the cache {what}; it was removed, nothing needs it");
        }
        Ok(true)
    }

    fn campaign_of(&self, demand: usize) -> String {
        self.demands
            .get(demand)
            .map(|demand| demand.campaign.to_string())
            .unwrap_or_default()
    }
}

fn tell_disk(removed: Result<(), CacheError>) {
    if let Err(error) = removed {
        tracing::warn!("it cannot be removed: {error}");
    }
}
