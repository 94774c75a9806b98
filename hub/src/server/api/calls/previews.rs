//! What screens would show, for programs.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::json;

use crate::publish::preview::Preview;
use crate::server::Shared;
use crate::server::api::calls::errors::{Answer, not_here, of_store, ok};
use crate::server::api::gate::Caller;
use crate::server::console::fields::Fields;
use crate::server::console::previews::{self, AGAIN_S, NoPreview};
use crate::server::problem::Problem;

async fn drawn(
    app: &Shared,
    caller: &Caller,
    (campaign, placement): &(String, String),
    fields: &Fields,
) -> Result<Arc<Preview>, Problem> {
    let Caller(actor) = caller;
    let drawn = previews::of_published(app, actor, (campaign, placement), fields).await;
    drawn.map_err(|why| match why {
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
        NoPreview::Failed(error) => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
        }
    })
}

pub(in crate::server::api) async fn show(
    State(app): State<Shared>,
    caller: Caller,
    Path(path): Path<(String, String)>,
    fields: Fields,
) -> Answer {
    let preview = drawn(&app, &caller, &path, &fields).await?;
    let facts = &preview.facts;
    ok(json!({
        "width_px": facts.width_px,
        "height_px": facts.height_px,
        "is_drawn": !preview.png.is_empty(),
        "moves": facts.moves,
        "refused_for": facts.refusal.as_ref().map(|refusal| refusal.of),
        "refusal": facts.refusal.as_ref().map(|refusal| &refusal.reason),
        "code": facts.code,
        "notes": facts.notes,
    }))
}

pub(in crate::server::api) async fn picture(
    State(app): State<Shared>,
    caller: Caller,
    Path(path): Path<(String, String)>,
    fields: Fields,
) -> Answer {
    let preview = drawn(&app, &caller, &path, &fields).await?;
    if preview.png.is_empty() {
        let refusal = preview.facts.refusal.as_ref();
        let title = refusal.map_or("nothing can be drawn", |refusal| &refusal.reason);
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, title));
    }
    Ok(previews::png(&preview))
}
