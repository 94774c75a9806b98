//! Screens as those see them who run them: lists that stay fast however many there are, groups and
//! tags, and how each screen is.
//!
//! Invariant: nobody finds or changes a screen outside the groups that they have to do with.

use std::collections::BTreeSet;

use passerby_protocol::{ScreenNumber, foreign};
use serde::Serialize;

use crate::database::{DatabaseError, Id, Lock, Row, Transaction, Value, values};
use crate::people::{Actor, Scope};
use crate::store::audit::Verb;
use crate::store::search::pattern;
use crate::store::{Result, Store, StoreError, audit};

/// How long a screen is silent before it is called that: it asks about once a minute.
pub const SILENT_MS: i64 = 10 * 60 * 1_000;

/// How a screen is, as far as the hub knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScreenState {
    /// No terminal has come in as it yet.
    Waiting,
    /// It asked a moment ago.
    InTouch,
    /// It has not asked for [`SILENT_MS`].
    Silent,
    /// It was taken out of service.
    Revoked,
}

impl ScreenState {
    /// All of them, what needs somebody first.
    pub const ALL: [Self; 4] = [Self::Silent, Self::Waiting, Self::InTouch, Self::Revoked];

    /// The word for it in addresses and calls.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::InTouch => "in-touch",
            Self::Silent => "silent",
            Self::Revoked => "revoked",
        }
    }

    /// Finds one by its word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// The condition that it is; `?1` is the moment before which a screen is silent.
    const fn condition(self) -> &'static str {
        match self {
            Self::Waiting => "(bearer_sha256 IS NULL AND revoked_ms IS NULL)",
            Self::InTouch => {
                "(bearer_sha256 IS NOT NULL AND revoked_ms IS NULL AND last_seen_ms >= ?1)"
            }
            Self::Silent => {
                "(bearer_sha256 IS NOT NULL AND revoked_ms IS NULL AND (last_seen_ms IS NULL OR last_seen_ms < ?1))"
            }
            Self::Revoked => "(revoked_ms IS NOT NULL)",
        }
    }
}

/// Which screens are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScreenFilter {
    /// With this in their name, or of this number.
    pub text: String,
    /// Of this group.
    pub group: Option<String>,
    /// With this tag.
    pub tag: Option<String>,
    /// In this state.
    pub state: Option<ScreenState>,
    /// Behind this one.
    pub after: Option<ScreenNumber>,
}

/// A screen in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScreenRow {
    /// Its number.
    pub screen: ScreenNumber,
    /// Its name.
    pub name: String,
    /// Its group; empty for none.
    pub group: String,
    /// Its tags, in the order of the alphabet.
    pub tags: Vec<String>,
    /// How it is.
    pub state: ScreenState,
    /// When it was last heard of, as Unix time in milliseconds.
    pub last_seen_ms: Option<i64>,
    /// Whether it said that it has what is published for it.
    pub has_newest: bool,
    /// Where it stands, in words for passers-by; empty where nobody said.
    pub place: String,
    /// How to go there: an address, or latitude and longitude; empty where nobody said.
    pub way: String,
}

/// How many screens are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ScreenCounts {
    /// All that are in service or were.
    pub all: u64,
    /// In touch.
    pub in_touch: u64,
    /// Silent.
    pub silent: u64,
    /// Waiting for their terminal.
    pub waiting: u64,
    /// Out of service.
    pub revoked: u64,
}

/// What is changed of a screen; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScreenChange {
    /// Its name.
    pub name: Option<String>,
    /// Its group; the inner `None` is no group.
    pub group: Option<Option<String>>,
    /// Its tags.
    pub tags: Option<BTreeSet<String>>,
    /// Where it stands, in words for passers-by; empty takes them away.
    pub place: Option<String>,
    /// How to go there; empty takes it away.
    pub way: Option<String>,
}

/// Conditions and their values.
pub(super) struct Conditions<'a> {
    pub(super) sql: String,
    pub(super) values: Vec<Value<'a>>,
}

impl<'a> Conditions<'a> {
    /// Adds a value, and returns its place.
    pub(super) fn value(&mut self, value: impl Into<Value<'a>>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    /// Has a column be among these groups, where there are any to be held to.
    pub(super) fn among(&mut self, column: &str, groups: Option<&'a BTreeSet<String>>) {
        if let Some(groups) = groups {
            let places: Vec<String> = groups.iter().map(|group| self.value(group)).collect();
            let places = if places.is_empty() {
                "NULL".to_owned()
            } else {
                places.join(", ")
            };
            self.sql += &format!(" AND {column} IN ({places})");
        }
    }
}

const FROM: &str = "FROM screens LEFT JOIN screen_groups ON screen_groups.screen = number
     LEFT JOIN screen_places ON screen_places.screen = number";
/// What is read of a screen, in this order.
const COLUMNS: &str = "number, name, coalesce(group_name, ''), last_seen_ms, bearer_sha256 IS NOT NULL, revoked_ms IS NOT NULL,
     coalesce(content_version = manifest_version, FALSE), coalesce(place, ''), coalesce(way, '')";

fn row_of(row: &Row<'_>, now_ms: i64) -> Result<ScreenRow, DatabaseError> {
    let (last_seen_ms, has_terminal, is_revoked): (Option<i64>, bool, bool) =
        (row.get(3)?, row.get(4)?, row.get(5)?);
    let state = if is_revoked {
        ScreenState::Revoked
    } else if !has_terminal {
        ScreenState::Waiting
    } else if last_seen_ms.is_some_and(|seen_ms| seen_ms >= now_ms - SILENT_MS) {
        ScreenState::InTouch
    } else {
        ScreenState::Silent
    };
    Ok(ScreenRow {
        screen: row.get::<Id<_>>(0)?.0,
        name: foreign::escaped(&row.get::<String>(1)?).into_owned(),
        group: row.get(2)?,
        tags: Vec::new(),
        state,
        last_seen_ms,
        has_newest: row.get(6)?,
        place: row.get(7)?,
        way: row.get(8)?,
    })
}

fn with_tags(tx: &Transaction<'_>, rows: &mut [ScreenRow]) -> Result<(), DatabaseError> {
    let sets: Vec<_> = rows
        .iter()
        .map(|row| [Value::from(row.screen.get())])
        .collect();
    let tags = tx.all_each(
        "SELECT tag FROM screen_tags WHERE screen = ?1 ORDER BY tag",
        &sets,
        |row| row.get::<String>(0),
    )?;
    for (row, tags) in rows.iter_mut().zip(tags) {
        row.tags = tags;
    }
    Ok(())
}

/// Reads one screen, if it is in a scope.
pub(super) fn one(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    scope: &Scope,
    now_ms: i64,
) -> Result<Option<ScreenRow>, DatabaseError> {
    let found = tx.optional(
        &format!("SELECT {COLUMNS} {FROM} WHERE number = ?1"),
        values![screen.get()],
        |row| row_of(row, now_ms),
    )?;
    let Some(mut found) = found.filter(|row| scope.has_screens_of(&row.group)) else {
        return Ok(None);
    };
    with_tags(tx, std::slice::from_mut(&mut found))?;
    Ok(Some(found))
}

/// Refuses somebody who has nothing to do with a screen.
pub(super) fn refuse_others(
    tx: &Transaction<'_>,
    actor: &Actor,
    screen: ScreenNumber,
) -> Result<()> {
    if actor.scope().screens.is_none() {
        return Ok(());
    }
    let group: Option<String> = tx.optional(
        "SELECT group_name FROM screen_groups WHERE screen = ?1",
        values![screen.get()],
        |row| row.get(0),
    )?;
    refuse_other_group(actor, group.as_deref())
}

/// Refuses somebody who has nothing to do with a group of screens.
pub(super) fn refuse_other_group(actor: &Actor, group: Option<&str>) -> Result<()> {
    if actor.scope().has_screens_of(group.unwrap_or_default()) {
        Ok(())
    } else {
        Err(StoreError::OutOfScope)
    }
}

/// Puts a screen into a group, or into none.
pub(super) fn put_group(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    group: Option<&str>,
) -> Result<(), DatabaseError> {
    match group {
        Some(group) => tx.execute(
            "INSERT INTO screen_groups (screen, group_name) VALUES (?1, ?2)
             ON CONFLICT (screen) DO UPDATE SET group_name = excluded.group_name",
            values![screen.get(), group],
        )?,
        None => tx.execute(
            "DELETE FROM screen_groups WHERE screen = ?1",
            values![screen.get()],
        )?,
    };
    Ok(())
}

impl Store {
    /// Returns screens by number, at most so many.
    ///
    /// # Errors
    /// The database fails.
    pub fn screen_list(
        &self,
        filter: &ScreenFilter,
        scope: &Scope,
        count: usize,
        now_ms: i64,
    ) -> Result<Vec<ScreenRow>> {
        let mut asked = Conditions {
            sql: "number > ?2 AND ?1 = ?1".to_owned(),
            values: vec![
                Value::from(now_ms - SILENT_MS),
                Value::from(filter.after.map_or(0, ScreenNumber::get)),
            ],
        };
        if let Some(state) = filter.state {
            asked.sql += &format!(" AND {}", state.condition());
        }
        if !filter.text.trim().is_empty() {
            let place = asked.value(pattern(&filter.text));
            let mut either = format!("lower(name) LIKE {place} ESCAPE '!'");
            if let Ok(number) = filter.text.trim().parse::<u32>() {
                either += &format!(" OR number = {}", asked.value(number));
            }
            asked.sql += &format!(" AND ({either})");
        }
        if let Some(group) = &filter.group {
            let place = asked.value(group);
            asked.sql += &format!(" AND coalesce(group_name, '') = {place}");
        }
        if let Some(tag) = &filter.tag {
            let place = asked.value(tag);
            asked.sql += &format!(
                " AND EXISTS (SELECT 1 FROM screen_tags WHERE screen_tags.screen = number AND tag = {place})"
            );
        }
        asked.among("group_name", scope.screens.as_ref());
        let count = asked.value(count);
        self.read(|tx| {
            let mut rows = tx.all(
                &format!(
                    "SELECT {COLUMNS} {FROM} WHERE {} ORDER BY number LIMIT {count}",
                    asked.sql
                ),
                &asked.values,
                |row| row_of(row, now_ms),
            )?;
            with_tags(tx, &mut rows)?;
            Ok(rows)
        })
    }

    /// Returns one screen, if it is in the scope.
    ///
    /// # Errors
    /// The database fails.
    pub fn screen_row(
        &self,
        screen: ScreenNumber,
        scope: &Scope,
        now_ms: i64,
    ) -> Result<Option<ScreenRow>> {
        self.read(|tx| Ok(one(tx, screen, scope, now_ms)?))
    }

    /// Counts the screens of a scope by state.
    ///
    /// # Errors
    /// The database fails.
    pub fn screen_counts(&self, scope: &Scope, now_ms: i64) -> Result<ScreenCounts> {
        let mut asked = Conditions {
            sql: "?1 = ?1".to_owned(),
            values: vec![Value::from(now_ms - SILENT_MS)],
        };
        asked.among("group_name", scope.screens.as_ref());
        let counted = |state: ScreenState| format!("count(*) FILTER (WHERE {})", state.condition());
        self.read_once(|tx| {
            Ok(tx.one(
                &format!(
                    "SELECT count(*), {}, {}, {}, {} {FROM} WHERE {}",
                    counted(ScreenState::InTouch),
                    counted(ScreenState::Silent),
                    counted(ScreenState::Waiting),
                    counted(ScreenState::Revoked),
                    asked.sql
                ),
                &asked.values,
                |row| {
                    Ok::<_, DatabaseError>(ScreenCounts {
                        all: row.get(0)?,
                        in_touch: row.get(1)?,
                        silent: row.get(2)?,
                        waiting: row.get(3)?,
                        revoked: row.get(4)?,
                    })
                },
            )?)
        })
    }

    /// Returns the groups of screens and the tags that there are, within a scope.
    ///
    /// # Errors
    /// The database fails.
    pub fn screen_words(&self, scope: &Scope) -> Result<(Vec<String>, Vec<String>)> {
        let mut asked = Conditions {
            sql: "TRUE".to_owned(),
            values: Vec::new(),
        };
        asked.among("group_name", scope.screens.as_ref());
        self.read(|tx| {
            let text = |row: &Row<'_>| row.get::<String>(0);
            let groups = tx.all(
                &format!(
                    "SELECT DISTINCT group_name FROM screen_groups WHERE {} ORDER BY group_name",
                    asked.sql
                ),
                &asked.values,
                text,
            )?;
            let tags = tx.all(
                "SELECT DISTINCT tag FROM screen_tags ORDER BY tag LIMIT 200",
                values![],
                text,
            )?;
            Ok((groups, tags))
        })
    }

    /// Names a screen, puts it into a group, gives it tags.
    ///
    /// # Errors
    /// There is no such screen, or the asker has nothing to do with it or with the new group.
    pub fn change_screen(
        &self,
        actor: &Actor,
        screen: ScreenNumber,
        change: &ScreenChange,
        now_ms: i64,
    ) -> Result<()> {
        self.write(Lock::Everything, |tx| {
            let before = one(tx, screen, actor.scope(), now_ms)?.ok_or(StoreError::OutOfScope)?;
            let mut said = Vec::new();
            if let Some(name) = change.name.as_ref().filter(|name| **name != before.name) {
                tx.execute(
                    "UPDATE screens SET name = ?2 WHERE number = ?1",
                    values![screen.get(), name],
                )?;
                said.push(format!("{} → {name}", before.name));
            }
            if let Some(group) = &change.group
                && group.as_deref().unwrap_or_default() != before.group
            {
                refuse_other_group(actor, group.as_deref())?;
                put_group(tx, screen, group.as_deref())?;
                let group = group.as_deref().unwrap_or("–");
                said.push(format!("group {group}"));
            }
            if let Some(tags) = &change.tags
                && !tags.iter().eq(before.tags.iter())
            {
                put_tags(tx, screen, tags)?;
                let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
                said.push(format!("tags {}", tags.join(", ")));
            }
            let place = change.place.as_ref().unwrap_or(&before.place);
            let way = change.way.as_ref().unwrap_or(&before.way);
            if (place, way) != (&before.place, &before.way) {
                put_place(tx, screen, place, way)?;
                said.push(format!("place {place}, {way}"));
            }
            if !said.is_empty() {
                let subject = format!("screen {screen}");
                let said = said.join("; ");
                audit::note(tx, actor, Verb::ChangedScreen, (&subject, &said), now_ms)?;
            }
            Ok(())
        })
    }
}

fn put_place(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    place: &str,
    way: &str,
) -> Result<(), DatabaseError> {
    if place.is_empty() && way.is_empty() {
        tx.execute(
            "DELETE FROM screen_places WHERE screen = ?1",
            values![screen.get()],
        )?;
        return Ok(());
    }
    tx.execute(
        "INSERT INTO screen_places (screen, place, way) VALUES (?1, ?2, ?3)
         ON CONFLICT (screen) DO UPDATE SET place = excluded.place, way = excluded.way",
        values![screen.get(), place, way],
    )?;
    Ok(())
}

fn put_tags(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    tags: &BTreeSet<String>,
) -> Result<(), DatabaseError> {
    tx.execute(
        "DELETE FROM screen_tags WHERE screen = ?1",
        values![screen.get()],
    )?;
    for tag in tags {
        tx.execute(
            "INSERT INTO screen_tags (screen, tag) VALUES (?1, ?2)",
            values![screen.get(), tag],
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
