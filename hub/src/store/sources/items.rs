//! The items of sources, as they come in.

use std::collections::BTreeSet;

use crate::database::{DatabaseError, Lock, Row, Transaction, Value, values};
use crate::store::sources::records::{
    DAY_ITEMS_MAX, FORGET_DAYS, ItemRecord, ItemState, NewItem, SourceError, TakeRules, Taken,
};
use crate::store::sources::states::{end, is_known, off_the_air};
use crate::store::{Result, Store};
use crate::system::clock::DAY_MS;

const COLUMNS: &str = "number, state, title, words, order_ms, ends_ms, campaign, told";

impl Store {
    /// Takes in what a document has: what is new, and what says something else than before. Each
    /// item is known again by any of its names.
    ///
    /// # Errors
    /// See [`SourceError`]; nothing was taken in then.
    pub fn take_source_items(
        &self,
        source: &str,
        items: &[NewItem],
        rules: TakeRules,
        now_ms: i64,
    ) -> Result<Taken, SourceError> {
        self.write(Lock::Everything, |tx| {
            if !is_known(tx, source)? {
                return Err(SourceError::Unknown(source.to_owned()));
            }
            let mut intake = Intake::begin(tx, source, rules, now_ms)?;
            for item in items {
                intake.take(item)?;
            }
            if rules.is_whole {
                intake.end_others()?;
            }
            intake.finish()
        })
    }

    /// Lists items of a source, the newest first.
    ///
    /// # Errors
    /// The database fails.
    pub fn source_items(&self, source: &str, items_max: usize) -> Result<Vec<ItemRecord>> {
        let newest = format!(
            "SELECT {COLUMNS} FROM source_items WHERE source = ?1 ORDER BY number DESC LIMIT ?2"
        );
        Ok(self.read_once(|tx| tx.all(&newest, values![source, items_max], record))?)
    }

    /// Lists the items that are to be made and published, the oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub fn ready_source_items(&self, source: &str) -> Result<Vec<ItemRecord>> {
        let ready = format!(
            "SELECT {COLUMNS} FROM source_items WHERE source = ?1 AND state = 'ready' ORDER BY number"
        );
        Ok(self.read_once(|tx| tx.all(&ready, values![source], record))?)
    }
}

/// Items on their way in.
struct Intake<'a> {
    tx: &'a Transaction<'a>,
    source: &'a str,
    rules: TakeRules,
    now_ms: i64,
    last_number: u32,
    left_today: i64,
    seen: BTreeSet<u32>,
    taken: Taken,
}

/// What is known of an item.
struct Known {
    number: u32,
    state: ItemState,
    content: [u8; 32],
}

impl<'a> Intake<'a> {
    fn begin(
        tx: &'a Transaction<'a>,
        source: &'a str,
        rules: TakeRules,
        now_ms: i64,
    ) -> Result<Self, DatabaseError> {
        let today = now_ms / DAY_MS;
        let (last_number, day, day_items): (u32, i64, i64) = tx.one(
            "SELECT last_number, day, day_items FROM sources WHERE name = ?1",
            values![source],
            |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let used = if day == today { day_items } else { 0 };
        Ok(Self {
            tx,
            source,
            rules,
            now_ms,
            last_number,
            left_today: (DAY_ITEMS_MAX - used).max(0),
            seen: BTreeSet::new(),
            taken: Taken::default(),
        })
    }

    fn take(&mut self, item: &NewItem) -> Result<(), DatabaseError> {
        let Some(known) = self.known(item)? else {
            return self.take_new(item);
        };
        // The same once more in one document.
        if !self.seen.insert(known.number) {
            self.taken.known += 1;
            return Ok(());
        }
        self.name(item, known.number)?;
        self.tx.execute(
            "UPDATE source_items SET seen_ms = ?3 WHERE source = ?1 AND number = ?2",
            values![self.source, known.number, self.now_ms],
        )?;
        let is_changed = self.rules.replaces && known.content != item.content;
        // What comes back into a table airs again, under its own number.
        let is_back =
            self.rules.is_whole && known.state == ItemState::Ended && item.ends_ms > self.now_ms;
        if known.state == ItemState::TakenDown || !(is_changed || is_back) {
            self.taken.known += 1;
            return Ok(());
        }
        if self.left_today == 0 {
            self.taken.too_many += 1;
            return Ok(());
        }
        self.left_today -= 1;
        self.taken.changed += 1;
        if self.rules.needs_approval {
            off_the_air(self.tx, self.source, &[known.number], self.now_ms)?;
        }
        self.tx.execute(
            "UPDATE source_items SET state = ?3, title = ?4, words = ?5, content = ?6, ends_ms = ?7, told = ?8
             WHERE source = ?1 AND number = ?2",
            values![
                self.source,
                known.number,
                self.first_state().word(),
                &item.title,
                &item.words,
                item.content,
                item.ends_ms,
                item.told.as_deref()
            ],
        )?;
        Ok(())
    }

    fn take_new(&mut self, item: &NewItem) -> Result<(), DatabaseError> {
        if self.left_today == 0 {
            self.taken.too_many += 1;
            return Ok(());
        }
        self.left_today -= 1;
        self.taken.new += 1;
        self.last_number += 1;
        let number = self.last_number;
        self.seen.insert(number);
        self.tx.execute(
            "INSERT INTO source_items (source, number, state, title, words, content, order_ms, ends_ms, created_ms,
                                       seen_ms, told)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)",
            values![
                self.source,
                number,
                self.first_state().word(),
                &item.title,
                &item.words,
                item.content,
                item.order_ms,
                item.ends_ms,
                self.now_ms,
                item.told.as_deref()
            ],
        )?;
        self.name(item, number)
    }

    fn first_state(&self) -> ItemState {
        if self.rules.needs_approval {
            ItemState::Waiting
        } else {
            ItemState::Ready
        }
    }

    /// Finds an item by the first of its names that is known.
    fn known(&self, item: &NewItem) -> Result<Option<Known>, DatabaseError> {
        for name in &item.names {
            let found = self.tx.optional(
                "SELECT number, state, content FROM source_item_names JOIN source_items USING (source, number)
                 WHERE source = ?1 AND name = ?2",
                values![self.source, name],
                |row| {
                    Ok::<_, DatabaseError>(Known {
                        number: row.get(0)?,
                        state: state_of(row, 1)?,
                        content: row.get(2)?,
                    })
                },
            )?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn name(&self, item: &NewItem, number: u32) -> Result<(), DatabaseError> {
        let rows: Vec<_> = item
            .names
            .iter()
            .map(|name| {
                [
                    Value::from(self.source),
                    Value::from(name),
                    Value::from(number),
                ]
            })
            .collect();
        self.tx.execute_each(
            "INSERT INTO source_item_names (source, name, number) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            &rows,
        )?;
        Ok(())
    }

    /// Ends what is no longer in a table.
    fn end_others(&self) -> Result<(), DatabaseError> {
        let numbers = self.tx.all(
            "SELECT number FROM source_items WHERE source = ?1 AND state IN ('waiting', 'ready', 'airing', 'failed')",
            values![self.source],
            |row| row.get::<u32>(0),
        )?;
        let gone: Vec<u32> = numbers
            .into_iter()
            .filter(|number| !self.seen.contains(number))
            .collect();
        end(self.tx, self.source, &gone, self.now_ms)
    }

    fn finish(self) -> Result<Taken, SourceError> {
        self.tx.execute(
            "UPDATE sources SET last_number = ?2, day = ?3, day_items = ?4, next_ms = least(next_ms, ?5) WHERE name = ?1",
            values![
                self.source,
                self.last_number,
                self.now_ms / DAY_MS,
                DAY_ITEMS_MAX - self.left_today,
                self.now_ms
            ],
        )?;
        let old = values![self.source, self.now_ms - FORGET_DAYS * DAY_MS];
        let forgotten = "source = ?1 AND number IN (SELECT number FROM source_items WHERE source = ?1 AND seen_ms < ?2 AND state IN ('ended', 'failed'))";
        for table in ["source_item_names", "source_items"] {
            self.tx
                .execute(&format!("DELETE FROM {table} WHERE {forgotten}"), old)?;
        }
        Ok(self.taken)
    }
}

fn state_of(row: &Row<'_>, at: usize) -> Result<ItemState, DatabaseError> {
    let word: String = row.get(at)?;
    ItemState::of_word(&word).ok_or(DatabaseError::Column {
        at,
        wanted: "a state of an item",
    })
}

fn record(row: &Row<'_>) -> Result<ItemRecord, DatabaseError> {
    Ok(ItemRecord {
        number: row.get(0)?,
        state: state_of(row, 1)?,
        title: row.get(2)?,
        words: row.get(3)?,
        order_ms: row.get(4)?,
        ends_ms: row.get(5)?,
        campaign: row.get(6)?,
        told: row.get(7)?,
    })
}
