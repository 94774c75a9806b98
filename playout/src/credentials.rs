//! What this terminal keeps about its hub, in files that only it can read.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use passerby_protocol::Digest;
use passerby_protocol::manifest_keys::ManifestKey;
use passerby_protocol::token::TokenKey;
use passerby_protocol::wire::{Credentials, hex, unhex32};
use serde::{Deserialize, Serialize};

use crate::durable::{holder_of, make_folder, sync_names};

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
    /// The manifests that were taken under an earlier key and may go on airing; none, unless the key was changed since.
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
                match (
                    unhex32(&enrolment.credentials.token_key),
                    unhex32(&enrolment.credentials.manifest_key),
                ) {
                    (Some(_), Some(_)) => Ok(Some(enrolment)),
                    _ => Err(CredentialsError::Malformed(name())),
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
        write_privately(&path, &text).map_err(|error| CredentialsError::Disk {
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

fn path_in(data_dir: &Path) -> PathBuf {
    data_dir.join("credentials.json")
}

/// Writes a file as a whole or not at all, with mode 0600: temporary file, fsync, rename, fsync of the folder.
pub(crate) fn write_privately(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = holder_of(path);
    make_folder(folder)?;
    let temporary = path.with_extension("tmp");
    // One that was left behind may be anybody's to read, or lead elsewhere.
    match std::fs::remove_file(&temporary) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    sync_names(folder)
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
}
