//! The key with which this terminal signs what it has played, in a file that only it can read.
//!
//! Invariants: a key that is there is never overwritten, whoever starts at the same time; the file
//! is whole or not there; the secret half never leaves the machine, nor goes into a backup of the
//! ledger.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use passerby_folder::durable_file::{self, PRIVATE_MODE};
use passerby_protocol::hexadecimal::{hex, unhex32};
use passerby_protocol::proof_of_play::DeviceKey;

use crate::identity::credentials::CredentialsError;
use crate::system::random;

/// Most bytes of the file that are looked at.
const FILE_BYTES_MAX: u64 = 4_096;

/// Reads the key of a data folder; `None` when there is none yet.
///
/// # Errors
/// The file cannot be read or does not hold a key.
pub fn load(data_dir: &Path) -> Result<Option<DeviceKey>, CredentialsError> {
    let path = path_in(data_dir);
    match read(&path) {
        Ok(Some(key)) => Ok(Some(key)),
        Ok(None) => Err(CredentialsError::Malformed(path.display().to_string())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(disk(&path, error)),
    }
}

/// Reads the key of a data folder, making it when there is none. What is not a key is set aside as
/// `device.key.damaged`, since a screen in the street must go on; hubs and verifiers see that the
/// key is another one.
///
/// # Errors
/// The disk refuses.
pub fn load_or_make(data_dir: &Path) -> Result<DeviceKey, CredentialsError> {
    let path = path_in(data_dir);
    match load(data_dir) {
        Ok(Some(key)) => return Ok(key),
        Ok(None) => {}
        Err(CredentialsError::Malformed(name)) => {
            tracing::error!(
                "{name}: this is not a device key; it is set aside, and plays are signed with a new one from now on"
            );
            std::fs::rename(&path, path.with_extension("key.damaged"))
                .map_err(|error| disk(&path, error))?;
        }
        Err(error) => return Err(error),
    }
    let seed: [u8; 32] = random::bytes();
    durable_file::make_folder(data_dir)
        .and_then(|()| durable_file::write_new(&path, PRIVATE_MODE, hex(&seed).as_bytes()))
        .or_else(|error| match error.kind() {
            ErrorKind::AlreadyExists => Ok(()),
            _ => Err(disk(&path, error)),
        })?;
    // Whoever came first has made the key, also if it was somebody else.
    load(data_dir)?.ok_or_else(|| disk(&path, ErrorKind::NotFound.into()))
}

fn read(path: &Path) -> std::io::Result<Option<DeviceKey>> {
    use std::io::Read as _;
    let mut text = String::new();
    let read = std::fs::File::open(path)?
        .take(FILE_BYTES_MAX)
        .read_to_string(&mut text);
    match read {
        Err(error) if error.kind() == ErrorKind::InvalidData => Ok(None),
        Err(error) => Err(error),
        Ok(_) => Ok(unhex32(text.trim()).map(|seed| DeviceKey::from_seed(&seed))),
    }
}

fn disk(path: &Path, error: std::io::Error) -> CredentialsError {
    CredentialsError::Disk {
        path: path.display().to_string(),
        error,
    }
}

fn path_in(data_dir: &Path) -> PathBuf {
    data_dir.join("device.key")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_key_is_made_once_and_kept_for_its_owner_only() {
        let folder = tempfile::tempdir().expect("folder");
        let data = folder.path().join("data");
        assert!(load(&data).expect("reads").is_none());
        // Many that start at once agree.
        let keys: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| load_or_make(&data).expect("makes").public()))
                .collect();
            let ends = starts.into_iter().map(|start| start.join().expect("ends"));
            ends.collect()
        });
        let key = load(&data).expect("reads").expect("there").public();
        assert!(keys.iter().all(|other| *other == key), "{keys:?}");
        let mode = std::fs::metadata(path_in(&data))
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let left: Vec<_> = std::fs::read_dir(&data).expect("reads").collect();
        assert_eq!(left.len(), 1, "nothing else is left: {left:?}");
    }

    #[test]
    fn what_is_not_a_key_is_set_aside_and_the_screen_goes_on() {
        let folder = tempfile::tempdir().expect("folder");
        let path = path_in(folder.path());
        std::fs::write(&path, [0xFF; 9_000]).expect("writes");
        assert!(matches!(
            load(folder.path()),
            Err(CredentialsError::Malformed(_))
        ));
        let key = load_or_make(folder.path()).expect("makes").public();
        assert_eq!(load_or_make(folder.path()).expect("reads").public(), key);
        let aside = path.with_extension("key.damaged");
        assert_eq!(std::fs::metadata(aside).expect("kept").len(), 9_000);
    }
}
