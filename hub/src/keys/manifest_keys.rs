//! The keys that sign manifests: the first is in `keys.json`, and every rotation adds a file
//! `manifest-keys/<generation>.json` with the new key and its endorsement by the one before.
//!
//! Invariants:
//! - A file of a generation is there whole or not at all, is made once and is never written again,
//!   so a rotation that was cut off at any point leaves the hub with the keys that it had, or with
//!   one more.
//! - Two rotations at one time make two generations or one error, never two keys of one generation.
//! - Every key that is used is endorsed by the one before it; a folder in which one is missing is
//!   not used.
//! - A key that another process of this hub made is seen at once where they share the folder; from
//!   elsewhere it comes through [`ManifestKeys::adopt`], and gets its file here.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ed25519_dalek::SigningKey;
use passerby_folder::durable_file::{self, PRIVATE_MODE};
use passerby_protocol::hexadecimal::{hex, unhex32};
use passerby_protocol::manifest_keys::{
    CHAIN_MAX, Endorsement, GENERATION_MAX, ManifestKey, endorse,
};
use serde::{Deserialize, Serialize};

use crate::system::random;

const FOLDER: &str = "manifest-keys";

/// The keys of one hub, oldest first.
pub(crate) struct ManifestKeys {
    folder: PathBuf,
    /// At least the first.
    known: Mutex<Vec<Generation>>,
}

struct Generation {
    signing: SigningKey,
    made_ms: i64,
    /// By the one before; the first has none.
    endorsement: Option<Endorsement>,
}

/// What can be told of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeySummary {
    /// Its generation.
    pub generation: u32,
    /// Its public half, 64 hexadecimal digits.
    pub key: String,
    /// Since when; `None` for the first, which is as old as the hub.
    pub made_ms: Option<i64>,
}

/// Says why there is no new key, or none that can be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestKeyError {
    /// The file system says no.
    #[error("cannot keep a manifest key in {file}: {source}")]
    File {
        /// The file.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// A file is there and is not what a rotation wrote, or not of this hub.
    #[error(
        "{0} is damaged or missing, or belongs to another keys.json; restore keys.json and the folder manifest-keys from the same backup, the newest one"
    )]
    Damaged(String),
    /// Another rotation made the generation first.
    #[error("another rotation has just made manifest key {0}; see `passerby-hub key list`")]
    Contended(u32),
    /// What another process shared was not sealed with this hub's keys.
    #[error(
        "manifest key {0} in the database was made by a hub with another keys.json; give all processes of one database the same keys.json"
    )]
    Sealed(u32),
    /// All generations are used.
    #[error("all {GENERATION_MAX} manifest keys are used; set up a new hub")]
    Exhausted,
}

#[derive(Serialize, Deserialize)]
struct KeyFile {
    seed: String,
    made_ms: i64,
    endorsement: Endorsement,
}

impl ManifestKeys {
    /// Reads the keys that follow the first.
    ///
    /// # Errors
    /// A file is missing between others, or is damaged.
    pub(crate) fn open(data: &Path, first: SigningKey) -> Result<Self, ManifestKeyError> {
        let keys = Self {
            folder: data.join(FOLDER),
            known: Mutex::new(vec![Generation {
                signing: first,
                made_ms: 0,
                endorsement: None,
            }]),
        };
        loop {
            let newest = keys.read_newest()?;
            match keys.highest_file()? {
                Some(highest) if highest > newest => {
                    // Either a rotation has just made it, or it lies beyond a gap: then files are
                    // missing.
                    if keys.read_newest()? == newest {
                        return Err(ManifestKeyError::Damaged(keys.path(newest + 1).1));
                    }
                }
                _ => return Ok(keys),
            }
        }
    }

    /// Returns the newest key and its generation.
    ///
    /// A key that cannot be read is told in the log; then the hub goes on with those that it has.
    pub(crate) fn newest(&self) -> (u32, SigningKey) {
        let mut known = self.lock();
        if let Err(error) = self.read_on(&mut known) {
            tracing::error!("{error}");
        }
        let newest = known.last().map(|newest| newest.signing.clone());
        (
            newest_of(&known),
            newest.expect("there is always the first key"),
        )
    }

    /// Returns the endorsements that lead on from a generation, oldest first.
    pub(crate) fn after(&self, generation: u32) -> Vec<Endorsement> {
        let mut known = self.lock();
        if let Err(error) = self.read_on(&mut known) {
            tracing::error!("{error}");
        }
        let from = usize::try_from(generation)
            .unwrap_or(usize::MAX)
            .saturating_add(1);
        known
            .iter()
            .skip(from)
            .take(CHAIN_MAX)
            .filter_map(|later| later.endorsement.clone())
            .collect()
    }

    /// Makes a new key, on disk before anything is signed with it. Returns its generation.
    ///
    /// # Errors
    /// See [`ManifestKeyError`]; there is no new key then.
    pub(crate) fn rotate(&self, now_ms: i64) -> Result<u32, ManifestKeyError> {
        let mut known = self.lock();
        self.read_on(&mut known)?;
        let (next, text) = Self::make(&known, now_ms)?;
        let (_, name) = self.path(next);
        let written = self.write_file(next, &text);
        written.map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => ManifestKeyError::Contended(next),
            _ => ManifestKeyError::File { file: name, source },
        })?;
        self.read_on(&mut known)?;
        Ok(next)
    }

    /// Makes a new key without using it: its generation, and what its file will hold. It becomes
    /// one of this hub's by [`ManifestKeys::adopt`].
    ///
    /// # Errors
    /// See [`ManifestKeyError`].
    pub(crate) fn make_next(&self, now_ms: i64) -> Result<(u32, Vec<u8>), ManifestKeyError> {
        let mut known = self.lock();
        self.read_on(&mut known)?;
        Self::make(&known, now_ms)
    }

    fn make(known: &[Generation], now_ms: i64) -> Result<(u32, Vec<u8>), ManifestKeyError> {
        let next = newest_of(known) + 1;
        if next > GENERATION_MAX {
            return Err(ManifestKeyError::Exhausted);
        }
        let seed = random::bytes::<32>();
        let signing = SigningKey::from_bytes(&seed);
        let before = &known.last().expect("there is always the first key").signing;
        let file = KeyFile {
            seed: hex(&seed),
            made_ms: now_ms,
            endorsement: endorse(before, next, &signing.verifying_key()),
        };
        let text = serde_json::to_vec_pretty(&file).expect("texts and numbers make JSON");
        Ok((next, text))
    }

    /// Takes in a key that was made elsewhere, as its file holds it. It is used also where this
    /// folder cannot keep it; the log says so then.
    ///
    /// # Errors
    /// It is not endorsed by the key before it, or this folder has another one of its generation.
    pub(crate) fn adopt(&self, generation: u32, text: &[u8]) -> Result<(), ManifestKeyError> {
        let mut known = self.lock();
        self.read_on(&mut known)?;
        let damaged = || ManifestKeyError::Damaged(self.path(generation).1);
        let at = usize::try_from(generation).unwrap_or(usize::MAX);
        let before = at.checked_sub(1).and_then(|before| known.get(before));
        let before = before.ok_or_else(damaged)?;
        let read = Generation::read(text, before, generation - 1).ok_or_else(damaged)?;
        if let Some(own) = known.get(at) {
            return (own.signing == read.signing)
                .then_some(())
                .ok_or_else(damaged);
        }
        known.push(read);
        match self.write_file(generation, text) {
            // Another process that shares this folder was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                let file = self.path(generation).1;
                tracing::warn!(%error, "{file} cannot be written; the database has this key");
            }
            Ok(()) => {}
        }
        Ok(())
    }

    /// Returns the generations after one that this folder has, as their files hold them.
    ///
    /// # Errors
    /// A file cannot be read.
    pub(crate) fn files_after(
        &self,
        generation: u32,
    ) -> Result<Vec<(u32, Vec<u8>)>, ManifestKeyError> {
        let newest = self.read_newest()?;
        (generation.saturating_add(1)..=newest)
            .map(|generation| {
                let (path, file) = self.path(generation);
                let text = std::fs::read(path)
                    .map_err(|source| ManifestKeyError::File { file, source })?;
                Ok((generation, text))
            })
            .collect()
    }

    fn write_file(&self, generation: u32, text: &[u8]) -> io::Result<()> {
        make_private(&self.folder)?;
        durable_file::write_new(&self.path(generation).0, PRIVATE_MODE, text)
    }

    /// Lists the keys, oldest first.
    pub(crate) fn list(&self) -> Vec<KeySummary> {
        let known = self.lock();
        let numbered = (0..).zip(known.iter());
        numbered
            .map(|(generation, key)| KeySummary {
                generation,
                key: hex(key.signing.verifying_key().as_bytes()),
                made_ms: key.endorsement.is_some().then_some(key.made_ms),
            })
            .collect()
    }

    /// Takes in what rotations, also of other processes, have made since.
    fn read_on(&self, known: &mut Vec<Generation>) -> Result<(), ManifestKeyError> {
        while newest_of(known) < GENERATION_MAX {
            let next = newest_of(known) + 1;
            let (path, name) = self.path(next);
            let text = match std::fs::read(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(source) => return Err(ManifestKeyError::File { file: name, source }),
            };
            let before = known.last().expect("there is always the first key");
            let read = Generation::read(&text, before, next - 1);
            known.push(read.ok_or(ManifestKeyError::Damaged(name))?);
        }
        Ok(())
    }

    /// Returns the newest generation, also one that another process has just made.
    ///
    /// # Errors
    /// A file cannot be read.
    pub(crate) fn read_newest(&self) -> Result<u32, ManifestKeyError> {
        let mut known = self.lock();
        self.read_on(&mut known)?;
        Ok(newest_of(&known))
    }

    fn highest_file(&self) -> Result<Option<u32>, ManifestKeyError> {
        let failed = |source| ManifestKeyError::File {
            file: self.folder.display().to_string(),
            source,
        };
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            entries => entries.map_err(failed)?,
        };
        let mut highest = None;
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            let generation = name
                .to_str()
                .and_then(|name| name.strip_suffix(".json")?.parse::<u32>().ok());
            highest = highest.max(generation);
        }
        Ok(highest)
    }

    fn path(&self, generation: u32) -> (PathBuf, String) {
        let path = self.folder.join(format!("{generation}.json"));
        let name = path.display().to_string();
        (path, name)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Generation>> {
        // Whoever panicked had not pushed a half-made key.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generation {
    fn read(text: &[u8], before: &Self, generation_before: u32) -> Option<Self> {
        let file: KeyFile = serde_json::from_slice(text).ok()?;
        let signing = SigningKey::from_bytes(&unhex32(&file.seed)?);
        let known = ManifestKey {
            generation: generation_before,
            public: before.signing.verifying_key().to_bytes(),
        };
        let reached = known.follow(std::slice::from_ref(&file.endorsement)).ok()?;
        (reached.public == signing.verifying_key().to_bytes()).then_some(Self {
            signing,
            made_ms: file.made_ms,
            endorsement: Some(file.endorsement),
        })
    }
}

fn newest_of(known: &[Generation]) -> u32 {
    u32::try_from(known.len().saturating_sub(1)).unwrap_or(u32::MAX)
}

/// Lists the files of the keys that follow the first, by their paths in the data folder.
///
/// # Errors
/// The folder cannot be read.
pub(super) fn files(data: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(data.join(FOLDER)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".json"));
        if number.is_some_and(|number| number.parse::<u32>().is_ok()) {
            files.push(Path::new(FOLDER).join(name));
        }
    }
    files.sort();
    Ok(files)
}

/// Makes a folder that only its owner may look into.
fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().mode(0o700).create(folder);
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Err(_) => Ok(()),
        // The folder's own name must outlive a power cut too.
        Ok(()) => durable_file::sync_names(durable_file::folder_of(folder)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn first() -> SigningKey {
        SigningKey::from_bytes(&[3; 32])
    }

    fn open(data: &Path) -> Result<ManifestKeys, ManifestKeyError> {
        ManifestKeys::open(data, first())
    }

    #[test]
    fn a_rotation_is_on_disk_for_its_owner_only_and_other_processes_see_it_at_once() {
        let data = tempfile::tempdir().unwrap();
        let (serving, command) = (open(data.path()).unwrap(), open(data.path()).unwrap());
        assert_eq!(serving.newest().0, 0);
        assert_eq!(command.rotate(5).unwrap(), 1);
        assert_eq!(serving.newest().0, 1);
        assert_eq!(serving.newest().1, command.newest().1);
        assert_ne!(serving.newest().1, first());
        assert_eq!(serving.rotate(6).unwrap(), 2);
        assert_eq!(command.after(0).len(), 2);
        assert_eq!((command.after(2).len(), command.after(9).len()), (0, 0));
        assert_eq!(command.list(), open(data.path()).unwrap().list());
        let folder = data.path().join(FOLDER);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&folder.join("1.json")), 0o600);
        assert_eq!(
            std::fs::read_dir(&folder).unwrap().count(),
            2,
            "nothing is left over"
        );
    }

    #[test]
    fn what_is_handed_out_leads_a_terminal_from_any_key_to_the_newest() {
        let data = tempfile::tempdir().unwrap();
        let keys = open(data.path()).unwrap();
        for now_ms in 0..70 {
            keys.rotate(now_ms).unwrap();
        }
        let mut known = ManifestKey {
            generation: 0,
            public: first().verifying_key().to_bytes(),
        };
        let mut questions = 0;
        while known.generation < 70 {
            known = known.follow(&keys.after(known.generation)).unwrap();
            questions += 1;
        }
        assert_eq!(questions, 2);
        assert_eq!(known.public, keys.newest().1.verifying_key().to_bytes());
    }

    #[test]
    fn two_rotations_at_one_time_never_make_two_keys_of_one_generation() {
        let data = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let keys = open(data.path()).unwrap();
                    for _ in 0..5 {
                        match keys.rotate(0) {
                            Ok(_) | Err(ManifestKeyError::Contended(_)) => {}
                            Err(other) => panic!("{other}"),
                        }
                    }
                });
            }
        });
        let keys = open(data.path()).unwrap();
        let newest = keys.newest().0;
        assert!((5..=20).contains(&newest), "{newest}");
        let start = ManifestKey {
            generation: 0,
            public: first().verifying_key().to_bytes(),
        };
        assert_eq!(start.follow(&keys.after(0)).unwrap().generation, newest);
    }

    #[test]
    fn a_key_that_was_made_elsewhere_is_used_and_kept_if_the_one_before_endorses_it() {
        let [here, there] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let [own, other] = [&here, &there].map(|data| open(data.path()).unwrap());
        let (generation, text) = other.make_next(7).unwrap();
        assert_eq!((generation, other.newest().0), (1, 0), "it is not used yet");
        for keys in [&own, &other] {
            keys.adopt(1, &text).unwrap();
            keys.adopt(1, &text).unwrap();
            assert_eq!(keys.newest().0, 1);
        }
        assert_eq!(own.newest().1, other.newest().1);
        assert_eq!(own.files_after(0).unwrap(), [(1, text)]);
        assert_eq!(open(here.path()).unwrap().list(), other.list());
        // Another one of the same generation, one after a gap, one that is none.
        let third = open(tempfile::tempdir().unwrap().path()).unwrap();
        let (_, strange) = third.make_next(8).unwrap();
        assert!(own.adopt(1, &strange).is_err());
        assert!(own.adopt(3, &strange).is_err());
        assert!(own.adopt(2, &strange).is_err());
        assert!(own.adopt(2, b"{}").is_err());
        assert!(own.adopt(0, b"{}").is_err());
        assert_eq!(own.newest().0, 1);
    }

    #[test]
    fn a_key_that_is_damaged_missing_or_of_another_hub_is_told_and_left_alone() {
        let data = tempfile::tempdir().unwrap();
        let keys = open(data.path()).unwrap();
        keys.rotate(0).unwrap();
        keys.rotate(0).unwrap();
        let path = data.path().join(FOLDER).join("1.json");
        let good = std::fs::read(&path).unwrap();
        assert!(matches!(
            ManifestKeys::open(data.path(), SigningKey::from_bytes(&[4; 32])),
            Err(ManifestKeyError::Damaged(file)) if file.ends_with("1.json")
        ));
        std::fs::write(&path, b"{}").unwrap();
        assert!(matches!(
            open(data.path()),
            Err(ManifestKeyError::Damaged(_))
        ));
        assert_eq!(std::fs::read(&path).unwrap(), b"{}");
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(
            open(data.path()),
            Err(ManifestKeyError::Damaged(file)) if file.ends_with("1.json")
        ));
        std::fs::write(&path, good).unwrap();
        assert_eq!(open(data.path()).unwrap().newest().0, 2);
    }

    #[test]
    fn what_a_rotation_that_was_cut_off_left_behind_is_no_key() {
        let data = tempfile::tempdir().unwrap();
        let keys = open(data.path()).unwrap();
        keys.rotate(0).unwrap();
        std::fs::write(
            data.path().join(FOLDER).join(".0011223344556677.tmp"),
            b"{\"se",
        )
        .unwrap();
        let keys = open(data.path()).unwrap();
        assert_eq!(keys.newest().0, 1);
        assert_eq!(keys.rotate(0).unwrap(), 2);
    }
}
