//! The people of a hub: who they are, what they may do, how they come in.
//!
//! Invariants: there is always an owner once there was one; no two people have one name; whoever
//! changes a password, or is taken out, ends every session of that person in the same transaction.

mod api_answers;
mod api_tokens;
mod error;
mod invitations;
mod second_step;
mod sessions;

use passerby_protocol::foreign;

use crate::database::{DatabaseError, Lock, Row, Transaction, values};
use crate::people::{Actor, Role, Scope};
use crate::store::audit::Verb;
use crate::store::{Result, Store, audit};

pub use crate::store::people::api_answers::{Asked, KeptAnswer};
pub use crate::store::people::api_tokens::{TOKENS_MAX, TokenLine, TokenUse};
pub use crate::store::people::error::PeopleError;
pub use crate::store::people::invitations::{INVITATION_MS, Invitation, InvitationLine};
pub use crate::store::people::second_step::SecondStep;
pub use crate::store::people::sessions::{SESSION_MS, SESSIONS_MAX, SessionLine, SignedIn};

/// Most people of one hub.
pub const PEOPLE_MAX: usize = 1_000;

/// Somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their number.
    pub id: i64,
    /// What they are called.
    pub name: String,
    /// What they are.
    pub role: Role,
    /// What they have to do with.
    pub scope: Scope,
    /// Whether they sign in in two steps.
    pub has_second_step: bool,
    /// Since when, as Unix time in milliseconds.
    pub made_ms: i64,
    /// When they signed in last.
    pub seen_ms: Option<i64>,
}

impl Person {
    /// This person, asking.
    pub fn actor(&self) -> Actor {
        Actor::person(self.id, self.name.clone(), self.role, self.scope.clone())
    }
}

/// What is read of a person, in this order.
const COLUMNS: &str = "people.id, people.name, people.role, people.scope, people.one_time IS NOT NULL, people.made_ms, people.seen_ms";
/// How many these are.
const COLUMN_COUNT: usize = 7;

/// Reads a person from the first columns. What nobody can have written gives no rights.
fn person(row: &Row<'_>) -> Result<Person, DatabaseError> {
    let (role, scope): (String, String) = (row.get(2)?, row.get(3)?);
    Ok(Person {
        id: row.get(0)?,
        name: foreign::escaped(&row.get::<String>(1)?).into_owned(),
        role: role.parse().unwrap_or(Role::Viewer),
        scope: scope_of(&scope),
        has_second_step: row.get(4)?,
        made_ms: row.get(5)?,
        seen_ms: row.get(6)?,
    })
}

/// Reads a scope; one that cannot be read is nothing.
fn scope_of(text: &str) -> Scope {
    serde_json::from_str(text).unwrap_or_else(|_| Scope {
        screens: Some(std::collections::BTreeSet::new()),
        campaigns: Some(std::collections::BTreeSet::new()),
    })
}

fn scope_text(scope: &Scope) -> Result<String> {
    Ok(serde_json::to_string(scope)?)
}

/// What the audit log says of a role and a scope.
fn said(role: Role, scope: &Scope) -> String {
    if scope.is_all() {
        role.to_string()
    } else {
        format!(
            "{role}, {}",
            serde_json::to_string(scope).unwrap_or_default()
        )
    }
}

fn by_id(tx: &Transaction<'_>, id: i64) -> Result<Option<Person>, DatabaseError> {
    tx.optional(
        &format!("SELECT {COLUMNS} FROM people WHERE id = ?1"),
        values![id],
        person,
    )
}

fn owners(tx: &Transaction<'_>) -> Result<usize, DatabaseError> {
    tx.value(
        "SELECT count(*) FROM people WHERE role = 'owner'",
        values![],
    )
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
