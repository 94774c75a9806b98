//! What shops need to report what was bought: keys, and links for those that can do no more than
//! lead a browser somewhere.
//!
//! Invariants: a key is shown once and only its SHA-256 is kept; what signs links is shown with it,
//! and kept sealed, since who checks a signature has to know it.

mod keys;
mod link;

pub use crate::shops::keys::{NewKey, add_key};
pub use crate::shops::link::{LINK_BYTES_MAX, Link, LinkError, may_lead_to};
