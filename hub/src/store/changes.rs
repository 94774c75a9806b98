//! Whether anything has changed that terminals wait to hear of: a screen's manifest, its key, who
//! its terminal is.
//!
//! Invariants: a number grows in each transaction that changes such a thing, and on PostgreSQL its
//! row's lock keeps the numbers in the order of the commits; so whoever has read a number has seen
//! all that was changed up to it, whichever process changed it. What terminals tell of themselves,
//! plays and scans leave it alone.

use passerby_protocol::ScreenNumber;

use crate::database::{DatabaseError, Id, Transaction, values};
use crate::store::{Result, Store};

/// What a screen's terminal may wait to hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScreenContent {
    /// Which screen.
    pub screen: ScreenNumber,
    /// The version of its manifest.
    pub manifest_version: u64,
    /// The generation of the key with which it should mint.
    pub key_generation: u8,
    /// The SHA-256 of its terminal's bearer; `None` while nobody has enrolled as it, and of one
    /// that was taken out of service.
    pub bearer_sha256: Option<[u8; 32]>,
    /// The newest wish for a picture of it, if none has come since.
    pub frame_wish: Option<u64>,
}

/// What there is, and up to which change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhatChanged {
    /// The number of the newest change.
    pub number: u64,
    /// All screens, by number.
    pub screens: Vec<ScreenContent>,
}

impl Store {
    /// Returns what the screens have, unless nothing has changed since the change of this number.
    ///
    /// # Errors
    /// The database fails.
    pub fn changed_since(&self, seen: Option<u64>) -> Result<Option<WhatChanged>> {
        if Some(self.read_once(newest)?) == seen {
            return Ok(None);
        }
        self.read(|tx| {
            Ok(Some(WhatChanged {
                number: newest(tx)?,
                screens: tx.all(
                    "SELECT number, manifest_version, (SELECT max(generation) FROM token_keys WHERE token_keys.screen = number),
                            CASE WHEN revoked_ms IS NULL THEN bearer_sha256 END,
                            CASE WHEN asked_ms > received_ms THEN asked_ms END
                     FROM screens LEFT JOIN screen_frames ON screen_frames.screen = number ORDER BY number",
                    values![],
                    |row| {
                        Ok::<_, DatabaseError>(ScreenContent {
                            screen: row.get::<Id<_>>(0)?.0,
                            manifest_version: row.get(1)?,
                            key_generation: row.get(2)?,
                            bearer_sha256: row.get(3)?,
                            frame_wish: row.get(4)?,
                        })
                    },
                )?,
            }))
        })
    }
}

/// The number of the newest change.
pub(super) fn newest(tx: &Transaction<'_>) -> Result<u64, DatabaseError> {
    tx.value("SELECT number FROM change_number", values![])
}

/// Notes that this transaction changes something that terminals wait to hear of.
pub(super) fn note(tx: &Transaction<'_>) -> Result<(), DatabaseError> {
    tx.execute("UPDATE change_number SET number = number + 1", values![])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use passerby_protocol::campaign::Campaign;
    use passerby_protocol::wire::Heartbeat;

    use super::*;
    use crate::publish::folder::Publication;
    use crate::store::Targets;
    use crate::store::testing::{TestDatabase, on_each_database};

    /// What another process sees.
    struct Watcher {
        store: Store,
        seen: u64,
    }

    impl Watcher {
        fn of(database: &TestDatabase) -> Self {
            let store = database.open();
            let seen = store.changed_since(None).unwrap().unwrap().number;
            Self { store, seen }
        }

        /// Returns what the screens have if anything has changed.
        fn look(&mut self) -> Option<Vec<ScreenContent>> {
            let changed = self.store.changed_since(Some(self.seen)).unwrap()?;
            self.seen = changed.number;
            Some(changed.screens)
        }

        fn changed(&mut self, what: &str) -> Vec<ScreenContent> {
            self.look().unwrap_or_else(|| panic!("not seen: {what}"))
        }
    }

    fn campaign(title: &str) -> Publication {
        let toml = format!("title = '{title}'\ntarget = 'https://cafe.example/'\n");
        Publication {
            id: "cafe".parse().unwrap(),
            campaign: Campaign::parse("campaign.toml", &toml, &["a.png".into()]).unwrap(),
            items: Vec::new(),
            creatives: Vec::new(),
            account_picture: None,
            notes: Vec::new(),
            written: String::new(),
        }
    }

    #[test]
    fn another_process_sees_each_change_that_a_terminal_waits_for_and_no_other() {
        on_each_database(|database| {
            let store = database.open();
            let mut watcher = Watcher::of(database);
            let (screen, _) = store
                .add_screen(&crate::people::Actor::COMMAND_LINE, "one", 1_000)
                .unwrap();
            let (other, _) = store
                .add_screen(&crate::people::Actor::COMMAND_LINE, "other", 1_000)
                .unwrap();
            let screens = watcher.changed("new screens");
            let first = ScreenContent {
                screen,
                manifest_version: 1,
                key_generation: 0,
                bearer_sha256: None,
                frame_wish: None,
            };
            assert_eq!(screens[0], first);
            assert_eq!((screens.len(), screens[1].screen), (2, other));
            assert_eq!(watcher.look(), None);

            store.admit(screen, &[7; 32], 1_000).unwrap();
            let enrolled = watcher.changed("a terminal");
            assert_eq!(enrolled[0].bearer_sha256, Some([7; 32]));

            store
                .rotate_key(&crate::people::Actor::COMMAND_LINE, screen, false, 1_000)
                .unwrap();
            assert_eq!(watcher.changed("a key")[0].key_generation, 1);

            let only = Targets::Only(BTreeSet::from([screen]));
            store
                .publish(
                    &crate::people::Actor::COMMAND_LINE,
                    &campaign("Café"),
                    &only,
                    9_000,
                )
                .unwrap();
            let published = watcher.changed("a publication");
            assert_eq!(published[0].manifest_version, 9);
            assert_eq!(published[1], screens[1], "the other has nothing new");
            store
                .publish(
                    &crate::people::Actor::COMMAND_LINE,
                    &campaign("Café"),
                    &only,
                    10_000,
                )
                .unwrap();
            assert_eq!(watcher.look(), None, "the same again");
            store
                .publish(
                    &crate::people::Actor::COMMAND_LINE,
                    &campaign("Bar"),
                    &only,
                    11_000,
                )
                .unwrap();
            assert_eq!(watcher.changed("a new text")[0].manifest_version, 11);
            store
                .unpublish(
                    &crate::people::Actor::COMMAND_LINE,
                    &"cafe".parse().unwrap(),
                    12_000,
                )
                .unwrap();
            assert_eq!(watcher.changed("its end")[0].manifest_version, 12);

            store.set_scan_base("HTTPS://HUB.EXAMPLE", 13_000).unwrap();
            assert_eq!(watcher.changed("an address")[1].manifest_version, 13);
            store.set_scan_base("HTTPS://HUB.EXAMPLE", 14_000).unwrap();
            assert_eq!(watcher.look(), None, "the same again");

            let heartbeat = Heartbeat {
                manifest_version: 13,
                key_generation: Some(1),
                ..Heartbeat::default()
            };
            store.heard_from(screen, &heartbeat, 15_000).unwrap();
            assert_eq!(watcher.look(), None, "what a terminal says of itself");
            let ahead = Heartbeat {
                manifest_version: 2_000,
                ..heartbeat
            };
            store.heard_from(screen, &ahead, 16_000).unwrap();
            assert_eq!(
                watcher.changed("a hub that was restored")[0].manifest_version,
                2_001
            );

            store
                .revoke_screen(&crate::people::Actor::COMMAND_LINE, screen, false, 17_000)
                .unwrap();
            assert_eq!(watcher.changed("a revocation")[0].bearer_sha256, None);
            store.admit(screen, &[8; 32], 18_000).unwrap();
            assert_eq!(
                watcher.changed("its return")[0].bearer_sha256,
                Some([8; 32])
            );
        });
    }

    #[test]
    fn of_many_who_change_something_at_a_time_none_is_missed() {
        const WRITERS: u64 = 4;
        const CHANGES: u64 = 10;
        on_each_database(|database| {
            let store = database.open();
            let screens: Vec<ScreenNumber> = (0..WRITERS)
                .map(|_| {
                    store
                        .add_screen(&crate::people::Actor::COMMAND_LINE, "one of many", 0)
                        .unwrap()
                        .0
                })
                .collect();
            let mut watcher = Watcher::of(database);
            let before = watcher.seen;
            let seen = std::thread::scope(|scope| {
                let writers: Vec<_> = screens
                    .iter()
                    .map(|&screen| {
                        let store = &store;
                        scope.spawn(move || {
                            for _ in 0..CHANGES {
                                store
                                    .rotate_key(
                                        &crate::people::Actor::COMMAND_LINE,
                                        screen,
                                        true,
                                        0,
                                    )
                                    .unwrap();
                            }
                        })
                    })
                    .collect();
                // What was seen with a number has all changes up to it, or a later one would not
                // bring the rest.
                let mut seen = Vec::new();
                while writers.iter().any(|writer| !writer.is_finished()) {
                    if let Some(screens) = watcher.look() {
                        seen.push((watcher.seen, screens));
                    }
                }
                seen.extend(watcher.look().map(|screens| (watcher.seen, screens)));
                seen
            });
            for (number, screens) in &seen {
                let rotated = screens.iter().map(|known| u64::from(known.key_generation));
                assert_eq!(rotated.sum::<u64>(), number - before);
            }
            assert_eq!(watcher.seen, before + WRITERS * CHANGES);
        });
    }
}
