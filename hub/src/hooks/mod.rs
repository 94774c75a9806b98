//! Tells programs and chat groups of what happens: what shops report, and links that were passed
//! on.
//!
//! ```text
//! take_conversion, open_share ─▶ messages in the database ─▶ service (claims) ─▶ hook
//! ```
//!
//! Invariants: what is told is in the database before anybody is told; each call has a time and a
//! largest answer, goes to an address that was judged like those of sources, and is signed; a hook
//! that fails is tried beside the others and not before them.

pub mod check;
mod service;
mod silent_servers;
mod texts;

pub use crate::hooks::service::Service;
