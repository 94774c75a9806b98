//! Reports, for programs.

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::server::Shared;
use crate::server::api::calls::errors::{Answer, not_here, of_store, ok};
use crate::server::api::gate::Caller;
use crate::server::console::fields::Fields;
use crate::server::console::pages::report_asked::{Asked, Refused};
use crate::server::problem::Problem;
use crate::store::{BreakdownError, Key, Names};

pub(in crate::server::api) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    fields: Fields,
) -> Answer {
    let asked = Asked::of(&fields).map_err(refused)?;
    let by = asked.by_word();
    let read = app
        .work(move |app| asked.read(&app.hub.store, &actor))
        .await;
    let breakdown = read.map_err(refused)?;
    let rows: Vec<Value> = breakdown
        .rows
        .iter()
        .map(|(key, figures)| {
            let (key, name) = told(key, &breakdown.names);
            json!({ "key": key, "name": name, "figures": figures })
        })
        .collect();
    ok(
        json!({ "by": by, "time_zone": breakdown.time_zone, "total": breakdown.total, "rows": rows }),
    )
}

fn refused(refused: Refused) -> Problem {
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

fn told(key: &Key, names: &Names) -> (String, Option<String>) {
    match key {
        Key::Day(day) => (day.to_string(), None),
        Key::Hour(hour) => (hour.to_string(), None),
        Key::Weekday(day) => (day.to_string(), None),
        Key::Screen(number) => {
            let number = number.to_string();
            let name = names.screens.get(&number).cloned();
            (number, name)
        }
        Key::Campaign(id) => (id.clone(), names.campaigns.get(id).cloned()),
        Key::Creative(digest) => (digest.clone(), names.files_of(digest)),
        Key::Undated => ("undated".to_owned(), None),
        Key::LocalCampaign(folder) => (format!("local: {folder}"), None),
        Key::Local => ("local".to_owned(), None),
        Key::SetAside => ("set-aside".to_owned(), None),
    }
}
