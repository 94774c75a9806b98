//! A creative on its way into a store.
//!
//! Invariant: it gets its name only when all of it was hashed; what is given up is cleared away as
//! far as the store lets us.

use std::io::Read;
use std::time::Duration;

use object_store::aws::AmazonS3;
use object_store::path::Path as Key;
use object_store::{MultipartUpload, ObjectStoreExt as _, PutPayload};
use passerby_protocol::Digest;
use sha2::Digest as _;
use tokio::task::JoinSet;

use crate::blobs::copying::CopyError;
use crate::blobs::error::BlobError;
use crate::blobs::objects::errors::StoreName;
use crate::blobs::objects::runtime::OwnRuntime;

/// Bytes of a part; S3 takes 5 MiB or more, and 10,000 parts.
const PART_BYTES: usize = 8 << 20;
/// Parts that are on their way at one time. As many are in memory, and one more.
const PARTS_AT_ONCE: usize = 2;
/// Longest time for clearing away what was given up.
const ABORT_TIME: Duration = Duration::from_secs(10);

/// Where it goes.
pub(super) struct Target<'a> {
    pub(super) store: &'a AmazonS3,
    pub(super) key: Key,
    pub(super) runtime: &'a OwnRuntime,
    pub(super) name: &'a StoreName,
}

/// Stores what is read.
pub(super) fn store_from(
    target: &Target<'_>,
    digest: Digest,
    size: u64,
    source: &mut dyn Read,
    named: &str,
) -> Result<(), BlobError> {
    // It may have grown since.
    let mut source = source.take(size + 1);
    let mut hasher = sha2::Sha256::new();
    let mut bytes = 0;
    let mut next = || {
        let mut part = Vec::new();
        let read = (&mut source).take(PART_BYTES as u64).read_to_end(&mut part);
        read.map_err(|error| CopyError::Read(error).between(named, named))?;
        hasher.update(&part);
        bytes += part.len() as u64;
        let found = (part.len() < PART_BYTES).then(|| Digest(hasher.clone().finalize().into()));
        match found {
            Some(found) if (found, bytes) != (digest, size) => {
                Err(BlobError::Changed(named.to_owned()))
            }
            is_last => Ok((part, is_last.is_some())),
        }
    };
    let failed = |error: object_store::Error| target.name.failed(&error);
    let (first, is_all) = next()?;
    if is_all {
        let payload = PutPayload::from(first);
        let put = target.store.put(&target.key, payload);
        return target.runtime.run(put).map(drop).map_err(failed);
    }
    let begun = target.runtime.run(target.store.put_multipart(&target.key));
    let mut upload = Upload {
        parts: begun.map_err(failed)?,
        under_way: JoinSet::new(),
    };
    let sent = (|| {
        target.runtime.run(upload.send(first)).map_err(failed)?;
        loop {
            let (part, is_last) = next()?;
            if !part.is_empty() {
                target.runtime.run(upload.send(part)).map_err(failed)?;
            }
            if is_last {
                return target.runtime.run(upload.finish()).map_err(failed);
            }
        }
    })();
    if sent.is_err() {
        // A store that is away keeps its parts until its own rule clears them away.
        target.runtime.run(upload.give_up());
    }
    sent
}

/// An upload in parts.
struct Upload {
    parts: Box<dyn MultipartUpload>,
    under_way: JoinSet<object_store::Result<()>>,
}

impl Upload {
    /// Sends a part, once few enough are under way.
    async fn send(&mut self, part: Vec<u8>) -> object_store::Result<()> {
        while self.under_way.len() >= PARTS_AT_ONCE {
            self.settle_one().await?;
        }
        self.under_way.spawn(self.parts.put_part(part.into()));
        Ok(())
    }

    /// Gives the creative its name.
    async fn finish(&mut self) -> object_store::Result<()> {
        while !self.under_way.is_empty() {
            self.settle_one().await?;
        }
        self.parts.complete().await.map(drop)
    }

    async fn settle_one(&mut self) -> object_store::Result<()> {
        match self.under_way.join_next().await {
            Some(settled) => settled?,
            None => Ok(()),
        }
    }

    async fn give_up(&mut self) {
        self.under_way.shutdown().await;
        let _ = tokio::time::timeout(ABORT_TIME, self.parts.abort()).await;
    }
}
