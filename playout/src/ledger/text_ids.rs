//! Texts that many plays refer to stand in tables of their own, each once.

use std::collections::HashMap;
use std::sync::Arc;

use passerby_protocol::plays::PlayContent;
use rusqlite::{OptionalExtension as _, Transaction};

/// Most ids that are kept in memory, of contents and of boots; they are read again when there are
/// more.
const IDS_MAX: usize = 1_000;

/// Where texts stand that many plays refer to.
#[derive(Debug, Default)]
pub(super) struct Ids {
    contents: HashMap<PlayContent, i64>,
    boots: HashMap<Arc<str>, i64>,
}

impl Ids {
    /// Where the content of a play stands; it is written if it is new.
    pub(super) fn content(
        &mut self,
        transaction: &Transaction<'_>,
        content: &PlayContent,
    ) -> rusqlite::Result<i64> {
        if let Some(id) = self.contents.get(content) {
            return Ok(*id);
        }
        let text = serde_json::to_string(content).unwrap_or_default();
        let id = id_of(transaction, "contents", &text)?;
        if self.contents.len() == IDS_MAX {
            self.contents.clear();
        }
        self.contents.insert(content.clone(), id);
        Ok(id)
    }

    /// Where the name of a boot stands; it is written if it is new.
    pub(super) fn boot(
        &mut self,
        transaction: &Transaction<'_>,
        boot: &Arc<str>,
    ) -> rusqlite::Result<i64> {
        if let Some(id) = self.boots.get(boot) {
            return Ok(*id);
        }
        let id = id_of(transaction, "boots", boot)?;
        if self.boots.len() == IDS_MAX {
            self.boots.clear();
        }
        self.boots.insert(boot.clone(), id);
        Ok(id)
    }
}

/// Where a text stands in a table; it is written if it is new.
pub(super) fn id_of(
    transaction: &Transaction<'_>,
    table: &str,
    text: &str,
) -> Result<i64, rusqlite::Error> {
    let found = transaction
        .prepare_cached(&format!("SELECT id FROM {table} WHERE text = ?1"))?
        .query_row([text], |row| row.get(0))
        .optional()?;
    match found {
        Some(id) => Ok(id),
        None => {
            transaction
                .prepare_cached(&format!("INSERT INTO {table}(text) VALUES (?1)"))?
                .execute([text])?;
            Ok(transaction.last_insert_rowid())
        }
    }
}
