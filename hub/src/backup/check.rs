//! Checks a backup as a whole, before anything is made of it.
//!
//! Invariant: what passes here has all its files, each as it was written, in a form that this
//! version reads; whatever is wrong is named by its file.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Component, Path};

use passerby_folder::regular_file;
use passerby_protocol::Digest;

use crate::backup::contents::{
    BLOBS_FOLDER, BackupError, DESCRIPTION, Description, FORMAT_MAX, KEYS_FOLDER, PROBLEMS_MAX,
    SUMS, table_path,
};
use crate::backup::table_file::TableFile;
use crate::blobs::copy_hashed;
use crate::store::migrations::Steps;

/// Most bytes of the lists of a backup; one with a million creatives has a tenth of that.
const LIST_BYTES_MAX: u64 = 1 << 30;

/// A backup that is whole.
pub(super) struct Checked {
    /// What it says of itself.
    pub(super) description: Description,
    /// Its files and their digests.
    pub(super) files: BTreeMap<String, Digest>,
    /// The digest of all of it.
    pub(super) digest: Digest,
}

impl Checked {
    /// The files in one of its folders, by their paths in that folder.
    pub(super) fn files_in<'a>(
        &'a self,
        folder: &'a str,
    ) -> impl Iterator<Item = (&'a str, Digest)> {
        self.files.iter().filter_map(move |(path, digest)| {
            let within = path.strip_prefix(folder)?.strip_prefix('/')?;
            Some((within, *digest))
        })
    }
}

/// Checks a backup.
///
/// # Errors
/// It is none, it is damaged, or a newer hub made it.
pub(super) fn check(folder: &Path) -> Result<Checked, BackupError> {
    let sums = read_list(folder, SUMS).map_err(|said| match folder.join(SUMS).exists() {
        true => BackupError::Damaged(vec![said]),
        false => BackupError::NotABackup(folder.display().to_string()),
    })?;
    let named = |path: &str| folder.join(path).display().to_string();
    let files = parse_sums(&sums)
        .ok_or_else(|| BackupError::Damaged(vec![format!("{} is damaged", named(SUMS))]))?;
    // An older version cannot know what else a newer one has in it.
    let description = describe(folder, &files)?;
    let mut problems = Vec::new();
    let mut wrong = BTreeSet::new();
    // One word on each file: what else is said of it follows from that.
    let mut problem = |path: &str, said: &str| {
        if problems.len() < PROBLEMS_MAX && wrong.insert(path.to_owned()) {
            problems.push(format!("{}: {said}", named(path)));
        }
    };
    for (path, digest) in &files {
        match hash(&folder.join(path)) {
            Err(said) => problem(path, &said),
            Ok(found) if found != *digest => problem(path, "it is damaged"),
            Ok(_) => {}
        }
        let blob = path.strip_prefix(BLOBS_FOLDER);
        if blob.is_some_and(|path| !path.ends_with(&digest.to_string())) {
            problem(path, "its name is not its digest");
        }
    }
    let needed = format!("{KEYS_FOLDER}/keys.json");
    if !files.contains_key(&needed) {
        problem(&needed, "it is missing");
    }
    for table in &description.tables {
        let path = table_path(&table.name);
        if !files.contains_key(&path) {
            problem(&path, "it is missing");
            continue;
        }
        let opened = TableFile::open(&folder.join(&path), &table.name);
        match opened.and_then(TableFile::total) {
            Err(said) => problem(&path, &said),
            Ok(total) if total != (table.rows, table.digest) => {
                problem(&path, &format!("its rows are not those of {DESCRIPTION}"));
            }
            Ok(_) => {}
        }
    }
    if !problems.is_empty() {
        return Err(BackupError::Damaged(problems));
    }
    Ok(Checked {
        description,
        files,
        digest: Digest::of(sums.as_bytes()),
    })
}

/// Reads what a backup says of itself.
fn describe(folder: &Path, files: &BTreeMap<String, Digest>) -> Result<Description, BackupError> {
    let name = folder.join(DESCRIPTION).display().to_string();
    let damaged = |said: &str| BackupError::Damaged(vec![format!("{name}: {said}")]);
    let text = read_list(folder, DESCRIPTION).map_err(|said| BackupError::Damaged(vec![said]))?;
    if files.get(DESCRIPTION) != Some(&Digest::of(text.as_bytes())) {
        return Err(damaged("it is damaged"));
    }
    let said: serde_json::Value =
        serde_json::from_str(&text).map_err(|_| damaged("it is no JSON"))?;
    let format = said["format"].as_u64().unwrap_or(0);
    let version = said["version"].as_str().unwrap_or("unknown").to_owned();
    if format > u64::from(FORMAT_MAX) {
        return Err(BackupError::Newer(version));
    }
    let description: Description = serde_json::from_value(said)
        .map_err(|error| damaged(&format!("it says something else than a backup: {error}")))?;
    let (steps, known) = (description.steps, Steps::NEWEST);
    if steps.sqlite > known.sqlite || steps.postgres > known.postgres {
        return Err(BackupError::Newer(version));
    }
    Ok(description)
}

/// Reads a text that lists things.
fn read_list(folder: &Path, name: &str) -> Result<String, String> {
    let path = folder.join(name);
    let named = |said: &dyn std::fmt::Display| format!("{}: {said}", path.display());
    let bytes = regular_file::read_within(&path, LIST_BYTES_MAX).map_err(|error| named(&error))?;
    String::from_utf8(bytes).map_err(|_| named(&"it is no text"))
}

/// Reads what sha256sum(1) writes; `None` when it is something else, or leads out of its folder.
fn parse_sums(text: &str) -> Option<BTreeMap<String, Digest>> {
    let lines = text.strip_suffix('\n')?.lines().map(|line| {
        let (digest, path) = line.split_once("  ")?;
        let mut parts = Path::new(path).components();
        let is_within = parts.all(|part| matches!(part, Component::Normal(_)));
        let digest = digest.parse().ok()?;
        (is_within && !path.is_empty()).then(|| (path.to_owned(), digest))
    });
    lines.collect()
}

fn hash(path: &Path) -> Result<Digest, String> {
    let opened = regular_file::open_within(path).map_err(|error| error.to_string())?;
    copy_hashed(&mut opened.into_file(), &mut io::sink())
        .map_err(|error| format!("it cannot be read ({error})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_digests_name_files_within_the_backup_only() {
        let digest = "ab".repeat(32);
        for path in ["a", "tables/plays.jsonl.zst"] {
            let sums = parse_sums(&format!("{digest}  {path}\n")).unwrap();
            assert_eq!(sums[path].to_string(), digest);
        }
        for text in [
            format!("{digest}  ../a\n"),
            format!("{digest}  /etc/passwd\n"),
            format!("{digest}  \n"),
            format!("{digest} a\n"),
            "abc  a\n".to_owned(),
            format!("{digest}  a"),
        ] {
            assert!(parse_sums(&text).is_none(), "{text}");
        }
    }
}
