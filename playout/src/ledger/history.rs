//! What the rotation remembers, beside the plays that it follows from.
//!
//! Invariant: it is written in the transaction of the play that changed it, so that both are there
//! or neither.

use std::collections::BTreeMap;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::content::catalog::ItemKey;
use crate::schedule::adaptive::{Airing, PLAYS_REMEMBERED};
use crate::schedule::rotation::{
    Account, Accounts, Airings, Booked, History, PlayEnd, SeparationKey,
};

/// Most accounts of a zone that are taken up; of more, those that were opened last.
const ACCOUNTS_MAX: u32 = 50_000;
/// Most parties whose plays are kept apart; of more, those that come first by name.
const PARTIES_MAX: u32 = 10_000;

/// Writes what plays have changed on a zone's accounts.
pub(super) fn save_accounts(
    transaction: &Transaction<'_>,
    zone: &str,
    history: &History,
) -> Result<(), rusqlite::Error> {
    transaction
        .prepare_cached(
            "INSERT INTO zones(zone, presents) VALUES (?1, ?2) ON CONFLICT(zone) DO UPDATE SET presents = excluded.presents",
        )?
        .execute(params![zone, json(&history.accounts.virtual_times())?])?;
    let mut save = transaction.prepare_cached(
        "INSERT INTO accounts(zone, item, account) VALUES (?1, ?2, ?3) ON CONFLICT(zone, item) DO UPDATE SET account = excluded.account",
    )?;
    for (key, account) in history.accounts.unsaved() {
        save.execute(params![zone, &*key.0, json(account)?])?;
    }
    Ok(())
}

/// Writes when plays of some parties have ended last.
pub(super) fn save_ended(
    transaction: &Transaction<'_>,
    ended: &BTreeMap<&SeparationKey, &PlayEnd>,
) -> Result<(), rusqlite::Error> {
    for (party, ended) in ended {
        let category = party.category.as_deref().unwrap_or_default();
        transaction
            .prepare_cached(
                "INSERT INTO airings(advertiser, category, ended) VALUES (?1, ?2, ?3) ON CONFLICT(advertiser, category) DO UPDATE SET ended = excluded.ended",
            )?
            .execute(params![&*party.advertiser, category, json(ended)?])?;
    }
    Ok(())
}

/// Writes that a play was one of a group's.
pub(super) fn save_turn(
    transaction: &Transaction<'_>,
    zone: &str,
    booked: &Booked,
) -> Result<(), rusqlite::Error> {
    if let Some((team, item)) = &booked.competed {
        transaction
            .prepare_cached("INSERT INTO turns(zone, team, item) VALUES (?1, ?2, ?3)")?
            .execute(params![zone, &*team.0, &*item.0])?;
        transaction
            .prepare_cached(
                "DELETE FROM turns WHERE zone = ?1 AND team = ?2 AND id <= (
                     SELECT id FROM turns WHERE zone = ?1 AND team = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3)",
            )?
            .execute(params![zone, &*team.0, PLAYS_REMEMBERED])?;
    }
    Ok(())
}

/// Reads what a zone's rotation knew.
pub(super) fn load(connection: &Connection, zone: &str) -> Result<History, rusqlite::Error> {
    let virtual_times: Option<String> = connection
        .query_row(
            "SELECT presents FROM zones WHERE zone = ?1",
            [zone],
            |row| row.get(0),
        )
        .optional()?;
    let accounts: Vec<(ItemKey, Account)> = connection
        .prepare("SELECT item, account FROM accounts WHERE zone = ?1 ORDER BY id DESC LIMIT ?2")?
        .query_map(params![zone, ACCOUNTS_MAX], |row| {
            Ok((
                ItemKey::from(row.get::<_, String>(0)?),
                read(&row.get::<_, String>(1)?)?,
            ))
        })?
        .collect::<Result<_, _>>()?;
    let virtual_times = virtual_times
        .as_deref()
        .map(read)
        .transpose()?
        .unwrap_or_default();
    let mut turns: BTreeMap<ItemKey, Vec<ItemKey>> = BTreeMap::new();
    let mut statement =
        connection.prepare("SELECT team, item FROM turns WHERE zone = ?1 ORDER BY id")?;
    let rows = statement.query_map([zone], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for row in rows {
        let (team, item): (String, String) = row?;
        turns.entry(team.into()).or_default().push(item.into());
    }
    let accounts = Accounts::restore(virtual_times, accounts);
    let groups = turns.into_iter().map(|(team, items)| {
        let plays = accounts.plays_of(&team);
        (team, Airing::restore(plays, items))
    });
    Ok(History {
        groups: groups.collect(),
        accounts,
    })
}

/// Reads what has ended on the screen, and when.
pub(super) fn airings(connection: &Connection) -> Result<Airings, rusqlite::Error> {
    let ended: Vec<(SeparationKey, PlayEnd)> = connection
        .prepare("SELECT advertiser, category, ended FROM airings LIMIT ?1")?
        .query_map([PARTIES_MAX], |row| {
            let (advertiser, category): (String, String) = (row.get(0)?, row.get(1)?);
            let party = SeparationKey {
                advertiser: advertiser.into(),
                category: (!category.is_empty()).then(|| category.into()),
            };
            Ok((party, read(&row.get::<_, String>(2)?)?))
        })?
        .collect::<Result<_, _>>()?;
    Ok(Airings::restore(ended))
}

fn json<T: Serialize>(value: &T) -> Result<String, rusqlite::Error> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, rusqlite::Error> {
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into()))
}
