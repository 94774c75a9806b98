//! Generations of the screens' token keys: which one mints, and whose codes are still good.
//!
//! - The newest, and any whose terminal has not said yet that it mints with a newer one: its codes
//!   are accepted.
//! - Superseded, which is when the terminal mints with a newer one: codes that were minted before
//!   are accepted, undated ones for [`CODE_DAYS_MAX`].
//! - Retired, because an operator said that the key was stolen: its codes are refused at once.
//!
//! Invariants: generations of a screen only grow, so no key is ever handed out for a second time;
//! of the generations that look alike in a token, only the newest can have codes that are accepted.

use passerby_protocol::ScreenNumber;
use passerby_protocol::token::{GENERATIONS_TOLD_APART, generation_bits};

use crate::database::{DatabaseError, Lock, Transaction, owned_values, values};
use crate::people::Actor;
use crate::store::audit::Verb;
use crate::store::key_generation::{KeyGeneration, outlived_ms};
use crate::store::{Result, Store, StoreError, audit, changes, screen_list};
use crate::system::clock;

/// What a rotation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// The new generation.
    pub generation: u8,
    /// Generations that were retired by it.
    pub retired: Vec<u8>,
}

/// Says why a screen gets no new key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no such screen.
    #[error("there is no screen {0}; `passerby-hub screen list` shows them")]
    UnknownScreen(ScreenNumber),
    /// The terminal may still mint with a generation that looks like the next one.
    #[error(
        "screen {screen} may still mint with its key {older}, and key {next} would look the same in a code; let it come online first, or have the older keys' codes refused with --retire"
    )]
    StillMinting {
        /// The screen.
        screen: ScreenNumber,
        /// The generation that its terminal was last known to mint with.
        older: u8,
        /// The one that was to begin.
        next: u8,
    },
    /// Codes of a generation that looks like the next one may still be on phones.
    #[error(
        "codes of screen {screen}'s key {older} may be on phones until {}, and key {next} would look the same in a code; wait until then, or have the older keys' codes refused with --retire",
        clock::rfc3339(*until_ms)
    )]
    CodesOut {
        /// The screen.
        screen: ScreenNumber,
        /// The generation whose codes are out.
        older: u8,
        /// The one that was to begin.
        next: u8,
        /// When the last of those codes is no longer accepted.
        until_ms: i64,
    },
    /// All 256 generations are used.
    #[error("screen {0} has used all its keys; add a new screen for its place")]
    Exhausted(ScreenNumber),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DatabaseError> for KeyError {
    fn from(error: DatabaseError) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Returns the generations of a screen that have these low bits, newest first; at most 32.
    ///
    /// # Errors
    /// The database fails.
    pub fn key_generations(&self, screen: ScreenNumber, bits: u8) -> Result<Vec<KeyGeneration>> {
        self.read_once(|tx| Ok(generations(tx, &[(screen, bits)])?.concat()))
    }

    /// Starts a new generation of a screen's key, which its terminal fetches by itself; with
    /// `retires`, codes of all older ones are refused from now on.
    ///
    /// # Errors
    /// See [`KeyError`]; nothing was changed then.
    pub fn rotate_key(
        &self,
        actor: &Actor,
        screen: ScreenNumber,
        retires: bool,
        now_ms: i64,
    ) -> Result<Rotated, KeyError> {
        self.write(Lock::Screens(&[screen]), |tx| {
            screen_list::refuse_others(tx, actor, screen)?;
            let retired = if retires {
                retire_all(tx, screen, now_ms)?
            } else {
                Vec::new()
            };
            let generation = begin(tx, screen, now_ms)?;
            let what = (&*format!("screen {screen}"), codes(retires));
            audit::note(tx, actor, Verb::RotatedKey, what, now_ms)?;
            Ok(Rotated {
                generation,
                retired,
            })
        })
    }
}

/// Returns the generations of each of these screens that have these low bits, newest first.
pub(super) fn generations(
    tx: &Transaction<'_>,
    of: &[(ScreenNumber, u8)],
) -> Result<Vec<Vec<KeyGeneration>>, DatabaseError> {
    let sets: Vec<_> = of
        .iter()
        .map(|&(screen, bits)| owned_values![screen.get(), GENERATIONS_TOLD_APART, bits])
        .collect();
    tx.all_each(
        "SELECT generation, superseded_ms, retired_ms FROM token_keys
         WHERE screen = ?1 AND generation % ?2 = ?3 ORDER BY generation DESC",
        &sets,
        |row| {
            Ok(KeyGeneration {
                generation: row.get(0)?,
                superseded_ms: row.get(1)?,
                retired_ms: row.get(2)?,
            })
        },
    )
}

/// Returns the generation with which a screen should mint; `None` when there is no such screen.
pub(super) fn newest(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
) -> Result<Option<u8>, DatabaseError> {
    tx.value(
        "SELECT max(generation) FROM token_keys WHERE screen = ?1",
        values![screen.get()],
    )
}

/// Gives a new screen its first generation.
pub(super) fn begin_first(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    now_ms: i64,
) -> Result<(), DatabaseError> {
    insert(tx, screen, 0, now_ms)
}

/// Starts a screen's next generation and returns it.
pub(super) fn begin(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    now_ms: i64,
) -> Result<u8, KeyError> {
    let next = next(tx, screen, now_ms)?;
    insert(tx, screen, next, now_ms)?;
    Ok(next)
}

/// Returns a screen's next generation, if it may start now.
pub(super) fn next(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    now_ms: i64,
) -> Result<u8, KeyError> {
    let newest = newest(tx, screen)?.ok_or(KeyError::UnknownScreen(screen))?;
    let next = newest.checked_add(1).ok_or(KeyError::Exhausted(screen))?;
    let lookalike: Option<(u8, Option<i64>)> = tx.optional(
        "SELECT generation, superseded_ms FROM token_keys
         WHERE screen = ?1 AND generation % ?2 = ?3 AND retired_ms IS NULL ORDER BY generation DESC LIMIT 1",
        values![screen.get(), GENERATIONS_TOLD_APART, generation_bits(next)],
        |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
    )?;
    match lookalike {
        Some((older, None)) => Err(KeyError::StillMinting {
            screen,
            older,
            next,
        }),
        Some((older, Some(superseded_ms))) if now_ms < outlived_ms(superseded_ms) => {
            Err(KeyError::CodesOut {
                screen,
                older,
                next,
                until_ms: outlived_ms(superseded_ms),
            })
        }
        _ => Ok(next),
    }
}

/// What the audit log says of the codes that a screen has shown.
pub(super) const fn codes(retires: bool) -> &'static str {
    if retires { "codes retired" } else { "" }
}

/// Has the codes of all generations so far refused; returns those whose codes were not before.
pub(super) fn retire_all(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    now_ms: i64,
) -> Result<Vec<u8>, DatabaseError> {
    let mut retired: Vec<u8> = tx.all(
        "UPDATE token_keys SET retired_ms = ?2 WHERE screen = ?1 AND retired_ms IS NULL RETURNING generation",
        values![screen.get(), now_ms],
        |row| row.get(0),
    )?;
    retired.sort_unstable();
    Ok(retired)
}

/// Learns that a terminal mints with a generation, and so with no older one any more.
pub(super) fn supersede(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    minting: u8,
    now_ms: i64,
) -> Result<(), DatabaseError> {
    // A generation that this hub never made proves nothing; a hub restored from a backup may hear
    // of one.
    tx.execute(
        "UPDATE token_keys SET superseded_ms = ?3 WHERE screen = ?1 AND generation < ?2 AND superseded_ms IS NULL
         AND EXISTS (SELECT 1 FROM token_keys AS own WHERE own.screen = ?1 AND own.generation = ?2)",
        values![screen.get(), minting, now_ms],
    )?;
    Ok(())
}

/// Notes that a screen mints with none of its keys any more.
pub(super) fn supersede_all(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    now_ms: i64,
) -> Result<(), DatabaseError> {
    tx.execute(
        "UPDATE token_keys SET superseded_ms = ?2 WHERE screen = ?1 AND superseded_ms IS NULL",
        values![screen.get(), now_ms],
    )?;
    Ok(())
}

fn insert(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    generation: u8,
    now_ms: i64,
) -> Result<(), DatabaseError> {
    changes::note(tx)?;
    tx.execute(
        "INSERT INTO token_keys (screen, generation, since_ms) VALUES (?1, ?2, ?3)",
        values![screen.get(), generation, now_ms],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use passerby_protocol::limits::CODE_DAYS_MAX;
    use passerby_protocol::token::TokenContents;
    use passerby_protocol::{Assignment, PlayNumber};
    use rusqlite::Connection;

    use super::*;
    use crate::store::key_generation::SLACK_MS;
    use crate::store::testing::{TestDatabase, on_each_database};
    use crate::system::clock::DAY_MS;

    /// Longer than any code is accepted.
    const LONG_MS: i64 = (CODE_DAYS_MAX + 100) * DAY_MS;

    fn with_screen(database: &TestDatabase) -> (Store, ScreenNumber) {
        let store = database.open();
        let (screen, _) = store.add_screen(&Actor::COMMAND_LINE, "exit B", 0).unwrap();
        (store, screen)
    }

    fn minting(store: &Store, screen: ScreenNumber, generation: u8, now_ms: i64) {
        store
            .write(Lock::Screens(&[screen]), |tx| {
                supersede(tx, screen, generation, now_ms)
            })
            .unwrap();
    }

    fn contents(minted_ms: Option<i64>) -> TokenContents {
        TokenContents {
            generation: 0,
            screen: ScreenNumber::new(1).unwrap(),
            assignment: Assignment::new(1).unwrap(),
            play: PlayNumber::new(1).unwrap(),
            minutes: TokenContents::minutes_at(minted_ms),
        }
    }

    #[test]
    fn a_superseded_key_is_good_for_what_it_minted_before() {
        let superseded_ms = 1_900_000_000_000;
        let key = KeyGeneration {
            generation: 0,
            superseded_ms: Some(superseded_ms),
            retired_ms: None,
        };
        let dated = |minted_ms| key.accepts(&contents(Some(minted_ms)), superseded_ms + LONG_MS);
        assert!(dated(superseded_ms - LONG_MS));
        assert!(dated(superseded_ms + SLACK_MS));
        assert!(!dated(superseded_ms + SLACK_MS + 60_000));
        let undated = |now_ms| key.accepts(&contents(None), now_ms);
        assert!(undated(outlived_ms(superseded_ms) - 1));
        assert!(!undated(outlived_ms(superseded_ms)));
        let retired = KeyGeneration {
            retired_ms: Some(superseded_ms),
            ..key
        };
        assert!(!retired.accepts(&contents(Some(superseded_ms - LONG_MS)), 0));
    }

    #[test]
    fn a_generation_that_looks_like_an_older_one_waits_for_its_last_code() {
        on_each_database(|database| {
            let (store, screen) = with_screen(database);
            for generation in 1..8 {
                assert_eq!(
                    store
                        .rotate_key(&Actor::COMMAND_LINE, screen, false, 0)
                        .unwrap()
                        .generation,
                    generation
                );
            }
            assert!(matches!(
                store.rotate_key(&Actor::COMMAND_LINE, screen, false, LONG_MS),
                Err(KeyError::StillMinting {
                    older: 0,
                    next: 8,
                    ..
                })
            ));
            minting(&store, screen, 7, 1_000);
            let free_ms = outlived_ms(1_000);
            assert!(matches!(
                store.rotate_key(&Actor::COMMAND_LINE, screen, false, free_ms - 1),
                Err(KeyError::CodesOut { older: 0, next: 8, until_ms, .. }) if until_ms == free_ms
            ));
            assert_eq!(
                store
                    .rotate_key(&Actor::COMMAND_LINE, screen, false, free_ms)
                    .unwrap()
                    .generation,
                8
            );
            assert_eq!(
                store
                    .key_generations(screen, 0)
                    .unwrap()
                    .iter()
                    .map(|key| key.generation)
                    .collect::<Vec<_>>(),
                [8, 0]
            );
        });
    }

    #[test]
    fn a_refused_rotation_changes_nothing_and_one_that_retires_is_never_kept_waiting() {
        on_each_database(|database| {
            let (store, screen) = with_screen(database);
            for expected in 1..=255 {
                let rotated = store
                    .rotate_key(&Actor::COMMAND_LINE, screen, true, 0)
                    .unwrap();
                assert_eq!(
                    (rotated.generation, rotated.retired),
                    (expected, vec![expected - 1])
                );
            }
            assert!(matches!(
                store.rotate_key(&Actor::COMMAND_LINE, screen, true, 0),
                Err(KeyError::Exhausted(_))
            ));
            let keys = store.key_generations(screen, 7).unwrap();
            assert_eq!((keys.len(), keys[0].generation), (32, 255));
            assert_eq!(keys[0].retired_ms, None, "the last key still mints");
        });
    }

    #[test]
    fn a_generation_that_the_hub_never_made_supersedes_nothing() {
        on_each_database(|database| {
            let (store, screen) = with_screen(database);
            minting(&store, screen, 3, 5);
            minting(&store, screen, 0, 6);
            assert_eq!(
                store.key_generations(screen, 0).unwrap()[0].superseded_ms,
                None
            );
            store
                .rotate_key(&Actor::COMMAND_LINE, screen, false, 7)
                .unwrap();
            minting(&store, screen, 1, 8);
            minting(&store, screen, 1, 9);
            assert_eq!(
                store.key_generations(screen, 0).unwrap()[0].superseded_ms,
                Some(8)
            );
            assert_eq!(
                store.key_generations(screen, 1).unwrap()[0].superseded_ms,
                None
            );
        });
    }

    #[test]
    fn screens_of_older_databases_have_their_first_key() {
        let folder = tempfile::tempdir().unwrap();
        let raw = Connection::open(folder.path().join(crate::store::FILE_NAME)).unwrap();
        for step in &crate::store::migrations::SQLITE[..2] {
            raw.execute_batch(step).unwrap();
        }
        raw.execute_batch(
            "INSERT INTO screens (number, name, created_ms, manifest_version, manifest_issued_ms) VALUES (4, 'x', 9, 1, 9);
             INSERT INTO enrolment_tokens VALUES (x'00', 4, 10, NULL);
             PRAGMA user_version = 2;",
        )
        .unwrap();
        drop(raw);
        let store = Store::open(folder.path()).unwrap();
        let screen = ScreenNumber::new(4).unwrap();
        assert_eq!(store.screen(screen).unwrap().unwrap().key_generation, 0);
        assert_eq!(
            store
                .rotate_key(&Actor::COMMAND_LINE, screen, false, 10)
                .unwrap()
                .generation,
            1
        );
    }
}
