//! The hub with a real client: the player, ledger and hub link of `passerby-playout`, over real
//! HTTP.

mod dates;
mod emergency;
mod forger;
mod holding_proxy;
mod keys;
mod kill;
mod manifest_keys;
mod month;
mod outage;
mod parts;
mod portal;
mod relay;
mod restored;
mod revoked;
mod simulation;
mod stand;
mod store_away;
mod switch_over;
mod tallies;
mod tls;
mod unique;
mod waiting;
