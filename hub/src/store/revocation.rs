//! Taking a screen out of service.
//!
//! Invariants: from the moment that a revocation returns, nothing that its terminal holds lets it
//! in: neither its bearer, nor a token or code that is still out; what it has already reported
//! stays; only an enrolment with a newer token ends it.

use passerby_protocol::ScreenNumber;

use crate::database::{DatabaseError, Id, Lock, Transaction, values};
use crate::people::Actor;
use crate::store::audit::Verb;
use crate::store::{
    KeyError, Result, Store, audit, changes, frames, screen_list, screens, token_keys,
};

/// Who holds a bearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// The screen whose terminal it is.
    pub screen: ScreenNumber,
    /// Whether the screen was taken out of service.
    pub is_revoked: bool,
}

/// What a revocation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// Since when; earlier than now if it had been revoked before.
    pub since_ms: i64,
    /// Generations of its key that were retired.
    pub retired: Vec<u8>,
}

impl Store {
    /// Takes a screen out of service: its terminal is refused from now on. Codes that it has minted
    /// until now stay good; with `retires`, they are refused too.
    ///
    /// # Errors
    /// There is no such screen, or the database fails; nothing was changed then.
    pub fn revoke_screen(
        &self,
        actor: &Actor,
        screen: ScreenNumber,
        retires: bool,
        now_ms: i64,
    ) -> Result<Revoked, KeyError> {
        self.write(Lock::Everything, |tx| {
            if token_keys::newest(tx, screen)?.is_none() {
                return Err(KeyError::UnknownScreen(screen));
            }
            screen_list::refuse_others(tx, actor, screen)?;
            let what = (&*format!("screen {screen}"), token_keys::codes(retires));
            audit::note(tx, actor, Verb::RevokedScreen, what, now_ms)?;
            changes::note(tx)?;
            let since_ms: i64 = tx.value(
                "UPDATE screens SET revoked_ms = coalesce(revoked_ms, ?2) WHERE number = ?1 RETURNING revoked_ms",
                values![screen.get(), now_ms],
            )?;
            token_keys::supersede_all(tx, screen, now_ms)?;
            let retired = if retires {
                token_keys::retire_all(tx, screen, now_ms)?
            } else {
                Vec::new()
            };
            forget_ways_in(tx, screen)?;
            frames::forget(tx, screen)?;
            // Its part of a goal falls to the others.
            screens::share_goals_anew(tx, screen, now_ms)?;
            Ok(Revoked { since_ms, retired })
        })
    }

    /// Returns the screen that holds a bearer, by the bearer's SHA-256.
    ///
    /// # Errors
    /// The database fails.
    pub fn bearer_holder(&self, bearer_sha256: &[u8; 32]) -> Result<Option<Holder>> {
        self.read_once(|tx| {
            tx.optional(
                "SELECT number, revoked_ms IS NOT NULL FROM screens WHERE bearer_sha256 = ?1",
                values![bearer_sha256],
                |row| {
                    Ok(Holder {
                        screen: row.get::<Id<_>>(0)?.0,
                        is_revoked: row.get(1)?,
                    })
                },
            )
        })
    }
}

/// Makes worthless every token and code by which a terminal could still come in as a screen.
pub(super) fn forget_ways_in(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
) -> Result<(), DatabaseError> {
    for way in ["enrolment_tokens", "pairings"] {
        tx.execute(
            &format!("DELETE FROM {way} WHERE screen = ?1"),
            values![screen.get()],
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::on_each_database;
    use passerby_protocol::Digest;

    #[test]
    fn a_revoked_screen_is_out_until_a_newer_token_brings_it_back() {
        on_each_database(|database| {
            let store = database.open();
            let (screen, token) = store.add_screen(&Actor::COMMAND_LINE, "exit B", 0).unwrap();
            store.redeem(&token, &[1; 32], 1).unwrap();
            let bearer = Digest::of(b"bearer").0;
            store.admit(screen, &bearer, 1).unwrap();
            let holder = |is_revoked| Some(Holder { screen, is_revoked });
            assert_eq!(store.bearer_holder(&bearer).unwrap(), holder(false));

            let revoked = store
                .revoke_screen(&Actor::COMMAND_LINE, screen, false, 5)
                .unwrap();
            assert_eq!((revoked.since_ms, revoked.retired), (5, vec![]));
            assert_eq!(store.bearer_holder(&bearer).unwrap(), holder(true));
            assert!(store.redeem(&token, &[1; 32], 6).is_err(), "the old way in");
            let again = store
                .revoke_screen(&Actor::COMMAND_LINE, screen, true, 9)
                .unwrap();
            assert_eq!((again.since_ms, again.retired), (5, vec![0]));

            let renewed = store
                .renew_screen(&Actor::COMMAND_LINE, screen, false, 10)
                .unwrap();
            assert_eq!(
                store.bearer_holder(&bearer).unwrap(),
                holder(true),
                "a token alone brings nobody back"
            );
            let back = store.redeem(&renewed.token, &[2; 32], 11).unwrap();
            assert_eq!((back.number, back.key_generation), (screen, 1));
            let newer = Digest::of(b"newer").0;
            store.admit(screen, &newer, 11).unwrap();
            assert_eq!(store.bearer_holder(&newer).unwrap(), holder(false));
            assert_eq!(store.bearer_holder(&bearer).unwrap(), None);
        });
    }

    #[test]
    fn a_screen_that_does_not_exist_cannot_be_revoked() {
        on_each_database(|database| {
            let store = database.open();
            let screen = ScreenNumber::new(9).unwrap();
            assert!(matches!(
                store.revoke_screen(&Actor::COMMAND_LINE, screen, true, 0),
                Err(KeyError::UnknownScreen(_))
            ));
        });
    }
}
