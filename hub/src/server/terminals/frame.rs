//! `PUT /v1/terminals/{n}/frame`: a small picture of what was on a screen.
//!
//! Invariants: it is kept as it came, and nothing of it is decoded; at most 64 are read at one
//! time, and each is bounded before it is; one screen has only so many written, and all together
//! send at most [`FRAMES_A_SECOND`] that nobody has asked for.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use passerby_protocol::last_frame::{FrameNote, FrameReply, is_jpeg};

use crate::server::body::Unread;
use crate::server::problem::Problem;
use crate::server::terminals::bearer::Bearer;
use crate::server::{AppState, Shared};
use crate::system::clock;

/// How soon one is worth sending again for which there was no room, in seconds.
const AGAIN_S: u32 = 30;
/// How often a screen sends one that nobody has asked for, in milliseconds, while they are few.
const PERIOD_MS: u64 = 900_000;
/// How many all screens together send in one second, however many they are.
const FRAMES_A_SECOND: u64 = 4;

pub(crate) async fn frame(
    State(app): State<Shared>,
    Path(screen): Path<String>,
    bearer: Bearer,
    headers: HeaderMap,
    note: Result<Query<FrameNote>, QueryRejection>,
    body: Unread,
) -> Result<Json<FrameReply>, Problem> {
    let screen = bearer.only(&screen)?;
    let Some(note) = note.ok().and_then(|Query(note)| note.tidied()) else {
        body.discard();
        let title = "the query does not say what a picture is of";
        return Err(Problem::new(StatusCode::BAD_REQUEST, title));
    };
    let kind = headers.get(header::CONTENT_TYPE);
    if kind.is_none_or(|kind| kind.as_bytes() != b"image/jpeg") {
        body.discard();
        return Err(not_a_jpeg());
    }
    if let Err(again_s) = app.frame_rates.take(screen, clock::now_ms()) {
        body.discard();
        let title = "this screen sends too many pictures";
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, title).retry_after_s(again_s));
    }
    let Ok(turn) = Arc::clone(&app.frames).try_acquire_owned() else {
        body.discard();
        let title = "many screens send pictures";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, title).retry_after_s(AGAIN_S));
    };
    let jpeg = body.frame().await?;
    if !is_jpeg(&jpeg) {
        return Err(not_a_jpeg());
    }
    app.work(move |app: &AppState| {
        let kept = app
            .hub
            .store
            .keep_frame(screen, &note, &jpeg, clock::now_ms());
        drop(turn);
        kept.map_err(Problem::from)
    })
    .await?;
    let next_after_ms = next_after_ms(app.held.len());
    Ok(Json(FrameReply { next_after_ms }))
}

fn not_a_jpeg() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "a picture of a screen is a JPEG",
    )
}

fn next_after_ms(screens: usize) -> u64 {
    PERIOD_MS.max(screens as u64 * 1_000 / FRAMES_A_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_screens_there_are_the_rarer_each_sends_a_picture_by_itself() {
        assert_eq!(next_after_ms(0), PERIOD_MS);
        assert_eq!(next_after_ms(3_600), PERIOD_MS);
        assert_eq!(next_after_ms(10_000), 2_500_000);
    }
}
