//! Tells people that passers-by have said something, once a day at most.
//!
//! Invariant: which voices a rule has told of changes in the transaction that makes the message.

use crate::database::{DatabaseError, Lock, Transaction, Value, values};
use crate::store::Store;
use crate::store::alerts::records::{AlertError, AlertKind, AlertRule, AlertTelling};
use crate::store::alerts::{messages, rules};
use crate::system::clock::DAY_MS;

/// When a rule told of voices, and of which last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Told {
    at_ms: i64,
    voice: i64,
}

/// What the setting of a rule is called.
fn setting(rule: i64) -> String {
    format!("voices_told_{rule}")
}

impl Told {
    fn read(tx: &Transaction<'_>, rule: i64) -> Result<Self, DatabaseError> {
        let text: Option<String> = tx.optional(
            "SELECT value FROM settings WHERE name = ?1",
            values![setting(rule)],
            |row| row.get(0),
        )?;
        let parsed = text.as_deref().and_then(|text| {
            let (at, voice) = text.split_once(' ')?;
            Some(Self {
                at_ms: at.parse().ok()?,
                voice: voice.parse().ok()?,
            })
        });
        Ok(parsed.unwrap_or_default())
    }

    fn write(self, tx: &Transaction<'_>, rule: i64) -> Result<(), DatabaseError> {
        tx.execute(
            "INSERT INTO settings (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            values![setting(rule), format!("{} {}", self.at_ms, self.voice)],
        )?;
        Ok(())
    }
}

/// How many voices nobody has read at the screens of a rule, of those after one of them, and the
/// newest of them.
fn new_ones(
    tx: &Transaction<'_>,
    rule: &AlertRule,
    after: i64,
) -> Result<(u64, i64), DatabaseError> {
    let mut values = vec![Value::from(after)];
    let mut sql = "SELECT count(*), coalesce(max(voices.id), 0) FROM voices
         LEFT JOIN screen_groups ON screen_groups.screen = voices.screen
         WHERE state = 'waiting' AND voices.id > ?1"
        .to_owned();
    if let Some(group) = &rule.settings.group {
        values.push(Value::from(group));
        sql += " AND group_name = ?2";
    }
    tx.one(&sql, &values, |row| Ok((row.get(0)?, row.get(1)?)))
}

impl Store {
    /// Makes the messages of the rules that tell of new voices. Returns how many.
    ///
    /// # Errors
    /// The database fails; the next look finds the same.
    pub fn tell_of_voices(&self, now_ms: i64) -> Result<usize, AlertError> {
        let due = self.read(|tx| {
            let mut due = Vec::new();
            for rule in rules::all(tx)? {
                let tells = rule.settings.kinds.contains(&AlertKind::Voices);
                if tells && !rule.settings.paused && what_is_new(tx, &rule, now_ms)?.is_some() {
                    due.push(rule);
                }
            }
            Ok::<_, AlertError>(due)
        })?;
        let mut made = 0;
        for rule in due {
            made += self.write(Lock::Everything, |tx| {
                // Somebody may have removed it, or told of them, meanwhile.
                let is_there = rules::all(tx)?.contains(&rule);
                let Some((voices, newest)) = what_is_new(tx, &rule, now_ms)? else {
                    return Ok(0);
                };
                if !is_there {
                    return Ok(0);
                }
                let told = Told {
                    at_ms: now_ms,
                    voice: newest,
                };
                told.write(tx, rule.id)?;
                let telling = AlertTelling {
                    voices,
                    ..AlertTelling::default()
                };
                messages::make(tx, &rule, &telling, now_ms)
            })?;
        }
        Ok(made)
    }
}

/// What a rule has to tell now: how many voices, and the newest.
fn what_is_new(
    tx: &Transaction<'_>,
    rule: &AlertRule,
    now_ms: i64,
) -> Result<Option<(u64, i64)>, DatabaseError> {
    let told = Told::read(tx, rule.id)?;
    // A clock that was put back does not silence it for longer.
    if (told.at_ms..told.at_ms + DAY_MS).contains(&now_ms) {
        return Ok(None);
    }
    let found = new_ones(tx, rule, told.voice)?;
    Ok(Some(found).filter(|(count, _)| *count > 0))
}
