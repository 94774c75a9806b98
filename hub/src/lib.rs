//! The online side of Passerby: signs and serves campaigns, counts plays, scans, visits and shares.
//!
//! ```text
//! publish ─▶ store + blobs ─▶ server/terminals: manifest, blob ───────▶ terminal
//!               ▲                                                          │
//!               ├──────────── server/terminals: plays, heartbeat ◀─────────┘
//!               └──────────── server/phones: scan, share ◀── phone
//! ```
//!
//! Invariants: all SQL is in [`store`]; only [`system::clock`] reads a clock; what is acknowledged
//! is on disk; no raw address of a visitor is stored or logged. The command line and the server are
//! two ways to the same [`Hub`], so both may be used at one time.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")
)]

pub mod air_times;
pub mod alerts;
pub mod backup;
pub mod blobs;
pub mod cli;
mod database;
pub mod drafts;
pub mod films;
pub mod hub;
pub mod keys;
pub mod moments;
pub mod people;
pub mod privacy;
pub mod public_url;
pub mod publish;
pub mod report_text;
pub mod scans;
pub mod server;
pub mod sources;
pub mod store;
pub mod system;
pub mod templates;
pub mod voices;

pub use crate::hub::Hub;
