//! Creatives in a store that speaks S3.
//!
//! Invariants: a creative goes up in parts, of which few are in memory, and has its name only once
//! all of it was hashed; each wait has an end; what a store says is never printed but as a code.

mod bounded_body;
mod client;
mod errors;
mod fault;
mod reader;
mod runtime;
pub(super) mod settings;
mod upload;

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as Key;
use object_store::{
    BackoffConfig, GetOptions, GetRange, ObjectStore as _, ObjectStoreExt as _, RetryConfig,
};
use passerby_protocol::Digest;

use crate::blobs::address::BucketAddress;
use crate::blobs::checked_stream::{BlobStream, checked};
use crate::blobs::counts::RequestCounts;
use crate::blobs::error::BlobError;
use crate::blobs::folder::damaged;
use crate::blobs::objects::client::Connector;
use crate::blobs::objects::errors::StoreName;
use crate::blobs::objects::reader::ObjectReader;
use crate::blobs::objects::runtime::OwnRuntime;
use crate::blobs::objects::settings::StoreSettings;

/// Longest time until a creative begins to come for a screen, tries included. Shorter than the time
/// in which the hub answers.
const OPEN_TIME: Duration = Duration::from_secs(10);
/// Longest time in which a store says that it is there.
const PROBE_TIME: Duration = Duration::from_secs(30);
/// How often a request is tried anew, how long after the first, and the pauses between.
const RETRIES_MAX: usize = 3;
const RETRY_TIME: Duration = Duration::from_secs(20);
const RETRY_PAUSE: Duration = Duration::from_millis(100);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(2);
/// Most creatives that are listed.
const LISTED_MAX: usize = 10_000_000;

/// A place in such a store.
#[derive(Debug)]
pub(super) struct ObjectBlobs {
    store: AmazonS3,
    address: BucketAddress,
    name: StoreName,
    counts: Arc<RequestCounts>,
    runtime: OwnRuntime,
}

impl ObjectBlobs {
    /// Makes ready for a store, without a word to it.
    pub(super) fn open(address: &BucketAddress) -> Result<Self, BlobError> {
        let named = address.to_string();
        let unusable = |said: String| BlobError::Settings {
            place: named.clone(),
            said,
        };
        let settings = StoreSettings::read(|name| std::env::var(name).ok()).map_err(unusable)?;
        let counts = Arc::new(RequestCounts::default());
        let connector = Connector::new(settings.tls, Arc::clone(&counts)).map_err(unusable)?;
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&address.bucket)
            .with_region(settings.region)
            // Amazon wants its buckets in the host's name; others seldom have names for them.
            .with_virtual_hosted_style_request(settings.endpoint.is_none())
            .with_http_connector(connector)
            .with_retry(RetryConfig {
                backoff: BackoffConfig {
                    init_backoff: RETRY_PAUSE,
                    max_backoff: RETRY_PAUSE_MAX,
                    base: 2.0,
                },
                max_retries: RETRIES_MAX,
                retry_timeout: RETRY_TIME,
            });
        for (key, value) in settings.credentials {
            builder = builder.with_config(key, value);
        }
        let mut place = named.clone();
        if let Some(endpoint) = settings.endpoint {
            place = format!("{place} at {endpoint}");
            builder = builder.with_endpoint(endpoint);
        }
        let store = builder
            .build()
            .map_err(|error| unusable(fault::deepest(&error)))?;
        Ok(Self {
            store,
            address: address.clone(),
            name: StoreName {
                place,
                bucket: address.bucket.clone(),
                has_key: settings.has_key,
            },
            counts,
            runtime: OwnRuntime::new().map_err(|error| unusable(error.to_string()))?,
        })
    }

    /// What it is called.
    pub(super) fn named(&self) -> String {
        self.name.place.clone()
    }

    /// What it was asked for.
    pub(super) fn counts(&self) -> &RequestCounts {
        &self.counts
    }

    /// Asks for the first of what there is.
    pub(super) fn probe(&self) -> Result<(), BlobError> {
        let prefix = self.prefix();
        let first = async { self.store.list(prefix.as_ref()).next().await };
        let first = (self.runtime)
            .run(async { tokio::time::timeout(PROBE_TIME, first).await })
            .map_err(|_| self.name.slow())?;
        match first {
            Some(Err(error)) => Err(self.name.failed(&error)),
            Some(Ok(_)) | None => Ok(()),
        }
    }

    /// Stores what is read, in parts, in place of whatever has its name.
    pub(super) fn store_from(
        &self,
        digest: Digest,
        size: u64,
        source: &mut dyn Read,
        named: &str,
    ) -> Result<(), BlobError> {
        upload::store_from(
            &upload::Target {
                store: &self.store,
                key: self.key(digest),
                runtime: &self.runtime,
                name: &self.name,
            },
            digest,
            size,
            source,
            named,
        )
    }

    /// Deletes a creative, if it is there.
    pub(super) fn remove(&self, digest: Digest) -> Result<(), BlobError> {
        let key = self.key(digest);
        match self.runtime.run(self.store.delete(&key)) {
            Err(object_store::Error::NotFound { .. }) | Ok(()) => Ok(()),
            Err(error) => Err(self.name.failed(&error)),
        }
    }

    /// Opens a creative, as it is.
    pub(super) fn reader(
        &self,
        digest: Digest,
        size: u64,
    ) -> Result<Box<dyn Read + '_>, BlobError> {
        let pieces = self.runtime.run(self.pieces(digest, size, None))?;
        Ok(Box::new(ObjectReader::new(pieces, &self.runtime)))
    }

    /// Opens a part of a creative for a screen, and the whole so that it breaks off if it is
    /// another one.
    pub(super) async fn read(
        &self,
        digest: Digest,
        size: u64,
        part: Range<u64>,
    ) -> Result<BlobStream, BlobError> {
        let is_whole = part == (0..size);
        let length = part.end - part.start;
        let opening = self.pieces(digest, size, (!is_whole).then_some(part));
        let pieces = tokio::time::timeout(OPEN_TIME, opening)
            .await
            .map_err(|_| self.name.slow())??;
        let whole = is_whole.then_some(digest);
        Ok(checked(
            pieces,
            length,
            whole,
            damaged(digest, self.named()),
        ))
    }

    /// Lists every creative that is there, with its length.
    pub(super) fn list(&self) -> Result<Vec<(Digest, u64)>, BlobError> {
        let prefix = self.prefix();
        self.runtime.run(async {
            let mut found = Vec::new();
            let mut listed = self.store.list(prefix.as_ref());
            while let Some(object) = listed.next().await {
                let object = object.map_err(|error| self.name.failed(&error))?;
                let name = object.location.filename().unwrap_or_default();
                let digest = name.parse::<Digest>().ok();
                let Some(digest) = digest.filter(|digest| self.key(*digest) == object.location)
                else {
                    continue;
                };
                if found.len() == LISTED_MAX {
                    return Err(self.name.odd("it lists creatives without an end"));
                }
                found.push((digest, object.size));
            }
            Ok(found)
        })
    }

    async fn pieces(
        &self,
        digest: Digest,
        size: u64,
        part: Option<Range<u64>>,
    ) -> Result<BlobStream, BlobError> {
        let options = GetOptions {
            range: part.map(GetRange::Bounded),
            ..GetOptions::default()
        };
        let key = self.key(digest);
        let opened = self.store.get_opts(&key, options).await;
        let opened = opened.map_err(|error| self.name.failed_for(digest, &error))?;
        let is = opened.meta.size;
        if is != size {
            let damaged = damaged(digest, self.named());
            return Err(damaged(&format!("it has {is} bytes in place of {size}")));
        }
        let name = self.name.clone();
        let pieces = opened.into_stream();
        let pieces =
            pieces.map(move |piece| piece.map_err(|error| name.failed_for(digest, &error)));
        Ok(Box::pin(pieces))
    }

    fn prefix(&self) -> Option<Key> {
        let prefix = &self.address.prefix;
        (!prefix.is_empty()).then(|| Key::from(prefix.as_str()))
    }

    fn key(&self, digest: Digest) -> Key {
        let name = digest.to_string();
        match self.address.prefix.as_str() {
            "" => Key::from(format!("{}/{name}", &name[..2])),
            prefix => Key::from(format!("{prefix}/{}/{name}", &name[..2])),
        }
    }
}
