//! Reports, for programs.

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::conversions::Worth;
use crate::server::Shared;
use crate::server::api::calls::errors::{Answer, not_here, of_store, ok, page, window};
use crate::server::api::gate::Caller;
use crate::server::console::fields::Fields;
use crate::server::console::pages::report_asked::{Asked, Refused};
use crate::server::problem::Problem;
use crate::store::{BreakdownError, Figures, Key, Names, Shown};

pub(in crate::server::api) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    fields: Fields,
) -> Answer {
    let asked = Asked::of(&fields).map_err(refused)?;
    let by = asked.by_word();
    let sent = fields.clone();
    let read = app
        .work(move |app| {
            let store = &app.hub.store;
            let on_page = |rows: &[_]| window(rows, &sent, key_of_row);
            let breakdown = asked.read(store, &actor, Shown::Some(&on_page))?;
            Ok::<_, Refused>((breakdown, asked.read_kind(store)?))
        })
        .await;
    let (mut breakdown, kind) = read.map_err(refused)?;
    let value = amounts(&breakdown.worth_of_all());
    let (rows, next) = page(std::mem::take(&mut breakdown.rows), &fields, key_of_row);
    let rows: Vec<Value> = rows
        .iter()
        .map(|(key, figures)| {
            let name = name_of(key, &breakdown.names);
            let value = breakdown.worth.get(key).cloned().unwrap_or_default();
            let fans = breakdown.fans_of(key);
            json!({ "key": key_of(key), "name": name, "figures": figures, "value": amounts(&value), "fans": fans })
        })
        .collect();
    ok(json!({
        "by": by,
        "time_zone": breakdown.time_zone,
        "kind": kind,
        "total": breakdown.total,
        "fans": breakdown.fans,
        "value": value,
        "rows": rows,
        "next": next,
    }))
}

/// What conversions are worth, one currency a row.
fn amounts(worth: &Worth) -> Vec<Value> {
    let amounts = worth.amounts();
    amounts
        .map(|(currency, amount)| json!({ "currency": currency, "amount": amount }))
        .collect()
}

pub(super) fn refused(refused: Refused) -> Problem {
    match refused {
        Refused::Word(name) => {
            Problem::new(StatusCode::BAD_REQUEST, format!("{name} cannot be read"))
        }
        Refused::Choose(what) => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("name one {what}: your rights are held to some of them"),
        ),
        Refused::Unknown => not_here(),
        Refused::Report(BreakdownError::Store(error)) => of_store(error),
        Refused::Report(error) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
    }
}

fn key_of_row((key, _): &(Key, Figures)) -> String {
    key_of(key)
}

fn key_of(key: &Key) -> String {
    match key {
        Key::Day(day) => day.to_string(),
        Key::Hour(hour) => hour.to_string(),
        Key::Weekday(day) => day.to_string(),
        Key::Screen(number) => number.to_string(),
        Key::Campaign(id) => id.clone(),
        Key::Creative(digest) => digest.clone(),
        Key::Undated => "undated".to_owned(),
        Key::LocalCampaign(folder) => format!("local: {folder}"),
        Key::Local => "local".to_owned(),
        Key::SetAside => "set-aside".to_owned(),
    }
}

fn name_of(key: &Key, names: &Names) -> Option<String> {
    match key {
        Key::Screen(number) => names.screens.get(&number.to_string()).cloned(),
        Key::Campaign(id) => names.campaigns.get(id).cloned(),
        Key::Creative(digest) => names.files_of(digest),
        _ => None,
    }
}
