//! Versions of the screens' manifests: they only grow.

use std::collections::BTreeSet;

use passerby_protocol::ScreenNumber;

use crate::database::{DatabaseError, Transaction, Value, values};
use crate::store::changes;

/// Gives one screen's manifest a new version; returns it.
pub(super) fn renew_manifest(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    now_ms: i64,
) -> Result<u64, DatabaseError> {
    changes::note(tx)?;
    tx.value(
        &format!("UPDATE screens SET {NEXT_VERSION} WHERE number = ?2 RETURNING manifest_version"),
        values![now_ms, screen.get()],
    )
}

/// Gives the manifests of several screens a new version each.
pub(super) fn renew_manifests(
    tx: &Transaction<'_>,
    screens: &BTreeSet<ScreenNumber>,
    now_ms: i64,
) -> Result<(), DatabaseError> {
    if screens.is_empty() {
        return Ok(());
    }
    changes::note(tx)?;
    let sets: Vec<_> = screens
        .iter()
        .map(|screen| [Value::from(now_ms), Value::from(screen.get())])
        .collect();
    tx.execute_each(
        &format!("UPDATE screens SET {NEXT_VERSION} WHERE number = ?2"),
        &sets,
    )?;
    Ok(())
}

/// Moves a screen to its next manifest version; `?1` is now. Seconds as a lower bound keep versions
/// growing even after the database was restored from an old backup.
pub(super) const NEXT_VERSION: &str =
    "manifest_version = greatest(manifest_version + 1, ?1 / 1000), manifest_issued_ms = ?1";
