//! What a hub wants one screen to air: signed, versioned, expiring.
//!
//! Invariant: a terminal takes a manifest only as [`Manifest::open`] returns it, so nothing
//! unsigned, meant for another screen, expired or older than what it has seen reaches the screen.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use ed25519_dalek::{Signature, Signer, SigningKey};
use serde::{Deserialize, Serialize};

use crate::bounded;
use crate::creative::is_part_name;
use crate::foreign::{has_hidden, one_line, plain_lines};
use crate::hexadecimal::unhex64;
use crate::limits::{
    ANSWER_TEXT_BYTES_MAX, ASSETS_BYTES_MAX, ASSETS_MAX, CREATIVE_BYTES_MAX, LINE_CHARS_MAX,
    MANIFEST_BYTES_MAX, NOTICE_CHARS_MAX, PARTS_MAX, URL_BYTES_MAX, VIDEO_BYTES_MAX,
};
use crate::{Assignment, Campaign, CampaignId, Digest, ScreenNumber, manifest_keys};

/// The header that carries the signature: 128 lower-case hexadecimal digits.
pub const SIGNATURE_HEADER: &str = "passerby-signature";
/// Most campaigns in a manifest; each has at least one placement of some hundred bytes.
const CAMPAIGNS_MAX: usize = 10_000;
/// Most characters of what is wrong with a manifest; some of them repeat what is in it.
const WORDS_CHARS_MAX: usize = 200;
/// Longest media type, in bytes (RFC 6838, 4.2).
const MEDIA_TYPE_BYTES_MAX: usize = 255;
const LABEL: &[u8] = b"passerby manifest v1\n";

/// What one screen should air.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Grows with every change for this screen; a terminal never goes back.
    pub version: u64,
    /// Which screen it is for.
    pub screen: ScreenNumber,
    /// Unix milliseconds after which it must no longer air.
    pub expires_ms: i64,
    /// What codes start with, for example `HTTPS://HUB.EXAMPLE`; upper case where the host allows.
    pub scan_base: String,
    /// The campaigns.
    pub campaigns: Vec<ManifestCampaign>,
    /// Every file that the campaigns need.
    pub assets: Vec<Asset>,
    /// What covers everything for as long as it is here: an emergency. Manifests of older hubs have
    /// none, and older terminals do not look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<ManifestNotice>,
}

/// An emergency message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestNotice {
    /// One sentence.
    pub headline: String,
    /// What else there is to say, in lines; may be empty.
    pub body: String,
}

impl ManifestNotice {
    /// Makes one of what somebody wrote; `None` where it has no headline, or is too long.
    pub fn new(headline: &str, body: &str) -> Option<Self> {
        let notice = Self {
            headline: plain_lines(headline).trim().to_owned(),
            body: plain_lines(body).trim().to_owned(),
        };
        notice.is_sound().then_some(notice)
    }

    /// Tells whether it is one that a screen can show, with nothing hidden in it.
    fn is_sound(&self) -> bool {
        let headline = self.headline.chars().count();
        let whole = headline + self.body.chars().count();
        !self.headline.trim().is_empty()
            && headline <= LINE_CHARS_MAX
            && whole <= NOTICE_CHARS_MAX
            && !has_hidden(&self.headline)
            && !self.body.lines().any(has_hidden)
    }
}

/// One campaign in a manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ManifestCampaign {
    /// Its name in reports.
    pub id: CampaignId,
    /// As the publisher wrote it.
    pub campaign: Campaign,
    /// For each of the campaign's placements, in the same order: what it shows and under which
    /// number.
    pub items: Vec<Item>,
}

/// What a placement shows and under which number a token names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Goes into the token.
    pub assignment: Assignment,
    /// The creative.
    pub creative: Digest,
    /// The files that it refers to, at most [`PARTS_MAX`]. Manifests of older hubs have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<ItemPart>,
}

/// A file that a creative refers to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemPart {
    /// What the creative calls it.
    pub name: String,
    /// The file.
    pub sha256: Digest,
}

/// A file of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asset {
    /// Its name and its check.
    pub sha256: Digest,
    /// In bytes.
    pub size: u64,
    /// Such as `image/jpeg`, `image/svg+xml`, `video/mp4` or `application/toml`.
    #[serde(rename = "type")]
    pub media_type: String,
}

impl Asset {
    /// Most bytes that a file of its type may have.
    pub fn bytes_max(&self) -> u64 {
        if self.media_type.starts_with("video/") {
            VIDEO_BYTES_MAX
        } else {
            CREATIVE_BYTES_MAX
        }
    }
}

/// Says why a manifest is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Too large, not JSON of this form, or not whole.
    #[error("the hub's manifest is malformed: {0}")]
    Malformed(String),
    /// The signature is not the hub's.
    #[error(
        "the manifest is not signed by the hub that this screen is enrolled with, nor by a key that it has endorsed"
    )]
    Signature,
    /// Meant for another screen.
    #[error("the manifest is for screen {0}")]
    Screen(ScreenNumber),
    /// Older than one that was already taken.
    #[error(
        "the manifest has version {offered}, older than {seen}, which this screen has seen; if this stays, something between this screen and its hub answers in its place"
    )]
    Rollback {
        /// Its version.
        offered: u64,
        /// The newest version taken so far.
        seen: u64,
    },
    /// Past its date.
    #[error("the manifest expired")]
    Expired,
}

impl Manifest {
    /// Returns the body and the value of the signature header.
    ///
    /// # Errors
    /// Never for manifests built from valid parts; the error is serde's.
    pub fn seal(&self, key: &SigningKey) -> Result<(Vec<u8>, String), serde_json::Error> {
        let body = serde_json::to_vec(self)?;
        let signature = key.sign(&[LABEL, &body].concat()).to_bytes();
        Ok((
            body,
            signature.iter().map(|byte| format!("{byte:02x}")).collect(),
        ))
    }

    /// Checks a body and its signature and returns the manifest.
    ///
    /// `seen` is the newest version that was taken before; `now_ms` the trusted wall time, `None`
    /// while there is none (expiry is then judged later).
    ///
    /// # Errors
    /// See [`ManifestError`].
    pub fn open(
        body: &[u8],
        signature: &str,
        key: &[u8; 32],
        screen: ScreenNumber,
        seen: u64,
        now_ms: Option<i64>,
    ) -> Result<Self, ManifestError> {
        if body.len() as u64 > MANIFEST_BYTES_MAX {
            return Err(ManifestError::Malformed(format!(
                "{} bytes, more than {MANIFEST_BYTES_MAX}",
                body.len()
            )));
        }
        let key = manifest_keys::usable(key).ok_or(ManifestError::Signature)?;
        let signature = unhex64(signature).ok_or(ManifestError::Signature)?;
        key.verify_strict(&[LABEL, body].concat(), &Signature::from_bytes(&signature))
            .map_err(|_| ManifestError::Signature)?;
        Self::take(body, screen, seen, now_ms)
    }

    /// The same for a body that was taken before, under a key that has been replaced since, and is
    /// known by its digest.
    ///
    /// # Errors
    /// See [`ManifestError`]; any other body has no signature that counts.
    pub fn open_known(
        body: &[u8],
        known: Digest,
        screen: ScreenNumber,
        seen: u64,
        now_ms: Option<i64>,
    ) -> Result<Self, ManifestError> {
        if Digest::of(body) == known {
            Self::take(body, screen, seen, now_ms)
        } else {
            Err(ManifestError::Signature)
        }
    }

    /// Checks a body that the hub has signed.
    fn take(
        body: &[u8],
        screen: ScreenNumber,
        seen: u64,
        now_ms: Option<i64>,
    ) -> Result<Self, ManifestError> {
        let manifest: Self = bounded::json(body, ANSWER_TEXT_BYTES_MAX).map_err(|error| {
            ManifestError::Malformed(one_line(&error.to_string(), WORDS_CHARS_MAX))
        })?;
        manifest.check_whole()?;
        if manifest.screen != screen {
            return Err(ManifestError::Screen(manifest.screen));
        }
        if manifest.version < seen {
            return Err(ManifestError::Rollback {
                offered: manifest.version,
                seen,
            });
        }
        if manifest.is_expired(now_ms) {
            return Err(ManifestError::Expired);
        }
        Ok(manifest)
    }

    /// Tells whether the manifest may no longer air; false while the time is unknown.
    pub fn is_expired(&self, now_ms: Option<i64>) -> bool {
        now_ms.is_some_and(|now| now >= self.expires_ms)
    }

    fn check_whole(&self) -> Result<(), ManifestError> {
        let malformed = |text: String| Err(ManifestError::Malformed(text));
        let assets: BTreeSet<Digest> = self.assets.iter().map(|asset| asset.sha256).collect();
        if let Some(reason) = self.assets_fault(&assets) {
            return malformed(reason);
        }
        if self.campaigns.len() > CAMPAIGNS_MAX {
            return malformed(format!(
                "it has {} campaigns, more than {CAMPAIGNS_MAX}",
                self.campaigns.len()
            ));
        }
        if self
            .notice
            .as_ref()
            .is_some_and(|notice| !notice.is_sound())
        {
            return malformed("its emergency message is none that a screen can show".to_owned());
        }
        if !is_scan_base(&self.scan_base) {
            return malformed("what codes start with is no address".to_owned());
        }
        for entry in &self.campaigns {
            if let Err(wrong) = entry.campaign.check_bounds() {
                return malformed(format!("campaign {}: {wrong}", entry.id));
            }
            if entry.items.len() != entry.campaign.placements.len() {
                return malformed(format!(
                    "campaign {} has {} placements and {} items",
                    entry.id,
                    entry.campaign.placements.len(),
                    entry.items.len()
                ));
            }
            for item in &entry.items {
                let parts = item.parts.iter().map(|part| part.sha256);
                if let Some(missing) = parts
                    .chain([item.creative])
                    .find(|digest| !assets.contains(digest))
                {
                    return malformed(format!("creative {missing} is not among the assets"));
                }
                if item.parts.len() > PARTS_MAX
                    || item.parts.iter().any(|part| !is_part_name(&part.name))
                {
                    return malformed(format!(
                        "creative {} has parts that no creative may have",
                        item.creative
                    ));
                }
            }
        }
        Ok(())
    }

    /// What is wrong with the list of assets; `names` are theirs.
    fn assets_fault(&self, names: &BTreeSet<Digest>) -> Option<String> {
        let sizes = self.assets.iter().map(|asset| asset.size);
        let bytes = sizes.fold(0, u64::saturating_add);
        let heavy = |asset: &&Asset| asset.size > asset.bytes_max();
        if let Some(asset) = self.assets.iter().find(heavy) {
            Some(format!(
                "asset {} has {} bytes, more than {}",
                asset.sha256,
                asset.size,
                asset.bytes_max()
            ))
        } else if self.assets.len() > ASSETS_MAX {
            Some(format!(
                "it has {} assets, more than {ASSETS_MAX}",
                self.assets.len()
            ))
        } else if bytes > ASSETS_BYTES_MAX {
            Some(format!(
                "its assets have {bytes} bytes, more than {ASSETS_BYTES_MAX}"
            ))
        } else if let Some(asset) = self
            .assets
            .iter()
            .find(|asset| asset.media_type.len() > MEDIA_TYPE_BYTES_MAX)
        {
            Some(format!("asset {} has no media type", asset.sha256))
        } else if names.len() < self.assets.len() {
            Some("it names an asset twice".to_owned())
        } else {
            None
        }
    }
}

/// Tells whether a text can stand at the start of a code: the address of a hub, perhaps with a
/// path, as `passerby-hub serve --public-url` takes it.
pub fn is_scan_base(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let rest = lower
        .strip_prefix("https://")
        .or_else(|| lower.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && text.len() <= URL_BYTES_MAX
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && !text.contains(['?', '#', '@', '"', '<', '>', '\\'])
}
