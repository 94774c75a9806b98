//! Web hooks that are told of what happens: what is on its way to them, and what was given up.
//!
//! Invariants: what is to be told is in the database with what it tells of, in one transaction;
//! who sends it has claimed it, and nobody else does for ten minutes; a hook that fails is left
//! alone for a while, growing longer, and then tried with one message, so a thousand messages to a
//! dead address cost no more than one; what nobody takes is given up, kept for a month within
//! bounds, and can be sent again.

mod hooks;
mod messages;
mod records;
#[cfg(test)]
mod tests;

pub(in crate::store) use crate::store::event_hooks::messages::note;

pub use crate::store::event_hooks::records::{
    ClaimedEvent, ConversionEvent, DeadEvent, EVENT_HOOKS_MAX, Event, EventHook, EventHookError,
    EventHookSettings, EventKind, ShareEvent, Which,
};
