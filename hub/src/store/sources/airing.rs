//! Items onto the screens and off them.

use std::collections::BTreeSet;

use passerby_protocol::ScreenNumber;

use crate::database::{Lock, Transaction, values};
use crate::people::Actor;
use crate::publish::folder::Publication;
use crate::store::audit::Verb;
use crate::store::campaigns::publish_within;
use crate::store::sources::records::{ItemState, SourceError, WhichItems};
use crate::store::sources::states::{end, is_known, off_the_air, refuse_bound, set_state};
use crate::store::{PublishError, Result, Store, StoreError, Targets, audit};

/// What became of an item that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemPublished {
    /// It airs on these screens.
    Airs(BTreeSet<ScreenNumber>),
    /// Nobody wants it any more.
    Unwanted,
}

/// What was taken down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TakenDown {
    /// The items.
    pub(super) numbers: Vec<u32>,
    /// How many of them were on the air.
    pub(super) off: usize,
}

impl Store {
    /// Publishes an item, if it is still wanted.
    ///
    /// # Errors
    /// See [`PublishError`]; nothing changed then.
    pub fn publish_source_item(
        &self,
        source: &str,
        number: u32,
        publication: &Publication,
        targets: &Targets,
        told: Option<&str>,
        now_ms: i64,
    ) -> Result<ItemPublished, PublishError> {
        let body = serde_json::to_string(&publication.campaign).map_err(StoreError::from)?;
        self.write(Lock::Everything, |tx| {
            let is_wanted = tx.exists(
                "SELECT 1 FROM source_items JOIN sources ON name = source
                 WHERE source = ?1 AND number = ?2 AND state = 'ready' AND removed_ms IS NULL",
                values![source, number],
            )?;
            if !is_wanted {
                return Ok(ItemPublished::Unwanted);
            }
            let screens = publish_within(tx, &Actor::source(source.to_owned()), publication, targets, &body, now_ms)?;
            tx.execute(
                "UPDATE source_items SET state = 'airing', campaign = ?3, told = ?4 WHERE source = ?1 AND number = ?2",
                values![source, number, publication.id.as_str(), told],
            )?;
            Ok(ItemPublished::Airs(screens))
        })
    }

    /// Gives an item up of which no card can be made.
    ///
    /// # Errors
    /// The database fails.
    pub fn fail_source_item(
        &self,
        source: &str,
        number: u32,
        reason: &str,
        now_ms: i64,
    ) -> Result<()> {
        self.write(Lock::Everything, |tx| {
            let failed = tx.execute(
                "UPDATE source_items SET state = 'failed', told = ?3
                 WHERE source = ?1 AND number = ?2 AND state = 'ready'",
                values![source, number, reason],
            )?;
            if failed > 0 {
                // What it said before is no longer what its publisher says.
                off_the_air(tx, source, &[number], now_ms)?;
            }
            Ok(())
        })
    }

    /// Ends what is past its time, and all but the newest. Returns how many have ended.
    ///
    /// # Errors
    /// The database fails.
    pub fn end_source_items(&self, source: &str, newest: usize, now_ms: i64) -> Result<usize> {
        let ended = "SELECT number FROM source_items
             WHERE source = ?1 AND state IN ('waiting', 'ready', 'airing')
               AND (ends_ms <= ?2 OR number NOT IN (
                   SELECT number FROM source_items
                   WHERE source = ?1 AND state IN ('waiting', 'ready', 'airing') AND ends_ms > ?2
                   ORDER BY order_ms DESC, number DESC LIMIT ?3))";
        let find = |tx: &Transaction<'_>| {
            tx.all(ended, values![source, now_ms, newest], |row| {
                row.get::<u32>(0)
            })
        };
        if self.read_once(find)?.is_empty() {
            return Ok(0);
        }
        self.write(Lock::Everything, |tx| {
            let numbers = find(tx)?;
            end(tx, source, &numbers, now_ms)?;
            Ok(numbers.len())
        })
    }

    /// Lets items that wait air, and tries those again of which no card could be made. Returns
    /// their numbers.
    ///
    /// # Errors
    /// See [`SourceError`]; none is approved then.
    pub fn approve_source_items(
        &self,
        actor: &Actor,
        source: &str,
        which: &WhichItems,
        now_ms: i64,
    ) -> Result<Vec<u32>, SourceError> {
        refuse_bound(actor)?;
        self.write(Lock::Everything, |tx| {
            // One of which no card could be made is only tried again by name.
            let states: &[ItemState] = match which {
                WhichItems::All => &[ItemState::Waiting],
                WhichItems::Only(_) => &[ItemState::Waiting, ItemState::Failed],
            };
            let numbers = chosen(tx, source, which, states)?;
            set_state(tx, source, &numbers, ItemState::Ready)?;
            tx.execute(
                "UPDATE sources SET next_ms = least(next_ms, ?2) WHERE name = ?1",
                values![source, now_ms],
            )?;
            note(tx, actor, Verb::ApprovedItems, (source, &numbers), now_ms)?;
            Ok(numbers)
        })
    }

    /// Takes items off all screens at once, for good, or keeps them from ever airing. Returns their
    /// numbers.
    ///
    /// # Errors
    /// See [`SourceError`]; nothing changed then.
    pub fn take_down_source_items(
        &self,
        actor: &Actor,
        source: &str,
        which: &WhichItems,
        now_ms: i64,
    ) -> Result<Vec<u32>, SourceError> {
        refuse_bound(actor)?;
        self.write(Lock::Everything, |tx| {
            let numbers = take_down(tx, source, which, now_ms)?.numbers;
            note(tx, actor, Verb::TookDownItems, (source, &numbers), now_ms)?;
            Ok(numbers)
        })
    }
}

/// Writes down what somebody did to items.
fn note(
    tx: &Transaction<'_>,
    actor: &Actor,
    verb: Verb,
    (source, numbers): (&str, &[u32]),
    now_ms: i64,
) -> Result<(), SourceError> {
    let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
    audit::note(tx, actor, verb, (source, &numbers.join(", ")), now_ms)?;
    Ok(())
}

/// Takes items down.
pub(super) fn take_down(
    tx: &Transaction<'_>,
    source: &str,
    which: &WhichItems,
    now_ms: i64,
) -> Result<TakenDown, SourceError> {
    let states = [
        ItemState::Waiting,
        ItemState::Ready,
        ItemState::Airing,
        ItemState::Ended,
        ItemState::Failed,
    ];
    let numbers = chosen(tx, source, which, &states)?;
    let off = off_the_air(tx, source, &numbers, now_ms)?;
    set_state(tx, source, &numbers, ItemState::TakenDown)?;
    Ok(TakenDown { numbers, off })
}

/// The items that somebody means, of those in certain states.
fn chosen(
    tx: &Transaction<'_>,
    source: &str,
    which: &WhichItems,
    states: &[ItemState],
) -> Result<Vec<u32>, SourceError> {
    if !is_known(tx, source)? {
        return Err(SourceError::Unknown(source.to_owned()));
    }
    let words: Vec<&str> = states.iter().map(|state| state.word()).collect();
    let all = format!(
        "SELECT number FROM source_items WHERE source = ?1 AND state IN ('{}') ORDER BY number",
        words.join("', '")
    );
    let all: Vec<u32> = tx.all(&all, values![source], |row| row.get::<u32>(0))?;
    match which {
        WhichItems::All => Ok(all),
        WhichItems::Only(numbers) => {
            let unknown = numbers.iter().find(|number| !all.contains(number));
            match unknown {
                Some(&number) => Err(SourceError::NoItem {
                    source_name: source.to_owned(),
                    number,
                }),
                None => Ok(numbers.clone()),
            }
        }
    }
}
