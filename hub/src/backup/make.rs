//! Makes a backup of a hub, also while it serves.
//!
//! Invariants: first the tables are read, all of one moment, then keys and creatives are taken:
//! nobody deletes either, so all that the tables name is there. Each creative is read and compared
//! with its name. A creative is linked where the file system allows that, since nobody writes to it
//! ever again, so several backups on one disk take its room once; otherwise it is copied, from a
//! store as well. A backup without creatives names those that it relies on, and each was there,
//! with its length, when it was made.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use passerby_protocol::Digest;
use serde::Serialize;

use crate::Hub;
use crate::backup::contents::{
    BLOBS_FOLDER, BackupError, DESCRIPTION, Description, FORMAT_WHOLE, FORMAT_WITHOUT_CREATIVES,
    KEYS_FOLDER, PROBLEMS_MAX, SUMS, TABLES_FOLDER, TableDescription, failed, table_path,
};
use crate::backup::table_file;
use crate::backup::unfinished_folder::UnfinishedFolder;
use crate::blobs::{BlobError, Blobs};
use crate::keys;
use crate::store::copying::tables::TABLES;
use crate::store::migrations::Steps;
use crate::system::private;

/// What a backup came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Made {
    /// Rows of all tables.
    pub rows: u64,
    /// Plays among them.
    pub plays: u64,
    /// Scans among them.
    pub scans: u64,
    /// Creatives.
    pub creatives: usize,
    /// What the creatives have, in bytes.
    pub creatives_bytes: u64,
}

/// Digests of files by their paths in the backup.
type Sums = Vec<(Digest, String)>;

/// Where the creatives of a backup are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creatives {
    /// In the backup.
    Within,
    /// In the hub's store, which keeps them.
    InStore,
}

/// Makes a backup of a hub whose data folder is `data` in the new folder `target`.
///
/// # Errors
/// See [`BackupError`]; there is no such folder then.
pub fn make(
    hub: &Hub,
    data: &Path,
    target: &Path,
    creatives_go: Creatives,
    now_ms: i64,
) -> Result<Made, BackupError> {
    if fs::symlink_metadata(target).is_ok() {
        return Err(BackupError::Exists(target.display().to_string()));
    }
    if creatives_go == Creatives::InStore && hub.blobs.file(Digest([0; 32])).is_some() {
        return Err(BackupError::CreativesInFolder);
    }
    let unfinished = UnfinishedFolder::create(target)?;
    let folder = unfinished.path();
    let (mut sums, mut description, creatives) = write_tables(hub, folder, now_ms)?;
    copy_keys(data, folder, &mut sums)?;
    make_folder(&folder.join(BLOBS_FOLDER))?;
    let creatives_bytes = creatives.iter().map(|(_, size)| size).sum();
    let creatives_count = creatives.len();
    match creatives_go {
        Creatives::Within => take_blobs(&hub.blobs, folder, &creatives, &mut sums)?,
        Creatives::InStore => {
            all_there(&hub.blobs, &creatives)?;
            description.format = FORMAT_WITHOUT_CREATIVES;
            description.left_out = creatives;
        }
    }
    let text = serde_json::to_vec_pretty(&description).map_err(io::Error::from);
    let text = text.map_err(failed("write", &folder.join(DESCRIPTION)))?;
    write_whole(&folder.join(DESCRIPTION), &text)?;
    sums.push((Digest::of(&text), DESCRIPTION.to_owned()));
    let lines = sums
        .iter()
        .map(|(digest, path)| format!("{digest}  {path}\n"));
    write_whole(&folder.join(SUMS), lines.collect::<String>().as_bytes())?;
    unfinished.finish()?;
    Ok(Made {
        rows: description.tables.iter().map(|table| table.rows).sum(),
        plays: description.rows("plays"),
        scans: description.rows("scans"),
        creatives: creatives_count,
        creatives_bytes,
    })
}

/// Takes all creatives, or names each that is missing or damaged.
fn take_blobs(
    blobs: &Blobs,
    folder: &Path,
    creatives: &[(Digest, u64)],
    sums: &mut Sums,
) -> Result<(), BackupError> {
    let mut problems = Vec::new();
    for &(digest, size) in creatives {
        let path = blob_path(digest);
        match take_blob(blobs, &folder.join(&path), digest, size) {
            Ok(()) => sums.push((digest, path)),
            Err(BackupError::Blobs(error)) => note(&mut problems, error)?,
            Err(error) => return Err(error),
        }
    }
    told(problems)
}

/// Compares the store with what the tables name, by names and lengths.
pub(super) fn all_there(blobs: &Blobs, creatives: &[(Digest, u64)]) -> Result<(), BackupError> {
    let there: HashMap<Digest, u64> = blobs.list()?.into_iter().collect();
    let mut problems = Vec::new();
    for &(digest, size) in creatives {
        let place = blobs.named();
        match there.get(&digest) {
            Some(found) if *found == size => {}
            Some(found) => {
                let said = format!("it has {found} bytes in place of {size}");
                let damaged = BlobError::Damaged {
                    digest,
                    place,
                    said,
                };
                note(&mut problems, damaged)?;
            }
            None => note(&mut problems, BlobError::Missing { digest, place })?,
        }
    }
    told(problems)
}

/// Adds what is wrong with a creative; what is wrong with the way to all of them is returned.
fn note(problems: &mut Vec<String>, error: BlobError) -> Result<(), BackupError> {
    if !error.is_of_content() {
        return Err(error.into());
    }
    if problems.len() < PROBLEMS_MAX {
        problems.push(format!("{error}; publish the campaign that has it again"));
    }
    Ok(())
}

fn told(problems: Vec<String>) -> Result<(), BackupError> {
    if problems.is_empty() {
        Ok(())
    } else {
        Err(BackupError::Damaged(problems))
    }
}

/// Where a creative lies in a backup.
fn blob_path(digest: Digest) -> String {
    let name = digest.to_string();
    format!("{BLOBS_FOLDER}/{}/{name}", &name[..2])
}

/// Writes all tables of one moment; returns the creatives of that moment too.
#[allow(clippy::type_complexity, reason = "three things of one moment")]
fn write_tables(
    hub: &Hub,
    folder: &Path,
    now_ms: i64,
) -> Result<(Sums, Description, Vec<(Digest, u64)>), BackupError> {
    make_folder(&folder.join(TABLES_FOLDER))?;
    hub.store.snapshot(|snapshot| {
        let (mut sums, mut tables) = (Sums::new(), Vec::new());
        for table in TABLES.iter().filter(|table| table.is_in_backups) {
            let path = table_path(table.name);
            let (rows, digest, of_file) = table_file::write(snapshot, table, &folder.join(&path))?;
            tables.push(TableDescription {
                name: table.name.to_owned(),
                rows,
                digest,
            });
            sums.push((of_file, path));
        }
        let description = Description {
            format: FORMAT_WHOLE,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            made_ms: now_ms,
            steps: Steps::NEWEST,
            tables,
            left_out: Vec::new(),
        };
        Ok((sums, description, snapshot.creatives()?))
    })
}

fn copy_keys(data: &Path, folder: &Path, sums: &mut Sums) -> Result<(), BackupError> {
    let keys_folder = folder.join(KEYS_FOLDER);
    make_folder(&keys_folder)?;
    for name in keys::files(data).map_err(failed("read", data))? {
        let to = keys_folder.join(&name);
        if let Some(above) = to.parent().filter(|above| !above.is_dir()) {
            make_folder(above)?;
        }
        let from = data.join(&name);
        let key = fs::read(&from).map_err(failed("read", &from))?;
        write_whole(&to, &key)?;
        sums.push((
            Digest::of(&key),
            format!("{KEYS_FOLDER}/{}", name.display()),
        ));
    }
    Ok(())
}

/// Links or copies a creative, and compares it with its name.
fn take_blob(blobs: &Blobs, to: &Path, digest: Digest, size: u64) -> Result<(), BackupError> {
    if let Some(above) = to.parent().filter(|above| !above.is_dir()) {
        make_folder(above)?;
    }
    let file = blobs.file(digest);
    let is_regular = |file: &Path| fs::symlink_metadata(file).is_ok_and(|meta| meta.is_file());
    if file.is_some_and(|file| is_regular(&file) && fs::hard_link(&file, to).is_ok()) {
        return Ok(blobs.check(digest, size)?);
    }
    let mut copy = table_file::make_file(to)?;
    blobs.copy_to(digest, size, &mut copy, &to.display().to_string())?;
    copy.sync_all().map_err(failed("write", to))
}

fn make_folder(folder: &Path) -> Result<(), BackupError> {
    private::make_only_folder(folder).map_err(failed("make the folder", folder))
}

/// Writes a new file, on disk when this returns.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let mut file: File = table_file::make_file(path)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(failed("write", path))
}
