//! What becomes of items, within a transaction.

use passerby_protocol::CampaignId;

use crate::database::{DatabaseError, Id, Transaction, Value, values};
use crate::people::Actor;
use crate::store::StoreError;
use crate::store::campaigns::unpublish_within;
use crate::store::sources::records::{ItemState, SourceError};

/// Tells whether there is a source.
pub(super) fn is_known(tx: &Transaction<'_>, name: &str) -> Result<bool, DatabaseError> {
    tx.exists(
        "SELECT 1 FROM sources WHERE name = ?1 AND removed_ms IS NULL",
        values![name],
    )
}

/// Refuses whoever is held to groups: what a source brings is in none.
pub(super) fn refuse_bound(actor: &Actor) -> Result<(), SourceError> {
    if actor.scope().is_all() {
        Ok(())
    } else {
        Err(StoreError::OutOfScope.into())
    }
}

/// Takes the campaigns of items off the screens. Returns how many were on the air.
pub(super) fn off_the_air(
    tx: &Transaction<'_>,
    source: &str,
    numbers: &[u32],
    now_ms: i64,
) -> Result<usize, DatabaseError> {
    let (actor, mut off) = (Actor::source(source.to_owned()), 0);
    for &number in numbers {
        let campaign = tx.optional(
            "SELECT id FROM source_items JOIN campaigns ON id = campaign
             WHERE source = ?1 AND number = ?2 AND live",
            values![source, number],
            |row| Ok::<_, DatabaseError>(row.get::<Id<CampaignId>>(0)?.0),
        )?;
        if let Some(campaign) = campaign {
            off += usize::from(unpublish_within(tx, &actor, &campaign, now_ms)?.is_some());
        }
    }
    Ok(off)
}

/// Ends items, which leave the screens.
pub(super) fn end(
    tx: &Transaction<'_>,
    source: &str,
    numbers: &[u32],
    now_ms: i64,
) -> Result<(), DatabaseError> {
    off_the_air(tx, source, numbers, now_ms)?;
    set_state(tx, source, numbers, ItemState::Ended)
}

/// Says what has become of items.
pub(super) fn set_state(
    tx: &Transaction<'_>,
    source: &str,
    numbers: &[u32],
    state: ItemState,
) -> Result<(), DatabaseError> {
    let sets: Vec<_> = numbers
        .iter()
        .map(|&number| {
            [
                Value::from(source),
                Value::from(number),
                Value::from(state.word()),
            ]
        })
        .collect();
    tx.execute_each(
        "UPDATE source_items SET state = ?3 WHERE source = ?1 AND number = ?2",
        &sets,
    )?;
    Ok(())
}
