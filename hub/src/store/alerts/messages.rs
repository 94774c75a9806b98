//! Messages on their way: made, claimed by whoever sends them, and what became of them.
//!
//! Invariants: who sends a message has claimed it, and nobody else does for [`CLAIM_MS`]; one that
//! cannot be delivered is tried [`ATTEMPTS_MAX`] times, with growing pauses, and then given up; of
//! what is over the newest are kept.

use serde::Serialize;

use crate::database::{DatabaseError, Lock, Row, Transaction, Value, owned_values, values};
use crate::people::Scope;
use crate::store::alerts::records::{AlertError, AlertRule, AlertTelling};
use crate::store::{Result, Store, StoreError};
use crate::system::clock::DAY_MS;

/// For how long a claim holds. Whoever sends is done or gone by then.
const CLAIM_MS: i64 = 10 * 60_000;
/// How often a message is tried.
pub(super) const ATTEMPTS_MAX: usize = 6;
/// Pauses after attempts that failed, in minutes.
const PAUSES_MIN: [i64; ATTEMPTS_MAX] = [1, 5, 15, 60, 180, 0];
/// For how many days messages are kept that are over, and how many at most.
const KEPT_DAYS: i64 = 30;
const KEPT_MAX: i64 = 2_000;

/// A message that somebody is to send now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedMessage {
    /// Its number.
    pub id: i64,
    /// The rule's number.
    pub rule: i64,
    /// An address for mail; `None` for the rule's web hook.
    pub recipient: Option<String>,
    /// What it tells.
    pub telling: AlertTelling,
    /// When it was made.
    pub made_ms: i64,
    /// How often it was tried before.
    pub attempts: usize,
}

/// A message in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertMessage {
    /// Its number.
    pub message: i64,
    /// The rule's number.
    pub rule: i64,
    /// What the rule was called.
    pub rule_name: String,
    /// An address for mail; `None` for the rule's web hook.
    pub recipient: Option<String>,
    /// Whether it only tries the way.
    pub is_test: bool,
    /// How many things it tells of.
    pub changes: usize,
    /// When it was made.
    pub made_ms: i64,
    /// When it was taken.
    pub sent_ms: Option<i64>,
    /// When it was given up.
    pub failed_ms: Option<i64>,
    /// Why the last attempt failed.
    pub problem: Option<String>,
}

/// Makes the messages of one telling, one for each that a rule tells. Returns how many.
pub(super) fn make(
    tx: &Transaction<'_>,
    rule: &AlertRule,
    telling: &AlertTelling,
    now_ms: i64,
) -> Result<usize, AlertError> {
    let contents = serde_json::to_string(telling).map_err(StoreError::from)?;
    let mails = rule.settings.mails.iter().map(|mail| Some(mail.as_str()));
    let hook = rule.settings.hook.map(|_| None);
    let rows: Vec<_> = mails
        .chain(hook)
        .map(|recipient| {
            owned_values![
                rule.id,
                &rule.settings.name,
                recipient,
                &contents,
                telling.is_test,
                now_ms
            ]
        })
        .collect();
    tx.execute_each(
        "INSERT INTO alert_messages (rule, rule_name, recipient, contents, is_test, made_ms, next_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
        &rows,
    )?;
    let old: &[Value<'_>] = values![now_ms - KEPT_DAYS * DAY_MS, KEPT_MAX];
    tx.execute(
        "DELETE FROM alert_messages WHERE (sent_ms IS NOT NULL OR failed_ms IS NOT NULL)
         AND (made_ms < ?1 OR id <= (SELECT max(id) FROM alert_messages) - ?2)",
        old,
    )?;
    Ok(rows.len())
}

/// How many messages a rule has made since a moment, those to several people counted as one.
pub(super) fn made_since(
    tx: &Transaction<'_>,
    rule: i64,
    since_ms: i64,
) -> Result<u32, DatabaseError> {
    tx.value(
        "SELECT count(DISTINCT made_ms) FROM alert_messages WHERE rule = ?1 AND made_ms > ?2 AND NOT is_test",
        values![rule, since_ms],
    )
}

fn claimed(row: &Row<'_>) -> Result<ClaimedMessage, StoreError> {
    Ok(ClaimedMessage {
        id: row.get(0)?,
        rule: row.get(1)?,
        recipient: row.get(2)?,
        telling: serde_json::from_str(&row.get::<String>(3)?)?,
        made_ms: row.get(4)?,
        attempts: row.get(5)?,
    })
}

fn listed(row: &Row<'_>) -> Result<AlertMessage, StoreError> {
    let telling: AlertTelling = serde_json::from_str(&row.get::<String>(4)?)?;
    Ok(AlertMessage {
        message: row.get(0)?,
        rule: row.get(1)?,
        rule_name: row.get(2)?,
        recipient: row.get(3)?,
        is_test: telling.is_test,
        changes: telling.bad + telling.well,
        made_ms: row.get(5)?,
        sent_ms: row.get(6)?,
        failed_ms: row.get(7)?,
        problem: row.get(8)?,
    })
}

const IS_OPEN: &str = "sent_ms IS NULL AND failed_ms IS NULL";

impl Store {
    /// Claims messages that are due, the oldest first; nobody else sends them meanwhile.
    ///
    /// # Errors
    /// The database fails.
    pub fn claim_alert_messages(&self, count: usize, now_ms: i64) -> Result<Vec<ClaimedMessage>> {
        let due = format!("SELECT 1 FROM alert_messages WHERE next_ms <= ?1 AND {IS_OPEN}");
        if !self.read_once(|tx| tx.exists(&due, values![now_ms]))? {
            return Ok(Vec::new());
        }
        let due = format!(
            "SELECT id, rule, recipient, contents, made_ms, attempts FROM alert_messages
             WHERE next_ms <= ?1 AND {IS_OPEN} ORDER BY id LIMIT ?2"
        );
        self.write(Lock::Everything, |tx| {
            let messages = tx.all(&due, values![now_ms, count], claimed)?;
            let sets: Vec<_> = messages
                .iter()
                .map(|message| owned_values![message.id, now_ms + CLAIM_MS])
                .collect();
            tx.execute_each(
                "UPDATE alert_messages SET next_ms = ?2, attempts = attempts + 1 WHERE id = ?1",
                &sets,
            )?;
            Ok(messages)
        })
    }

    /// Notes that a message was taken.
    ///
    /// # Errors
    /// The database fails.
    pub fn alert_message_sent(&self, id: i64, now_ms: i64) -> Result<()> {
        self.write(Lock::Screens(&[]), |tx| {
            tx.execute(
                "UPDATE alert_messages SET sent_ms = ?2, problem = NULL WHERE id = ?1",
                values![id, now_ms],
            )
        })?;
        Ok(())
    }

    /// Notes that a message was not taken. Returns when it is tried again, if it is.
    ///
    /// # Errors
    /// The database fails.
    pub fn alert_message_failed(
        &self,
        message: &ClaimedMessage,
        (problem, is_final): (&str, bool),
        now_ms: i64,
    ) -> Result<Option<i64>> {
        let tried = message.attempts + 1;
        let again = PAUSES_MIN.get(message.attempts).filter(|_| {
            // Whoever tries the way wants to know at once.
            tried < ATTEMPTS_MAX && !is_final && !message.telling.is_test
        });
        let next_ms = again.map(|pause| now_ms + pause * 60_000);
        let failed_ms = next_ms.is_none().then_some(now_ms);
        self.write(Lock::Screens(&[]), |tx| {
            tx.execute(
                "UPDATE alert_messages SET next_ms = ?2, failed_ms = ?3, problem = ?4 WHERE id = ?1",
                values![
                    message.id,
                    next_ms.unwrap_or(now_ms),
                    failed_ms,
                    problem
                ],
            )
        })?;
        Ok(next_ms)
    }

    /// Lists the newest messages of rules for screens of a scope.
    ///
    /// # Errors
    /// The database fails.
    pub fn alert_messages(
        &self,
        scope: &Scope,
        rule: Option<i64>,
        count: usize,
    ) -> Result<Vec<AlertMessage>> {
        let rules: Vec<i64> = self
            .alert_rules(scope)?
            .iter()
            .map(|known| known.id)
            .filter(|known| rule.is_none_or(|rule| rule == *known))
            .collect();
        let sets: Vec<_> = rules.iter().map(|id| owned_values![*id, count]).collect();
        let found = self.read(|tx| {
            tx.all_each(
                "SELECT id, rule, rule_name, recipient, contents, made_ms, sent_ms, failed_ms, problem
                 FROM alert_messages WHERE rule = ?1 ORDER BY made_ms DESC, id DESC LIMIT ?2",
                &sets,
                listed,
            )
        })?;
        let mut messages: Vec<AlertMessage> = found.into_iter().flatten().collect();
        messages.sort_by_key(|message| std::cmp::Reverse((message.made_ms, message.message)));
        messages.truncate(count);
        Ok(messages)
    }
}
