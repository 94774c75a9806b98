//! Slots, read.

use std::collections::BTreeSet;

use jiff::civil::Date;
use passerby_protocol::CampaignId;

use crate::database::{DatabaseError, Id, Row, Transaction, Value, values};
use crate::people::Scope;
use crate::store::screen_list::Conditions;
use crate::store::slots::records::{NewSlot, Slot, SlotKind};
use crate::store::versions::of_json;
use crate::store::{Result, Store};

const SELECT: &str = "SELECT slots.id, slots.name, slots.campaign, first_day, last_day, pieces_max, kinds, slots.targets,
        slots.made_by, slots.made_ms, closed_ms,
        (SELECT count(*) FROM draft_files WHERE draft_files.campaign = slots.campaign), drafts.state,
        coalesce(campaigns.live, FALSE), coalesce(campaigns.live AND published_revision = revision, FALSE)
     FROM slots LEFT JOIN drafts ON drafts.campaign = slots.campaign
     LEFT JOIN campaigns ON campaigns.id = slots.campaign";

fn slot(row: &Row<'_>) -> Result<Slot, DatabaseError> {
    let kinds: String = row.get(6)?;
    let day = |at| -> Result<Date, DatabaseError> {
        let text: String = row.get(at)?;
        // Nobody writes another one; such a slot would be over.
        Ok(text.parse().unwrap_or(Date::MIN))
    };
    let state: Option<String> = row.get(12)?;
    Ok(Slot {
        id: row.get(0)?,
        terms: NewSlot {
            name: row.get(1)?,
            campaign: row.get::<Id<CampaignId>>(2)?.0,
            first: day(3)?,
            last: day(4)?,
            pieces_max: row.get(5)?,
            kinds: kinds
                .split(' ')
                .filter_map(SlotKind::of_word)
                .collect::<BTreeSet<_>>(),
            targets: of_json(&row.get::<String>(7)?),
        },
        made_by: row.get(8)?,
        made_ms: row.get(9)?,
        closed_ms: row.get(10)?,
        pieces: row.get(11)?,
        has_draft: state.is_some(),
        is_submitted: state.as_deref() == Some("submitted"),
        is_live: row.get(13)?,
        is_as_published: row.get(14)?,
    })
}

/// Finds a slot by its number, if a scope has it.
pub(super) fn by_id(
    tx: &Transaction<'_>,
    id: i64,
    scope: &Scope,
) -> Result<Option<Slot>, DatabaseError> {
    let found = tx.optional(&format!("{SELECT} WHERE slots.id = ?1"), values![id], slot)?;
    Ok(found.filter(|slot| scope.has_campaigns_of(&slot.terms.name)))
}

/// Finds the slot of a campaign, or the one that a group belongs to.
pub(super) fn of_campaign_or_group(
    tx: &Transaction<'_>,
    id: &CampaignId,
    group: &str,
) -> Result<Option<Slot>, DatabaseError> {
    tx.optional(
        &format!(
            "{SELECT} WHERE slots.campaign = ?1 OR slots.name = ?2 ORDER BY slots.campaign = ?1 DESC LIMIT 1"
        ),
        values![id.as_str(), group],
        slot,
    )
}

impl Store {
    /// Returns the slots of a scope, those of the latest last day first, at most so many.
    ///
    /// # Errors
    /// The database fails.
    pub fn slots(&self, scope: &Scope, before: Option<i64>, count: usize) -> Result<Vec<Slot>> {
        let mut asked = Conditions {
            sql: "slots.id < ?1".to_owned(),
            values: vec![Value::from(before.unwrap_or(i64::MAX))],
        };
        asked.among("slots.name", scope.campaigns.as_ref());
        let count = asked.value(count);
        self.read_once(|tx| {
            Ok(tx.all(
                &format!(
                    "{SELECT} WHERE {} ORDER BY slots.id DESC LIMIT {count}",
                    asked.sql
                ),
                &asked.values,
                slot,
            )?)
        })
    }

    /// Returns a slot, if it is in the scope.
    ///
    /// # Errors
    /// The database fails.
    pub fn slot(&self, id: i64, scope: &Scope) -> Result<Option<Slot>> {
        self.read_once(|tx| Ok(by_id(tx, id, scope)?))
    }
}
