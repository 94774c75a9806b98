//! Rules: made, changed, removed, listed.

use crate::database::{DatabaseError, Lock, Row, Transaction, values};
use crate::people::{Actor, Scope};
use crate::store::alerts::messages;
use crate::store::alerts::records::{
    AlertError, AlertRule, AlertSettings, AlertTelling, RULES_MAX,
};
use crate::store::audit::Verb;
use crate::store::{Result, Store, StoreError, audit};

const COLUMNS: &str = "id, body, sealed_hook, made_ms";

fn rule(row: &Row<'_>) -> Result<AlertRule, StoreError> {
    Ok(AlertRule {
        id: row.get(0)?,
        settings: serde_json::from_str(&row.get::<String>(1)?)?,
        sealed_hook: row.get(2)?,
        made_ms: row.get(3)?,
    })
}

/// Reads all rules, by their numbers.
pub(super) fn all(tx: &Transaction<'_>) -> Result<Vec<AlertRule>> {
    let sql = format!("SELECT {COLUMNS} FROM alert_rules ORDER BY id LIMIT ?1");
    tx.all(&sql, values![RULES_MAX], rule)
}

/// Reads one, if it is for screens of a scope.
fn one(tx: &Transaction<'_>, scope: &Scope, id: i64) -> Result<Option<AlertRule>> {
    let sql = format!("SELECT {COLUMNS} FROM alert_rules WHERE id = ?1");
    let found = tx.optional(&sql, values![id], rule)?;
    Ok(found.filter(|rule| is_in(scope, &rule.settings)))
}

/// A rule without a group is for all screens, so it is for those who have to do with all.
fn is_in(scope: &Scope, settings: &AlertSettings) -> bool {
    match &settings.group {
        Some(group) => scope.has_screens_of(group),
        None => scope.screens.is_none(),
    }
}

/// What the audit log says of a rule: never its addresses' secrets.
fn said(settings: &AlertSettings) -> String {
    let kinds: Vec<&str> = settings.kinds.iter().map(|kind| kind.word()).collect();
    let group = settings.group.as_deref().unwrap_or("all screens");
    let mut to = settings.mails.clone();
    to.extend(settings.hook_host.clone());
    let paused = if settings.paused { "; paused" } else { "" };
    format!("{group}: {} to {}{paused}", kinds.join(", "), to.join(", "))
}

impl Store {
    /// Lists the rules for screens of a scope.
    ///
    /// # Errors
    /// The database fails.
    pub fn alert_rules(&self, scope: &Scope) -> Result<Vec<AlertRule>> {
        let mut rules = self.read_once(all)?;
        rules.retain(|rule| is_in(scope, &rule.settings));
        Ok(rules)
    }

    /// Returns one rule, if it is for screens of a scope.
    ///
    /// # Errors
    /// The database fails.
    pub fn alert_rule(&self, scope: &Scope, id: i64) -> Result<Option<AlertRule>> {
        self.read_once(|tx| one(tx, scope, id))
    }

    /// Adds a rule and returns its number.
    ///
    /// # Errors
    /// It is for screens that the actor has nothing to do with, there are too many, or the database
    /// fails.
    pub fn add_alert_rule(
        &self,
        actor: &Actor,
        settings: &AlertSettings,
        sealed_hook: Option<&[u8]>,
        now_ms: i64,
    ) -> Result<i64, AlertError> {
        if !is_in(actor.scope(), settings) {
            return Err(StoreError::OutOfScope.into());
        }
        let body = serde_json::to_string(settings).map_err(StoreError::from)?;
        self.write(Lock::Everything, |tx| {
            let count: usize = tx.value("SELECT count(*) FROM alert_rules", values![])?;
            if count >= RULES_MAX {
                return Err(AlertError::TooMany);
            }
            let id = tx.value(
                "INSERT INTO alert_rules (body, sealed_hook, made_ms) VALUES (?1, ?2, ?3) RETURNING id",
                values![&body, sealed_hook, now_ms],
            )?;
            let subject = (settings.name.as_str(), &*said(settings));
            audit::note(tx, actor, Verb::AddedAlert, subject, now_ms)?;
            Ok(id)
        })
    }

    /// Changes a rule. `sealed_hook` is its new web hook; without one it keeps the one that it has,
    /// unless the settings name none.
    ///
    /// # Errors
    /// See [`AlertError`].
    pub fn change_alert_rule(
        &self,
        actor: &Actor,
        id: i64,
        settings: &AlertSettings,
        sealed_hook: Option<&[u8]>,
        now_ms: i64,
    ) -> Result<(), AlertError> {
        if !is_in(actor.scope(), settings) {
            return Err(StoreError::OutOfScope.into());
        }
        let body = serde_json::to_string(settings).map_err(StoreError::from)?;
        self.write(Lock::Everything, |tx| {
            let known = one(tx, actor.scope(), id)?.ok_or(AlertError::Unknown)?;
            let hook = match (settings.hook, sealed_hook) {
                (None, _) => None,
                (Some(_), Some(new)) => Some(new),
                (Some(_), None) => known.sealed_hook.as_deref(),
            };
            tx.execute(
                "UPDATE alert_rules SET body = ?2, sealed_hook = ?3 WHERE id = ?1",
                values![id, &body, hook],
            )?;
            let subject = (settings.name.as_str(), &*said(settings));
            audit::note(tx, actor, Verb::ChangedAlert, subject, now_ms)?;
            Ok(())
        })
    }

    /// Removes a rule, and what it still had to tell.
    ///
    /// # Errors
    /// See [`AlertError`].
    pub fn remove_alert_rule(&self, actor: &Actor, id: i64, now_ms: i64) -> Result<(), AlertError> {
        self.write(Lock::Everything, |tx| {
            let known = one(tx, actor.scope(), id)?.ok_or(AlertError::Unknown)?;
            for ended in [
                "DELETE FROM alert_rules WHERE id = ?1",
                "DELETE FROM alert_states WHERE rule = ?1",
                "DELETE FROM alert_messages WHERE rule = ?1",
                "DELETE FROM settings WHERE name = 'voices_told_' || CAST(?1 AS TEXT)",
            ] {
                tx.execute(ended, values![id])?;
            }
            let subject = (known.settings.name.as_str(), &*said(&known.settings));
            audit::note(tx, actor, Verb::RemovedAlert, subject, now_ms)?;
            Ok::<_, AlertError>(())
        })
    }

    /// Has a rule send a message that only tries the way. Returns to how many.
    ///
    /// # Errors
    /// See [`AlertError`].
    pub fn try_alert_rule(&self, actor: &Actor, id: i64, now_ms: i64) -> Result<usize, AlertError> {
        let telling = AlertTelling {
            is_test: true,
            ..AlertTelling::default()
        };
        self.write(Lock::Everything, |tx| {
            let known = one(tx, actor.scope(), id)?.ok_or(AlertError::Unknown)?;
            let made = messages::make(tx, &known, &telling, now_ms)?;
            let subject = (known.settings.name.as_str(), "");
            audit::note(tx, actor, Verb::TriedAlert, subject, now_ms)?;
            Ok::<_, AlertError>(made)
        })
    }
}

/// For lists beside a rule: how many of its screens need somebody.
pub(super) fn bad_counts(tx: &Transaction<'_>) -> Result<Vec<(i64, u64)>, DatabaseError> {
    tx.all(
        "SELECT rule, count(*) FROM alert_states WHERE is_bad GROUP BY rule",
        values![],
        |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
    )
}
