//! The online side of Passerby: signs and serves campaigns, counts plays, scans, visits and shares.
//!
//! ```text
//! publication ─▶ store + blobs ─▶ server/manifest, server/blob ─▶ terminal
//!                     ▲                                              │
//!                     ├──────────── server/plays, server/heartbeat ◀─┘
//!                     └──────────── server/scan, server/share ◀── phone
//! ```
//!
//! Invariants: all SQL is in [`store`]; only [`clock`] reads a clock; what is acknowledged is on disk; no raw address
//! of a visitor is stored or logged. The command line and the server are two doors to the same [`Hub`], so both may be
//! used at one time.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")
)]

pub mod blobs;
pub mod clock;
pub mod draw;
mod files;
pub mod hub;
pub mod keys;
pub mod manifest_keys;
pub mod memory;
pub mod pairing;
mod private;
pub mod public_url;
pub mod publication;
mod random;
pub mod server;
pub mod standing;
pub mod store;
pub mod table;
pub mod visitor;

pub use hub::Hub;
