//! Creatives, each named by its SHA-256: in a folder on disk, or in a store that speaks S3.
//!
//! ```text
//! publish ──▶ Blobs::put ────▶┐                ┌──▶ folder: DATA/blobs/ab/abcd…
//! backup ◀── Blobs::copy_to ◀─┤ blobs::Blobs ──┤
//! server ◀── Blobs::read ◀────┘                └──▶ objects: s3://BUCKET/PREFIX/ab/abcd…
//! ```
//!
//! Invariants: what [`Blobs::put`] has returned for is in the store with exactly that content, for
//! it was read back; no creative is ever in memory as a whole; every wait for a store has an end;
//! what goes out to a screen has its length, and as a whole its digest, or breaks off.

pub mod address;
mod checked_stream;
mod copying;
mod counts;
mod error;
mod folder;
mod objects;
mod place;
mod store;

pub use crate::blobs::address::{BlobsAddress, BucketAddress};
pub(crate) use crate::blobs::copying::copy_hashed;
pub(crate) use crate::blobs::counts::OUTCOMES;
pub use crate::blobs::error::BlobError;
pub use crate::blobs::objects::settings::environment;
pub use crate::blobs::place::PlaceError;
pub(crate) use crate::blobs::place::{is_place, moved, settle};
pub use crate::blobs::store::Blobs;
