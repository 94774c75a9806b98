//! The hub with a real client: the player, ledger and uplink of `passerby-playout`, over real HTTP.

mod keys;
mod kill;
mod outage;
mod parts;
mod switch_over;
mod tallies;
mod unique;
mod valve;
