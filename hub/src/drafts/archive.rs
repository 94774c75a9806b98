//! A campaign folder as a zip archive, out and in.
//!
//! Invariants: of an archive that comes in, no more entries, names or bytes are read than a
//! campaign may have, and none is written anywhere but as a plain file under a number; an archive
//! with a name that leads out of its folder, a link, an encrypted entry or content that unpacks to
//! much more than it takes is refused whole.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use passerby_protocol::campaign;
use passerby_protocol::creative::CreativeKind;
use passerby_protocol::file_names::{is_system_file, normal_form};
use passerby_protocol::limits::{TOML_BYTES_MAX, VIDEO_BYTES_MAX};
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::Hub;
use crate::blobs::BlobError;
use crate::drafts::file::{FileFault, Received};
use crate::drafts::names::{NameFault, file_name, key_of};
use crate::store::{DRAFT_FILES_MAX, Draft};

/// Most entries of an archive, folders and what is left out among them.
const ENTRIES_MAX: u16 = 1_000;
/// Largest list of entries, in bytes.
const DIRECTORY_BYTES_MAX: u32 = 1 << 20;
/// Most bytes of an archive, unpacked: 2 GiB.
const UNPACKED_BYTES_MAX: u64 = 2 << 30;
/// How many times as large an entry may be as what it takes in the archive; pictures and films
/// hardly shrink, and texts are small.
const RATIO_MAX: u64 = 100;
/// Up to so many bytes the ratio says nothing.
const RATIO_FREE_BYTES: u64 = 1 << 20;
/// What a zip archive ends with (APPNOTE 4.3.16): signature, and the length without its comment.
const END_SIGNATURE: [u8; 4] = *b"PK\x05\x06";
const END_BYTES: usize = 22;
/// How far from the end of the file it may begin.
const END_WITHIN: u64 = END_BYTES as u64 + u16::MAX as u64;

/// Says why an archive was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveFault {
    /// It is none, or damaged.
    #[error("this is no zip archive, or it is damaged: {0}")]
    Damaged(String),
    /// It has too many entries.
    #[error(
        "the archive has more than {ENTRIES_MAX} entries; a campaign has at most {DRAFT_FILES_MAX} files"
    )]
    TooMany,
    /// An entry would be written elsewhere.
    #[error("the archive has an entry that leads out of its folder ({0}); make it anew")]
    LeadsOut(String),
    /// It has folders in its folder, or several of them.
    #[error("the archive has more than one folder ({0}); pack the folder of one campaign")]
    Folders(String),
    /// It has links or encrypted entries.
    #[error("the archive has a link or an encrypted file ({0}); pack plain files")]
    NotPlain(String),
    /// Two entries have one name.
    #[error("the archive has two files that some computer would take for one ({0}); rename one")]
    Twice(String),
    /// It unpacks to too much.
    #[error("{0} unpacks to more than a campaign may have")]
    TooLarge(String),
    /// The disk.
    #[error("the hub cannot write its files: {0}")]
    Disk(#[from] io::Error),
    /// A file that is to go out cannot be read.
    #[error("a file of this draft cannot be read: {0}")]
    Blob(#[from] BlobError),
}

impl From<ZipError> for ArchiveFault {
    fn from(error: ZipError) -> Self {
        match error {
            ZipError::Io(error) => Self::Damaged(error.to_string()),
            other => Self::Damaged(other.to_string()),
        }
    }
}

/// What an archive had in it.
#[derive(Debug)]
pub struct Unpacked {
    /// The name of its folder, if all is in one.
    pub name: Option<String>,
    /// Its files, on the disk.
    pub files: Vec<Received>,
    /// What of it is nothing for a campaign, and why.
    pub left_out: Vec<(String, FileFault)>,
}

/// Unpacks an archive into an empty folder.
///
/// # Errors
/// See [`ArchiveFault`].
pub fn unpack(path: &Path, into: &Path) -> Result<Unpacked, ArchiveFault> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    refuse_long_lists(&mut file, length)?;
    let mut archive = ZipArchive::new(file)?;
    if archive.len() > usize::from(ENTRIES_MAX) {
        return Err(ArchiveFault::TooMany);
    }
    let mut roots = BTreeSet::new();
    let mut keys = BTreeSet::new();
    let mut unpacked = Unpacked {
        name: None,
        files: Vec::new(),
        left_out: Vec::new(),
    };
    let (mut packed_bytes, mut bytes_left) = (0_u64, UNPACKED_BYTES_MAX);
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at)?;
        let said =
            name_of(entry.name_raw()).map_or_else(|| entry.name().map(Cow::into_owned), Ok)?;
        let shown = || passerby_protocol::foreign::one_line(&said, 80);
        let (root, base) = place_of(&said)?;
        if entry.encrypted() || entry.is_symlink() {
            return Err(ArchiveFault::NotPlain(shown()));
        }
        if is_system(&said) {
            continue;
        }
        if let Some(root) = root {
            roots.insert(root);
        } else if !entry.is_dir() {
            roots.insert(String::new());
        }
        if roots.len() > 1 {
            return Err(ArchiveFault::Folders(shown()));
        }
        if entry.is_dir() {
            continue;
        }
        // Entries that share their bytes are how small archives become very large.
        packed_bytes = packed_bytes.saturating_add(entry.compressed_size());
        if packed_bytes > length {
            return Err(ArchiveFault::Damaged("its entries overlap".to_owned()));
        }
        let name = match file_name(&base) {
            Ok(name) => name,
            Err(NameFault::System) => continue,
            Err(fault) => {
                unpacked.left_out.push((shown(), fault.into()));
                continue;
            }
        };
        if !keys.insert(key_of(&name)) {
            return Err(ArchiveFault::Twice(shown()));
        }
        if unpacked.files.len() == DRAFT_FILES_MAX {
            return Err(ArchiveFault::TooMany);
        }
        let of_ratio = entry.compressed_size().saturating_mul(RATIO_MAX);
        let bytes_max = bytes_max_of(&name)
            .min(bytes_left)
            .min(of_ratio.max(RATIO_FREE_BYTES));
        let path = into.join(unpacked.files.len().to_string());
        let mut to = File::create(&path)?;
        let copied = io::copy(&mut entry.by_ref().take(bytes_max + 1), &mut to)
            .map_err(|error| ArchiveFault::Damaged(error.to_string()))?;
        if copied > bytes_max {
            return Err(ArchiveFault::TooLarge(shown()));
        }
        bytes_left -= copied;
        unpacked.files.push(Received { name, path });
    }
    unpacked.name = roots.into_iter().next().filter(|root| !root.is_empty());
    Ok(unpacked)
}

/// Refuses an archive whose list of entries is longer than any campaign's, before it is read. It
/// says how long it is at its end; one that says so in another form has too many as well.
fn refuse_long_lists(file: &mut File, length: u64) -> Result<(), ArchiveFault> {
    let damaged = || ArchiveFault::Damaged("its end is missing".to_owned());
    let from = length.saturating_sub(END_WITHIN);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    io::Read::by_ref(file)
        .take(END_WITHIN)
        .read_to_end(&mut tail)?;
    file.seek(SeekFrom::Start(0))?;
    let ends = tail.windows(END_BYTES).enumerate().rev();
    let is_end = |at: usize, end: &[u8]| {
        let comment = usize::from(u16::from_le_bytes([end[20], end[21]]));
        end.starts_with(&END_SIGNATURE) && at + END_BYTES + comment == tail.len()
    };
    let mut ends = ends.filter(|(at, end)| is_end(*at, end));
    let (_, end) = ends.next().ok_or_else(damaged)?;
    // Two ends would let two readers see two archives.
    if ends.next().is_some() {
        return Err(damaged());
    }
    let entries = u16::from_le_bytes([end[10], end[11]]);
    let directory = u32::from_le_bytes([end[12], end[13], end[14], end[15]]);
    if entries > ENTRIES_MAX || directory > DIRECTORY_BYTES_MAX {
        return Err(ArchiveFault::TooMany);
    }
    Ok(())
}

/// The name of an entry that says not how it is written: Windows writes it there as its system
/// does, in China in GBK. `None` where it is something else.
fn name_of(raw: &[u8]) -> Option<String> {
    if raw.is_ascii() || std::str::from_utf8(raw).is_ok() {
        return None;
    }
    let mut bytes = raw.iter().copied();
    while let Some(byte) = bytes.next() {
        // A character of GB 2312 has two bytes that no letter of the older code pages has in a row.
        let is_in_pair = byte >= 0xa1 && bytes.next().is_some_and(|second| second >= 0xa1);
        if !byte.is_ascii() && !is_in_pair {
            return None;
        }
    }
    passerby_folder::text::decode(raw).map(|decoded| decoded.text)
}

/// The folder of an entry, if it has one, and the rest of its name.
fn place_of(said: &str) -> Result<(Option<String>, String), ArchiveFault> {
    let shown = || passerby_protocol::foreign::one_line(said, 80);
    let is_absolute = said.starts_with('/') || said.get(1..2) == Some(":");
    let parts: Vec<&str> = said.split('/').filter(|part| !part.is_empty()).collect();
    let leads_out = parts.iter().any(|part| matches!(*part, ".." | "."));
    if is_absolute || leads_out || said.contains('\\') || said.contains('\0') {
        return Err(ArchiveFault::LeadsOut(shown()));
    }
    match parts.as_slice() {
        [] => Err(ArchiveFault::LeadsOut(shown())),
        [root] if said.ends_with('/') => Ok((Some(normal(root)), String::new())),
        [base] => Ok((None, (*base).to_owned())),
        [root, base] => Ok((Some(normal(root)), (*base).to_owned())),
        _ if is_system(said) => Ok((None, String::new())),
        _ => Err(ArchiveFault::Folders(shown())),
    }
}

fn normal(name: &str) -> String {
    normal_form(name).into_owned()
}

/// Whether a system made it for itself, or the folder that it is in.
fn is_system(said: &str) -> bool {
    let mut parts = said.split('/').filter(|part| !part.is_empty());
    parts.any(is_system_file)
}

fn bytes_max_of(name: &str) -> u64 {
    if name == campaign::FILE_NAME {
        return TOML_BYTES_MAX;
    }
    CreativeKind::of_name(name).map_or(VIDEO_BYTES_MAX, CreativeKind::bytes_max)
}

/// Writes a draft as an archive with one folder, which has its name.
pub(super) fn pack(hub: &Hub, draft: &Draft, path: &Path) -> Result<(), ArchiveFault> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut archive = ZipWriter::new(File::create(path)?);
    let folder = draft.row.campaign.as_str();
    if !draft.row.text.is_empty() {
        archive.start_file(format!("{folder}/{}", campaign::FILE_NAME), options)?;
        archive.write_all(draft.row.text.as_bytes())?;
    }
    for file in &draft.files {
        archive.start_file(format!("{folder}/{}", file.name), options)?;
        hub.blobs
            .copy_to(file.digest, file.size, &mut archive, &file.name)?;
    }
    archive.finish()?.sync_all()?;
    Ok(())
}
