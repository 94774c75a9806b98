//! The report: what became of what was shown, by day, hour, weekday, screen, campaign or creative.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use crate::people::Actor;
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::pages::report_asked::{Asked, Choices, Refused};
use crate::server::console::pages::report_view;
use crate::server::console::refusals;
use crate::store::{BreakdownError, ScreenFilter, Shown, Store, StoreError};
use crate::system::clock;

/// Most campaigns and screens to choose from; others are named in the address.
const CHOICES_MAX: usize = 300;

fn choices(store: &Store, actor: &Actor) -> Result<Choices, StoreError> {
    let scope = actor.scope();
    let campaigns = store.campaign_list(("", None), "", scope, CHOICES_MAX)?;
    let filter = ScreenFilter::default();
    let screens = store.screen_list(&filter, scope, CHOICES_MAX, clock::now_ms())?;
    Ok(Choices {
        campaigns: campaigns
            .into_iter()
            .map(|row| (row.id.to_string(), row.campaign.title))
            .collect(),
        screens: screens
            .into_iter()
            .map(|row| (row.screen.to_string(), row.name))
            .collect(),
    })
}

/// `GET /console/report`.
pub(crate) async fn show(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let asked = Asked::of(&fields);
    let (actor, sent) = (Arc::clone(&asker.actor), fields.clone());
    let read = app
        .work(move |app| {
            let store = &app.hub.store;
            let choices = choices(store, &actor)?;
            let breakdown = asked.and_then(|asked| {
                let by = asked.by;
                let on_page = |rows: &[_]| report_view::window(by, &sent, rows.len()).rows();
                let read = asked.read(store, &actor, Shown::Some(&on_page))?;
                Ok((asked, read))
            });
            Ok::<_, StoreError>((choices, breakdown))
        })
        .await;
    match read {
        Ok((_, Err(Refused::Report(BreakdownError::Store(error))))) | Err(error) => {
            refusals::failed(&asker.visitor, &error)
        }
        Ok((_, Err(Refused::Unknown))) => refusals::not_here(&asker.visitor),
        Ok((choices, Ok((asked, breakdown)))) => {
            report_view::page(&asker, &fields, &choices, Ok((&asked, &breakdown)))
        }
        Ok((choices, Err(refused))) => report_view::page(&asker, &fields, &choices, Err(&refused)),
    }
}

/// `GET /console/report.csv`.
pub(crate) async fn csv(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let actor = Arc::clone(&asker.actor);
    let read = app
        .work(move |app| Asked::of(&fields)?.read(&app.hub.store, &actor, Shown::All))
        .await;
    match read {
        Ok(breakdown) => {
            let headers = [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
                (
                    header::CONTENT_DISPOSITION,
                    "attachment; filename=\"report.csv\"",
                ),
            ];
            (headers, crate::report_text::breakdown::csv(&breakdown)).into_response()
        }
        Err(Refused::Report(BreakdownError::Store(error))) => {
            refusals::failed(&asker.visitor, &error)
        }
        Err(_) => refusals::not_here(&asker.visitor),
    }
}
