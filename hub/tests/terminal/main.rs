//! The hub with a real client: the player, ledger and uplink of `passerby-playout`, over real HTTP.

mod keys;
mod kill;
mod outage;
mod parts;
mod simulation;
mod tallies;
mod unique;
