//! What a hub wants one screen to air: signed, versioned, expiring.
//!
//! Invariant: a terminal takes a manifest only as [`Manifest::open`] returns it, so nothing
//! unsigned, meant for another screen, expired or older than what it has seen reaches the screen.

use std::collections::BTreeSet;

use ed25519_dalek::{Signature, Signer, SigningKey};
use serde::{Deserialize, Serialize};

use crate::bounded;
use crate::creative::is_part_name;
use crate::foreign::one_line;
use crate::hexadecimal::unhex64;
use crate::limits::{
    ANSWER_TEXT_BYTES_MAX, ASSETS_BYTES_MAX, ASSETS_MAX, CREATIVE_BYTES_MAX, MANIFEST_BYTES_MAX,
    PARTS_MAX, URL_BYTES_MAX, VIDEO_BYTES_MAX,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            version: 7,
            screen: ScreenNumber::new(3).expect("in range"),
            expires_ms: 1_000,
            scan_base: "HTTPS://HUB.EXAMPLE".into(),
            campaigns: Vec::new(),
            assets: Vec::new(),
        }
    }

    fn open(
        body: &[u8],
        signature: &str,
        key: &SigningKey,
        seen: u64,
        now_ms: i64,
    ) -> Result<Manifest, ManifestError> {
        Manifest::open(
            body,
            signature,
            key.verifying_key().as_bytes(),
            ScreenNumber::new(3).expect("in range"),
            seen,
            Some(now_ms),
        )
    }

    #[test]
    fn parts_are_whole_and_manifests_without_them_still_open() {
        let item = r#"{"assignment":1,"creative":"DIGEST"}"#.replace("DIGEST", &"ab".repeat(32));
        let item: Item = serde_json::from_str(&item).expect("an older hub's item");
        assert!(item.parts.is_empty());
        assert!(
            !serde_json::to_string(&item)
                .expect("writes")
                .contains("parts")
        );
        let asset = |byte: u8, size, media_type: &str| Asset {
            sha256: Digest([byte; 32]),
            size,
            media_type: media_type.to_owned(),
        };
        let with = |name: &str, assets: Vec<Asset>| {
            let campaign = Campaign::of_pictures("c", "c", &["a.mp4".to_owned()]).expect("good");
            let part = ItemPart {
                name: name.to_owned(),
                sha256: Digest([2; 32]),
            };
            let entry = ManifestCampaign {
                id: "c".parse().expect("an id"),
                campaign,
                items: vec![Item {
                    assignment: Assignment::NONE,
                    creative: Digest([1; 32]),
                    parts: vec![part],
                }],
            };
            Manifest {
                campaigns: vec![entry],
                assets,
                ..manifest()
            }
            .check_whole()
        };
        let film = || asset(1, VIDEO_BYTES_MAX, "video/mp4");
        let poster = || asset(2, 5, "image/png");
        assert_eq!(with("a.png", vec![film(), poster()]), Ok(()));
        assert!(
            with("a.png", vec![film()]).is_err(),
            "the poster is missing"
        );
        assert!(with("../a.png", vec![film(), poster()]).is_err(), "a path");
        let heavy = asset(1, CREATIVE_BYTES_MAX + 1, "image/png");
        assert!(with("a.png", vec![heavy, poster()]).is_err());
        let twice = asset(2, 6, "image/png");
        assert!(
            with("a.png", vec![film(), poster(), twice]).is_err(),
            "one file has one size"
        );
        let number = |at: usize| {
            let mut name = [3; 32];
            name[..8].copy_from_slice(&at.to_be_bytes());
            name
        };
        let many = |count: usize, size| {
            let more = (0..count).map(|at| Asset {
                sha256: Digest(number(at)),
                size,
                media_type: "video/mp4".to_owned(),
            });
            with(
                "a.png",
                [film(), poster()].into_iter().chain(more).collect(),
            )
        };
        assert_eq!(many(ASSETS_MAX - 2, 1), Ok(()));
        assert!(many(ASSETS_MAX - 1, 1).is_err(), "too many");
        assert!(many(ASSETS_MAX - 2, VIDEO_BYTES_MAX).is_err(), "too much");
    }

    #[test]
    fn only_signed_current_manifests_open() {
        let key = SigningKey::from_bytes(&[9; 32]);
        let (body, signature) = manifest().seal(&key).expect("seals");
        assert_eq!(open(&body, &signature, &key, 7, 999), Ok(manifest()));
        assert_eq!(
            open(&body, &signature, &key, 8, 999),
            Err(ManifestError::Rollback {
                offered: 7,
                seen: 8
            })
        );
        assert_eq!(
            open(&body, &signature, &key, 0, 1_000),
            Err(ManifestError::Expired)
        );
        assert_eq!(
            open(&body, &signature, &SigningKey::from_bytes(&[8; 32]), 0, 0),
            Err(ManifestError::Signature)
        );
        for at in 0..body.len() {
            let mut changed = body.clone();
            changed[at] ^= 1;
            assert_eq!(
                open(&changed, &signature, &key, 0, 0),
                Err(ManifestError::Signature)
            );
        }
        assert_eq!(open(&body, "é", &key, 0, 0), Err(ManifestError::Signature));
    }

    #[test]
    fn what_no_file_could_say_is_refused_in_a_manifest_too() {
        let key = SigningKey::from_bytes(&[9; 32]);
        let refused = |manifest: &Manifest| {
            let (body, signature) = manifest.seal(&key).expect("seals");
            matches!(
                open(&body, &signature, &key, 0, 0),
                Err(ManifestError::Malformed(_))
            )
        };
        let mut campaign = Campaign::of_pictures("c", "c", &["a.png".to_owned()]).expect("good");
        campaign.placements[0].weight = 0;
        let item = Item {
            assignment: Assignment::NONE,
            creative: Digest([1; 32]),
            parts: Vec::new(),
        };
        let asset = Asset {
            sha256: Digest([1; 32]),
            size: 1,
            media_type: "image/png".to_owned(),
        };
        let mut whole = Manifest {
            campaigns: vec![ManifestCampaign {
                id: "c".parse().expect("an id"),
                campaign,
                items: vec![item],
            }],
            assets: vec![asset.clone()],
            ..manifest()
        };
        assert!(refused(&whole), "a weight of nothing");
        whole.campaigns[0].campaign.placements[0].weight = 1;
        assert!(!refused(&whole));
        let twice = Manifest {
            assets: vec![asset.clone(), asset.clone()],
            ..whole.clone()
        };
        assert!(refused(&twice));
        let endless = Asset {
            media_type: "x".repeat(256),
            ..asset
        };
        let endless = Manifest {
            assets: vec![endless],
            ..whole.clone()
        };
        assert!(refused(&endless));
        for scan_base in [
            "",
            "javascript:x",
            "HTTPS://",
            "HTTPS://A B",
            "HTTPS:///A",
            "HTTPS://A\n",
            "HTTPS://A?B",
        ] {
            let elsewhere = Manifest {
                scan_base: scan_base.to_owned(),
                ..whole.clone()
            };
            assert!(refused(&elsewhere), "{scan_base:?}");
        }
        for scan_base in [
            "HTTPS://HUB.EXAMPLE",
            "HTTP://127.0.0.1:8420",
            "HTTP://[::1]:1",
            "http://a.example:8420/Hub",
        ] {
            assert!(is_scan_base(scan_base), "{scan_base}");
        }
    }
}
