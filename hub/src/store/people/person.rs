//! Somebody, as the database has them.

use passerby_protocol::foreign;

use crate::database::{DatabaseError, Row, Transaction, values};
use crate::people::{Actor, Role, Scope};
use crate::store::Result;

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
pub(super) const COLUMNS: &str = "people.id, people.name, people.role, people.scope, people.one_time IS NOT NULL, people.made_ms, people.seen_ms";
/// How many these are.
pub(super) const COLUMN_COUNT: usize = 7;

/// Reads a person from the first columns. What nobody can have written gives no rights.
pub(super) fn person(row: &Row<'_>) -> Result<Person, DatabaseError> {
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
pub(super) fn scope_of(text: &str) -> Scope {
    serde_json::from_str(text).unwrap_or_else(|_| Scope {
        screens: Some(std::collections::BTreeSet::new()),
        campaigns: Some(std::collections::BTreeSet::new()),
    })
}

pub(super) fn scope_text(scope: &Scope) -> Result<String> {
    Ok(serde_json::to_string(scope)?)
}

/// What the audit log says of a role and a scope.
pub(super) fn said(role: Role, scope: &Scope) -> String {
    if scope.is_all() {
        role.to_string()
    } else {
        format!(
            "{role}, {}",
            serde_json::to_string(scope).unwrap_or_default()
        )
    }
}

pub(in crate::store) fn by_id(
    tx: &Transaction<'_>,
    id: i64,
) -> Result<Option<Person>, DatabaseError> {
    tx.optional(
        &format!("SELECT {COLUMNS} FROM people WHERE id = ?1"),
        values![id],
        person,
    )
}

pub(super) fn owners(tx: &Transaction<'_>) -> Result<usize, DatabaseError> {
    tx.value(
        "SELECT count(*) FROM people WHERE role = 'owner'",
        values![],
    )
}
