//! The hub with a real client: the player, ledger and uplink of `passerby-playout`, over real HTTP.

mod dates;
mod keys;
mod kill;
mod outage;
mod parts;
mod tallies;
mod unique;
