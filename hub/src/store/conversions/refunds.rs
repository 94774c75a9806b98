//! Takes back what was reported, whole or in part.

use passerby_protocol::{CampaignId, ScreenNumber};

use crate::conversions::{Currency, Proof, Said};
use crate::database::{DatabaseError, Lock, Transaction, values};
use crate::store::conversions::records::{ConversionError, TakenConversion};
use crate::store::conversions::rows::{COUNTED, counted};
use crate::store::rollups::{Changes, ConversionSums};
use crate::store::{ConversionEvent, Event, Store, event_hooks};

/// What a refund takes back.
struct Order {
    id: i64,
    screen: u32,
    currency: String,
}

fn order(
    tx: &Transaction<'_>,
    campaign: &CampaignId,
    said: &Said,
) -> Result<Option<Order>, DatabaseError> {
    tx.optional(
        "SELECT id, screen, currency FROM conversions WHERE campaign = ?1 AND name = ?2",
        values![campaign.as_str(), &said.order],
        |row| {
            Ok(Order {
                id: row.get(0)?,
                screen: row.get(1)?,
                currency: row.get(2)?,
            })
        },
    )
}

pub(super) fn take(
    store: &Store,
    campaign: &CampaignId,
    said: &Said,
    at_ms: i64,
    now_ms: i64,
) -> Result<TakenConversion, ConversionError> {
    let found = store.read_once(|tx| order(tx, campaign, said))?;
    let found = found.ok_or(ConversionError::UnknownOrder)?;
    // Whoever came without a click has no screen.
    let screen = ScreenNumber::new(found.screen).filter(|screen| screen.get() > 0);
    store.write(Lock::Screens(screen.as_slice()), |tx| {
        take_back(tx, campaign, said, at_ms, now_ms)
    })
}

fn take_back(
    tx: &Transaction<'_>,
    campaign: &CampaignId,
    said: &Said,
    at_ms: i64,
    now_ms: i64,
) -> Result<TakenConversion, ConversionError> {
    let order = order(tx, campaign, said)?.ok_or(ConversionError::UnknownOrder)?;
    let has_click = order.screen > 0;
    let taken = |id, is_new| TakenConversion {
        id,
        is_new,
        has_click,
    };
    let known: Option<(i64, i64, i64, bool)> = tx.optional(
        "SELECT id, conversion, value, whole FROM conversion_refunds WHERE campaign = ?1 AND name = ?2",
        values![campaign.as_str(), &said.id],
        |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    )?;
    if let Some((id, conversion, value, is_whole)) = known {
        let is_same = conversion == order.id
            && said.money.map_or(is_whole, |money| {
                money.minor == value && money.currency.code() == order.currency
            });
        return if is_same {
            Ok(taken(id, false))
        } else {
            Err(ConversionError::Different)
        };
    }
    if let Some(money) = said.money
        && money.currency.code() != order.currency
    {
        return Err(ConversionError::TooMuch);
    }
    // Without an amount it is all that is left. The row decides, since two may come at one time.
    let value: i64 = match said.money {
        Some(money) => money.minor,
        None => tx.value(
            "SELECT value - refunded FROM conversions WHERE id = ?1",
            values![order.id],
        )?,
    };
    let sql = format!(
        "UPDATE conversions SET refunded = refunded + ?2, withdrawn = (refunded + ?2 >= value)
         WHERE id = ?1 AND NOT withdrawn AND refunded + ?2 <= value RETURNING {COUNTED}"
    );
    let left = tx.optional(sql.as_str(), values![order.id, value], counted)?;
    let (key, left) = left.ok_or(ConversionError::TooMuch)?;
    let is_whole = left.withdrawn > 0;
    let mut changes = Changes::default();
    let taken_back = ConversionSums {
        conversions: 0,
        withdrawn: left.withdrawn,
        value: -value,
    };
    changes.conversions(key, taken_back);
    let id = tx.value(
        "INSERT INTO conversion_refunds (conversion, campaign, name, value, whole, at_ms, received_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id",
        values![
            order.id,
            campaign.as_str(),
            &said.id,
            value,
            is_whole,
            at_ms,
            now_ms
        ],
    )?;
    changes.note(tx)?;
    let currency = Currency::of_code(&order.currency);
    let event = Event::Conversion(ConversionEvent {
        campaign: campaign.to_string(),
        id: said.id.clone(),
        kind: said.kind.clone(),
        order: Some(said.order.clone()),
        value: currency.map(|currency| currency.decimal(value)),
        currency: currency.map(|currency| currency.code().to_owned()),
        proof: Proof::Key,
        click: None,
        screen: Some(order.screen).filter(|screen| *screen > 0),
        generation: None,
    });
    event_hooks::note(tx, &[event], now_ms)?;
    Ok(taken(id, true))
}
