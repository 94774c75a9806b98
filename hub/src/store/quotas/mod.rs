//! How much the files of people, of slots and of the whole hub may take, and how much they do.
//!
//! A file is counted from the moment at which somebody claims it for the first time, before its
//! bytes are stored, until it is deleted because nobody names it: to the hub, and to whoever
//! brought it first. A slot is counted by what its draft has.
//!
//! Invariants: what is counted and what is claimed is one transaction, so no two uploads at the
//! same time take the same room; what is there already costs nothing, whoever brings it; the room
//! that was set is never passed by what people bring, and a smaller one deletes nothing.

mod counts;
mod listed;
mod records;
#[cfg(test)]
mod tests;

pub(in crate::store) use crate::store::quotas::counts::{hand_over, own, refuse, refuse_slot};

pub use crate::store::quotas::records::{
    Quota, QuotaFault, QuotaLine, QuotaSubject, Room, Usage, Whose,
};
