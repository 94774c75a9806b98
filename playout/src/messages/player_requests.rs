//! What hub link, local page and program say to the player. The player owns the database; everyone
//! else asks it.
//!
//! Invariant: every answer has a channel of its own, so that the player never waits for whoever
//! asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use passerby_protocol::PlayNumber;
use passerby_protocol::dating::Anchor;
use passerby_protocol::plays::PlayBatch;
use passerby_protocol::wire::KeyReply;
use serde::Serialize;
use tokio::sync::oneshot;

use crate::content::active::ActiveContent;
use crate::identity::credentials::Enrolment;
use crate::messages::stage_messages::Snapshot;

/// Most requests that wait for the player.
pub const REQUESTS_MAX: usize = 64;

/// A request to the player.
pub enum PlayerRequest {
    /// The next plays to send, at most so many; `None` when none wait.
    Batch {
        /// How many plays at most.
        rows: usize,
        /// Where the batch goes; none when there is nothing to send.
        reply: oneshot::Sender<Option<PlayBatch>>,
    },
    /// The hub has all rows up to this seq.
    AckThrough(u64),
    /// The hub refuses this row for good.
    Quarantine(u64),
    /// The hub has other rows from this one on: they belong into a new ledger.
    BeginAnew(u64),
    /// Above all play numbers that the hub has of this screen.
    PlayFloor(PlayNumber),
    /// What the time was at some moment.
    Anchor(Anchor),
    /// What of the hub's content may air from now on.
    Content(Arc<ActiveContent>),
    /// How far the hub's files have come.
    Transfers(Box<Transfers>),
    /// Something went wrong that people should read of.
    Problem(String),
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
    /// How the line to the hub is doing.
    Network(NetworkStatus),
    /// Something in the live context has changed.
    ContextChanged,
    /// How things are.
    Status(oneshot::Sender<Status>),
    /// The picture that is on the screen.
    Snapshot(crossbeam_channel::Sender<Snapshot>),
    /// The same, as soon as no slide gives way to another.
    SnapshotAtRest(crossbeam_channel::Sender<Snapshot>),
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
    /// Width and height in pixels.
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
    /// How far the hub's files have come.
    pub transfers: Transfers,
    /// How the line to the hub is doing.
    pub network: NetworkStatus,
    /// What went wrong lately, newest last.
    pub problems: Vec<String>,
}

/// How far the hub's files have come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Transfers {
    /// Files of the present manifest that are on this machine.
    pub files_there: usize,
    /// Files of the present manifest.
    pub files_wanted: usize,
    /// Bytes of those that are on this machine, with what there is of files on their way.
    pub bytes_there: u64,
    /// Bytes of all of them.
    pub bytes_wanted: u64,
    /// Campaigns of which something is missing, at most [`CAMPAIGNS_WAITING_MAX`]. Their former
    /// versions air, if they had any.
    pub campaigns_waiting: Vec<String>,
    /// What is coming at this moment.
    pub under_way: Option<UnderWay>,
    /// Why the last file did not come; none after one has come.
    pub last_error: Option<String>,
    /// Why nothing is fetched although something is missing, such as the day's budget of data.
    pub waits_for: Option<String>,
    /// What the cache takes, in bytes.
    pub cache_bytes: u64,
    /// What it may take, in bytes.
    pub cache_bytes_max: u64,
}

/// Most campaigns that are named as waiting.
pub const CAMPAIGNS_WAITING_MAX: usize = 20;

/// A file that is coming.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnderWay {
    /// The campaign for which it is fetched.
    pub campaign: String,
    /// The file.
    pub file: String,
    /// What is there of it, in bytes.
    pub bytes_there: u64,
    /// All of it, in bytes.
    pub bytes_wanted: u64,
}

/// How the line to the hub is doing; each a sentence for the operator, `None` when there is nothing
/// to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NetworkStatus {
    /// Why plays are not sent.
    pub plays: Option<String>,
    /// Why content does not come.
    pub content: Option<String>,
    /// Why the hub's clock is doubted.
    pub clock: Option<String>,
    /// How much of a day's data is used, and what waits for the next.
    pub data: Option<String>,
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
