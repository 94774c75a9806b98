//! Makes a hub of a backup, in a new data folder and a new database of either kind.
//!
//! Invariants: nothing is written before the whole backup was checked, and nothing where a hub is;
//! the data folder has its name when all is there. A restore that was cut off is begun again, and
//! finds what it had finished in a database on a server.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use passerby_folder::durable_file;
use passerby_folder::regular_file;
use passerby_protocol::Digest;
use serde::Serialize;

use crate::backup::check::{Checked, check};
use crate::backup::contents::{BLOBS_FOLDER, BackupError, KEYS_FOLDER, failed, table_path};
use crate::backup::make::all_there;
use crate::backup::table_file;
use crate::backup::table_file::TableFile;
use crate::backup::unfinished_folder::UnfinishedFolder;
use crate::blobs::{Blobs, BlobsAddress, copy_hashed};
use crate::hub::Places;
use crate::keys::Keys;
use crate::store::Store;
use crate::store::copying::Begun;
use crate::store::copying::import::Import;
use crate::system::private;

/// What a restore came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// When the backup was begun.
    pub made_ms: i64,
    /// Rows of all tables.
    pub rows: u64,
    /// Plays among them.
    pub plays: u64,
    /// Scans among them.
    pub scans: u64,
    /// Creatives.
    pub creatives: usize,
}

/// Makes a hub of the backup in `backup`: in the folder `data`, which is empty or does not exist,
/// and in the empty database of PostgreSQL and the store of creatives that are named, if any are.
///
/// # Errors
/// See [`BackupError`]; there is no hub then. Some creatives may be in their store already.
pub fn restore(
    backup: &Path,
    data: &Path,
    Places { database, blobs }: Places<'_>,
) -> Result<Restored, BackupError> {
    let checked = check(backup)?;
    let left_out = &checked.description.left_out;
    let store = match blobs {
        Some(address) => Some((
            Blobs::open(&BlobsAddress::Bucket(address.clone()))?,
            address,
        )),
        None if left_out.is_empty() => None,
        None => return Err(BackupError::NoCreatives(backup.display().to_string())),
    };
    if let Some((store, _)) = &store {
        store.probe()?;
        all_there(store, left_out)?;
    }
    let id = format!("restore {}", checked.digest);
    let tables = &checked.description.tables;
    let restored = Restored {
        made_ms: checked.description.made_ms,
        rows: tables.iter().map(|table| table.rows).sum(),
        plays: checked.description.rows("plays"),
        scans: checked.description.rows("scans"),
        creatives: checked.files_in(BLOBS_FOLDER).count() + left_out.len(),
    };
    if !is_free(data).map_err(failed("read", data))? {
        // All was there, and the last step was cut off.
        if let Some(address) = database
            && private::is_database_elsewhere(data)
            && has_keys_of(&checked, data)
            && Store::is_whole_on_server(address, &id)?
        {
            Store::end_copy(address, &id)?;
            return Ok(restored);
        }
        return Err(BackupError::NotEmpty(data.display().to_string()));
    }
    let begun = match database {
        Some(address) => Some((address, Store::begin_copy(address, &id)?)),
        None => None,
    };
    let above = durable_file::folder_of(data);
    durable_file::make_folder(above).map_err(failed("make the folder", above))?;
    let unfinished = UnfinishedFolder::create(data)?;
    let folder = unfinished.path();
    for (path, digest) in checked.files_in(KEYS_FOLDER) {
        copy(
            &backup.join(KEYS_FOLDER).join(path),
            &folder.join(path),
            digest,
        )?;
    }
    // Keys that no hub could use are told before anything else is done.
    Keys::open(folder)?;
    match &store {
        None => {
            make_folder(&folder.join(BLOBS_FOLDER))?;
            for (path, digest) in checked.files_in(BLOBS_FOLDER) {
                let path = Path::new(BLOBS_FOLDER).join(path);
                copy(&backup.join(&path), &folder.join(&path), digest)?;
            }
        }
        Some((store, address)) => {
            for (path, digest) in checked.files_in(BLOBS_FOLDER) {
                let file = backup.join(BLOBS_FOLDER).join(path);
                let size = fs::metadata(&file).map_err(failed("read", &file))?.len();
                store.put(digest, size, &file)?;
            }
            private::set_blobs_elsewhere(folder, &address.to_string())
                .map_err(failed("write to", folder))?;
        }
    }
    let steps = checked.description.steps;
    let load = |import: &Import<'_, '_>| load(&checked, backup, import);
    match begun {
        None => Store::fill_file(folder, steps, load)?,
        Some((address, begun)) => {
            if begun == Begun::Unfinished {
                Store::fill_server(address, steps, load)?;
            }
            private::set_database_elsewhere(folder).map_err(failed("write to", folder))?;
        }
    }
    unfinished.finish()?;
    if let Some((address, _)) = begun {
        Store::end_copy(address, &id)?;
    }
    Ok(restored)
}

/// Whether there is nothing in a folder, or no such folder.
fn is_free(folder: &Path) -> io::Result<bool> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

fn has_keys_of(checked: &Checked, data: &Path) -> bool {
    let mut keys = checked.files_in(KEYS_FOLDER);
    keys.all(|(path, digest)| {
        fs::read(data.join(path)).is_ok_and(|found| Digest::of(&found) == digest)
    })
}

fn load(checked: &Checked, backup: &Path, import: &Import<'_, '_>) -> Result<(), BackupError> {
    let tables = &checked.description.tables;
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    import.clear(&names)?;
    for name in names {
        let path = backup.join(table_path(name));
        let damaged = |said| BackupError::Damaged(vec![format!("{}: {said}", path.display())]);
        TableFile::open(&path, name)
            .map_err(damaged)?
            .load(name, import)?;
    }
    Ok(())
}

/// Copies a file, which is private from its first moment on.
fn copy(from: &Path, to: &Path, digest: Digest) -> Result<(), BackupError> {
    if let Some(above) = to.parent().filter(|above| !above.is_dir()) {
        make_folder(above)?;
    }
    let opened = regular_file::open_within(from).map_err(io::Error::other);
    let mut opened = opened.map_err(failed("read", from))?.into_file();
    let mut file = table_file::make_file(to)?;
    let found = copy_hashed(&mut opened, &mut file).map_err(failed("write", to))?;
    file.flush()
        .and_then(|()| file.sync_all())
        .map_err(failed("write", to))?;
    if found == digest {
        Ok(())
    } else {
        let said = format!("{}: it changed meanwhile", from.display());
        Err(BackupError::Damaged(vec![said]))
    }
}

fn make_folder(folder: &Path) -> Result<(), BackupError> {
    private::make_only_folder(folder).map_err(failed("make the folder", folder))
}
