//! Certificates from a CA that answers over ACME (RFC 8555), whose questions are answered over
//! HTTP (`http-01`).
//!
//! Invariants: one process at a time asks, and what it gets is in the database before it is used,
//! so that all processes use it; the certificate before it stays in use until then. What a CA sends
//! is bounded ([`calls`]) and checked before it is kept ([`order`]); a CA that refuses, is away or
//! lies costs a line in the log and a pause ([`schedule`]). Who has the database alone gets neither
//! account nor key, and can have no token answered: all three are sealed with the hub's keys.

mod calls;
mod challenges;
mod failure;
mod keeper;
mod order;
mod schedule;
mod settings;

pub(in crate::server) use crate::server::acme::calls::Calls;
pub(in crate::server) use crate::server::acme::challenges::{Challenges, PATH as CHALLENGE_PATH};
pub(in crate::server) use crate::server::acme::keeper::{Keeper, Status, keep};
pub use crate::server::acme::settings::{
    AcmeContact, AcmeDirectory, AcmeDomain, AcmeSettings, AcmeTextError, LETS_ENCRYPT, NAMES_MAX,
};
