//! Fetches the files that the hub's campaigns need, keeps the cache within its room, and reads
//! stored files again.
//!
//! Invariants: one file at a time; what is fetched and what is let go is [`plan`]'s to say; a
//! manifest that comes meanwhile is heeded at once; a file that fails waits, each time longer, and
//! does not hold up the others; nothing is read again while something is fetched.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::tz::TimeZone;
use passerby_protocol::Digest;
use passerby_protocol::manifest::Asset;

use crate::content::cache::demand::{CampaignDemand, Foresight, assets_of};
use crate::content::cache::plan::{Fetch, Plan, Refused, Room, plan};
use crate::content::cache::scrub::{Scrub, ScrubOutcome, read_again};
use crate::content::cache::{Cache, CacheError, Inventory, Stored};
use crate::hub_link::client::HubClient;
use crate::hub_link::hub_error::HubError;
use crate::hub_link::manifest_store::ManifestStore;
use crate::hub_link::send_state::back_off_ms;
use crate::hub_link::{HubLink, PlayerGone};
use crate::messages::player_requests::{CAMPAIGNS_WAITING_MAX, PlayerRequest, Transfers, UnderWay};
use crate::system::random;

/// How often the plan is made anew when nothing happens: time passes, and disks fill.
const REVIEW: Duration = Duration::from_mins(10);
/// How often it is told how far a file has come.
const TICK: Duration = Duration::from_secs(1);
/// A file that comes more slowly than this many bytes in [`SLOW_TICKS`] is given up for a while, so
/// that others have their turn.
const SLOW_BYTES: u64 = 64 << 10;
const SLOW_TICKS: u32 = 120;
/// A file that came wrong is asked for again soon, from its first byte: what a power cut left of it
/// may not be what was written. One that came wrong twice waits this long, then each time one more
/// of it up to a day, in milliseconds.
const WRONG_MS: u64 = 3_600_000;
const WRONG_TIMES_MAX: u32 = 24;
/// So much later than others a file is tried with which everything stopped, in milliseconds.
const AFTER_OTHERS_MS: u64 = 1_000;

/// Why a file did not come.
#[derive(Debug, thiserror::Error)]
enum TransferError {
    #[error(transparent)]
    Hub(#[from] HubError),
    #[error("picture {0} comes too slowly; it is tried again later")]
    Slow(Digest),
    #[error("picture {0} came short")]
    Short(Digest),
    #[error("a thread of the cache ended unexpectedly")]
    Thread,
}

impl From<CacheError> for TransferError {
    fn from(error: CacheError) -> Self {
        Self::Hub(error.into())
    }
}

/// Whose fault it was that a file did not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FailureScope {
    /// This file's: others may come.
    File,
    /// This file's, and its bytes were wrong: asking soon again costs as much and brings no more.
    Content,
    /// The network's, the hub's or the disk's: nothing comes now.
    All,
}

impl TransferError {
    fn scope(&self) -> FailureScope {
        match self {
            Self::Slow(_) | Self::Short(_) => FailureScope::File,
            Self::Hub(HubError::Cache(error)) if !error.is_retryable() => FailureScope::Content,
            // What is too much for today's data may be so for large files alone.
            Self::Hub(
                HubError::OverBudget(_)
                | HubError::TimedOut { .. }
                | HubError::Status {
                    status: 400 | 404 | 406 | 412 | 416 | 422,
                    ..
                },
            ) => FailureScope::File,
            Self::Hub(_) | Self::Thread => FailureScope::All,
        }
    }

    fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::Hub(
                HubError::Status { retry_after_ms, .. } | HubError::Away { retry_after_ms, .. },
            ) => *retry_after_ms,
            _ => None,
        }
    }
}

/// What came of one file.
enum FetchOutcome {
    Whole,
    Failed(TransferError),
    /// Something else is to be fetched first.
    Superseded,
}

/// How often something failed, and until when it waits, on the boot clock.
#[derive(Debug, Clone, Copy, Default)]
struct Wait {
    failures: u32,
    /// How many of them were [`FailureScope::Content`].
    wrongs: u32,
    until_ms: u64,
}

/// Brings the hub's files.
pub(super) struct Transfer {
    hub_link: HubLink,
    client: HubClient,
    cache: Cache,
    store: Rc<ManifestStore>,
    zone: TimeZone,
    claims: Vec<CampaignDemand>,
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
            claims: Vec::new(),
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
        self.claims = self.demand(now_ms);
        self.note_what_is_needed(now_ms);
        self.plan = plan(&self.claims, &self.there, now_ms, self.room());
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
        let mut claims: Vec<CampaignDemand> = newest
            .campaigns
            .iter()
            .map(|entry| foresight.claim(newest, entry, &assets))
            .collect();
        for manifest in &content.manifests()[1..] {
            let assets = assets_of(manifest);
            let from_it = content
                .campaigns()
                .filter(|(from, _)| from.version == manifest.version);
            claims.extend(from_it.map(|(from, entry)| foresight.claim(from, entry, &assets)));
        }
        claims
    }

    /// Dates the files that are no longer needed, so that those which were needed longest ago leave
    /// first.
    fn note_what_is_needed(&mut self, now_ms: Option<i64>) {
        let files = self.claims.iter().flat_map(|claim| &claim.files);
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

    async fn fetch(&mut self, next: &Fetch) -> Result<(), PlayerGone> {
        let digest = next.asset.sha256;
        match self.bring(next).await? {
            FetchOutcome::Superseded => {}
            FetchOutcome::Whole => {
                self.all_wait = Wait::default();
                self.waits.remove(&digest);
                self.status.last_error = None;
                self.status.waits_for = None;
                self.plan.fetch.retain(|other| other.asset.sha256 != digest);
                self.there.parts.remove(&digest);
                let stored = Stored {
                    size: next.asset.size,
                    needed_ms: self.hub_link.clock.now().wall_ms.unwrap_or(0),
                };
                self.there.blobs.insert(digest, stored);
                if next.completes {
                    self.review()?;
                } else {
                    self.tell_status(None)?;
                }
            }
            FetchOutcome::Failed(error) => {
                tracing::warn!("{error}");
                self.put_off(digest, &error);
                if error.scope() == FailureScope::Content && self.waits[&digest].wrongs > 1 {
                    let campaign = self.campaign_of(next.claim);
                    self.hub_link.tell(PlayerRequest::Problem(format!(
                        "a file of campaign {campaign} came wrong again: {error}; ask whoever runs the hub to publish it again"
                    )))?;
                }
                let words = error.to_string();
                if matches!(error, TransferError::Hub(HubError::OverBudget(_))) {
                    self.status.waits_for = Some(words);
                } else {
                    self.status.last_error = Some(words);
                }
                if matches!(error, TransferError::Hub(HubError::Cache(_))) {
                    self.review()?;
                } else {
                    self.tell_status(None)?;
                }
            }
        }
        Ok(())
    }

    /// Fetches one file, and looks up when there is a new manifest.
    async fn bring(&mut self, next: &Fetch) -> Result<FetchOutcome, PlayerGone> {
        let asset = next.asset.clone();
        let mut download = match self.begin(&asset).await {
            Ok(download) => download,
            Err(error) => return Ok(FetchOutcome::Failed(error)),
        };
        let progress = download.progress();
        let client = self.client.clone();
        let store = self.store.clone();
        let done = {
            let mut coming = std::pin::pin!(client.blob(&asset, &mut download));
            let mut ticks = tokio::time::interval(TICK);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            let (mut slow_ticks, mut before) = (0, progress.load(Ordering::Relaxed));
            loop {
                tokio::select! {
                    done = &mut coming => break done,
                    () = store.changed.notified() => {
                        self.review()?;
                        if self.next().is_none_or(|first| first.asset.sha256 != asset.sha256) {
                            return Ok(FetchOutcome::Superseded);
                        }
                    }
                    _ = ticks.tick() => {
                        let got = progress.load(Ordering::Relaxed);
                        slow_ticks += 1;
                        if slow_ticks == SLOW_TICKS {
                            if got - before < SLOW_BYTES {
                                return Ok(FetchOutcome::Failed(TransferError::Slow(asset.sha256)));
                            }
                            (slow_ticks, before) = (0, got);
                        }
                        self.tell_status(Some((next, got)))?;
                    }
                }
            }
        };
        if let Err(error) = done {
            return Ok(FetchOutcome::Failed(error.into()));
        }
        // The disk may take its time over a large file; the network's thread does not wait for it.
        let finished = tokio::task::spawn_blocking(move || download.finish()).await;
        Ok(match finished {
            Ok(Ok(true)) => FetchOutcome::Whole,
            Ok(Ok(false)) => FetchOutcome::Failed(TransferError::Short(asset.sha256)),
            Ok(Err(error)) => FetchOutcome::Failed(error.into()),
            Err(_) => FetchOutcome::Failed(TransferError::Thread),
        })
    }

    async fn begin(&self, asset: &Asset) -> Result<crate::content::cache::Download, TransferError> {
        let (cache, asset) = (self.cache.clone(), asset.clone());
        let begun = tokio::task::spawn_blocking(move || cache.begin(&asset)).await;
        Ok(begun.map_err(|_| TransferError::Thread)??)
    }

    fn put_off(&mut self, digest: Digest, error: &TransferError) {
        let now_ms = self.hub_link.clock.now().boot_ms;
        let pause_ms = |failures| back_off_ms(failures, error.retry_after_ms(), random::u64());
        let wait = self.waits.entry(digest).or_default();
        wait.until_ms = match error.scope() {
            FailureScope::Content => {
                let hours = wait.wrongs.min(WRONG_TIMES_MAX);
                wait.wrongs = wait.wrongs.saturating_add(1);
                now_ms + (WRONG_MS * u64::from(hours)).max(pause_ms(0))
            }
            FailureScope::File => now_ms + pause_ms(wait.failures),
            FailureScope::All => {
                let all = &mut self.all_wait;
                all.until_ms = now_ms + pause_ms(all.failures);
                all.failures = all.failures.saturating_add(1);
                // Should it be this file's fault after all, the next attempt is another's.
                (all.until_ms + AFTER_OTHERS_MS).max(now_ms + pause_ms(wait.failures))
            }
        };
        wait.failures = wait.failures.saturating_add(1);
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
            ScrubOutcome::Sound => return Ok(false),
            ScrubOutcome::Gone => return Ok(true),
            ScrubOutcome::Rotten => "has changed on the disk".to_owned(),
            ScrubOutcome::Unreadable(reason) => format!("cannot be read ({reason})"),
        };
        tell_disk(self.cache.remove(digest));
        let claim = self
            .claims
            .iter()
            .find(|claim| claim.files.iter().any(|file| file.sha256 == digest));
        if let Some(claim) = claim {
            self.hub_link.tell(PlayerRequest::Problem(format!(
                "file {digest} of campaign {} {what}; it was removed and is fetched again. If this happens more than once, replace the card or disk",
                claim.campaign
            )))?;
        } else {
            tracing::warn!("file {digest} of the cache {what}; it was removed, nothing needs it");
        }
        Ok(true)
    }

    fn campaign_of(&self, claim: usize) -> String {
        self.claims
            .get(claim)
            .map(|claim| claim.campaign.to_string())
            .unwrap_or_default()
    }

    /// Says once what there is no room for.
    fn tell_refusal(&mut self) -> Result<(), PlayerGone> {
        let problem = refusal(&self.plan.refused, self.hub_link.cache.bytes_max);
        if problem != self.refusal_told {
            if let Some(problem) = &problem {
                self.hub_link
                    .tell(PlayerRequest::Problem(problem.clone()))?;
            }
            self.refusal_told = problem;
        }
        Ok(())
    }

    /// Tells the player how far things are; it is asked by the local page.
    fn tell_status(&mut self, under_way: Option<(&Fetch, u64)>) -> Result<(), PlayerGone> {
        let mut seen = BTreeSet::new();
        let mut status = Transfers {
            last_error: self.status.last_error.clone(),
            waits_for: self.status.waits_for.clone(),
            cache_bytes: self.there.bytes(),
            cache_bytes_max: self.hub_link.cache.bytes_max,
            under_way: under_way.map(|(next, got)| UnderWay {
                campaign: self.campaign_of(next.claim),
                file: next.asset.sha256.to_string(),
                bytes_there: got,
                bytes_wanted: next.asset.size,
            }),
            ..Transfers::default()
        };
        for claim in &self.claims {
            let mut is_whole = true;
            for file in &claim.files {
                let blob = self.there.blobs.get(&file.sha256);
                let is_there = blob.is_some_and(|blob| blob.size == file.size);
                is_whole &= is_there;
                if !seen.insert(file.sha256) {
                    continue;
                }
                status.files_wanted += 1;
                status.bytes_wanted += file.size;
                if is_there {
                    status.files_there += 1;
                    status.bytes_there += file.size;
                } else {
                    let part = self.there.parts.get(&file.sha256).copied();
                    let coming = under_way.filter(|(next, _)| next.asset.sha256 == file.sha256);
                    let part = coming.map(|(_, got)| got).or(part).unwrap_or(0);
                    status.bytes_there += part.min(file.size);
                }
            }
            if !is_whole && status.campaigns_waiting.len() < CAMPAIGNS_WAITING_MAX {
                status.campaigns_waiting.push(claim.campaign.to_string());
            }
        }
        if status != self.status {
            self.status = status.clone();
            self.hub_link
                .tell(PlayerRequest::Transfers(Box::new(status)))?;
        }
        Ok(())
    }
}

/// The one sentence about campaigns for which there is no room.
fn refusal(refused: &[Refused], quota_bytes: u64) -> Option<String> {
    let first = refused.first()?;
    let others = match refused.len() {
        1 => String::new(),
        2 => " (and one more campaign waits)".to_owned(),
        many => format!(" (and {} more campaigns wait)", many - 1),
    };
    Some(format!(
        "campaign {} needs {} more, and the cache has room for {} beside what airs within a week{others}; raise data.cache_mb in kiosk.toml, which is {}, or make room on the disk",
        first.campaign,
        mb(first.needed_bytes),
        mb(first.room_bytes),
        quota_bytes >> 20
    ))
}

/// Bytes as people read them, rounded up.
fn mb(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1 << 20))
}

fn tell_disk(removed: Result<(), CacheError>) {
    if let Err(error) = removed {
        tracing::warn!("it cannot be removed: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sentence_names_campaign_sizes_and_setting() {
        assert_eq!(refusal(&[], 1), None);
        let refused = |id: &str, missing| Refused {
            campaign: id.parse().expect("an id"),
            needed_bytes: missing,
            room_bytes: 5 << 20,
        };
        let all = [refused("film", 300 << 20), refused("b", 1), refused("c", 1)];
        assert_eq!(
            refusal(&all, 256 << 20).as_deref(),
            Some(
                "campaign film needs 300 MB more, and the cache has room for 5 MB beside what airs within a week (and 2 more campaigns wait); raise data.cache_mb in kiosk.toml, which is 256, or make room on the disk"
            )
        );
    }

    #[test]
    fn what_came_wrong_is_blamed_on_itself_and_an_absent_hub_on_nobody() {
        let hash = TransferError::from(CacheError::Hash(Digest([1; 32])));
        assert_eq!(hash.scope(), FailureScope::Content);
        let status = |status| {
            TransferError::from(HubError::Status {
                status,
                title: String::new(),
                retry_after_ms: Some(7),
                expected_seq: None,
            })
        };
        assert_eq!(status(404).scope(), FailureScope::File);
        assert_eq!(status(503).scope(), FailureScope::All);
        assert_eq!(status(503).retry_after_ms(), Some(7));
        assert_eq!(
            TransferError::Short(Digest([1; 32])).scope(),
            FailureScope::File
        );
    }
}
