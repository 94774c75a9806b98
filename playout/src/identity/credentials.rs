//! What this terminal keeps about its hub, in files that only it can read.
//!
//! Invariants: a file is written whole or not at all; what a file holds is checked before it is
//! believed.

use std::path::{Path, PathBuf};

use passerby_folder::durable_file;
use passerby_protocol::Digest;
use passerby_protocol::hexadecimal::{hex, unhex32};
use passerby_protocol::manifest::is_scan_base;
use passerby_protocol::manifest_keys::ManifestKey;
use passerby_protocol::token::TokenKey;
use passerby_protocol::wire::Credentials;
use serde::{Deserialize, Serialize};

/// Longest bearer, in bytes; it goes into a header.
const BEARER_BYTES_MAX: usize = 256;

/// Says why credentials cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The disk is the matter.
    #[error("{path}: {error}")]
    Disk {
        /// The file.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The file is not what enrolment wrote.
    #[error("{0}: this is not what enrolment wrote; remove it and enrol the screen again")]
    Malformed(String),
}

/// Credentials with the hub they belong to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Enrolment {
    /// The hub's address.
    pub hub: String,
    /// What it handed out.
    pub credentials: Credentials,
    /// The manifests that were taken under an earlier key and may go on airing; none, unless the
    /// key was changed since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept_manifests: Vec<Digest>,
}

impl Enrolment {
    /// Reads the enrolment of a data folder; `None` when the screen is not enrolled.
    ///
    /// # Errors
    /// The file cannot be read or is damaged.
    pub fn load(data_dir: &Path) -> Result<Option<Self>, CredentialsError> {
        let path = path_in(data_dir);
        let name = || path.display().to_string();
        match std::fs::read(&path) {
            Ok(bytes) => {
                let enrolment: Self = serde_json::from_slice(&bytes)
                    .map_err(|_| CredentialsError::Malformed(name()))?;
                match check(&enrolment.credentials) {
                    Ok(()) => Ok(Some(enrolment)),
                    Err(_) => Err(CredentialsError::Malformed(name())),
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(CredentialsError::Disk {
                path: name(),
                error,
            }),
        }
    }

    /// Writes the enrolment, readable by its owner only.
    ///
    /// # Errors
    /// The disk fails; nothing was changed then.
    pub fn save(&self, data_dir: &Path) -> Result<(), CredentialsError> {
        let path = path_in(data_dir);
        let text = serde_json::to_vec_pretty(self)
            .map_err(|_| CredentialsError::Malformed(path.display().to_string()))?;
        durable_file::write_private(&path, &text).map_err(|error| CredentialsError::Disk {
            path: path.display().to_string(),
            error,
        })
    }

    /// The key with which this screen signs tokens.
    pub fn token_key(&self) -> TokenKey {
        TokenKey::from_bytes(unhex32(&self.credentials.token_key).unwrap_or_default())
    }

    /// The key that signs this screen's manifests.
    pub fn manifest_key(&self) -> [u8; 32] {
        unhex32(&self.credentials.manifest_key).unwrap_or_default()
    }

    /// The same with its generation.
    pub fn known_manifest_key(&self) -> ManifestKey {
        ManifestKey {
            generation: self.credentials.manifest_key_generation,
            public: self.manifest_key(),
        }
    }

    /// Takes another key that signs this screen's manifests.
    pub fn set_manifest_key(&mut self, key: &ManifestKey) {
        self.credentials.manifest_key = hex(&key.public);
        self.credentials.manifest_key_generation = key.generation;
    }
}

/// Tells whether credentials can be used: what a hub hands out, or what a file holds, may be
/// anything.
///
/// # Errors
/// The first thing that is wrong.
pub(crate) fn check(credentials: &Credentials) -> Result<(), &'static str> {
    let is_key = |text: &str| unhex32(text).is_some();
    let bearer = &credentials.bearer;
    if !is_key(&credentials.token_key) || !is_key(&credentials.manifest_key) {
        Err("a key has 64 hexadecimal digits")
    } else if bearer.len() > BEARER_BYTES_MAX || !bearer.bytes().all(|byte| byte.is_ascii_graphic())
    {
        Err("a bearer has up to 256 letters, digits and signs")
    } else if !is_scan_base(&credentials.scan_base) {
        Err("what codes start with is no address")
    } else {
        Ok(())
    }
}

fn path_in(data_dir: &Path) -> PathBuf {
    data_dir.join("credentials.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use passerby_protocol::{PlayNumber, ScreenNumber};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn an_enrolment_is_kept_for_its_owner_only() {
        let folder = tempfile::tempdir().expect("folder");
        assert!(Enrolment::load(folder.path()).expect("reads").is_none());
        let enrolment = Enrolment {
            hub: "https://hub.example".into(),
            credentials: Credentials {
                screen: ScreenNumber::new(7).expect("in range"),
                token_key: "ab".repeat(32),
                generation: 0,
                bearer: "secret".into(),
                manifest_key: "cd".repeat(32),
                manifest_key_generation: 0,
                scan_base: "HTTPS://HUB.EXAMPLE".into(),
                play_floor: PlayNumber::new(1).expect("in range"),
            },
            kept_manifests: Vec::new(),
        };
        enrolment.save(folder.path()).expect("writes");
        let mode = std::fs::metadata(path_in(folder.path()))
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(
            Enrolment::load(folder.path())
                .expect("reads")
                .expect("there")
                .manifest_key(),
            [0xCD; 32]
        );
        std::fs::write(path_in(folder.path()), b"{}").expect("writes");
        assert!(matches!(
            Enrolment::load(folder.path()),
            Err(CredentialsError::Malformed(_))
        ));
        assert!(!format!("{enrolment:?}").contains("secret"));
    }

    #[test]
    fn credentials_that_cannot_be_used_are_refused() {
        let good = Credentials {
            screen: ScreenNumber::new(7).expect("in range"),
            token_key: "ab".repeat(32),
            generation: 0,
            bearer: "ab".repeat(32),
            manifest_key: "cd".repeat(32),
            manifest_key_generation: 0,
            scan_base: "HTTPS://HUB.EXAMPLE".into(),
            play_floor: PlayNumber::new(1).expect("in range"),
        };
        assert_eq!(check(&good), Ok(()));
        let with = |change: fn(&mut Credentials)| {
            let mut changed = good.clone();
            change(&mut changed);
            check(&changed)
        };
        assert!(with(|bad| bad.token_key.push('0')).is_err());
        assert!(with(|bad| bad.manifest_key.clear()).is_err());
        assert!(with(|bad| bad.bearer.push_str("\r\nHost: evil")).is_err());
        assert!(with(|bad| bad.bearer = "a".repeat(257)).is_err());
        assert!(with(|bad| bad.scan_base = "javascript:alert(1)".into()).is_err());
        assert!(with(|bad| bad.scan_base = format!("HTTPS://{}", "A".repeat(400))).is_err());
    }
}
