//! What shops report that people bought or signed up for: how they say it, and what it is worth.
//!
//! Invariants: what a shop says is bounded before anything is made of it; money is a whole number
//! of the smallest unit of its currency, and never a float; nothing here knows the database.

mod body;
mod money;
mod proof;

pub use crate::conversions::body::{
    BATCH_MAX, BodyError, CLICK_CHARS_MAX, ID_CHARS_MAX, KIND_BYTES_MAX, REFUND, Said, click_id,
    click_of, order_id,
};
pub use crate::conversions::money::{Currency, Money, MoneyError, Worth};
pub use crate::conversions::proof::Proof;
