//! The manifests of which something airs, in memory and on disk.
//!
//! `manifest.json` holds the newest, the former ones from which campaigns still air, and which
//! campaign airs from which: one file, so that they change together.
//!
//! Invariants:
//! - Every manifest comes from [`Manifest::open`], also after a restart: they are kept as they were
//!   signed. The newest must not be older than what the screen has seen; former ones must be older
//!   than the newest, which names what may air of them.
//! - What is about to air is on disk first, unless the disk refuses: then it airs all the same,
//!   since a campaign that was taken off must leave, and is written as soon as the disk lets it.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use passerby_folder::durable_file;
use passerby_protocol::limits::MANIFEST_BYTES_MAX;
use passerby_protocol::manifest::ManifestError;
use passerby_protocol::{Digest, Manifest};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::content::active::{ActiveContent, MANIFESTS_MAX, Switched};
use crate::content::cache::Cache;
use crate::hub_link::client::SealedManifest;
use crate::identity::credentials::Enrolment;

/// Largest file that is read, in bytes; quoting may double a manifest.
const FILE_BYTES_MAX: u64 = 2 * MANIFEST_BYTES_MAX * MANIFESTS_MAX as u64;

/// A manifest on disk, as it was signed, so that it can be checked again after a restart.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    signature: String,
    body: String,
}

impl From<&SealedManifest> for Kept {
    fn from(sealed: &SealedManifest) -> Self {
        Self {
            signature: sealed.signature.clone(),
            body: String::from_utf8_lossy(&sealed.body).into_owned(),
        }
    }
}

/// What `manifest.json` holds. Earlier terminals kept the newest alone.
#[derive(Debug, Serialize, Deserialize)]
struct OnDisk {
    signature: String,
    body: String,
    #[serde(default)]
    switched: Switched,
    #[serde(default)]
    former: Vec<Kept>,
}

/// A manifest with the bytes that were signed.
#[derive(Debug, Clone)]
struct Opened {
    manifest: Arc<Manifest>,
    kept: Kept,
}

#[derive(Debug, Default)]
struct State {
    /// The newest first.
    opened: Vec<Opened>,
    switched: Switched,
    /// What the player was told last.
    told: Option<Arc<ActiveContent>>,
    /// The disk has not taken what is in memory.
    is_unsaved: bool,
}

/// The manifests that are held, and who airs from which. Shared by those who fetch manifests and
/// files.
pub(super) struct ManifestStore {
    data_dir: PathBuf,
    cache: Cache,
    state: RefCell<State>,
    /// Told when the newest manifest is another one.
    pub(super) changed: Notify,
}

impl ManifestStore {
    /// Takes what an earlier run has kept, as far as it still checks.
    pub(super) fn load(
        data_dir: &Path,
        enrolment: &Enrolment,
        cache: &Cache,
        seen: u64,
        now_ms: Option<i64>,
    ) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            cache: cache.clone(),
            state: RefCell::new(state_in(data_dir, enrolment, seen, now_ms)),
            changed: Notify::new(),
        }
    }

    /// Puts a checked manifest into the store; from now on it says what there is.
    pub(super) fn put(&self, manifest: Manifest, sealed: &SealedManifest) {
        let state = &mut *self.state.borrow_mut();
        let is_same = |known: &Opened| *known.manifest == manifest;
        if state.opened.first().is_some_and(is_same) {
            return;
        }
        // A hub that was restored may have signed the same version twice; the later word counts.
        let is_former = |known: &Opened| known.manifest.version < manifest.version;
        state.opened.retain(is_former);
        let opened = Opened {
            manifest: Arc::new(manifest),
            kept: Kept::from(sealed),
        };
        state.opened.insert(0, opened);
        state.is_unsaved = true;
        self.changed.notify_one();
    }

    /// Forgets everything, also on disk: the hub does not know this screen any more.
    pub(super) fn clear(&self) {
        *self.state.borrow_mut() = State::default();
        forget(&self.data_dir);
        self.changed.notify_one();
    }

    /// Chooses anew what airs, and keeps it. Returns what to tell the player, if it is something
    /// new.
    pub(super) fn refresh(&self, now_ms: Option<i64>) -> Option<Arc<ActiveContent>> {
        let state = &mut *self.state.borrow_mut();
        // Without the newest nobody says what there is; an older one must not take its place.
        if state
            .opened
            .first()
            .is_some_and(|newest| newest.manifest.is_expired(now_ms))
        {
            (state.opened, state.told) = (Vec::new(), None);
        }
        state
            .opened
            .retain(|known| !known.manifest.is_expired(now_ms));
        let manifests: Vec<_> = state
            .opened
            .iter()
            .map(|known| known.manifest.clone())
            .collect();
        let chosen =
            ActiveContent::choose(&manifests, &state.switched, |file| self.cache.has(file))?;
        let is_needed = |known: &Opened| {
            let needed = chosen.manifests().iter();
            needed
                .map(|manifest| manifest.version)
                .any(|version| version == known.manifest.version)
        };
        state.opened.retain(is_needed);
        let switched = chosen.switched();
        state.is_unsaved |= switched != state.switched;
        state.switched = switched;
        if state.is_unsaved {
            match self.save(state) {
                Ok(()) => state.is_unsaved = false,
                Err(error) => tracing::warn!("the manifest cannot be kept: {error}"),
            }
        }
        if state.told.as_deref() == Some(&chosen) {
            return None;
        }
        let chosen = Arc::new(chosen);
        state.told = Some(chosen.clone());
        Some(chosen)
    }

    /// What the manifests are that are held; they were checked.
    pub(super) fn digests(&self) -> Vec<Digest> {
        let state = self.state.borrow();
        let bodies = state.opened.iter().map(|known| known.kept.body.as_bytes());
        bodies.map(Digest::of).collect()
    }

    /// The newest manifest, and the versions of campaigns that air: what the cache is asked for.
    pub(super) fn active(&self) -> Option<Arc<ActiveContent>> {
        self.state.borrow().told.clone()
    }

    fn save(&self, state: &State) -> std::io::Result<()> {
        let Some((newest, former)) = state.opened.split_first() else {
            return Ok(());
        };
        let Kept { signature, body } = newest.kept.clone();
        let on_disk = OnDisk {
            signature,
            body,
            switched: state.switched.clone(),
            former: former.iter().map(|former| former.kept.clone()).collect(),
        };
        let bytes = serde_json::to_vec(&on_disk).map_err(std::io::Error::other)?;
        durable_file::write_private(&path_in(&self.data_dir), &bytes)
    }
}

/// Reads what an earlier run has kept and what of it may air now, for those who only look.
pub fn kept_content(
    data_dir: &Path,
    enrolment: &Enrolment,
    cache: &Cache,
    seen: u64,
    now_ms: Option<i64>,
) -> Option<ActiveContent> {
    let store = ManifestStore::load(data_dir, enrolment, cache, seen, now_ms);
    let state = store.state.borrow();
    let manifests: Vec<_> = state
        .opened
        .iter()
        .map(|known| known.manifest.clone())
        .collect();
    ActiveContent::choose(&manifests, &state.switched, |file| cache.has(file))
}

/// Removes the manifests of an earlier run, so that they do not come back with a restart.
pub(super) fn forget(data_dir: &Path) {
    let path = path_in(data_dir);
    let removed = std::fs::remove_file(&path).and_then(|()| durable_file::sync_names(data_dir));
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => tracing::error!(
            "{}: cannot be removed: {error}; remove it, or the hub's content may come back with a restart",
            path.display()
        ),
        _ => {}
    }
}

/// What an earlier run has kept, as far as it still checks; nothing without the newest.
fn state_in(data_dir: &Path, enrolment: &Enrolment, seen: u64, now_ms: Option<i64>) -> State {
    let path = path_in(data_dir);
    let Some(on_disk) = read(&path) else {
        return State::default();
    };
    let newest = Kept {
        signature: on_disk.signature,
        body: on_disk.body,
    };
    let newest = match open(newest, enrolment, seen, now_ms) {
        Ok(newest) => newest,
        Err(error) => {
            tracing::warn!("{}: {error}; it does not air", path.display());
            return State::default();
        }
    };
    let version = newest.manifest.version;
    let former = on_disk.former.into_iter().take(MANIFESTS_MAX - 1);
    let mut former: Vec<Opened> = former
        .filter_map(|kept| open(kept, enrolment, 0, now_ms).ok())
        .filter(|former| former.manifest.version < version)
        .collect();
    former.sort_by_key(|former| std::cmp::Reverse(former.manifest.version));
    former.dedup_by_key(|former| former.manifest.version);
    former.insert(0, newest);
    State {
        opened: former,
        switched: on_disk.switched,
        ..State::default()
    }
}

fn open(
    kept: Kept,
    enrolment: &Enrolment,
    seen: u64,
    now_ms: Option<i64>,
) -> Result<Opened, ManifestError> {
    let (body, screen) = (kept.body.as_bytes(), enrolment.credentials.screen);
    let digest = Digest::of(body);
    // What was taken under an earlier key needs no new signature.
    let manifest = if enrolment.kept_manifests.contains(&digest) {
        Manifest::open_known(body, digest, screen, seen, now_ms)?
    } else {
        let key = enrolment.manifest_key();
        Manifest::open(body, &kept.signature, &key, screen, seen, now_ms)?
    };
    Ok(Opened {
        manifest: Arc::new(manifest),
        kept,
    })
}

fn read(path: &Path) -> Option<OnDisk> {
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > FILE_BYTES_MAX {
        return None;
    }
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

fn path_in(data_dir: &Path) -> PathBuf {
    data_dir.join("manifest.json")
}

#[cfg(test)]
mod tests;
