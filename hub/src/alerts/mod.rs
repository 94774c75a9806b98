//! Tells people when a screen needs somebody: by mail, and by web hooks of chat groups and of
//! programs.
//!
//! ```text
//! store::judge_alerts ─▶ messages in the database ─▶ service (claims) ─▶ sender ─▶ mail, hook
//! ```
//!
//! Invariants: a message is in the database before anybody is told, and is claimed by who sends it;
//! each way out has a time and a largest answer; a web hook and a mail server are reached at
//! addresses that were judged like those of sources.

pub mod check;
mod hook;
mod mail;
mod own_reasons;
mod sender;
pub mod service;
mod texts;
mod web_hook;

pub use crate::alerts::own_reasons::OwnReason;
pub(crate) use crate::alerts::sender::{Sender, sealed_password};
pub use crate::alerts::web_hook::Hook;
