//! Web hooks: added, listed, paused, removed.

use passerby_protocol::CampaignId;

use crate::database::{Lock, Row, Transaction, owned_values, values};
use crate::people::{Actor, Scope};
use crate::store::audit::Verb;
use crate::store::campaign_list::refuse_others;
use crate::store::event_hooks::records::{
    EVENT_HOOKS_MAX, EventHook, EventHookError, EventHookSettings,
};
use crate::store::{Result, Store, StoreError, audit};

/// The columns of [`hook`].
pub(super) const COLUMNS: &str =
    "id, body, sealed_hook, paused, made_by, made_ms, sent, sent_ms, failures, next_ms, problem,
     (SELECT count(*) FROM event_messages WHERE hook = event_hooks.id AND failed_ms IS NULL),
     (SELECT count(*) FROM event_messages WHERE hook = event_hooks.id AND failed_ms IS NOT NULL)";

pub(super) fn hook(row: &Row<'_>) -> Result<EventHook> {
    Ok(EventHook {
        id: row.get(0)?,
        settings: serde_json::from_str(&row.get::<String>(1)?)?,
        sealed_hook: row.get(2)?,
        paused: row.get(3)?,
        made_by: row.get(4)?,
        made_ms: row.get(5)?,
        sent: row.get(6)?,
        sent_ms: row.get(7)?,
        failures: row.get(8)?,
        next_ms: row.get(9)?,
        problem: row.get(10)?,
        waiting: row.get(11)?,
        given_up: row.get(12)?,
    })
}

/// Whether somebody with a scope has to do with it: of all campaigns only who has to do with all.
fn is_in(tx: &Transaction<'_>, scope: &Scope, campaign: Option<&CampaignId>) -> Result<bool> {
    if scope.campaigns.is_none() {
        return Ok(true);
    }
    let Some(campaign) = campaign else {
        return Ok(false);
    };
    let group: Option<String> = tx.optional(
        "SELECT group_name FROM campaign_groups WHERE campaign = ?1",
        values![campaign.as_str()],
        |row| row.get(0),
    )?;
    Ok(scope.has_campaigns_of(group.as_deref().unwrap_or_default()))
}

fn one(tx: &Transaction<'_>, scope: &Scope, id: i64) -> Result<Option<EventHook>> {
    let sql = format!("SELECT {COLUMNS} FROM event_hooks WHERE id = ?1");
    let Some(found) = tx.optional(sql.as_str(), values![id], hook)? else {
        return Ok(None);
    };
    let is_in = is_in(tx, scope, found.settings.campaign.as_ref())?;
    Ok(is_in.then_some(found))
}

impl Store {
    /// Lists the web hooks of a scope.
    ///
    /// # Errors
    /// The database fails.
    pub fn event_hooks(&self, scope: &Scope) -> Result<Vec<EventHook>> {
        let sql = format!("SELECT {COLUMNS} FROM event_hooks ORDER BY id LIMIT ?1");
        self.read(|tx| {
            let mut own = Vec::new();
            for found in tx.all(sql.as_str(), values![EVENT_HOOKS_MAX], hook)? {
                if is_in(tx, scope, found.settings.campaign.as_ref())? {
                    own.push(found);
                }
            }
            Ok(own)
        })
    }

    /// Returns one, if it is in a scope.
    ///
    /// # Errors
    /// The database fails.
    pub fn event_hook(&self, scope: &Scope, id: i64) -> Result<Option<EventHook>> {
        self.read(|tx| one(tx, scope, id))
    }

    /// Adds one and returns its number.
    ///
    /// # Errors
    /// See [`EventHookError`].
    pub fn add_event_hook(
        &self,
        actor: &Actor,
        settings: &EventHookSettings,
        sealed_hook: &[u8],
        now_ms: i64,
    ) -> Result<i64, EventHookError> {
        let body = serde_json::to_string(settings).map_err(StoreError::from)?;
        self.write(Lock::Everything, |tx| {
            let campaign = match &settings.campaign {
                Some(campaign) => {
                    refuse_others(tx, actor, campaign.as_str())?;
                    let known = "SELECT 1 FROM campaigns WHERE id = ?1";
                    if !tx.exists(known, values![campaign.as_str()])? {
                        return Err(StoreError::OutOfScope.into());
                    }
                    campaign.as_str()
                }
                None if actor.scope().campaigns.is_some() => {
                    return Err(StoreError::OutOfScope.into());
                }
                None => "",
            };
            let count: usize = tx.value("SELECT count(*) FROM event_hooks", values![])?;
            if count >= EVENT_HOOKS_MAX {
                return Err(EventHookError::TooMany);
            }
            let id: i64 = tx.value(
                "INSERT INTO event_hooks (campaign, body, sealed_hook, paused, made_by, made_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
                values![campaign, &body, sealed_hook, false, actor.named(), now_ms],
            )?;
            let events: Vec<_> = settings
                .events
                .iter()
                .map(|event| owned_values![event.word(), id])
                .collect();
            tx.execute_each(
                "INSERT INTO event_hook_events (event, hook) VALUES (?1, ?2)",
                &events,
            )?;
            let to = settings.host.as_deref().unwrap_or_default();
            let said = (settings.name.as_str(), to);
            audit::note(tx, actor, Verb::AddedHook, said, now_ms)?;
            Ok(id)
        })
    }

    /// Has one told nothing for now, or again.
    ///
    /// # Errors
    /// See [`EventHookError`].
    pub fn pause_event_hook(
        &self,
        actor: &Actor,
        id: i64,
        paused: bool,
        now_ms: i64,
    ) -> Result<(), EventHookError> {
        self.write(Lock::Everything, |tx| {
            let known = one(tx, actor.scope(), id)?.ok_or(EventHookError::Unknown)?;
            tx.execute(
                "UPDATE event_hooks SET paused = ?2, next_ms = 0 WHERE id = ?1",
                values![id, paused],
            )?;
            let word = if paused { "paused" } else { "resumed" };
            let said = (known.settings.name.as_str(), word);
            audit::note(tx, actor, Verb::PausedHook, said, now_ms)?;
            Ok(())
        })
    }

    /// Removes one, with all that is on its way to it.
    ///
    /// # Errors
    /// See [`EventHookError`].
    pub fn remove_event_hook(
        &self,
        actor: &Actor,
        id: i64,
        now_ms: i64,
    ) -> Result<(), EventHookError> {
        self.write(Lock::Everything, |tx| {
            let known = one(tx, actor.scope(), id)?.ok_or(EventHookError::Unknown)?;
            for ended in [
                "DELETE FROM event_hook_events WHERE hook = ?1",
                "DELETE FROM event_messages WHERE hook = ?1",
                "DELETE FROM event_hooks WHERE id = ?1",
            ] {
                tx.execute(ended, values![id])?;
            }
            let said = (known.settings.name.as_str(), "");
            audit::note(tx, actor, Verb::RemovedHook, said, now_ms)?;
            Ok(())
        })
    }

    /// Has sent again what was given up: one message, or all of them. Returns how many.
    ///
    /// # Errors
    /// See [`EventHookError`].
    pub fn send_events_again(
        &self,
        actor: &Actor,
        id: i64,
        message: Option<i64>,
        now_ms: i64,
    ) -> Result<u64, EventHookError> {
        self.write(Lock::Everything, |tx| {
            let known = one(tx, actor.scope(), id)?.ok_or(EventHookError::Unknown)?;
            let (from, until) = message.map_or((0, i64::MAX), |message| (message, message));
            let again = tx.execute(
                "UPDATE event_messages SET failed_ms = NULL, problem = NULL, attempts = 0, made_ms = ?4, next_ms = ?4
                 WHERE hook = ?1 AND failed_ms IS NOT NULL AND id BETWEEN ?2 AND ?3",
                values![id, from, until, now_ms],
            )?;
            if again > 0 {
                tx.execute("UPDATE event_hooks SET next_ms = 0 WHERE id = ?1", values![id])?;
                let count = again.to_string();
                let said = (known.settings.name.as_str(), count.as_str());
                audit::note(tx, actor, Verb::SentAgain, said, now_ms)?;
            }
            Ok(again)
        })
    }
}
