//! Screens: who they are, what they were last heard to say, and which version of their content is
//! current.

use passerby_protocol::limits::WALL_MS;
use passerby_protocol::wire::Heartbeat;
use passerby_protocol::{PlayNumber, ScreenNumber};
use rusqlite::{Transaction, params};

use crate::store::manifest_versions::{NEXT_VERSION, renew_manifest};
use crate::store::{Id, Result, Store, StoreError, campaigns, device_keys, token_keys};

/// A screen, as authentication and enrolment need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Its number.
    pub number: ScreenNumber,
    /// Generation of the key with which it should mint.
    pub key_generation: u8,
}

/// A line of `screen list`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ScreenSummary {
    /// Its number.
    pub screen: ScreenNumber,
    /// Its name.
    pub name: String,
    /// Whether a terminal has enrolled as it.
    pub enrolled: bool,
    /// Generation of the key with which it should mint.
    pub generation: u8,
    /// Generation with which its terminal said that it mints; `None` while it has not said so.
    pub minting: Option<u8>,
    /// Generation of the newest manifest key that its terminal said it knows; `None` while it has
    /// not said so.
    pub manifest_key: Option<u32>,
    /// Whether it was taken out of service.
    pub revoked: bool,
}

/// What a terminal that was heard from is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// The version of its current manifest.
    pub manifest_version: u64,
    /// Generation of the key with which it should mint.
    pub key_generation: u8,
}

impl Store {
    /// Returns a screen.
    ///
    /// # Errors
    /// The database fails.
    pub fn screen(&self, number: ScreenNumber) -> Result<Option<Screen>> {
        self.read(|tx| {
            Ok(
                token_keys::newest(tx, number)?.map(|key_generation| Screen {
                    number,
                    key_generation,
                }),
            )
        })
    }

    /// Returns every screen, by number.
    ///
    /// # Errors
    /// The database fails.
    pub fn screens(&self) -> Result<Vec<ScreenSummary>> {
        self.read(|tx| {
            let mut query = tx.prepare_cached(
                "SELECT number, name, bearer_sha256 IS NOT NULL, max(generation), heartbeat ->> '$.key_generation',
                        heartbeat ->> '$.manifest_key_generation', revoked_ms IS NOT NULL
                 FROM screens JOIN token_keys ON screen = number GROUP BY number ORDER BY number",
            )?;
            let rows = query.query_map([], |row| {
                Ok(ScreenSummary {
                    screen: row.get::<_, Id<_>>(0)?.0,
                    name: row.get(1)?,
                    enrolled: row.get(2)?,
                    generation: row.get(3)?,
                    minting: row.get(4)?,
                    manifest_key: row.get(5)?,
                    revoked: row.get(6)?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Keeps what a terminal says of itself and returns what it should know. Keys older than the
    /// one with which it says that it mints are superseded from now on. One that has taken a newer
    /// manifest than this hub remembers, which was restored from a backup then, is given one that
    /// is newer still, so that it airs what this hub knows. Versions past all that can be are taken
    /// for none.
    ///
    /// # Errors
    /// The database fails.
    pub fn heard_from(
        &self,
        screen: ScreenNumber,
        heartbeat: &Heartbeat,
        now_ms: i64,
    ) -> Result<Heard> {
        let mut heartbeat = heartbeat.clone();
        if heartbeat.manifest_version >= VERSIONS_BELIEVED {
            heartbeat.manifest_version = 0;
        }
        // It has a table of its own, once it is known to be one.
        let device = heartbeat.device.take();
        let said = serde_json::to_string(&heartbeat)?;
        self.write(|tx| {
            if let Some(minting) = heartbeat.key_generation {
                token_keys::supersede(tx, screen, minting, now_ms)?;
            }
            if let Some(device) = &device {
                device_keys::keep(tx, screen, device, now_ms)?;
            }
            let mut heard = tx.query_row(
                "UPDATE screens SET last_seen_ms = ?2, heartbeat = ?3 WHERE number = ?1
                 RETURNING manifest_version, (SELECT max(generation) FROM token_keys WHERE screen = number)",
                params![screen.get(), now_ms, said],
                |row| {
                    Ok(Heard {
                        manifest_version: row.get(0)?,
                        key_generation: row.get(1)?,
                    })
                },
            )?;
            let taken = heartbeat.manifest_version;
            if taken > heard.manifest_version {
                tx.prepare_cached("UPDATE screens SET manifest_version = ?2 WHERE number = ?1")?
                    .execute(params![screen.get(), taken])?;
                heard.manifest_version = renew_manifest(tx, screen, now_ms)?;
            }
            Ok(heard)
        })
    }

    /// Remembers what codes start with. When it changed, every screen's manifest did.
    ///
    /// # Errors
    /// The database fails.
    pub fn set_scan_base(&self, scan_base: &str, now_ms: i64) -> Result<()> {
        self.write(|tx| {
            let changed = tx.execute(
                "INSERT INTO settings (name, value) VALUES ('scan_base', ?1)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
                [scan_base],
            )?;
            if changed > 0 {
                tx.execute(
                    &format!("UPDATE screens SET {NEXT_VERSION}"),
                    params![now_ms],
                )?;
            }
            Ok(())
        })
    }
}

/// Below this are the versions that a terminal can have taken, which are seconds or little more:
/// nobody pushes a screen's versions out of reach.
const VERSIONS_BELIEVED: u64 = WALL_MS.end().unsigned_abs() / 1_000;

/// Makes a screen, with everything that airs everywhere.
pub(super) fn add(
    tx: &Transaction<'_>,
    name: &str,
    now_ms: i64,
) -> Result<ScreenNumber, StoreError> {
    let number: Id<ScreenNumber> = tx.query_row(
        "INSERT INTO screens (number, name, created_ms, manifest_version, manifest_issued_ms)
         SELECT ifnull(max(number), 0) + 1, ?1, ?2, max(1, ?2 / 1000), ?2 FROM screens RETURNING number",
        params![name, now_ms],
        |row| row.get(0),
    )?;
    token_keys::begin_first(tx, number.0, now_ms)?;
    campaigns::assign_everywhere(tx, number.0)?;
    share_goals_anew(tx, number.0, now_ms)?;
    Ok(number.0)
}

/// Gives the screens that share a campaign's goal with one that came or went their new parts of it.
pub(super) fn share_goals_anew(
    tx: &Transaction<'_>,
    other: ScreenNumber,
    now_ms: i64,
) -> rusqlite::Result<()> {
    tx.prepare_cached(&format!(
        "UPDATE screens SET {NEXT_VERSION} WHERE number <> ?2 AND EXISTS (
             SELECT 1 FROM airing AS new
             JOIN airing AS own ON own.campaign = new.campaign AND own.screen = number
             JOIN campaigns ON campaigns.id = new.campaign
             JOIN json_each(campaigns.body, '$.phases') AS phase
             WHERE new.screen = ?2
               AND (json_type(phase.value, '$.goal_plays') = 'integer'
                    OR json_type(phase.value, '$.goal_scans') = 'integer'))"
    ))?
    .execute(params![now_ms, other.get()])?;
    Ok(())
}

/// Returns one more than the highest play number seen of a screen, in a play or in a scan.
pub(super) fn play_floor(tx: &Transaction<'_>, screen: ScreenNumber) -> Result<PlayNumber> {
    let highest: Option<u32> = tx.query_row(
        "SELECT max(n) FROM (SELECT max(number) AS n FROM plays WHERE screen = ?1
                             UNION ALL SELECT max(play) FROM scans WHERE screen = ?1)",
        [screen.get()],
        |row| row.get(0),
    )?;
    let floor = highest.map_or(0, |number| number.saturating_add(1));
    let last = PlayNumber::new(PlayNumber::MAX).expect("the largest is in range");
    Ok(PlayNumber::new(floor).unwrap_or(last))
}
