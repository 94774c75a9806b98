//! Everything of the terminal but pixels: clock, schedule, rotation, codes, ledger, cache, sync.
//!
//! Invariant: nothing here knows of Bevy, wgpu or a window. The stage and the composer are reached
//! through the typed messages of [`messages`].

pub mod code;
pub mod content;
pub mod hub_link;
pub mod identity;
pub mod ledger;
pub mod messages;
pub mod player;
pub mod schedule;
pub mod screen;
pub mod settings;
pub mod simulation;
pub mod system;
