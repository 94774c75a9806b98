//! What a web hook brings.
//!
//! Invariants: a body is taken in whole or not at all, in one transaction; the same body once more
//! changes nothing; more than [`HOOK_ITEMS_MAX`] items are refused.

use crate::Hub;
use crate::sources::document;
use crate::sources::rules::Rules;
use crate::sources::run::{left_out, take};
use crate::store::{SourceError, SourceRecord, StoreError, Taken};

/// Most items in one call.
pub const HOOK_ITEMS_MAX: usize = 100;

/// Says why nothing was taken in.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// The body is no item.
    #[error(transparent)]
    Body(#[from] document::DocumentError),
    /// There are too many.
    #[error("it has {0} items; send at most {HOOK_ITEMS_MAX} in one call")]
    TooMany(usize),
    /// There is nothing to read in it.
    #[error("it has no item with a title or a text")]
    Nothing,
    /// The store refuses.
    #[error(transparent)]
    Source(#[from] SourceError),
}

impl From<StoreError> for HookError {
    fn from(error: StoreError) -> Self {
        Self::Source(error.into())
    }
}

/// Takes in what a hook brings. The string says what of it was left out.
///
/// # Errors
/// See [`HookError`]; nothing was taken in then.
pub fn receive(
    hub: &Hub,
    source: &SourceRecord,
    body: &[u8],
    now_ms: i64,
) -> Result<(Taken, Option<String>), HookError> {
    let mut document = document::read_hook(body)?;
    if document.items.len() > HOOK_ITEMS_MAX {
        return Err(HookError::TooMany(document.items.len()));
    }
    if document.items.is_empty() {
        return Err(HookError::Nothing);
    }
    // Whatever form it has, it is not the whole of what its publisher says.
    document.is_table = true;
    let rules: Rules = serde_json::from_str(&source.rules).map_err(StoreError::from)?;
    // The last of several is the newest.
    document.items.reverse();
    let choice = rules.choose(&document, now_ms);
    let taken = take(hub, source, &rules, &document, &choice, now_ms)?;
    Ok((taken, left_out(&document, &choice, taken, &rules)))
}
