//! What uplink, local page and program say to the player. The player owns the database; everyone else asks it.

use std::collections::BTreeMap;
use std::sync::Arc;

use passerby_protocol::Manifest;
use passerby_protocol::plays::{Anchor, PlayBatch};
use passerby_protocol::wire::KeyReply;
use serde::Serialize;
use tokio::sync::oneshot;

use crate::credentials::Enrolment;
use crate::show::Snapshot;

/// Most requests that wait for the player.
pub const REQUESTS_MAX: usize = 64;

/// A request to the player.
pub enum PlayerRequest {
    /// The next plays to send, at most so many; `None` when none wait.
    Batch {
        /// Rows.
        rows: usize,
        /// Where to.
        reply: oneshot::Sender<Option<PlayBatch>>,
    },
    /// The hub has all rows up to this seq.
    AckThrough(u64),
    /// The hub refuses this row for good.
    Quarantine(u64),
    /// What the time was at some moment.
    Anchor(Anchor),
    /// A manifest that was checked and whose pictures are all in the cache.
    Content(Arc<Manifest>),
    /// The screen is enrolled now.
    Enrolled(Box<Enrolment>),
    /// The screen has a new key, which is on disk: codes are minted with it from the next play on.
    Key(KeyReply),
    /// The screen waits to be claimed with this code.
    Pairing(Pairing),
    /// The hub does not know this screen any more: its content must leave the screen.
    Revoked,
    /// The newest manifest version that was ever taken.
    ManifestSeen(oneshot::Sender<u64>),
    /// Something in the live context has changed.
    ContextChanged,
    /// How things are.
    Status(oneshot::Sender<Status>),
    /// The picture that is on the screen.
    Snapshot(crossbeam_channel::Sender<Snapshot>),
    /// Leave in good order.
    Stop,
}

/// What a screen shows while it waits for its operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairing {
    /// The short code, as people read it.
    pub code: String,
    /// The page on which it is claimed.
    pub claim_url: String,
}

/// How a terminal is doing.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Status {
    /// The screen's name.
    pub name: String,
    /// What is in the main zone.
    pub on_air: Option<OnAirStatus>,
    /// What is in each zone, the main one first.
    pub zones: Vec<OnAirStatus>,
    /// The headline of the emergency that covers the zones.
    pub emergency: Option<String>,
    /// Pixels.
    pub screen_px: [u32; 2],
    /// The screen's number at its hub.
    pub screen: Option<u32>,
    /// The generation of the key with which the next code is minted.
    pub key_generation: Option<u8>,
    /// Version of the manifest that airs; 0 for none.
    pub manifest_version: u64,
    /// Items in the catalogue.
    pub items: usize,
    /// Names the ledger.
    pub epoch: String,
    /// Plays in this ledger, ever.
    pub plays_recorded: u64,
    /// Plays that wait to be sent.
    pub plays_waiting: u64,
    /// Plays that are in memory only: for a common commit, or since the disk refuses.
    pub plays_held: u64,
    /// How many plays are in no row at least, by why.
    pub missing: BTreeMap<&'static str, u64>,
    /// Plays that could not be kept.
    pub plays_dropped: u64,
    /// Whether the wall time is known.
    pub clock_trusted: bool,
    /// What went wrong lately, newest last.
    pub problems: Vec<String>,
}

/// What is in a zone.
#[derive(Debug, Clone, Serialize)]
pub struct OnAirStatus {
    /// The zone's name.
    pub zone: String,
    /// The campaign; empty for built-in screens.
    pub campaign: String,
    /// The picture.
    pub creative: String,
    /// The play's number.
    pub play: Option<u32>,
    /// What the code says.
    pub url: Option<String>,
    /// For how long already, in milliseconds.
    pub for_ms: u64,
}
