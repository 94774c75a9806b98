//! The hub with a real client: the player, ledger and uplink of `passerby-playout`, over real HTTP.

mod keys;
mod kill;
mod month;
mod outage;
mod parts;
mod portal;
mod relay;
mod tallies;
mod tls;
mod unique;
