//! Versions of the screens' manifests: they only grow.

use passerby_protocol::ScreenNumber;
use rusqlite::{Transaction, params};

/// Gives one screen's manifest a new version; returns it.
pub(super) fn renew_manifest(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    now_ms: i64,
) -> rusqlite::Result<u64> {
    tx.prepare_cached(&format!(
        "UPDATE screens SET {NEXT_VERSION} WHERE number = ?2 RETURNING manifest_version"
    ))?
    .query_row(params![now_ms, screen.get()], |row| row.get(0))
}

/// Moves a screen to its next manifest version; `?1` is now. Seconds as a lower bound keep versions
/// growing even after the database was restored from an old backup.
pub(super) const NEXT_VERSION: &str =
    "manifest_version = max(manifest_version + 1, ?1 / 1000), manifest_issued_ms = ?1";
