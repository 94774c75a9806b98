//! What is on its way: noted, claimed by whoever sends it, and what became of it.

use crate::database::{DatabaseError, Lock, Row, Transaction, owned_values, values};
use crate::people::Scope;
use crate::store::event_hooks::hooks::{COLUMNS, hook};
use crate::store::event_hooks::records::{
    ClaimedEvent, DeadEvent, Event, EventHook, EventKind, Which,
};
use crate::store::{Result, Store, StoreError};
use crate::system::clock::DAY_MS;

/// For how long a claim holds. Whoever sends is done or gone by then.
const CLAIM_MS: i64 = 10 * 60_000;
/// How often one message is tried.
const ATTEMPTS_MAX: u32 = 8;
/// Pauses of a hook after each failure, in seconds; the last one then stays.
const PAUSES_S: [i64; 6] = [10, 60, 300, 900, 3_600, 10_800];
/// After so long nobody wants to hear of it any more.
const WAITING_MS_MAX: i64 = 3 * DAY_MS;
/// Most messages that wait for one hook; the oldest of more are given up.
const WAITING_MAX: i64 = 10_000;
/// For how long what was given up is kept, and how much of one hook.
const KEPT_MS: i64 = 30 * DAY_MS;
const KEPT_MAX: i64 = 1_000;

impl Event {
    fn kind(&self) -> Option<(EventKind, &str)> {
        match self {
            Self::Conversion(event) => Some((EventKind::Conversion, &event.campaign)),
            Self::Share(event) => Some((EventKind::Share, &event.campaign)),
            Self::Test => None,
        }
    }
}

/// Notes what happened for all who want to hear of it, in the transaction in which it does.
///
/// # Errors
/// The database fails.
pub(in crate::store) fn note(
    tx: &Transaction<'_>,
    events: &[Event],
    now_ms: i64,
) -> Result<(), DatabaseError> {
    let told: Vec<_> = events
        .iter()
        .filter_map(|event| {
            let (kind, campaign) = event.kind()?;
            let contents = serde_json::to_string(event).expect("numbers and texts are JSON");
            Some(owned_values![kind.word(), contents, now_ms, campaign])
        })
        .collect();
    tx.execute_each(
        "INSERT INTO event_messages (hook, contents, made_ms, next_ms)
         SELECT hook, ?2, ?3, ?3 FROM event_hook_events JOIN event_hooks ON event_hooks.id = hook
         WHERE event = ?1 AND NOT paused AND (campaign = ?4 OR campaign = '')",
        &told,
    )?;
    Ok(())
}

fn claimed(row: &Row<'_>) -> Result<ClaimedEvent> {
    Ok(ClaimedEvent {
        id: row.get(0)?,
        event: serde_json::from_str(&row.get::<String>(1)?)?,
        made_ms: row.get(2)?,
        attempts: row.get(3)?,
    })
}

impl Store {
    /// Claims what is due of some web hooks, those that waited longest first, the oldest messages
    /// of each first: of one that failed a single one. Nobody else sends them meanwhile.
    ///
    /// # Errors
    /// The database fails.
    pub fn claim_events(
        &self,
        which: Which,
        (hooks_max, each_max): (usize, usize),
        now_ms: i64,
    ) -> Result<Vec<(EventHook, Vec<ClaimedEvent>)>> {
        let (failures, each_max) = match which {
            Which::Well => ("failures = 0", each_max),
            Which::Failing => ("failures > 0", 1),
        };
        let due = format!(
            "SELECT {COLUMNS} FROM event_hooks
             WHERE {failures} AND NOT paused AND next_ms <= ?1
               AND EXISTS (SELECT 1 FROM event_messages
                           WHERE hook = event_hooks.id AND failed_ms IS NULL AND event_messages.next_ms <= ?1)
             ORDER BY next_ms, id LIMIT ?2"
        );
        let due = self.read_once(|tx| tx.all(due.as_str(), values![now_ms, hooks_max], hook))?;
        let mut all = Vec::new();
        for hook in due {
            let messages = self.write(Lock::Screens(&[]), |tx| {
                give_up_old(tx, hook.id, now_ms)?;
                // Two at one time both look, and the rows let one of them have each.
                let mut messages = tx.all(
                    "UPDATE event_messages SET next_ms = ?3, attempts = attempts + 1
                     WHERE failed_ms IS NULL AND next_ms <= ?2 AND id IN
                         (SELECT id FROM event_messages WHERE hook = ?1 AND failed_ms IS NULL AND next_ms <= ?2
                          ORDER BY id LIMIT ?4)
                     RETURNING id, contents, made_ms, attempts",
                    values![hook.id, now_ms, now_ms + CLAIM_MS, each_max],
                    claimed,
                )?;
                messages.sort_by_key(|message| message.id);
                Ok::<_, StoreError>(messages)
            })?;
            if !messages.is_empty() {
                all.push((hook, messages));
            }
        }
        Ok(all)
    }

    /// Notes that messages were taken.
    ///
    /// # Errors
    /// The database fails.
    pub fn events_sent(&self, hook: i64, messages: &[i64], now_ms: i64) -> Result<()> {
        let ids: Vec<_> = messages.iter().map(|id| owned_values![*id]).collect();
        self.write(Lock::Screens(&[]), |tx| {
            tx.execute_each("DELETE FROM event_messages WHERE id = ?1", &ids)?;
            tx.execute(
                "UPDATE event_hooks SET sent = sent + ?2, sent_ms = ?3, failures = 0, next_ms = 0, problem = NULL
                 WHERE id = ?1",
                values![hook, ids.len(), now_ms],
            )?;
            Ok(())
        })
    }

    /// Notes that a message was not taken, and gives back those that were claimed with it. Returns
    /// when the hook is tried again.
    ///
    /// # Errors
    /// The database fails.
    pub fn event_failed(
        &self,
        hook: &EventHook,
        failed: &ClaimedEvent,
        others: &[ClaimedEvent],
        (problem, is_final): (&str, bool),
        now_ms: i64,
    ) -> Result<i64> {
        let last = PAUSES_S.len() - 1;
        let pause = usize::try_from(hook.failures).map_or(last, |failures| failures.min(last));
        let next_ms = now_ms + PAUSES_S[pause] * 1_000;
        let failed_ms = (is_final || failed.attempts >= ATTEMPTS_MAX).then_some(now_ms);
        let others: Vec<_> = others.iter().map(|other| owned_values![other.id]).collect();
        self.write(Lock::Screens(&[]), |tx| {
            tx.execute(
                "UPDATE event_messages SET next_ms = ?2, failed_ms = ?3, problem = ?4 WHERE id = ?1",
                values![failed.id, now_ms, failed_ms, problem],
            )?;
            tx.execute_each(
                "UPDATE event_messages SET next_ms = made_ms, attempts = attempts - 1 WHERE id = ?1",
                &others,
            )?;
            tx.execute(
                "UPDATE event_hooks SET failures = failures + 1, next_ms = ?2, problem = ?3 WHERE id = ?1",
                values![hook.id, next_ms, problem],
            )?;
            Ok::<_, StoreError>(())
        })?;
        Ok(next_ms)
    }

    /// Lists what was given up of a web hook of a scope, the newest first.
    ///
    /// # Errors
    /// The database fails.
    pub fn dead_events(&self, scope: &Scope, hook: i64, count: usize) -> Result<Vec<DeadEvent>> {
        if self.event_hook(scope, hook)?.is_none() {
            return Ok(Vec::new());
        }
        let found: Vec<(i64, Event, i64, i64, String)> = self.read_once(|tx| {
            tx.all(
                "SELECT id, contents, made_ms, failed_ms, coalesce(problem, '') FROM event_messages
                 WHERE hook = ?1 AND failed_ms IS NOT NULL ORDER BY id DESC LIMIT ?2",
                values![hook, count],
                |row| {
                    let event = serde_json::from_str(&row.get::<String>(1)?)?;
                    Ok::<_, StoreError>((row.get(0)?, event, row.get(2)?, row.get(3)?, row.get(4)?))
                },
            )
        })?;
        let told = found
            .into_iter()
            .filter_map(|(message, event, made_ms, failed_ms, problem)| {
                let (kind, campaign) = event.kind()?;
                Some(DeadEvent {
                    message,
                    event: kind,
                    campaign: campaign.to_owned(),
                    made_ms,
                    failed_ms,
                    problem,
                })
            });
        Ok(told.collect())
    }
}

/// Gives up what waits for too long, or is too much, and forgets what was given up long ago.
fn give_up_old(tx: &Transaction<'_>, hook: i64, now_ms: i64) -> Result<(), DatabaseError> {
    // The newest of those that are too many.
    let past = |which: &str, most: i64| {
        let sql = format!(
            "SELECT id FROM event_messages WHERE hook = ?1 AND failed_ms {which} ORDER BY id DESC LIMIT 1 OFFSET ?2"
        );
        let found = tx.optional(sql.as_str(), values![hook, most], |row| row.get::<i64>(0))?;
        Ok::<_, DatabaseError>(found.unwrap_or(0))
    };
    let past_waiting = past("IS NULL", WAITING_MAX)?;
    tx.execute(
        "UPDATE event_messages SET failed_ms = ?2, problem = coalesce(problem, 'nobody took it in time')
         WHERE hook = ?1 AND failed_ms IS NULL AND (made_ms < ?3 OR id <= ?4)",
        values![hook, now_ms, now_ms - WAITING_MS_MAX, past_waiting],
    )?;
    let past_kept = past("IS NOT NULL", KEPT_MAX)?;
    tx.execute(
        "DELETE FROM event_messages WHERE hook = ?1 AND failed_ms IS NOT NULL AND (failed_ms < ?2 OR id <= ?3)",
        values![hook, now_ms - KEPT_MS, past_kept],
    )?;
    Ok(())
}
