//! Links that work once: by which somebody new comes in, or somebody chooses a new password.
//!
//! Invariants: looking at a link uses nothing up; of two who use one at the same time one comes in;
//! nobody comes in with more than whoever invited them decided.

use crate::database::{DatabaseError, Lock, Row, Transaction, values};
use crate::people::{Actor, Role, Scope, Secret};
use crate::store::audit::Verb;
use crate::store::people::person::{PEOPLE_MAX, by_id, owners, said, scope_of, scope_text};
use crate::store::people::{PeopleError, sessions};
use crate::store::{Result, Store, audit};
use crate::system::clock::DAY_MS;

/// How long such a link waits.
pub const INVITATION_MS: i64 = 7 * DAY_MS;
/// Who made the first owner's link: a hub that was started.
const STARTED: &str = "serve";
/// Most that wait at one time.
const INVITATIONS_MAX: usize = 200;

/// What a link lets somebody become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The role.
    pub role: Role,
    /// What they will have to do with.
    pub scope: Scope,
    /// Who chooses a new password by it; `None` of a link for somebody new.
    pub resets: Option<String>,
    /// Until when it works, as Unix time in milliseconds.
    pub expires_ms: i64,
}

/// A link that waits, as those see it who may take it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationLine {
    /// By which it is named: the SHA-256 of its secret.
    pub handle: [u8; 32],
    /// What it is for.
    pub invitation: Invitation,
    /// Who made it.
    pub made_by: String,
}

fn invitation(row: &Row<'_>) -> Result<Invitation, DatabaseError> {
    let role: String = row.get(0)?;
    Ok(Invitation {
        role: role.parse().unwrap_or(Role::Viewer),
        scope: scope_of(&row.get::<String>(1)?),
        resets: row.get(2)?,
        expires_ms: row.get(3)?,
    })
}

const SELECT: &str = "SELECT invitations.role, invitations.scope, people.name, expires_ms, made_by, secret_sha256, person
     FROM invitations LEFT JOIN people ON people.id = person";

fn insert(
    tx: &Transaction<'_>,
    made_by: &str,
    secret: &Secret,
    (role, scope): (Role, &Scope),
    person: Option<i64>,
    now_ms: i64,
) -> Result<(), PeopleError> {
    tx.execute(
        "DELETE FROM invitations WHERE expires_ms <= ?1 OR expires_ms > ?2",
        values![now_ms, now_ms + 2 * INVITATION_MS],
    )?;
    let waiting: usize = tx.value("SELECT count(*) FROM invitations", values![])?;
    if waiting >= INVITATIONS_MAX {
        return Err(PeopleError::TooMany(INVITATIONS_MAX));
    }
    tx.execute(
        "INSERT INTO invitations (secret_sha256, role, scope, person, made_by, made_ms, expires_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        values![
            secret.sha256(),
            role.word(),
            scope_text(scope)?,
            person,
            made_by,
            now_ms,
            now_ms + INVITATION_MS
        ],
    )?;
    Ok(())
}

/// Makes a link for somebody new.
pub(in crate::store) fn invite_within(
    tx: &Transaction<'_>,
    actor: &Actor,
    secret: &Secret,
    (role, scope): (Role, &Scope),
    now_ms: i64,
) -> Result<(), PeopleError> {
    insert(tx, &actor.named(), secret, (role, scope), None, now_ms)?;
    audit::note(tx, actor, Verb::Invited, (&said(role, scope), ""), now_ms)?;
    Ok(())
}

impl Store {
    /// Makes a link by which somebody comes in as what is given.
    ///
    /// # Errors
    /// Too many wait, or an owner would be held to groups.
    pub fn invite(
        &self,
        actor: &Actor,
        role: Role,
        scope: &Scope,
        now_ms: i64,
    ) -> Result<Secret, PeopleError> {
        if role == Role::Owner && !scope.is_all() {
            return Err(PeopleError::BoundOwner);
        }
        let secret = Secret::new();
        self.write(Lock::Everything, |tx| {
            invite_within(tx, actor, &secret, (role, scope), now_ms)
        })?;
        Ok(secret)
    }

    /// Makes the first owner's link, in place of the one of an earlier start; `None` where there is
    /// an owner.
    ///
    /// # Errors
    /// The database fails.
    pub fn first_link(&self, now_ms: i64) -> Result<Option<Secret>, PeopleError> {
        let secret = Secret::new();
        self.write(Lock::Everything, |tx| {
            if owners(tx)? > 0 {
                return Ok(None);
            }
            tx.execute(
                "DELETE FROM invitations WHERE person IS NULL AND made_by = ?1",
                values![STARTED],
            )?;
            let owner = (Role::Owner, &Scope::ALL);
            insert(tx, STARTED, &secret, owner, None, now_ms)?;
            Ok(Some(secret.clone()))
        })
    }

    /// Makes a link by which somebody chooses a new password, without their second step.
    ///
    /// # Errors
    /// There is nobody of this number, or too many links wait.
    pub fn reset_link(
        &self,
        actor: &Actor,
        person: i64,
        now_ms: i64,
    ) -> Result<Secret, PeopleError> {
        let secret = Secret::new();
        self.write(Lock::Everything, |tx| {
            let known = by_id(tx, person)?.ok_or(PeopleError::Unknown)?;
            tx.execute("DELETE FROM invitations WHERE person = ?1", values![person])?;
            let what = (known.role, &known.scope);
            insert(tx, &actor.named(), &secret, what, Some(person), now_ms)?;
            audit::note(tx, actor, Verb::ResetPerson, (&known.name, ""), now_ms)?;
            Ok::<_, PeopleError>(())
        })?;
        Ok(secret)
    }

    /// Says what a link is for, if it still works.
    ///
    /// # Errors
    /// The database fails.
    pub fn invitation(&self, secret: &Secret, now_ms: i64) -> Result<Option<Invitation>> {
        self.read_once(|tx| {
            let found = tx.optional(
                &format!("{SELECT} WHERE secret_sha256 = ?1"),
                values![secret.sha256()],
                invitation,
            )?;
            Ok(found.filter(|found| works(found.expires_ms, now_ms)))
        })
    }

    /// Returns the links that wait, newest first.
    ///
    /// # Errors
    /// The database fails.
    pub fn invitations(&self, now_ms: i64) -> Result<Vec<InvitationLine>> {
        self.read_once(|tx| {
            Ok(tx.all(
                &format!("{SELECT} WHERE expires_ms > ?1 ORDER BY expires_ms DESC, secret_sha256"),
                values![now_ms],
                |row| {
                    Ok::<_, DatabaseError>(InvitationLine {
                        invitation: invitation(row)?,
                        made_by: row.get(4)?,
                        handle: row.get(5)?,
                    })
                },
            )?)
        })
    }

    /// Takes a link back.
    ///
    /// # Errors
    /// There is no such link any more.
    pub fn withdraw(
        &self,
        actor: &Actor,
        handle: &[u8; 32],
        now_ms: i64,
    ) -> Result<(), PeopleError> {
        self.write(Lock::Everything, |tx| {
            let role = tx.optional(
                "DELETE FROM invitations WHERE secret_sha256 = ?1 RETURNING role",
                values![handle],
                |row| row.get::<String>(0),
            )?;
            let role = role.ok_or(PeopleError::Unknown)?;
            audit::note(tx, actor, Verb::Withdrew, (&role, ""), now_ms)?;
            Ok(())
        })
    }

    /// Uses a link: makes somebody of this name, or gives its person this password. Returns their
    /// number; all that they were in by has ended.
    ///
    /// # Errors
    /// The link does not work, or somebody else has the name.
    pub fn join(
        &self,
        secret: &Secret,
        name: &str,
        password: &str,
        now_ms: i64,
    ) -> Result<i64, PeopleError> {
        self.write(Lock::Everything, |tx| {
            let used = tx.optional(
                "DELETE FROM invitations WHERE secret_sha256 = ?1 RETURNING role, scope, expires_ms, person",
                values![secret.sha256()],
                |row| {
                    let role: String = row.get(0)?;
                    Ok::<_, DatabaseError>((
                        role.parse().unwrap_or(Role::Viewer),
                        scope_of(&row.get::<String>(1)?),
                        row.get::<i64>(2)?,
                        row.get::<Option<i64>>(3)?,
                    ))
                },
            )?;
            let (role, scope, _, person) = used
                .filter(|(_, _, expires_ms, _)| works(*expires_ms, now_ms))
                .ok_or(PeopleError::LinkOver)?;
            if let Some(id) = person {
                return reset(tx, id, password, now_ms);
            }
            let key = crate::people::key_of(name);
            if tx.exists("SELECT 1 FROM people WHERE name_key = ?1", values![&key])? {
                return Err(PeopleError::NameTaken);
            }
            if tx.value::<usize>("SELECT count(*) FROM people", values![])? >= PEOPLE_MAX {
                return Err(PeopleError::TooMany(PEOPLE_MAX));
            }
            let id: i64 = tx.value(
                "INSERT INTO people (name, name_key, role, scope, password, made_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
                values![name, &key, role.word(), scope_text(&scope)?, password, now_ms],
            )?;
            let actor = Actor::person(id, name.to_owned(), role, scope.clone());
            audit::note(tx, &actor, Verb::Joined, (name, &said(role, &scope)), now_ms)?;
            Ok(id)
        })
    }
}

/// Gives somebody who has a link for it a new password.
fn reset(tx: &Transaction<'_>, id: i64, password: &str, now_ms: i64) -> Result<i64, PeopleError> {
    let person = by_id(tx, id)?.ok_or(PeopleError::LinkOver)?;
    tx.execute(
        "UPDATE people SET password = ?2, one_time = NULL, used_step = NULL WHERE id = ?1",
        values![id, password],
    )?;
    tx.execute("DELETE FROM recovery_codes WHERE person = ?1", values![id])?;
    sessions::end_all(tx, id, None)?;
    let actor = person.actor();
    audit::note(
        tx,
        &actor,
        Verb::ChangedPassword,
        (&person.name, ""),
        now_ms,
    )?;
    Ok(id)
}

/// Tells whether a link still works: a clock that was put back prolongs nothing.
const fn works(expires_ms: i64, now_ms: i64) -> bool {
    now_ms < expires_ms && expires_ms <= now_ms + 2 * INVITATION_MS
}
