//! `GET /v1/terminals/{n}/tallies?zone=Asia/Shanghai`: how often the screen's plays were scanned.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use jiff::tz::TimeZone;
use passerby_protocol::tally::Tallies;
use serde::Deserialize;

use crate::server::problem::Problem;
use crate::server::terminals::bearer::Bearer;
use crate::server::{AppState, Shared};
use crate::system::clock;

/// Longest name of a time zone, in bytes.
const ZONE_BYTES_MAX: usize = 64;

/// What a terminal says of itself.
#[derive(Deserialize)]
pub(crate) struct TalliesQuery {
    /// Its venue's time zone, by the name that IANA gives it.
    zone: String,
}

pub(crate) async fn tallies(
    State(app): State<Shared>,
    Path(screen): Path<String>,
    Query(asked): Query<TalliesQuery>,
    bearer: Bearer,
) -> Result<Json<Tallies>, Problem> {
    let screen = bearer.only(&screen)?;
    app.work(move |app: &AppState| {
        let zone = time_zone(&asked.zone).ok_or_else(|| {
            Problem::new(StatusCode::BAD_REQUEST, "not a time zone")
                .detail("name it as IANA does, such as Asia/Shanghai")
        })?;
        let tallies = app.hub.store.tallies(screen, &zone, clock::now_ms())?;
        Ok(Json(tallies))
    })
    .await
}

/// Finds a time zone by its name (RFC 9557 says what characters these have).
fn time_zone(name: &str) -> Option<TimeZone> {
    let is_name = name.len() <= ZONE_BYTES_MAX
        && (name.bytes()).all(|b| b.is_ascii_alphanumeric() || b"_+-/".contains(&b));
    is_name.then(|| TimeZone::get(name).ok()).flatten()
}
