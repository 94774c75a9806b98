//! `GET /v1/terminals/{n}/tallies?zone=Asia/Shanghai`: how often the screen's plays were scanned.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use jiff::tz::TimeZone;
use passerby_protocol::tally::Tallies;
use serde::Deserialize;

use super::bearer::Bearer;
use super::problem::Problem;
use super::{Desk, Shared};
use crate::clock;

/// What a terminal says of itself.
#[derive(Deserialize)]
pub(super) struct Asked {
    /// Its venue's time zone, by the name that IANA gives it.
    zone: String,
}

pub(super) async fn tallies(
    State(desk): State<Shared>,
    Path(screen): Path<String>,
    Query(asked): Query<Asked>,
    bearer: Bearer,
) -> Result<Json<Tallies>, Problem> {
    let screen = bearer.only(&screen)?;
    desk.work(move |desk: &Desk| {
        let zone = TimeZone::get(&asked.zone).map_err(|error| {
            Problem::new(StatusCode::BAD_REQUEST, "not a time zone").detail(error.to_string())
        })?;
        let tallies = desk.hub.store.tallies(screen, &zone, clock::now_ms())?;
        Ok(Json(tallies))
    })
    .await
}
