//! `POST /v1/sources/{source}/items`.
//!
//! Invariants: whoever guesses a secret is slowed down as one who guesses enrolments, and learns
//! nothing of which sources there are; no body is read before the secret is known; an answer that
//! says done is on disk.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use passerby_protocol::Digest;
use passerby_protocol::foreign::one_line;
use serde::Serialize;
use subtle::ConstantTimeEq as _;

use crate::server::body::Unread;
use crate::server::limits::Kind;
use crate::server::phones::trace::Client;
use crate::server::problem::Problem;
use crate::server::{AppState, Shared};
use crate::sources::hook;
use crate::sources::hook::HookError;
use crate::store::{SourceError, SourceKind, SourceRecord};
use crate::system::clock;

/// Longest words on what is wrong with a body, in characters.
const WORDS_CHARS_MAX: usize = 200;

/// After how many seconds a program may come again to a source that is paused.
const PAUSED_RETRY_AFTER_S: u32 = 300;

/// What became of the items.
#[derive(Debug, Serialize)]
pub(crate) struct Received {
    new: u32,
    changed: u32,
    known: u32,
    too_many: u32,
    left_out: Option<String>,
}

pub(crate) async fn items(
    State(app): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
    client: Client,
    unread: Unread,
) -> Result<(StatusCode, Json<Received>), Problem> {
    let secret = secret(&headers);
    let known = app
        .work(move |app: &AppState| known(app, &name, secret, &client, clock::now_ms()))
        .await;
    let source = match known {
        Ok(source) => source,
        Err(problem) => {
            unread.discard();
            return Err(problem);
        }
    };
    let body = unread.batch(&app.budget).await?;
    app.work(move |app: &AppState| {
        let received = hook::receive(&app.hub, &source, &body.bytes, clock::now_ms());
        let (taken, left_out) = received.map_err(refused)?;
        let status = if taken.new + taken.changed > 0 {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        let received = Received {
            new: taken.new,
            changed: taken.changed,
            known: taken.known,
            too_many: taken.too_many,
            left_out,
        };
        Ok((status, Json(received)))
    })
    .await
}

fn secret(headers: &HeaderMap) -> Option<[u8; 32]> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = text.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer.then(|| Digest::of(secret.trim().as_bytes()).0)
}

/// The source whose secret came with a request.
fn known(
    app: &AppState,
    name: &str,
    secret: Option<[u8; 32]>,
    client: &Client,
    now_ms: i64,
) -> Result<SourceRecord, Problem> {
    let networks = client.networks(&app.hub.store, now_ms)?;
    let busy = |seconds| {
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many wrong secrets").retry_after_s(seconds)
    };
    if app.limits.is_spent(Kind::Enrolment, &networks, now_ms) {
        return Err(busy(60));
    }
    let source = app.hub.store.source(name)?;
    let own = source.as_ref().and_then(|source| source.secret_sha256);
    let is_own = secret
        .zip(own)
        .is_some_and(|(secret, own)| secret.ct_eq(&own).into());
    match source.filter(|source| is_own && source.kind == SourceKind::Hook) {
        Some(source) if source.paused => {
            let problem = Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "this source is paused; send it again later",
            );
            Err(problem.retry_after_s(PAUSED_RETRY_AFTER_S))
        }
        Some(source) => Ok(source),
        None => match app.limits.wrong_enrolment(&networks, now_ms) {
            Ok(()) => Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "no source of this name has this secret",
            )),
            Err(seconds) => Err(busy(seconds)),
        },
    }
}

fn refused(error: HookError) -> Problem {
    let words = one_line(&error.to_string(), WORDS_CHARS_MAX);
    match error {
        HookError::Source(SourceError::Store(error)) => error.into(),
        HookError::Source(_) => Problem::new(StatusCode::UNAUTHORIZED, words),
        HookError::Body(_) => Problem::new(StatusCode::BAD_REQUEST, words),
        HookError::TooMany(_) | HookError::Nothing => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, words)
        }
    }
}
