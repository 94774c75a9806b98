//! Everything of the terminal but pixels: clock, schedule, rotation, codes, ledger, cache, sync.
//!
//! Invariant: nothing here knows of Bevy, wgpu or a window. The stage and the composer are reached through the typed
//! messages of [`show`].

pub mod code;
pub mod show;
