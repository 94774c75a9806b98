//! The people of a hub: who they are, what they may do, how they come in.
//!
//! Invariants: there is always an owner once there was one; no two people have one name; whoever
//! changes a password, or is taken out, ends every session of that person in the same transaction.

mod api_answers;
mod api_tokens;
mod error;
mod invitations;
mod person;
mod second_step;
mod sessions;

use crate::database::{DatabaseError, Lock, Transaction, values};
use crate::people::{Actor, Role, Scope};
use crate::store::audit::Verb;
use crate::store::people::person::{COLUMN_COUNT, COLUMNS, owners, person, said, scope_text};
use crate::store::{Result, Store, audit};

pub use crate::store::people::api_answers::{Asked, KeptAnswer};
pub use crate::store::people::api_tokens::{TOKENS_MAX, TokenLine, TokenUse};
pub use crate::store::people::error::PeopleError;
pub(super) use crate::store::people::invitations::invite_within;
pub use crate::store::people::invitations::{INVITATION_MS, Invitation, InvitationLine};
pub(super) use crate::store::people::person::by_id;
pub use crate::store::people::person::{PEOPLE_MAX, Person};
pub use crate::store::people::second_step::SecondStep;
pub use crate::store::people::sessions::{SESSION_MS, SESSIONS_MAX, SessionLine, SignedIn};

/// Holds somebody to other groups.
pub(super) fn set_scope(tx: &Transaction<'_>, person: i64, scope: &Scope) -> Result<()> {
    tx.execute(
        "UPDATE people SET scope = ?2 WHERE id = ?1",
        values![person, scope_text(scope)?],
    )?;
    Ok(())
}

/// Ends what somebody is in by.
fn end_ways_in(tx: &Transaction<'_>, person: i64) -> Result<(), DatabaseError> {
    for table in ["sessions", "recovery_codes", "api_tokens", "invitations"] {
        tx.execute(
            &format!("DELETE FROM {table} WHERE person = ?1"),
            values![person],
        )?;
    }
    Ok(())
}

impl Store {
    /// Tells whether the hub has an owner, so that it can be used from a browser.
    ///
    /// # Errors
    /// The database fails.
    pub fn has_owner(&self) -> Result<bool> {
        self.read_once(|tx| Ok(owners(tx)? > 0))
    }

    /// Returns all people, by name.
    ///
    /// # Errors
    /// The database fails.
    pub fn people(&self) -> Result<Vec<Person>> {
        self.read_once(|tx| {
            Ok(tx.all(
                &format!("SELECT {COLUMNS} FROM people ORDER BY name_key"),
                values![],
                person,
            )?)
        })
    }

    /// Returns somebody.
    ///
    /// # Errors
    /// The database fails.
    pub fn person(&self, id: i64) -> Result<Option<Person>> {
        self.read_once(|tx| Ok(by_id(tx, id)?))
    }

    /// Returns who has a name, and what is kept of their password.
    ///
    /// # Errors
    /// The database fails.
    pub fn person_named(&self, name: &str) -> Result<Option<(Person, String)>> {
        self.read_once(|tx| {
            Ok(tx.optional(
                &format!("SELECT {COLUMNS}, password FROM people WHERE name_key = ?1"),
                values![crate::people::key_of(name)],
                |row| Ok::<_, DatabaseError>((person(row)?, row.get(COLUMN_COUNT)?)),
            )?)
        })
    }

    /// Changes what somebody may do.
    ///
    /// # Errors
    /// There is nobody of this number, or it would leave the hub without an owner.
    pub fn change_person(
        &self,
        actor: &Actor,
        id: i64,
        (role, scope): (Role, &Scope),
        now_ms: i64,
    ) -> Result<(), PeopleError> {
        let text = scope_text(scope)?;
        self.write(Lock::Everything, |tx| {
            let before = by_id(tx, id)?.ok_or(PeopleError::Unknown)?;
            let stays_owner = role == Role::Owner && scope.is_all();
            if role == Role::Owner && !scope.is_all() {
                return Err(PeopleError::BoundOwner);
            }
            if before.role == Role::Owner && !stays_owner && owners(tx)? < 2 {
                return Err(PeopleError::LastOwner);
            }
            tx.execute(
                "UPDATE people SET role = ?2, scope = ?3 WHERE id = ?1",
                values![id, role.word(), &text],
            )?;
            let said = said(role, scope);
            audit::note(
                tx,
                actor,
                Verb::ChangedPerson,
                (&before.name, &said),
                now_ms,
            )?;
            Ok(())
        })
    }

    /// Takes somebody out; every session, token and link of theirs ends.
    ///
    /// # Errors
    /// There is nobody of this number, or it would leave the hub without an owner.
    pub fn remove_person(&self, actor: &Actor, id: i64, now_ms: i64) -> Result<(), PeopleError> {
        self.write(Lock::Everything, |tx| {
            let person = by_id(tx, id)?.ok_or(PeopleError::Unknown)?;
            if person.role == Role::Owner && owners(tx)? < 2 {
                return Err(PeopleError::LastOwner);
            }
            end_ways_in(tx, id)?;
            tx.execute("DELETE FROM people WHERE id = ?1", values![id])?;
            audit::note(tx, actor, Verb::RemovedPerson, (&person.name, ""), now_ms)?;
            Ok(())
        })
    }

    /// Gives somebody a new password, and ends all their sessions but one.
    ///
    /// # Errors
    /// There is nobody of this number.
    pub fn set_password(
        &self,
        actor: &Actor,
        id: i64,
        password: &str,
        but_session: Option<&[u8; 32]>,
        now_ms: i64,
    ) -> Result<(), PeopleError> {
        self.write(Lock::Everything, |tx| {
            let person = by_id(tx, id)?.ok_or(PeopleError::Unknown)?;
            tx.execute(
                "UPDATE people SET password = ?2 WHERE id = ?1",
                values![id, password],
            )?;
            sessions::end_all(tx, id, but_session)?;
            audit::note(tx, actor, Verb::ChangedPassword, (&person.name, ""), now_ms)?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests;
