//! Where publishers' content comes from by itself: sources, and what has become of their items.
//!
//! Invariants: an item is published in the transaction that finds it still wanted, so what was
//! taken down, has ended or belongs to a source that was removed never reaches a screen, whoever
//! was at work; an item is known again by each of its names, so none airs twice; numbers of items
//! are never given twice.

mod airing;
mod fetched;
mod items;
mod known;
mod records;
mod states;

pub use crate::store::sources::airing::ItemPublished;
pub use crate::store::sources::records::{
    DAY_ITEMS_MAX, FetchOutcome, ItemRecord, ItemState, NewItem, NewSource, SourceError,
    SourceKind, SourceRecord, TakeRules, Taken, WhichItems,
};

#[cfg(test)]
mod tests;
