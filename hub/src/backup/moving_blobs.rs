//! Moves the creatives of a hub from its data folder to a store, from a store to another, or back.
//!
//! Invariants: a hub may serve and publish meanwhile; each creative that the database names is read
//! back from the new place before the data folder says that they are there; nothing is deleted. A
//! move that is cut off is begun again, and copies only what is not there yet.

use std::collections::BTreeMap;
use std::path::Path;

use passerby_protocol::Digest;
use serde::Serialize;

use crate::backup::contents::{BackupError, PROBLEMS_MAX, failed};
use crate::blobs::{BlobError, Blobs, BlobsAddress, is_place, moved};
use crate::hub::open_store;
use crate::store::Store;
use crate::system::private;

/// After how many creatives it is told how far it is.
const TOLD_EACH: usize = 100;

/// What a move came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MovedBlobs {
    /// Creatives at the new place, each compared with its digest.
    pub creatives: usize,
    /// Of these, what the database names.
    pub named: usize,
    /// Of these, what this command has copied.
    pub copied: usize,
    /// What it has copied, in bytes.
    pub copied_bytes: u64,
    /// Whether the data folder says now that the creatives are there.
    pub is_settled: bool,
}

/// Moves the creatives of the hub in the folder `data`. `say` is told how far it is.
///
/// # Errors
/// See [`BackupError`]; the same call goes on with it then.
pub fn move_blobs(
    data: &Path,
    database: Option<&str>,
    from: &BlobsAddress,
    to: &BlobsAddress,
    say: &mut dyn FnMut(&str),
) -> Result<MovedBlobs, BackupError> {
    if !private::has_hub(data).map_err(failed("read", data))? {
        return Err(BackupError::NoHub(data.display().to_string()));
    }
    if from == to {
        return Err(BackupError::SamePlace(from.to_string()));
    }
    let store = open_store(data, database)?;
    // A folder that is mistyped would be made, and be empty.
    if let BlobsAddress::Folder(folder) = from
        && !folder.is_dir()
    {
        return Err(BackupError::NoBlobsFolder(folder.display().to_string()));
    }
    let (source, target) = (Blobs::open(from)?, Blobs::open(to)?);
    source.probe()?;
    target.probe()?;
    let is_from_hub = is_place(data, from)? || is_place(data, to)?;
    let mut done = MovedBlobs::default();
    let mut settled = BTreeMap::new();
    copy_all(&store, &source, &target, &mut settled, &mut done, say)?;
    if is_from_hub {
        moved(data, to)?;
        done.is_settled = is_place(data, to)?;
        // What was published while the rest was copied, by a command that had not seen it.
        copy_all(&store, &source, &target, &mut settled, &mut done, say)?;
    }
    Ok(done)
}

/// Copies what is not at the target yet, and compares all of it.
fn copy_all(
    store: &Store,
    source: &Blobs,
    target: &Blobs,
    settled: &mut BTreeMap<Digest, u64>,
    done: &mut MovedBlobs,
    say: &mut dyn FnMut(&str),
) -> Result<(), BackupError> {
    let named: BTreeMap<Digest, u64> = store
        .snapshot(|snapshot| snapshot.creatives().map_err(BackupError::from))?
        .into_iter()
        .collect();
    let mut all: BTreeMap<Digest, u64> = source.list()?.into_iter().collect();
    all.extend(&named);
    all.retain(|digest, _| !settled.contains_key(digest));
    let (count, place) = (all.len(), target.named());
    let mut problems = Vec::new();
    for (at, (digest, size)) in all.into_iter().enumerate() {
        match copy(source, target, digest, size, done) {
            Ok(()) => {
                settled.insert(digest, size);
            }
            Err(
                error @ (BlobError::Changed(_)
                | BlobError::Missing { .. }
                | BlobError::Damaged { .. }),
            ) => {
                // Nobody misses what no campaign ever named.
                if !named.contains_key(&digest) {
                    say(&format!("left out: {error}"));
                } else if problems.len() < PROBLEMS_MAX {
                    problems.push(format!("{error}; publish the campaign that has it again"));
                }
            }
            Err(error) => return Err(error.into()),
        }
        if (at + 1) % TOLD_EACH == 0 {
            say(&format!("{} of {count} creatives are in {place}", at + 1));
        }
    }
    if !problems.is_empty() {
        return Err(BackupError::Damaged(problems));
    }
    done.creatives = settled.len();
    done.named = named
        .keys()
        .filter(|digest| settled.contains_key(digest))
        .count();
    Ok(())
}

fn copy(
    source: &Blobs,
    target: &Blobs,
    digest: Digest,
    size: u64,
    done: &mut MovedBlobs,
) -> Result<(), BlobError> {
    if target.holds(digest, size)? {
        return Ok(());
    }
    let mut reader = source.reader(digest, size)?;
    let named = format!("the creative {digest} in {}", source.named());
    target.store_from(digest, size, &mut reader, &named)?;
    // A folder is not read back by itself.
    target.check(digest, size)?;
    done.copied += 1;
    done.copied_bytes += size;
    Ok(())
}
