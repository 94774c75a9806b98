//! Makes a backup of a hub, also while it serves.
//!
//! Invariants: first the tables are read, all of one moment, then keys and creatives are taken:
//! nobody deletes either, so all that the tables name is there. Each creative is read and compared
//! with its name. A creative is linked where the file system allows that, since nobody writes to it
//! ever again, so several backups on one disk take its room once; otherwise it is copied.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use passerby_folder::regular_file;
use passerby_protocol::Digest;
use serde::Serialize;

use crate::Hub;
use crate::backup::contents::{
    BLOBS_FOLDER, BackupError, DESCRIPTION, Description, FORMAT, KEYS_FOLDER, PROBLEMS_MAX, SUMS,
    TABLES_FOLDER, TableDescription, failed, table_path,
};
use crate::backup::table_file;
use crate::backup::unfinished_folder::UnfinishedFolder;
use crate::keys;
use crate::publish::blobs::copy_hashed;
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

/// Makes a backup of a hub whose data folder is `data` in the new folder `target`.
///
/// # Errors
/// See [`BackupError`]; there is no such folder then.
pub fn make(hub: &Hub, data: &Path, target: &Path, now_ms: i64) -> Result<Made, BackupError> {
    if fs::symlink_metadata(target).is_ok() {
        return Err(BackupError::Exists(target.display().to_string()));
    }
    let unfinished = UnfinishedFolder::create(target)?;
    let folder = unfinished.path();
    let (mut sums, description, creatives) = write_tables(hub, folder, now_ms)?;
    copy_keys(data, folder, &mut sums)?;
    make_folder(&folder.join(BLOBS_FOLDER))?;
    let mut creatives_bytes = 0;
    let mut problems = Vec::new();
    for &(digest, size) in &creatives {
        creatives_bytes += size;
        let path = blob_path(digest);
        match take_blob(&hub.blobs.path(digest), &folder.join(&path), digest)? {
            Ok(()) => sums.push((digest, path)),
            Err(problem) if problems.len() < PROBLEMS_MAX => problems.push(problem),
            Err(_) => {}
        }
    }
    if !problems.is_empty() {
        return Err(BackupError::Damaged(problems));
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
        creatives: creatives.len(),
        creatives_bytes,
    })
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
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            made_ms: now_ms,
            steps: Steps::NEWEST,
            tables,
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

/// Links or copies a creative; the inner error says what is wrong with it in the data folder.
fn take_blob(from: &Path, to: &Path, digest: Digest) -> Result<Result<(), String>, BackupError> {
    let problem = |said: &str| {
        Ok(Err(format!(
            "{}: {said}; publish the campaign that has it again",
            from.display()
        )))
    };
    if let Some(above) = to.parent().filter(|above| !above.is_dir()) {
        make_folder(above)?;
    }
    let found = match regular_file::open_within(from) {
        Ok(opened) if fs::hard_link(from, to).is_ok() => {
            copy_hashed(&mut opened.into_file(), &mut io::sink())
        }
        Ok(opened) => {
            let mut copy = table_file::make_file(to)?;
            let copied = copy_hashed(&mut opened.into_file(), &mut copy);
            let copied = copied.map_err(failed("write", to))?;
            copy.sync_all().map_err(failed("write", to))?;
            Ok(copied)
        }
        Err(error) => return problem(&error.to_string()),
    };
    match found {
        Ok(found) if found == digest => Ok(Ok(())),
        Ok(_) => problem("it is damaged"),
        Err(error) => problem(&format!("it cannot be read ({error})")),
    }
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
