//! The keys with which screens sign their proofs of play, so that whoever was given one can ask
//! whose key it is.
//!
//! Invariants: a key is kept only if the terminal has shown that it holds it; none is ever
//! overwritten or forgotten; a screen has at most [`KEYS_MAX`].

use passerby_protocol::ScreenNumber;
use passerby_protocol::proof_of_play::{PublicKey, Vouched};
use serde::Serialize;

use crate::database::{DatabaseError, Id, Transaction, values};
use crate::store::{Result, Store};
use crate::system::clock;

/// Most keys of one screen; a terminal has one for each card it ever had. Further ones are not
/// kept.
pub const KEYS_MAX: u32 = 64;

/// A key, and between when and when its screen has had it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceKeyLine {
    /// The public key.
    pub key: PublicKey,
    /// RFC 3339.
    pub first_seen: String,
    /// RFC 3339.
    pub last_seen: String,
}

/// A line of `screen devices`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceLine {
    /// The screen's number.
    pub screen: ScreenNumber,
    /// Its name.
    pub name: String,
    /// Its key.
    #[serde(flatten)]
    pub device: DeviceKeyLine,
}

impl Store {
    /// Returns every key that a screen has had, by screen and time.
    ///
    /// # Errors
    /// The database fails.
    pub fn devices(&self) -> Result<Vec<DeviceLine>> {
        self.read(all)
    }
}

pub(super) fn all(tx: &Transaction<'_>) -> Result<Vec<DeviceLine>> {
    tx.all(
        "SELECT screen, name, key, first_seen_ms, device_keys.last_seen_ms
         FROM device_keys JOIN screens ON number = screen ORDER BY screen, first_seen_ms, key",
        values![],
        |row| {
            Ok(DeviceLine {
                screen: row.get::<Id<_>>(0)?.0,
                name: row.get(1)?,
                device: DeviceKeyLine {
                    key: row.get::<Id<_>>(2)?.0,
                    first_seen: clock::rfc3339(row.get(3)?),
                    last_seen: clock::rfc3339(row.get(4)?),
                },
            })
        },
    )
}

/// Keeps the key that a screen's terminal says it signs with. One that it has not shown to hold is
/// left out, with a word in the log: what else a heartbeat says counts none the less.
pub(super) fn keep(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    vouched: &Vouched,
    now_ms: i64,
) -> Result<(), DatabaseError> {
    let key = vouched.key.to_string();
    let known = tx.execute(
        "UPDATE device_keys SET last_seen_ms = greatest(last_seen_ms, ?3) WHERE screen = ?1 AND key = ?2",
        values![screen.get(), &key, now_ms],
    )?;
    if known > 0 {
        return Ok(());
    }
    if !vouched.is_held_by(screen) {
        tracing::warn!(
            "screen {screen} names a device key that it has not shown to hold; it is not kept"
        );
        return Ok(());
    }
    let kept = tx.execute(
        "INSERT INTO device_keys (screen, key, first_seen_ms, last_seen_ms)
         SELECT ?1, ?2, ?3, ?3 WHERE (SELECT count(*) FROM device_keys WHERE screen = ?1) < ?4",
        values![screen.get(), &key, now_ms, KEYS_MAX],
    )?;
    if kept == 0 {
        tracing::warn!("screen {screen} has had {KEYS_MAX} device keys; {key} is not kept");
    }
    Ok(())
}
