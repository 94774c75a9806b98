//! The terminal's local page: what is on the screen now, and how the terminal is doing.
//!
//! Invariant: the page itself only asks the player. What may change the screen is in
//! [`crate::local_page::api`]; all of it is behind [`crate::local_page::access_guard`].

pub(crate) mod access_guard;
pub(crate) mod api;
mod calls;
pub(crate) mod listener;
mod status_page;

use std::net::TcpListener;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use crossbeam_channel::{Sender, bounded};
use image::{ExtendedColorType, ImageEncoder, codecs::jpeg::JpegEncoder};
use passerby_playout::messages::player_requests::{PlayerRequest, Status};
use passerby_playout::messages::stage_messages::Snapshot;
use passerby_playout::schedule::live_context::NAMES_MAX;
use passerby_protocol::campaign::ZONE_NAME_BYTES_MAX;
use passerby_protocol::http_call::{HttpCall, HttpChapter};
use passerby_protocol::limits::LINE_CHARS_MAX;
use tokio::sync::oneshot;

use crate::local_page::access_guard::{AccessGuard, ByLink};
use crate::local_page::api::Api;
use crate::local_page::calls::{Answered, answered};
use crate::local_page::status_page::html;

/// How long a picture may take to come back from the GPU.
const SNAPSHOT_WAIT: Duration = Duration::from_secs(10);
const JPEG_QUALITY: u8 = 85;

/// The calls of the page itself, each with what the reference says of it.
fn call_list() -> Vec<Answered<Sender<PlayerRequest>>> {
    const STATUSES: &[u16] = &[200, 503];
    vec![
        answered(
            HttpCall::get(
                "/",
                STATUSES,
                "the page: the live picture and how the terminal is doing",
            ),
            page,
        ),
        answered(
            HttpCall::get("/frame.jpg", STATUSES, "the picture that is on the screen"),
            frame,
        ),
        answered(
            HttpCall::get("/status.json", STATUSES, "how the terminal is doing"),
            status,
        ),
    ]
}

/// Every call as the reference tells it.
pub fn reference() -> HttpChapter {
    let page = call_list().into_iter().map(|(call, _)| call);
    let api = api::call_list().into_iter().map(|(call, _)| call);
    let bounds = listener::BOUNDS;
    HttpChapter {
        title: "The local page",
        base: "",
        intro: "The terminal's own page, at `local.listen`, for whoever has the page token, where there is one. It comes \
                with each request, as `Authorization: Bearer` or as `?token=` in the link. A request must name this \
                machine: by a loopback address or `localhost`, and on a page that others reach also by an address or \
                the machine's own name, with or without `.local`. No other website may show what is here or change it."
            .to_owned(),
        calls: page.chain(api).collect(),
        notes: vec![
            format!(
                "A name has 1 to {ZONE_NAME_BYTES_MAX} lower-case letters, digits and dashes. A value is a finite \
                 number or one line of up to {LINE_CHARS_MAX} characters. At most {NAMES_MAX} readings and \
                 {NAMES_MAX} triggers are kept; none survives a restart."
            ),
            "The body of a trigger may be empty, or `{\"value\": …, \"seconds\": …}`: the reading of the same name \
             has that value for so long."
                .to_owned(),
            format!(
                "Bodies are JSON with `content-type: application/json`, up to {} KiB.",
                api::BODY_BYTES_MAX >> 10
            ),
            "Errors are `{\"error\": \"…\"}`: 400 the body or the name is wrong, 415 it is not JSON, 500 the message \
             cannot be written. Every call: 401 no page token, 403 another website, 413 a body that is too large, \
             429 too many wrong page tokens, 503 the player does not answer."
                .to_owned(),
            format!(
                "{} connections at one time, {} from one other machine; heads up to {} KiB within {} s, answers \
                 within {} s, a connection for {} s.",
                listener::CONNECTIONS_MAX,
                listener::PEER_MAX,
                listener::HEAD_BYTES_MAX >> 10,
                bounds.head.as_secs(),
                bounds.answer.as_secs(),
                bounds.connection.as_secs()
            ),
            format!(
                "{} wrong page tokens a minute from one network are answered with 401, further ones with 429; the right \
                 one always opens.",
                access_guard::GUESSES_MAX
            ),
        ],
    }
}

/// Serves the page until the program ends.
pub(crate) async fn serve(
    listener: TcpListener,
    player: Sender<PlayerRequest>,
    api: Api,
    guard: AccessGuard,
) {
    let page = calls::router(call_list()).with_state(player);
    let app = guard.around(page.merge(api::router(api)));
    match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener::serve(listener, app, listener::BOUNDS).await,
        Err(error) => tracing::warn!("the local page has ended: {error}"),
    }
}

async fn ask(player: &Sender<PlayerRequest>) -> Option<Status> {
    let (reply, answer) = oneshot::channel();
    player.try_send(PlayerRequest::Status(reply)).ok()?;
    answer.await.ok()
}

async fn status(State(player): State<Sender<PlayerRequest>>) -> Response {
    match ask(&player).await {
        Some(status) => axum::Json(status).into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn frame(State(player): State<Sender<PlayerRequest>>) -> Response {
    let (reply, answer) = bounded::<Snapshot>(1);
    if player.try_send(PlayerRequest::Snapshot(reply)).is_err() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let encoded = tokio::task::spawn_blocking(move || {
        answer
            .recv_timeout(SNAPSHOT_WAIT)
            .ok()
            .and_then(|frame| jpeg(&frame))
    })
    .await;
    match encoded {
        Ok(Some(bytes)) => ([(header::CONTENT_TYPE, "image/jpeg")], bytes).into_response(),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "no picture yet").into_response(),
    }
}

fn jpeg(frame: &Snapshot) -> Option<Vec<u8>> {
    let rgb: Vec<u8> = frame
        .rgba
        .chunks_exact(4)
        .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
        .collect();
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
    encoder
        .write_image(
            &rgb,
            frame.width_px,
            frame.height_px,
            ExtendedColorType::Rgb8,
        )
        .ok()?;
    Some(bytes)
}

async fn page(
    State(player): State<Sender<PlayerRequest>>,
    by_link: Option<Extension<ByLink>>,
) -> Response {
    let token = by_link.map(|Extension(ByLink(token))| token);
    match ask(&player).await {
        Some(status) => Html(html(&status, token.as_deref())).into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
