//! Everything of the terminal but pixels: clock, schedule, rotation, codes, ledger, cache, sync.
//!
//! Invariant: nothing here knows of Bevy, wgpu or a window. The stage and the composer are reached through the typed
//! messages of [`show`].

pub mod adaptive;
pub mod airable;
pub mod area;
pub mod cache;
pub mod catalog;
pub mod clock;
pub mod code;
pub mod code_order;
pub mod config;
pub mod context;
pub mod credentials;
pub mod device_key;
pub mod digests;
pub mod display;
mod durable;
pub mod emergency;
pub mod folders;
pub mod layout;
pub mod ledger;
pub mod legibility;
pub mod link;
pub mod local_token;
pub mod memory;
pub mod outsmart;
pub mod page_rules;
pub mod player;
pub mod random;
pub mod rotation;
pub mod show;
pub mod simulation;
pub mod sound;
pub mod sync;
pub mod timeline;
pub mod uplink;
