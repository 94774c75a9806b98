//! Screens: who they are, what they were last heard to say, and which version of their content is
//! current.

use std::collections::BTreeSet;

use passerby_protocol::limits::WALL_MS;
use passerby_protocol::wire::Heartbeat;
use passerby_protocol::{Campaign, PlayNumber, ScreenNumber};

use crate::database::{DatabaseError, Id, Lock, Transaction, Value, values};
use crate::store::goal_screens::has_goal;
use crate::store::manifest_versions::{NEXT_VERSION, renew_manifest, renew_manifests};
use crate::store::{Result, Store, StoreError, campaigns, changes, device_keys, token_keys};

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
            tx.all(
                "SELECT number, name, bearer_sha256 IS NOT NULL, max(generation), heartbeat, revoked_ms IS NOT NULL
                 FROM screens JOIN token_keys ON screen = number GROUP BY number ORDER BY number",
                values![],
                |row| {
                    let said = SaidKeys::of(row.get(4)?)?;
                    Ok(ScreenSummary {
                        screen: row.get::<Id<_>>(0)?.0,
                        name: row.get(1)?,
                        enrolled: row.get(2)?,
                        generation: row.get(3)?,
                        minting: said.key_generation,
                        manifest_key: said.manifest_key_generation,
                        revoked: row.get(5)?,
                    })
                },
            )
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
        let taken = heartbeat.manifest_version;
        self.write(Lock::Screens(&[screen]), |tx| {
            if let Some(minting) = heartbeat.key_generation {
                token_keys::supersede(tx, screen, minting, now_ms)?;
            }
            if let Some(device) = &device {
                device_keys::keep(tx, screen, device, now_ms)?;
            }
            let mut heard = tx.one(
                "UPDATE screens SET last_seen_ms = ?2, heartbeat = ?3, content_version = ?4,
                        content_since_ms = CASE WHEN content_version IS DISTINCT FROM ?4 THEN ?2 ELSE content_since_ms END
                 WHERE number = ?1
                 RETURNING manifest_version, (SELECT max(generation) FROM token_keys WHERE screen = number)",
                values![screen.get(), now_ms, &said, taken],
                |row| {
                    Ok::<_, DatabaseError>(Heard {
                        manifest_version: row.get(0)?,
                        key_generation: row.get(1)?,
                    })
                },
            )?;
            if taken > heard.manifest_version {
                tx.execute(
                    "UPDATE screens SET manifest_version = ?2 WHERE number = ?1",
                    values![screen.get(), taken],
                )?;
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
        self.write(Lock::Everything, |tx| {
            let changed = tx.execute(
                "INSERT INTO settings (name, value) VALUES ('scan_base', ?1)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE settings.value <> excluded.value",
                values![scan_base],
            )?;
            if changed > 0 {
                changes::note(tx)?;
                tx.execute(
                    &format!("UPDATE screens SET {NEXT_VERSION}"),
                    values![now_ms],
                )?;
            }
            Ok(())
        })
    }
}

impl Store {
    /// Returns what codes start with, if a hub has served from here.
    ///
    /// # Errors
    /// The database fails.
    pub fn scan_base(&self) -> Result<Option<String>> {
        self.read_once(|tx| {
            Ok(tx.optional(
                "SELECT value FROM settings WHERE name = 'scan_base'",
                values![],
                |row| row.get(0),
            )?)
        })
    }
}

/// Below this are the versions that a terminal can have taken, which are seconds or little more:
/// nobody pushes a screen's versions out of reach.
const VERSIONS_BELIEVED: u64 = WALL_MS.end().unsigned_abs() / 1_000;

/// What a screen's last heartbeat says of its keys. Not read in SQL, since PostgreSQL refuses JSON
/// with a NUL in a text: one such heartbeat would take the list of all screens away.
#[derive(Default, serde::Deserialize)]
struct SaidKeys {
    key_generation: Option<u8>,
    manifest_key_generation: Option<u32>,
}

impl SaidKeys {
    fn of(heartbeat: Option<String>) -> Result<Self, DatabaseError> {
        match heartbeat {
            Some(heartbeat) => {
                serde_json::from_str(&heartbeat).map_err(|_| DatabaseError::Column {
                    at: 4,
                    wanted: "a heartbeat",
                })
            }
            None => Ok(Self::default()),
        }
    }
}

/// Makes a screen, with everything that airs everywhere.
pub(super) fn add(
    tx: &Transaction<'_>,
    name: &str,
    now_ms: i64,
) -> Result<ScreenNumber, StoreError> {
    let number: Id<ScreenNumber> = tx.value(
        "INSERT INTO screens (number, name, created_ms, manifest_version, manifest_issued_ms)
         SELECT coalesce(max(number), 0) + 1, ?1, ?2, greatest(1, ?2 / 1000), ?2 FROM screens RETURNING number",
        values![name, now_ms],
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
) -> Result<()> {
    let airing = tx.all(
        "SELECT id, body FROM airing JOIN campaigns ON id = campaign WHERE screen = ?1",
        values![other.get()],
        |row| {
            let campaign: Campaign = serde_json::from_str(&row.get::<String>(1)?)?;
            Ok::<_, StoreError>((row.get::<String>(0)?, has_goal(&campaign)))
        },
    )?;
    let with_goals: Vec<_> = airing
        .into_iter()
        .filter(|(_, has_goal)| *has_goal)
        .map(|(campaign, _)| [Value::from(campaign)])
        .collect();
    let sharing = tx.all_each(
        "SELECT screen FROM airing WHERE campaign = ?1",
        &with_goals,
        |row| Ok::<_, DatabaseError>(row.get::<Id<ScreenNumber>>(0)?.0),
    )?;
    let mut screens: BTreeSet<ScreenNumber> = sharing.into_iter().flatten().collect();
    screens.remove(&other);
    renew_manifests(tx, &screens, now_ms)?;
    Ok(())
}

/// Returns one more than the highest play number seen of a screen, in a play or in a scan, also if
/// they were pruned.
pub(super) fn play_floor(tx: &Transaction<'_>, screen: ScreenNumber) -> Result<PlayNumber> {
    let highest: Option<u32> = tx.value(
        "SELECT max(n) FROM (SELECT max(number) AS n FROM plays WHERE screen = ?1
                             UNION ALL SELECT max(play) FROM scans WHERE screen = ?1
                             UNION ALL SELECT highest FROM pruned_numbers WHERE screen = ?1) AS highest",
        values![screen.get()],
    )?;
    let floor = highest.map_or(0, |number| number.saturating_add(1));
    let last = PlayNumber::new(PlayNumber::MAX).expect("the largest is in range");
    Ok(PlayNumber::new(floor).unwrap_or(last))
}
