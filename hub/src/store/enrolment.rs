//! The two one-time ways in: a code that an operator claims, or a token that `screen add` or
//! `screen renew` printed.
//!
//! Invariants: a screen has at most one token that works, the newest, and a terminal that came in
//! by an older way does not come in by it again; only the holder of the secret that came first
//! collects the credentials, as often as it needs until the attempt expires; tokens, secrets and
//! bearers are stored as hashes alone, and a code, which opens nothing without its secret, as it
//! is; a clock that was put back prolongs nothing.

use passerby_protocol::{Digest, PlayNumber, ScreenNumber};
use subtle::ConstantTimeEq as _;

use crate::database::{Database, DatabaseError, Id, Lock, Sql, Transaction, values};
use crate::keys::pairing_code::PairingCode;
use crate::people::Actor;
use crate::store::audit::Verb;
use crate::store::{
    KeyError, Result, Screen, Store, StoreError, audit, changes, manifest_versions, revocation,
    screen_list, screens, token_keys,
};
use crate::system::clock::DAY_MS;
use crate::system::random;

/// How long a code, or a claimed code, waits.
const PAIRING_MS: i64 = 15 * 60 * 1000;
/// How long a token of `screen add` or `screen renew` waits.
const TOKEN_MS: i64 = 7 * DAY_MS;
/// How far in the future something may have been made that is believed: clocks are put right by
/// seconds.
const SLACK_MS: i64 = 5 * 60 * 1000;
/// Most codes that wait at one time.
pub const PENDING_MAX: usize = 1_000;
/// Most codes that are remembered although their time is over.
const OVER_MAX: usize = 1_000;

/// Says why a screen is not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// Nobody issued this code or token, or the token's time is over.
    #[error("unknown or expired")]
    Unknown,
    /// The code's time is over.
    #[error("expired")]
    Expired,
    /// Somebody else came first.
    #[error("taken by another terminal")]
    Taken,
    /// Too many attempts at one time.
    #[error("too many screens are being enrolled")]
    Busy,
    /// The screen cannot begin a new key now.
    #[error(transparent)]
    Key(KeyError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<KeyError> for EnrolError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Store(error) => Self::Store(error),
            refused => Self::Key(refused),
        }
    }
}

impl From<DatabaseError> for EnrolError {
    fn from(error: DatabaseError) -> Self {
        Self::Store(error.into())
    }
}

/// What a terminal that asked with a code finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairing {
    /// Nobody has claimed the code yet.
    Waiting,
    /// An operator has.
    Claimed(Screen),
}

/// A code that waits for an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingCode {
    /// The code.
    pub code: PairingCode,
    /// Since when, as Unix time in milliseconds.
    pub opened_ms: i64,
    /// When a process was last asked about it and told the others; `None` where nobody was, or
    /// there are no others.
    pub asked_ms: Option<i64>,
}

/// What an operator gets for a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The new screen.
    pub screen: ScreenNumber,
    /// What kiosk.toml calls it.
    pub suggested_name: String,
}

/// What an operator gets for a screen whose terminal is replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    /// The one-time enrolment token.
    pub token: String,
    /// Generations of its key that were retired.
    pub retired: Vec<u8>,
}

/// What a terminal collects beside what its hub derives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Collected {
    /// One more than the highest play number seen.
    pub play_floor: PlayNumber,
}

impl Store {
    /// Makes a screen and its one-time enrolment token.
    ///
    /// # Errors
    /// The database fails.
    pub fn add_screen(
        &self,
        actor: &Actor,
        name: &str,
        now_ms: i64,
    ) -> Result<(ScreenNumber, String)> {
        self.write(Lock::Everything, |tx| {
            // Whoever is held to groups pairs screens into one of them.
            screen_list::refuse_other_group(actor, None)?;
            let screen = screens::add(tx, name, now_ms)?;
            let subject = format!("screen {screen}");
            audit::note(tx, actor, Verb::AddedScreen, (&subject, name), now_ms)?;
            Ok((screen, issue_token(tx, screen, false, now_ms)?))
        })
    }

    /// Makes a one-time token with which another terminal takes over a screen that exists. Until it
    /// is redeemed the old terminal goes on; with `retires`, the old one and the codes of all keys
    /// so far are refused at once.
    ///
    /// # Errors
    /// See [`KeyError`]; nothing was changed then.
    pub fn renew_screen(
        &self,
        actor: &Actor,
        screen: ScreenNumber,
        retires: bool,
        now_ms: i64,
    ) -> Result<Renewed, KeyError> {
        self.write(Lock::Everything, |tx| {
            let retired = if retires {
                tx.execute(
                    "UPDATE screens SET bearer_sha256 = NULL WHERE number = ?1",
                    values![screen.get()],
                )?;
                token_keys::retire_all(tx, screen, now_ms)?
            } else {
                Vec::new()
            };
            // Told now, to the operator, rather than at the screen.
            token_keys::next(tx, screen, now_ms)?;
            screen_list::refuse_others(tx, actor, screen)?;
            let what = (&*format!("screen {screen}"), token_keys::codes(retires));
            audit::note(tx, actor, Verb::RenewedScreen, what, now_ms)?;
            revocation::forget_ways_in(tx, screen)?;
            Ok(Renewed {
                token: issue_token(tx, screen, true, now_ms)?,
                retired,
            })
        })
    }

    /// Opens a pairing, or asks how it stands. `may_open` is asked only for a code that is new, and
    /// `gives_way` only when [`PENDING_MAX`] wait already: which of them, oldest first, gives its
    /// place to the new one.
    ///
    /// # Errors
    /// See [`EnrolError`].
    pub fn pair(
        &self,
        code: &PairingCode,
        secret: &[u8; 32],
        suggested_name: &str,
        now_ms: i64,
        may_open: impl Fn() -> bool,
        gives_way: impl Fn(&[PendingCode]) -> Option<PairingCode>,
    ) -> Result<Pairing, EnrolError> {
        let secret = Digest::of(secret).0;
        // Who waits asks every few seconds; that keeps nobody from writing.
        if let Some(pairing) = self.read(|tx| known_pairing(tx, code, &secret, now_ms))? {
            return Ok(pairing);
        }
        self.write(Lock::Everything, |tx| {
            if let Some(pairing) = known_pairing(tx, code, &secret, now_ms)? {
                return Ok(pairing);
            }
            if !may_open() {
                return Err(EnrolError::Busy);
            }
            make_room(tx, &gives_way, now_ms)?;
            open_pairing(tx, code, &secret, suggested_name, now_ms)?;
            Ok(Pairing::Waiting)
        })
    }

    /// Tells other processes of the same database that a terminal asks about a code.
    ///
    /// # Errors
    /// The database fails.
    pub fn tell_asked(&self, code: &PairingCode, now_ms: i64) -> Result<()> {
        if let Database::Postgres(_) = &self.database {
            self.write(Lock::Screens(&[]), |tx| {
                tx.execute(
                    "UPDATE pairings SET asked_ms = greatest(asked_ms, ?2) WHERE code = ?1",
                    values![code.as_str(), now_ms],
                )
            })?;
        }
        Ok(())
    }

    /// Returns what a terminal that shows a code now would call its screen.
    ///
    /// # Errors
    /// The database fails.
    pub fn suggested_name(&self, code: &PairingCode, now_ms: i64) -> Result<Option<String>> {
        self.read_once(|tx| {
            Ok(tx.optional(
                "SELECT suggested_name FROM pairings WHERE code = ?1 AND expires_ms > ?2 AND screen IS NULL",
                values![code.as_str(), now_ms],
                |row| row.get::<String>(0),
            )?)
        })
    }

    /// Makes a screen of a code that a terminal shows, in a group or in none.
    ///
    /// # Errors
    /// The asker has nothing to do with the group, no terminal shows this code, it was claimed
    /// before, or its time is over.
    pub fn claim(
        &self,
        actor: &Actor,
        code: &PairingCode,
        (name, group): (&str, Option<&str>),
        now_ms: i64,
    ) -> Result<Claimed, EnrolError> {
        self.write(Lock::Everything, |tx| {
            let (suggested_name, expires_ms, claimed) = tx
                .optional(
                    "SELECT suggested_name, expires_ms, screen FROM pairings WHERE code = ?1",
                    values![code.as_str()],
                    |row| {
                        Ok::<_, DatabaseError>((
                            row.get::<String>(0)?,
                            row.get::<i64>(1)?,
                            row.get::<Option<Id<ScreenNumber>>>(2)?,
                        ))
                    },
                )?
                .ok_or(EnrolError::Unknown)?;
            if is_over(expires_ms, PAIRING_MS, now_ms) {
                return Err(EnrolError::Expired);
            }
            if claimed.is_some() {
                return Err(EnrolError::Taken);
            }
            screen_list::refuse_other_group(actor, group)?;
            let screen = screens::add(tx, name, now_ms)?;
            screen_list::put_group(tx, screen, group)?;
            let subject = format!("screen {screen}");
            audit::note(tx, actor, Verb::PairedScreen, (&subject, name), now_ms)?;
            // A claim in the code's last second still leaves the terminal time to collect.
            tx.execute(
                "UPDATE pairings SET screen = ?2, expires_ms = ?3 WHERE code = ?1",
                values![code.as_str(), screen.get(), now_ms + PAIRING_MS],
            )?;
            Ok(Claimed {
                screen,
                suggested_name,
            })
        })
    }

    /// Binds an enrolment token to the secret that comes with it first. A screen that is renewed
    /// begins a new key then.
    ///
    /// # Errors
    /// See [`EnrolError`].
    pub fn redeem(
        &self,
        token: &str,
        secret: &[u8; 32],
        now_ms: i64,
    ) -> Result<Screen, EnrolError> {
        let token = Digest::of(token.as_bytes()).0;
        let secret = Digest::of(secret).0;
        self.write(Lock::Everything, |tx| {
            let (number, renews, expires_ms, owner) = tx
                .optional(
                    "SELECT screen, renews, expires_ms, secret_sha256 FROM enrolment_tokens WHERE token_sha256 = ?1",
                    values![token],
                    |row| {
                        Ok::<_, DatabaseError>((
                            row.get::<Id<ScreenNumber>>(0)?.0,
                            row.get::<bool>(1)?,
                            row.get::<i64>(2)?,
                            row.get::<Option<[u8; 32]>>(3)?,
                        ))
                    },
                )?
                .ok_or(EnrolError::Unknown)?;
            if is_over(expires_ms, TOKEN_MS, now_ms) {
                return Err(EnrolError::Unknown);
            }
            match owner {
                Some(owner) if !bool::from(owner.ct_eq(&secret)) => return Err(EnrolError::Taken),
                Some(_) => {}
                None => {
                    tx.execute(
                        "UPDATE enrolment_tokens SET secret_sha256 = ?2 WHERE token_sha256 = ?1",
                        values![token, secret],
                    )?;
                    if renews {
                        token_keys::begin(tx, number, now_ms)?;
                    }
                }
            }
            Ok(screen_of(tx, number)?)
        })
    }

    /// Lets a screen in with a bearer, of which only the SHA-256 is kept. One that was out of
    /// service is in service again.
    ///
    /// # Errors
    /// The database fails.
    pub fn admit(
        &self,
        screen: ScreenNumber,
        bearer_sha256: &[u8; 32],
        now_ms: i64,
    ) -> Result<Collected> {
        self.write(Lock::Everything, |tx| {
            let was_revoked: bool = tx.value(
                "SELECT revoked_ms IS NOT NULL FROM screens WHERE number = ?1",
                values![screen.get()],
            )?;
            changes::note(tx)?;
            tx.execute(
                "UPDATE screens SET bearer_sha256 = ?2, revoked_ms = NULL WHERE number = ?1",
                values![screen.get(), bearer_sha256],
            )?;
            if was_revoked {
                screens::share_goals_anew(tx, screen, now_ms)?;
                manifest_versions::renew_manifest(tx, screen, now_ms)?;
            }
            Ok(Collected {
                play_floor: screens::play_floor(tx, screen)?,
            })
        })
    }
}

/// Tells whether the time of something that lasts so long is over. What would last longer than
/// anything does was made by a clock that has been put back since; nobody can tell how old it is.
const fn is_over(expires_ms: i64, lasts_ms: i64, now_ms: i64) -> bool {
    expires_ms <= now_ms || expires_ms > now_ms + lasts_ms + SLACK_MS
}

/// What forgets tokens whose time is over, and those that would last for longer than any. Each is
/// found by an index: a chain that adds a thousand screens reads no token twice.
const FORGET_OVER: &str = "DELETE FROM enrolment_tokens WHERE expires_ms < ?1";
const FORGET_LATER: &str = "DELETE FROM enrolment_tokens WHERE expires_ms > ?1";

fn issue_token(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    renews: bool,
    now_ms: i64,
) -> Result<String, DatabaseError> {
    let token = random::enrolment_token();
    tx.execute(FORGET_OVER, values![now_ms])?;
    tx.execute(FORGET_LATER, values![now_ms + TOKEN_MS + SLACK_MS])?;
    tx.execute(
        "INSERT INTO enrolment_tokens (token_sha256, screen, expires_ms, renews) VALUES (?1, ?2, ?3, ?4)",
        values![
            Digest::of(token.as_bytes()).0,
            screen.get(),
            now_ms + TOKEN_MS,
            renews
        ],
    )?;
    Ok(token)
}

/// How a code that is known stands; `None` for one that is not.
fn known_pairing(
    tx: &Transaction<'_>,
    code: &PairingCode,
    secret: &[u8; 32],
    now_ms: i64,
) -> Result<Option<Pairing>, EnrolError> {
    let known = tx.optional(
        "SELECT secret_sha256, expires_ms, screen FROM pairings WHERE code = ?1",
        values![code.as_str()],
        |row| {
            Ok::<_, DatabaseError>((
                row.get::<[u8; 32]>(0)?,
                row.get::<i64>(1)?,
                row.get::<Option<Id<ScreenNumber>>>(2)?,
            ))
        },
    )?;
    let Some((owner, expires_ms, screen)) = known else {
        return Ok(None);
    };
    if !bool::from(owner.ct_eq(secret)) {
        return Err(EnrolError::Taken);
    }
    if is_over(expires_ms, PAIRING_MS, now_ms) {
        return Err(EnrolError::Expired);
    }
    Ok(Some(match screen {
        Some(screen) => Pairing::Claimed(screen_of(tx, screen.0)?),
        None => Pairing::Waiting,
    }))
}

fn screen_of(tx: &Transaction<'_>, number: ScreenNumber) -> Result<Screen, DatabaseError> {
    let key_generation = token_keys::newest(tx, number)?.ok_or(DatabaseError::NoRow)?;
    Ok(Screen {
        number,
        key_generation,
    })
}

/// Sees to it that one more code may wait.
fn make_room(
    tx: &Transaction<'_>,
    gives_way: impl Fn(&[PendingCode]) -> Option<PairingCode>,
    now_ms: i64,
) -> Result<(), EnrolError> {
    // An expired code is remembered for a day, so that its terminal is told rather than started
    // anew.
    tx.execute(
        "DELETE FROM pairings WHERE expires_ms < ?1 OR expires_ms > ?2",
        values![now_ms - DAY_MS, now_ms + PAIRING_MS + SLACK_MS],
    )?;
    let (waiting, over): (usize, usize) = tx.one(
        "SELECT count(*) FILTER (WHERE expires_ms > ?1 AND screen IS NULL), count(*) FILTER (WHERE expires_ms <= ?1) FROM pairings",
        values![now_ms],
        |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
    )?;
    if over > OVER_MAX {
        tx.execute(
            "DELETE FROM pairings WHERE code IN (SELECT code FROM pairings WHERE expires_ms <= ?1 ORDER BY expires_ms LIMIT ?2)",
            values![now_ms, over - OVER_MAX],
        )?;
    }
    if waiting >= PENDING_MAX {
        let code = gives_way(&pending(tx, now_ms)?).ok_or(EnrolError::Busy)?;
        let gone = tx.execute(
            "DELETE FROM pairings WHERE code = ?1 AND screen IS NULL",
            values![code.as_str()],
        )?;
        if gone == 0 {
            return Err(EnrolError::Busy);
        }
    }
    Ok(())
}

/// Lists the codes that wait, oldest first.
fn pending(tx: &Transaction<'_>, now_ms: i64) -> Result<Vec<PendingCode>, DatabaseError> {
    tx.all(
        Sql::pair(
            "SELECT code, created_ms, NULL FROM pairings WHERE expires_ms > ?1 AND screen IS NULL ORDER BY created_ms, code",
            "SELECT code, created_ms, asked_ms FROM pairings WHERE expires_ms > ?1 AND screen IS NULL ORDER BY created_ms, code",
        ),
        values![now_ms],
        |row| {
            Ok(PendingCode {
                code: row.get::<Id<PairingCode>>(0)?.0,
                opened_ms: row.get(1)?,
                asked_ms: row.get(2)?,
            })
        },
    )
}

fn open_pairing(
    tx: &Transaction<'_>,
    code: &PairingCode,
    secret: &[u8; 32],
    suggested_name: &str,
    now_ms: i64,
) -> Result<(), DatabaseError> {
    tx.execute(
        "INSERT INTO pairings (code, secret_sha256, suggested_name, created_ms, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
        values![code.as_str(), secret, suggested_name, now_ms, now_ms + PAIRING_MS],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::on_each_database;

    fn pair(
        store: &Store,
        code: &PairingCode,
        secret: u8,
        now_ms: i64,
    ) -> Result<Pairing, EnrolError> {
        store.pair(code, &[secret; 32], "", now_ms, || true, |_| None)
    }

    #[test]
    fn codes_expire_and_a_claim_in_the_last_second_still_counts() {
        on_each_database(|database| {
            let store = database.open();
            let code: PairingCode = "ABCD1234".parse().unwrap();
            assert_eq!(pair(&store, &code, 1, 0).unwrap(), Pairing::Waiting);
            store
                .claim(
                    &Actor::COMMAND_LINE,
                    &code,
                    ("exit B", None),
                    PAIRING_MS - 1,
                )
                .unwrap();
            assert!(matches!(
                pair(&store, &code, 1, PAIRING_MS + 1),
                Ok(Pairing::Claimed(_))
            ));
            assert!(matches!(
                pair(&store, &code, 1, 2 * PAIRING_MS),
                Err(EnrolError::Expired)
            ));
            assert!(matches!(
                store.claim(&Actor::COMMAND_LINE, &code, ("x", None), 2 * PAIRING_MS),
                Err(EnrolError::Expired)
            ));
        });
    }

    #[test]
    fn so_many_codes_wait_and_then_one_gives_way_or_the_new_one_is_refused() {
        on_each_database(|database| {
            let store = database.open();
            let code = |n: usize| format!("{n:08}").parse::<PairingCode>().unwrap();
            for n in 0..PENDING_MAX {
                pair(&store, &code(n), 1, 0).unwrap();
            }
            let new = code(PENDING_MAX);
            assert!(matches!(pair(&store, &new, 1, 1), Err(EnrolError::Busy)));
            assert_eq!(pair(&store, &code(0), 1, 1).unwrap(), Pairing::Waiting);
            let pair_for =
                |gone: usize| store.pair(&new, &[1; 32], "", 1, || true, |_| Some(code(gone)));
            store
                .claim(&Actor::COMMAND_LINE, &code(7), ("exit B", None), 1)
                .unwrap();
            pair(&store, &code(PENDING_MAX + 1), 1, 1).unwrap();
            assert!(
                matches!(pair_for(7), Err(EnrolError::Busy)),
                "what was claimed stays"
            );
            assert_eq!(pair_for(8).unwrap(), Pairing::Waiting);
            assert!(matches!(
                store.claim(&Actor::COMMAND_LINE, &code(8), ("x", None), 1),
                Err(EnrolError::Unknown)
            ));
            assert!(
                store
                    .claim(&Actor::COMMAND_LINE, &new, ("x", None), 1)
                    .is_ok()
            );
        });
    }

    #[test]
    fn codes_whose_time_is_over_take_a_bounded_place() {
        on_each_database(|database| {
            let store = database.open();
            let mut numbers = 0..;
            for round in 0..3 {
                for n in numbers.by_ref().take(PENDING_MAX) {
                    let code = format!("{n:08}").parse().unwrap();
                    pair(&store, &code, 1, round * PAIRING_MS).unwrap();
                }
            }
            let rows: usize = store
                .read(|tx| tx.value("SELECT count(*) FROM pairings", values![]))
                .unwrap();
            assert_eq!(rows, PENDING_MAX + OVER_MAX);
        });
    }

    #[test]
    fn tokens_of_screen_add_expire_after_a_week() {
        on_each_database(|database| {
            let store = database.open();
            let (screen, token) = store.add_screen(&Actor::COMMAND_LINE, "exit B", 0).unwrap();
            assert_eq!(
                store.redeem(&token, &[1; 32], TOKEN_MS - 1).unwrap().number,
                screen
            );
            assert!(matches!(
                store.redeem(&token, &[2; 32], 1),
                Err(EnrolError::Taken)
            ));
            assert!(matches!(
                store.redeem(&token, &[1; 32], TOKEN_MS),
                Err(EnrolError::Unknown)
            ));
            assert!(matches!(
                store.redeem("nonsense", &[1; 32], 0),
                Err(EnrolError::Unknown)
            ));
        });
    }

    #[test]
    fn a_claimed_code_that_nobody_collects_expires_and_its_screen_waits_for_a_token() {
        on_each_database(|database| {
            let store = database.open();
            let code: PairingCode = "ABCD1234".parse().unwrap();
            pair(&store, &code, 1, 0).unwrap();
            let screen = store
                .claim(&Actor::COMMAND_LINE, &code, ("exit B", None), 10)
                .unwrap()
                .screen;
            let late_ms = 10 + PAIRING_MS;
            assert!(matches!(
                pair(&store, &code, 1, late_ms),
                Err(EnrolError::Expired)
            ));
            assert!(!store.screens().unwrap()[0].enrolled);
            let renewed = store
                .renew_screen(&Actor::COMMAND_LINE, screen, false, late_ms)
                .unwrap();
            assert_eq!(
                store
                    .redeem(&renewed.token, &[3; 32], late_ms)
                    .unwrap()
                    .number,
                screen
            );
        });
    }

    #[test]
    fn a_clock_that_was_put_back_prolongs_neither_a_code_nor_a_token() {
        on_each_database(|database| {
            let store = database.open();
            let year_ms = 365 * DAY_MS;
            let code: PairingCode = "ABCD1234".parse().unwrap();
            pair(&store, &code, 1, year_ms).unwrap();
            let (screen, token) = store
                .add_screen(&Actor::COMMAND_LINE, "exit B", year_ms)
                .unwrap();
            assert!(matches!(
                pair(&store, &code, 1, 0),
                Err(EnrolError::Expired)
            ));
            assert!(matches!(
                store.claim(&Actor::COMMAND_LINE, &code, ("x", None), 0),
                Err(EnrolError::Expired)
            ));
            assert!(matches!(
                store.redeem(&token, &[1; 32], 0),
                Err(EnrolError::Unknown)
            ));
            // And it locks nobody out: what comes next is taken as ever.
            let another: PairingCode = "EFGH5678".parse().unwrap();
            assert_eq!(pair(&store, &another, 1, 0).unwrap(), Pairing::Waiting);
            assert_eq!(pair(&store, &code, 2, 1).unwrap(), Pairing::Waiting);
            let renewed = store
                .renew_screen(&Actor::COMMAND_LINE, screen, false, 0)
                .unwrap();
            assert!(store.redeem(&renewed.token, &[1; 32], 1).is_ok());
        });
    }

    #[test]
    fn tokens_whose_time_is_over_are_found_without_reading_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        for forget in [FORGET_OVER, FORGET_LATER] {
            let steps: Vec<String> = store.raw(|raw| {
                let mut plan = raw
                    .prepare(&format!("EXPLAIN QUERY PLAN {forget}"))
                    .unwrap();
                let steps = plan.query_map([1], |row| row.get::<_, String>(3));
                steps.unwrap().map(Result::unwrap).collect()
            });
            assert!(
                steps
                    .iter()
                    .all(|step| step.contains("enrolment_tokens_by_end (expires_ms")),
                "{steps:?}"
            );
        }
    }

    #[test]
    fn neither_tokens_nor_secrets_nor_bearers_lie_in_the_database() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let (_, token) = store.add_screen(&Actor::COMMAND_LINE, "exit B", 0).unwrap();
        let secret = *b"a secret of exactly 32 bytes ...";
        store.redeem(&token, &secret, 1).unwrap();
        let code: PairingCode = "ABCD1234".parse().unwrap();
        store
            .pair(&code, &secret, "", 1, || true, |_| None)
            .unwrap();
        drop(store);
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            for hidden in [token.as_bytes(), &secret[..]] {
                assert!(!bytes.windows(hidden.len()).any(|part| part == hidden));
            }
        }
    }
}
