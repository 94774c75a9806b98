//! Brings the hub's content: asks for the manifest, checks it, fetches its pictures, and only then tells the player.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use passerby_protocol::wire::Heartbeat;
use passerby_protocol::{Manifest, manifest::ManifestError};
use serde::{Deserialize, Serialize};

use super::hub::{HubClient, HubError, SealedManifest};
use super::{PlayerGone, Uplink};
use crate::cache::Cache;
use crate::credentials::{Enrolment, write_privately};
use crate::device_key;
use crate::link::PlayerRequest;
use crate::random;
use crate::sync::back_off_ms;

/// The manifest on disk, as it was signed, so that it can be checked again after a restart.
#[derive(Serialize, Deserialize)]
struct Kept {
    signature: String,
    body: String,
}

/// Why content did not come this time.
#[derive(Debug, thiserror::Error)]
enum ContentError {
    #[error(transparent)]
    Hub(#[from] HubError),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error("{0}: the manifest cannot be kept: {1}")]
    Disk(String, std::io::Error),
}

pub(super) struct Content {
    uplink: Uplink,
    client: HubClient,
    enrolment: Enrolment,
    cache: Cache,
    seen: u64,
    etag: Option<String>,
}

impl Content {
    pub(super) fn new(
        uplink: Uplink,
        client: HubClient,
        enrolment: Enrolment,
        cache: Cache,
        seen: u64,
    ) -> Self {
        Self {
            uplink,
            client,
            enrolment,
            cache,
            seen,
            etag: None,
        }
    }

    pub(super) async fn run(mut self) -> PlayerGone {
        match self.work().await {
            Ok(never) => never,
            Err(gone) => gone,
        }
    }

    async fn work(&mut self) -> Result<PlayerGone, PlayerGone> {
        let now_ms = self.uplink.clock.now().wall_ms;
        if let Some(manifest) = kept_manifest(
            &self.uplink.data_dir,
            &self.enrolment,
            &self.cache,
            self.seen,
            now_ms,
        ) {
            self.uplink
                .tell(PlayerRequest::Content(Arc::new(manifest)))?;
        }
        let mut failures = 0;
        loop {
            let pause = match self.round().await? {
                Ok(()) => {
                    failures = 0;
                    self.uplink.poll
                }
                Err(ContentError::Hub(HubError::Status {
                    status: 401 | 403 | 410,
                    title,
                    ..
                })) => {
                    tracing::error!(
                        "the hub refuses this screen ({title}); enrol it again with `passerby enroll`"
                    );
                    self.uplink.tell(PlayerRequest::Revoked)?;
                    std::future::pending::<()>().await;
                    return Err(PlayerGone);
                }
                Err(error) => {
                    tracing::warn!("{error}");
                    let asked = match &error {
                        ContentError::Hub(HubError::Status { retry_after_ms, .. }) => {
                            *retry_after_ms
                        }
                        _ => None,
                    };
                    let pause = back_off_ms(failures, asked, random::u64());
                    failures += 1;
                    std::time::Duration::from_millis(pause)
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// One heartbeat and one look for new content.
    async fn round(&mut self) -> Result<Result<(), ContentError>, PlayerGone> {
        let status = self.uplink.ask(PlayerRequest::Status).await?;
        let heartbeat = Heartbeat {
            software: env!("CARGO_PKG_VERSION").to_owned(),
            manifest_version: status.manifest_version,
            clock_trusted: status.clock_trusted,
            plays_waiting: status.plays_waiting,
            screen_px: status.screen_px,
            disk_free_bytes: disk_free_bytes(&self.uplink.data_dir),
            key_generation: status.key_generation,
            device: device_key::load(&self.uplink.data_dir)
                .ok()
                .flatten()
                .map(|key| key.vouch(self.enrolment.credentials.screen)),
        };
        let asked_ms = self.uplink.clock.now().boot_ms;
        match self
            .client
            .heartbeat(self.enrolment.credentials.screen, &heartbeat)
            .await
        {
            Ok(reply) => {
                self.uplink.learn_time(
                    asked_ms,
                    self.uplink.clock.now().boot_ms,
                    reply.server_time_ms,
                )?;
                self.learn_key(reply.key_generation).await?;
            }
            Err(error) => return Ok(Err(error.into())),
        }
        match self.fetch().await {
            Ok(Some(manifest)) => {
                self.uplink
                    .tell(PlayerRequest::Content(Arc::new(manifest)))?;
                Ok(Ok(()))
            }
            Ok(None) => Ok(Ok(())),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Fetches the screen's key when the hub has another one than this terminal: a newer one, or an older one if the hub
    /// was restored from a backup. What fails is tried again with the next heartbeat; the old key mints until then.
    async fn learn_key(&mut self, wanted: Option<u8>) -> Result<(), PlayerGone> {
        let credentials = &self.enrolment.credentials;
        if wanted.is_none_or(|wanted| wanted == credentials.generation) {
            return Ok(());
        }
        let key = match self.client.token_key(credentials.screen).await {
            Ok(key) => key,
            Err(error) => {
                tracing::warn!("the screen's new key does not come: {error}");
                return Ok(());
            }
        };
        let mut enrolment = self.enrolment.clone();
        enrolment.credentials.generation = key.generation;
        enrolment.credentials.token_key.clone_from(&key.token_key);
        // On disk first: a terminal that forgot its key after the hub heard of it would mint codes that are refused.
        if let Err(error) = enrolment.save(&self.uplink.data_dir) {
            tracing::warn!("the screen's new key cannot be kept: {error}");
            return Ok(());
        }
        tracing::info!("codes are minted with key {} from now on", key.generation);
        self.enrolment = enrolment;
        self.uplink.tell(PlayerRequest::Key(key))
    }

    /// Returns a new manifest once all of it is on this machine.
    async fn fetch(&mut self) -> Result<Option<Manifest>, ContentError> {
        let Some(sealed) = self
            .client
            .manifest(self.enrolment.credentials.screen, self.etag.as_deref())
            .await?
        else {
            return Ok(None);
        };
        let manifest = self.open(&sealed.body, &sealed.signature)?;
        for asset in manifest
            .assets
            .iter()
            .filter(|asset| !self.cache.has(asset))
        {
            let mut download = self.cache.begin(asset).map_err(HubError::from)?;
            self.client.blob(asset, &mut download).await?;
            if !download.finish().map_err(HubError::from)? {
                return Err(HubError::Unreachable {
                    url: self.enrolment.hub.clone(),
                    reason: format!("picture {} came short", asset.sha256),
                }
                .into());
            }
        }
        self.keep(&sealed)?;
        // The play on the screen may still use an old picture for a redress; it is in memory by then or skipped.
        self.cache.sweep(&manifest);
        self.seen = self.seen.max(manifest.version);
        self.etag = sealed.etag;
        Ok(Some(manifest))
    }

    fn open(&self, body: &[u8], signature: &str) -> Result<Manifest, ManifestError> {
        let now_ms = self.uplink.clock.now().wall_ms;
        Manifest::open(
            body,
            signature,
            &self.enrolment.manifest_key(),
            self.enrolment.credentials.screen,
            self.seen,
            now_ms,
        )
    }

    fn keep(&self, sealed: &SealedManifest) -> Result<(), ContentError> {
        let kept = Kept {
            signature: sealed.signature.clone(),
            body: String::from_utf8_lossy(&sealed.body).into_owned(),
        };
        let bytes = serde_json::to_vec(&kept).unwrap_or_default();
        write_privately(&path_in(&self.uplink.data_dir), &bytes).map_err(|error| {
            ContentError::Disk(path_in(&self.uplink.data_dir).display().to_string(), error)
        })
    }
}

/// Reads the manifest of an earlier run, if it still checks and all its pictures are on this machine.
pub fn kept_manifest(
    data_dir: &Path,
    enrolment: &Enrolment,
    cache: &Cache,
    seen: u64,
    now_ms: Option<i64>,
) -> Option<Manifest> {
    let path = path_in(data_dir);
    let kept: Kept = serde_json::from_slice(&std::fs::read(&path).ok()?).ok()?;
    let (key, screen) = (enrolment.manifest_key(), enrolment.credentials.screen);
    match Manifest::open(
        kept.body.as_bytes(),
        &kept.signature,
        &key,
        screen,
        seen,
        now_ms,
    ) {
        Ok(manifest) => cache.has_all(&manifest).then_some(manifest),
        Err(error) => {
            tracing::warn!("{}: {error}; it does not air", path.display());
            None
        }
    }
}

fn path_in(data_dir: &Path) -> PathBuf {
    data_dir.join("manifest.json")
}

#[allow(
    unsafe_code,
    reason = "statvfs has no safe wrapper in libc; the struct is plain data that it fills"
)]
fn disk_free_bytes(folder: &Path) -> u64 {
    use std::os::unix::ffi::OsStrExt;
    let Ok(path) = std::ffi::CString::new(folder.as_os_str().as_bytes()) else {
        return 0;
    };
    // SAFETY: the path is NUL-terminated, `stat` is valid for writes, and zero is a valid statvfs.
    unsafe {
        let mut stat: libc::statvfs = std::mem::zeroed();
        if libc::statvfs(path.as_ptr(), &raw mut stat) == 0 {
            stat.f_bavail.saturating_mul(stat.f_frsize)
        } else {
            0
        }
    }
}
