//! What strangers do to a hub, and what becomes of it: one module a kind of attack, each against
//! the real program.
//!
//! `docs/security.md` names the test of each promise. Two things hold under every attack: the hub
//! never needs more than [`attack::PEAK_MB_MAX`], and an honest scan beside it is answered while
//! the attack goes on. How fast depends on the machine, so that is printed and not tested;
//! `scripts/bench` shows it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod attack;
mod bodies;
mod bombs;
mod files;
mod handshakes;
mod heads;
mod pairing;
mod plays;
mod presses;
mod proxies;
mod readers;
mod scans;
#[allow(dead_code, reason = "the tests of `hub` use the rest of it")]
#[path = "../hub/stand.rs"]
mod stand;
mod streams;
#[path = "../hub/test_certificates.rs"]
mod test_certificates;
