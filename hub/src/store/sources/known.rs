//! The sources that there are.

use std::collections::BTreeMap;

use passerby_protocol::Digest;

use crate::database::{DatabaseError, Lock, Row, values};
use crate::people::{Actor, Scope};
use crate::store::audit::Verb;
use crate::store::sources::airing;
use crate::store::sources::records::{
    NewSource, SOURCES_MAX, SourceError, SourceKind, SourceRecord, WhichItems,
};
use crate::store::sources::states::{is_known, refuse_bound};
use crate::store::{Result, Store, audit};

const COLUMNS: &str = "name, kind, location, secret_sha256, rules, paused, fetch_ms, etag, last_modified, fetched_ms, succeeded_ms, failures, problem, left_out";

impl Store {
    /// Adds a source, which is due at once.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub fn add_source(
        &self,
        actor: &Actor,
        source: &NewSource,
        now_ms: i64,
    ) -> Result<(), SourceError> {
        refuse_bound(actor)?;
        self.write(Lock::Everything, |tx| {
            if is_known(tx, &source.name)? {
                return Err(SourceError::Known(source.name.clone()));
            }
            let count: i64 = tx.value(
                "SELECT count(*) FROM sources WHERE removed_ms IS NULL",
                values![],
            )?;
            if count >= SOURCES_MAX {
                return Err(SourceError::TooMany);
            }
            // One that was removed goes on with its numbers.
            tx.execute(
                "INSERT INTO sources (name, kind, location, secret_sha256, rules, created_ms, next_ms, fetch_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?6)
                 ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, location = excluded.location,
                     secret_sha256 = excluded.secret_sha256, rules = excluded.rules, paused = FALSE,
                     created_ms = excluded.created_ms, removed_ms = NULL, next_ms = excluded.next_ms,
                     fetch_ms = excluded.fetch_ms, etag = NULL, last_modified = NULL, fetched_ms = NULL,
                     succeeded_ms = NULL, failures = 0, problem = NULL, left_out = NULL",
                values![
                    &source.name,
                    source.kind.word(),
                    source.location.as_deref(),
                    source.secret_sha256,
                    &source.rules,
                    now_ms
                ],
            )?;
            let place = source.location.as_deref().unwrap_or("sent by a program");
            let place = passerby_protocol::foreign::escaped(place);
            audit::note(tx, actor, Verb::AddedSource, (&source.name, &place), now_ms)?;
            Ok(())
        })
    }

    /// Lists the sources in the order of their names.
    ///
    /// # Errors
    /// The database fails.
    pub fn sources(&self) -> Result<Vec<SourceRecord>> {
        let all = format!("SELECT {COLUMNS} FROM sources WHERE removed_ms IS NULL ORDER BY name");
        Ok(self.read(|tx| tx.all(&all, values![], record))?)
    }

    /// Returns one source.
    ///
    /// # Errors
    /// The database fails.
    pub fn source(&self, name: &str) -> Result<Option<SourceRecord>> {
        let one = format!("SELECT {COLUMNS} FROM sources WHERE name = ?1 AND removed_ms IS NULL");
        Ok(self.read_once(|tx| tx.optional(&one, values![name], record))?)
    }

    /// Lists the sources for somebody. They are for no group of campaigns, so whoever is held to
    /// groups sees none.
    ///
    /// # Errors
    /// The database fails.
    pub fn sources_of(&self, scope: &Scope) -> Result<Vec<SourceRecord>> {
        if scope.is_all() {
            self.sources()
        } else {
            Ok(Vec::new())
        }
    }

    /// Returns one source for somebody, likewise.
    ///
    /// # Errors
    /// The database fails.
    pub fn source_of(&self, name: &str, scope: &Scope) -> Result<Option<SourceRecord>> {
        if scope.is_all() {
            self.source(name)
        } else {
            Ok(None)
        }
    }

    /// Returns the small pictures of the newest items of a source, by their numbers.
    ///
    /// # Errors
    /// The database fails.
    pub fn source_pictures(&self, source: &str, items_max: usize) -> Result<BTreeMap<u32, Digest>> {
        let rows: Vec<(u32, String)> = self.read_once(|tx| {
            tx.all(
                "SELECT number, creative FROM source_items
                 JOIN campaign_items ON campaign_items.campaign = source_items.campaign AND placement = 0
                 JOIN creatives ON sha256 = creative
                 WHERE source = ?1 AND thumbnail IS NOT NULL ORDER BY number DESC LIMIT ?2",
                values![source, items_max],
                |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
            )
        })?;
        let pictures = rows.into_iter();
        Ok(pictures
            .filter_map(|(number, digest)| Some((number, digest.parse().ok()?)))
            .collect())
    }

    /// Has a source fetched as soon as somebody serves, though it is not due.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub fn fetch_source_soon(
        &self,
        actor: &Actor,
        name: &str,
        now_ms: i64,
    ) -> Result<(), SourceError> {
        refuse_bound(actor)?;
        self.write(Lock::Everything, |tx| {
            let changed = tx.execute(
                "UPDATE sources SET fetch_ms = ?2, next_ms = ?2 WHERE name = ?1 AND removed_ms IS NULL",
                values![name, now_ms],
            )?;
            if changed == 0 {
                return Err(SourceError::Unknown(name.to_owned()));
            }
            audit::note(tx, actor, Verb::FetchedSource, (name, ""), now_ms)?;
            Ok(())
        })
    }

    /// Returns the names of sources for which there is something to do, those that have waited for
    /// longest first.
    ///
    /// # Errors
    /// The database fails.
    pub fn due_sources(&self, now_ms: i64) -> Result<Vec<String>> {
        let due = "SELECT name FROM sources WHERE removed_ms IS NULL AND next_ms <= ?1 ORDER BY next_ms, name";
        Ok(self.read_once(|tx| tx.all(due, values![now_ms], |row| row.get(0)))?)
    }

    /// Stops or resumes the fetching of a source; what airs of it goes on to its end.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub fn pause_source(
        &self,
        actor: &Actor,
        name: &str,
        paused: bool,
        now_ms: i64,
    ) -> Result<(), SourceError> {
        refuse_bound(actor)?;
        self.write(Lock::Everything, |tx| {
            let changed = tx.execute(
                "UPDATE sources SET paused = ?2, fetch_ms = ?3, next_ms = ?3 WHERE name = ?1 AND removed_ms IS NULL",
                values![name, paused, now_ms],
            )?;
            if changed == 0 {
                return Err(SourceError::Unknown(name.to_owned()));
            }
            let verb = if paused {
                Verb::PausedSource
            } else {
                Verb::ResumedSource
            };
            audit::note(tx, actor, verb, (name, ""), now_ms)?;
            Ok(())
        })
    }

    /// Gives a source other rules, as JSON, and has it looked at by them at once.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub fn change_source(
        &self,
        actor: &Actor,
        name: &str,
        rules: &str,
        now_ms: i64,
    ) -> Result<(), SourceError> {
        refuse_bound(actor)?;
        self.write(Lock::Everything, |tx| {
            // What its server sent last is chosen from anew, also where it has not changed.
            let changed = tx.execute(
                "UPDATE sources SET rules = ?2, etag = NULL, last_modified = NULL, fetch_ms = ?3, next_ms = ?3
                 WHERE name = ?1 AND removed_ms IS NULL",
                values![name, rules, now_ms],
            )?;
            if changed == 0 {
                return Err(SourceError::Unknown(name.to_owned()));
            }
            audit::note(tx, actor, Verb::ChangedSource, (name, ""), now_ms)?;
            Ok(())
        })
    }

    /// Removes a source with all that airs of it. Returns how many items were taken off the
    /// screens.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub fn remove_source(
        &self,
        actor: &Actor,
        name: &str,
        now_ms: i64,
    ) -> Result<usize, SourceError> {
        refuse_bound(actor)?;
        self.write(Lock::Everything, |tx| {
            if !is_known(tx, name)? {
                return Err(SourceError::Unknown(name.to_owned()));
            }
            let taken = airing::take_down(tx, name, &WhichItems::All, now_ms)?;
            audit::note(tx, actor, Verb::RemovedSource, (name, ""), now_ms)?;
            tx.execute(
                "DELETE FROM source_item_names WHERE source = ?1",
                values![name],
            )?;
            tx.execute("DELETE FROM source_items WHERE source = ?1", values![name])?;
            tx.execute(
                "UPDATE sources SET removed_ms = ?2, secret_sha256 = NULL WHERE name = ?1",
                values![name, now_ms],
            )?;
            Ok(taken.off)
        })
    }
}

fn record(row: &Row<'_>) -> Result<SourceRecord, DatabaseError> {
    let kind: String = row.get(1)?;
    Ok(SourceRecord {
        name: row.get(0)?,
        kind: SourceKind::of_word(&kind).ok_or(DatabaseError::Column {
            at: 1,
            wanted: "a kind of source",
        })?,
        location: row.get(2)?,
        secret_sha256: row.get(3)?,
        rules: row.get(4)?,
        paused: row.get(5)?,
        fetch_ms: row.get(6)?,
        etag: row.get(7)?,
        last_modified: row.get(8)?,
        fetched_ms: row.get(9)?,
        succeeded_ms: row.get(10)?,
        failures: row.get(11)?,
        problem: row.get(12)?,
        left_out: row.get(13)?,
    })
}
