//! `POST /v1/conversions`.
//!
//! Invariants: whoever guesses a key is slowed down as one who guesses enrolments, and learns
//! nothing of which campaigns there are; no body is read before the key is known, and none of more
//! than 64 KiB; one key says so much a second and no more; an answer that says done is on disk.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use passerby_protocol::foreign::one_line;
use serde::Serialize;
use serde_json::{Value, json};

use crate::conversions::{BodyError, Proof, Said};
use crate::people::Secret;
use crate::server::body::Unread;
use crate::server::limits::Kind;
use crate::server::phones::trace::Client;
use crate::server::problem::Problem;
use crate::server::{AppState, Shared};
use crate::store::{ConversionError, KeyHolder, TakenConversion};
use crate::system::clock;

/// Longest words on what is wrong, in characters.
const WORDS_CHARS_MAX: usize = 200;

/// What became of one conversion.
#[derive(Debug, Serialize)]
struct Taken {
    /// The shop's id of it.
    id: String,
    /// The hub's number of it.
    conversion: i64,
    /// Whether its click is known.
    click_known: bool,
}

pub(crate) async fn conversions(
    State(app): State<Shared>,
    headers: HeaderMap,
    client: Client,
    unread: Unread,
) -> Result<Response, Problem> {
    let secret = bearer(&headers);
    let known = app
        .work(move |app: &AppState| known(app, secret.as_ref(), &client, clock::now_ms()))
        .await;
    let holder = match known {
        Ok(holder) => holder,
        Err(problem) => {
            unread.discard();
            return Err(problem);
        }
    };
    let body = unread.conversions().await?;
    app.work(move |app: &AppState| take(app, &holder, &body))
        .await
}

fn take(app: &AppState, holder: &KeyHolder, body: &[u8]) -> Result<Response, Problem> {
    let now_ms = clock::now_ms();
    let (is_list, all) = Said::read(body).map_err(|error| misread(&error))?;
    app.key_paces
        .take(holder.key, all.len(), now_ms)
        .map_err(|seconds| {
            Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "this key reports too much at once",
            )
            .retry_after_s(seconds)
        })?;
    let mut answers = Vec::with_capacity(all.len());
    for said in all {
        let taken = said
            .map_err(|error| misread(&error))
            .and_then(|said| keep(app, holder, &said, now_ms));
        match (is_list, taken) {
            (false, taken) => {
                return taken.map(|(status, taken)| (status, Json(taken)).into_response());
            }
            (true, Ok((status, taken))) => {
                let mut answer = json!(taken);
                answer["status"] = status.as_u16().into();
                answers.push(answer);
            }
            (true, Err(problem)) if problem.is_of_the_hub() => return Err(problem),
            (true, Err(problem)) => answers.push(json!(problem.details())),
        }
    }
    let answers: Value = json!({ "conversions": answers });
    Ok(Json(answers).into_response())
}

fn keep(
    app: &AppState,
    holder: &KeyHolder,
    said: &Said,
    now_ms: i64,
) -> Result<(StatusCode, Taken), Problem> {
    let store = &app.hub.store;
    let taken = store.take_conversion(&holder.campaign, said, Proof::Key, now_ms);
    let TakenConversion {
        id: conversion,
        is_new,
        has_click,
    } = taken.map_err(refused)?;
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let taken = Taken {
        id: said.id.clone(),
        conversion,
        click_known: has_click,
    };
    Ok((status, taken))
}

fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = text.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    Secret::parse(secret.trim()).filter(|_| is_bearer)
}

/// Whose key came with a request.
fn known(
    app: &AppState,
    secret: Option<&Secret>,
    client: &Client,
    now_ms: i64,
) -> Result<KeyHolder, Problem> {
    let store = &app.hub.store;
    let networks = client.networks(store, now_ms)?;
    let busy = |seconds| {
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many wrong keys").retry_after_s(seconds)
    };
    if app.limits.is_spent(Kind::Enrolment, &networks, now_ms) {
        return Err(busy(60));
    }
    let holder = match secret {
        Some(secret) => store.conversion_key_holder(&secret.sha256(), now_ms)?,
        None => None,
    };
    match holder {
        Some(holder) => Ok(holder),
        None => match app.limits.wrong_enrolment(&networks, now_ms) {
            Ok(()) => Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "no campaign has this key, or it was revoked",
            )),
            Err(seconds) => Err(busy(seconds)),
        },
    }
}

fn misread(error: &BodyError) -> Problem {
    let words = one_line(&error.to_string(), WORDS_CHARS_MAX);
    let status = match error {
        BodyError::Form(_) | BodyError::Text(_) => StatusCode::BAD_REQUEST,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Problem::new(status, words)
}

fn refused(error: ConversionError) -> Problem {
    match error {
        ConversionError::Store(error) => error.into(),
        ConversionError::Different => Problem::new(StatusCode::CONFLICT, error.to_string()),
        error => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
    }
}
