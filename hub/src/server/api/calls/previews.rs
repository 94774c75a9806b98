//! What screens would show, for programs.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::json;

use crate::publish::preview::{DrawError, Preview};
use crate::server::Shared;
use crate::server::api::calls::errors::{Answer, not_here, of_store, ok};
use crate::server::api::gate::Caller;
use crate::server::console::fields::Fields;
use crate::server::console::previews::{self, AGAIN_S, NoPreview};
use crate::server::problem::Problem;

/// When files that cannot be read now are worth another try.
const FILES_AGAIN_S: u32 = 60;

fn of_no_preview(why: NoPreview) -> Problem {
    match why {
        NoPreview::NotHere => not_here(),
        NoPreview::Store(error) => of_store(error),
        NoPreview::NoSize => Problem::new(
            StatusCode::CONFLICT,
            "the screen has not said yet how many pixels it has",
        ),
        NoPreview::Later => {
            let title = "it is being drawn; come again";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, title).retry_after_s(AGAIN_S)
        }
        NoPreview::Unread(problems) => {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            let title = "the draft cannot be read as it is";
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, title).detail(problems.join("; "))
        }
        NoPreview::Failed(error @ DrawError::Files) => {
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string());
            problem.retry_after_s(FILES_AGAIN_S)
        }
        NoPreview::Failed(error) => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
        }
    }
}

async fn of_published(
    app: &Shared,
    Caller(actor): &Caller,
    (campaign, placement): &(String, String),
    fields: &Fields,
) -> Result<Arc<Preview>, Problem> {
    let drawn = previews::of_published(app, actor, (campaign, placement), fields).await;
    drawn.map_err(of_no_preview)
}

/// Programs count the placements of drafts from 1 too.
async fn of_draft(
    app: &Shared,
    Caller(actor): &Caller,
    (campaign, placement): &(String, String),
    fields: &Fields,
) -> Result<Arc<Preview>, Problem> {
    let place = placement.parse().ok();
    let place = place.and_then(|number: usize| number.checked_sub(1));
    let place = place.ok_or_else(not_here)?;
    let drawn = previews::of_draft(app, actor, (campaign, place), fields).await;
    drawn.map_err(of_no_preview)
}

fn facts(preview: &Preview) -> Answer {
    let facts = &preview.facts;
    ok(json!({
        "width_px": facts.width_px,
        "height_px": facts.height_px,
        "is_drawn": !preview.png.is_empty(),
        "moves": facts.moves,
        "refused_for": facts.refusal.as_ref().map(|refusal| refusal.of),
        "refusal": facts.refusal.as_ref().map(|refusal| &refusal.reason),
        "fault": facts.refusal.as_ref().and_then(|refusal| refusal.fault.as_ref()),
        "code": facts.code,
        "notes": facts.notes,
    }))
}

fn png(preview: &Preview) -> Answer {
    if preview.png.is_empty() {
        let refusal = preview.facts.refusal.as_ref();
        let title = refusal.map_or("nothing can be drawn", |refusal| &refusal.reason);
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, title));
    }
    Ok(previews::png(preview))
}

pub(in crate::server::api) async fn show(
    State(app): State<Shared>,
    caller: Caller,
    Path(path): Path<(String, String)>,
    fields: Fields,
) -> Answer {
    let preview = of_published(&app, &caller, &path, &fields).await?;
    facts(&preview)
}

pub(in crate::server::api) async fn picture(
    State(app): State<Shared>,
    caller: Caller,
    Path(path): Path<(String, String)>,
    fields: Fields,
) -> Answer {
    let preview = of_published(&app, &caller, &path, &fields).await?;
    png(&preview)
}

pub(in crate::server::api) async fn show_of_draft(
    State(app): State<Shared>,
    caller: Caller,
    Path(path): Path<(String, String)>,
    fields: Fields,
) -> Answer {
    let preview = of_draft(&app, &caller, &path, &fields).await?;
    facts(&preview)
}

pub(in crate::server::api) async fn picture_of_draft(
    State(app): State<Shared>,
    caller: Caller,
    Path(path): Path<(String, String)>,
    fields: Fields,
) -> Answer {
    let preview = of_draft(&app, &caller, &path, &fields).await?;
    png(&preview)
}
