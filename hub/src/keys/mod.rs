//! The hub's secrets: the master key from which tokens and bearers derive, and the keys that sign
//! manifests.
//!
//! Invariants: the file is readable by its owner alone, and is made once; losing it orphans every
//! screen, so it is never overwritten, not even when it cannot be read. Later manifest keys have
//! files of their own, see [`crate::keys::manifest_keys`].

pub mod manifest_keys;
pub mod pairing_code;
mod sealing;

use std::io;
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use hmac::{Hmac, KeyInit, Mac};
use passerby_folder::durable_file::{self, PRIVATE_MODE};
use passerby_protocol::ScreenNumber;
use passerby_protocol::hexadecimal::{hex, unhex32};
use passerby_protocol::manifest_keys::Endorsement;
use passerby_protocol::token::{MasterKey, TokenKey};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::keys::manifest_keys::{KeySummary, ManifestKeyError, ManifestKeys};
use crate::system::random;

const FILE_NAME: &str = "keys.json";
const LABEL_BEARER: &[u8] = b"passerby bearer v1";
const LABEL_FINGERPRINT: &[u8] = b"passerby fingerprint of keys v1";
const LABEL_OWN_LINK: &[u8] = b"passerby own link v1";
const LABEL_HASH_FOR: &[u8] = b"passerby hash for a purpose v1";
const LABEL_SEALING: &[u8] = b"passerby sealing of manifest keys v1";
const LABEL_SEALING_FOR: &[u8] = b"passerby sealing for a purpose v1";

/// The secrets of one hub.
pub struct Keys {
    master: [u8; 32],
    token_master: MasterKey,
    manifest: ManifestKeys,
}

/// Says why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file system says no.
    #[error("cannot keep the keys in {file}: {source}")]
    File {
        /// The key file.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file is there and is not what this program wrote.
    #[error("{0} is damaged; restore it from a backup, since every enrolled screen depends on it")]
    Damaged(String),
    /// A later manifest key is the matter.
    #[error(transparent)]
    Manifest(#[from] ManifestKeyError),
}

#[derive(Serialize, Deserialize)]
struct KeyFile {
    master: String,
    manifest_seed: String,
}

impl Keys {
    /// Reads the keys of a data folder, making them when there are none yet.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub fn open(folder: &Path) -> Result<Self, KeysError> {
        let path = folder.join(FILE_NAME);
        let file = path.display().to_string();
        let failed = |source| KeysError::File {
            file: file.clone(),
            source,
        };
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let made = KeyFile {
                    master: hex(&random::bytes::<32>()),
                    manifest_seed: hex(&random::bytes::<32>()),
                };
                let text = serde_json::to_vec_pretty(&made).map_err(|e| failed(e.into()))?;
                durable_file::write(&path, PRIVATE_MODE, &text).map_err(failed)?;
                text
            }
            Err(error) => return Err(failed(error)),
        };
        let (master, first) = read(&text).ok_or(KeysError::Damaged(file))?;
        Ok(Self {
            master,
            token_master: MasterKey::new(&master),
            manifest: ManifestKeys::open(folder, first)?,
        })
    }

    /// Returns the key that signs manifests, and its generation.
    pub fn signing(&self) -> (u32, SigningKey) {
        self.manifest.newest()
    }

    /// Returns the endorsements that lead on from a generation of the manifest key, oldest first.
    pub fn endorsements_after(&self, generation: u32) -> Vec<Endorsement> {
        self.manifest.after(generation)
    }

    /// Makes a new manifest key and returns its generation.
    ///
    /// # Errors
    /// See [`ManifestKeyError`]; there is no new key then.
    pub fn rotate_manifest_key(&self, now_ms: i64) -> Result<u32, ManifestKeyError> {
        self.manifest.rotate(now_ms)
    }

    /// Tells whether a data folder has keys.
    ///
    /// # Errors
    /// The folder cannot be looked into.
    pub fn are_in(folder: &Path) -> io::Result<bool> {
        folder.join(FILE_NAME).try_exists()
    }

    /// Returns what tells these keys from others and says nothing else of them.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.derive(LABEL_FINGERPRINT, &[])
    }

    /// Returns the newest generation of a manifest key in this folder.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn newest_manifest_key(&self) -> Result<u32, ManifestKeyError> {
        self.manifest.read_newest()
    }

    /// Makes a manifest key without using it: its generation, and the key itself, sealed, which
    /// [`Keys::adopt_manifest_key`] takes.
    ///
    /// # Errors
    /// See [`ManifestKeyError`].
    pub fn make_manifest_key(&self, now_ms: i64) -> Result<(u32, Vec<u8>), ManifestKeyError> {
        let (generation, text) = self.manifest.make_next(now_ms)?;
        Ok((generation, self.seal(generation, &text)))
    }

    /// Takes in a sealed manifest key that another process of this hub made, and keeps it in the
    /// folder.
    ///
    /// # Errors
    /// It was sealed with other keys than this hub's, or is not endorsed by the one before it.
    pub fn adopt_manifest_key(
        &self,
        generation: u32,
        sealed: &[u8],
    ) -> Result<(), ManifestKeyError> {
        let key = self.derive(LABEL_SEALING, &[]);
        let text = crate::keys::sealing::open(&key, generation, sealed)
            .ok_or(ManifestKeyError::Sealed(generation))?;
        self.manifest.adopt(generation, &text)
    }

    /// Returns the manifest keys of this folder after a generation, sealed, oldest first.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn sealed_manifest_keys_after(
        &self,
        generation: u32,
    ) -> Result<Vec<(u32, Vec<u8>)>, ManifestKeyError> {
        let files = self.manifest.files_after(generation)?;
        let sealed = files
            .into_iter()
            .map(|(generation, text)| (generation, self.seal(generation, &text)));
        Ok(sealed.collect())
    }

    fn seal(&self, generation: u32, text: &[u8]) -> Vec<u8> {
        let key = self.derive(LABEL_SEALING, &[]);
        crate::keys::sealing::seal(&key, generation, text)
    }

    /// Seals a text, so that only this hub can open it, and only for the purpose that it was sealed
    /// for.
    pub fn seal_for(&self, purpose: &str, text: &[u8]) -> Vec<u8> {
        let key = self.derive(LABEL_SEALING_FOR, &[purpose.as_bytes()]);
        crate::keys::sealing::seal(&key, 0, text)
    }

    /// Opens a text that was sealed for this purpose; `None` for anything else.
    pub fn open_for(&self, purpose: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let key = self.derive(LABEL_SEALING_FOR, &[purpose.as_bytes()]);
        crate::keys::sealing::open(&key, 0, sealed)
    }

    /// Hashes a text for a purpose with a key of this hub, so that it can be found again and cannot
    /// be guessed from the database alone.
    pub fn hash_for(&self, purpose: &str, text: &[u8]) -> [u8; 32] {
        let length = u64::try_from(purpose.len())
            .unwrap_or(u64::MAX)
            .to_be_bytes();
        self.derive(LABEL_HASH_FOR, &[&length, purpose.as_bytes(), text])
    }

    /// Returns the secret of the private link by which whoever passed a moment on under a shared
    /// link has its words erased: 32 hexadecimal digits.
    pub fn own_link_secret(&self, link: &str) -> String {
        let derived = self.derive(LABEL_OWN_LINK, &[link.as_bytes()]);
        hex(&derived[..16])
    }

    /// Tells whether a text is that secret, in the same time for every text.
    pub fn is_own_link_secret(&self, link: &str, secret: &str) -> bool {
        let known = self.own_link_secret(link);
        bool::from(subtle::ConstantTimeEq::ct_eq(
            known.as_bytes(),
            secret.as_bytes(),
        ))
    }

    /// Lists the manifest keys, oldest first.
    pub fn manifest_keys(&self) -> Vec<KeySummary> {
        self.manifest.list()
    }

    /// Derives the key with which a screen mints tokens in a generation.
    pub fn token_key(&self, screen: ScreenNumber, generation: u8) -> TokenKey {
        self.token_master.token_key(screen, generation)
    }

    /// Derives a screen's bearer from the secret of its enrolment, so that it can be given again
    /// after a lost answer without being stored.
    pub fn bearer(&self, screen: ScreenNumber, secret: &[u8; 32]) -> [u8; 32] {
        self.derive(LABEL_BEARER, &[&screen.get().to_be_bytes(), secret])
    }

    /// Derives 32 bytes for one purpose.
    fn derive(&self, label: &[u8], parts: &[&[u8]]) -> [u8; 32] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.master).expect("HMAC takes a key of any length");
        mac.update(label);
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// Lists the files of the keys, by their paths in the data folder.
///
/// # Errors
/// The folder cannot be read, or there are no keys.
pub(crate) fn files(data: &Path) -> io::Result<Vec<PathBuf>> {
    std::fs::metadata(data.join(FILE_NAME))?;
    let mut files = vec![PathBuf::from(FILE_NAME)];
    files.extend(crate::keys::manifest_keys::files(data)?);
    Ok(files)
}

/// Reads the master key and the first manifest key.
fn read(text: &[u8]) -> Option<([u8; 32], SigningKey)> {
    let file: KeyFile = serde_json::from_slice(text).ok()?;
    let seed = unhex32(&file.manifest_seed)?;
    Some((unhex32(&file.master)?, SigningKey::from_bytes(&seed)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn keys_are_made_once_and_only_their_owner_reads_them() {
        let folder = tempfile::tempdir().unwrap();
        let screen = ScreenNumber::new(7).unwrap();
        let first = Keys::open(folder.path()).unwrap().bearer(screen, &[1; 32]);
        let second = Keys::open(folder.path()).unwrap().bearer(screen, &[1; 32]);
        assert_eq!(first, second);
        let meta = std::fs::metadata(folder.path().join(FILE_NAME)).unwrap();
        assert_eq!(meta.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_was_sealed_for_one_purpose_opens_for_no_other_and_for_no_other_hub() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::open(folder.path()).unwrap();
        let sealed = keys.seal_for("account", b"secret");
        assert_eq!(
            keys.open_for("account", &sealed).as_deref(),
            Some(&b"secret"[..])
        );
        assert_eq!(keys.open_for("certificate", &sealed), None);
        let other = tempfile::tempdir().unwrap();
        let other = Keys::open(other.path()).unwrap();
        assert_eq!(other.open_for("account", &sealed), None);
    }

    #[test]
    fn damaged_keys_are_told_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        std::fs::write(&path, "{}").unwrap();
        assert!(matches!(
            Keys::open(folder.path()),
            Err(KeysError::Damaged(_))
        ));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{}");
    }
}
