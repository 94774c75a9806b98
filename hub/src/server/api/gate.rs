//! What stands before every call: whose token it is, whether they may, whether it was made before.
//!
//! Invariants: a body is read only of a call whose rule is met, up to some kilobytes, and an upload
//! by whoever answers it, which is the same when it comes again; a token that
//! nobody has costs a network one of its few tries; an answer with a secret is never kept.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest as _, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use passerby_protocol::Digest;
use serde::de::DeserializeOwned;

use crate::people::{Actor, Secret};
use crate::server::Shared;
use crate::server::body::Unread;
use crate::server::console::fields::Fields;
use crate::server::console::rule::Rule;
use crate::server::limits::Kind;
use crate::server::phones::trace::Client;
use crate::server::problem::{Problem, is_unread_path};
use crate::store::{Asked, KeptAnswer, StoreError};
use crate::system::clock;

/// The header by which a call that is made again is known.
const KEY_HEADER: &str = "idempotency-key";
/// Longest key, in bytes.
const KEY_BYTES_MAX: usize = 100;
/// Largest answer that is kept.
const KEPT_BYTES_MAX: usize = 64 << 10;
/// What is kept in the place of an answer with a secret, and of one that is too long.
const HAD_SECRET: &str = "this call was made, and its secret was shown then and is not kept";
const WAS_LONG: &str = "this call was made, and its answer was too long to be kept";

/// Who calls.
#[derive(Clone)]
pub(super) struct Caller(pub(super) Arc<Actor>);

/// What came with the call.
#[derive(Clone, Default)]
pub(super) struct Sent(Bytes);

impl Sent {
    /// Reads it.
    ///
    /// # Errors
    /// It is not JSON of the form that the call takes.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let text = if self.0.is_empty() {
            b"{}"
        } else {
            &self.0[..]
        };
        serde_json::from_slice(text).map_err(|error| {
            let said = passerby_protocol::foreign::one_line(&error.to_string(), 200);
            Problem::new(
                StatusCode::BAD_REQUEST,
                "the body is not what this call takes",
            )
            .detail(said)
        })
    }
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(unknown)
    }
}

impl FromRequestParts<Shared> for Sent {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

fn unknown() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "no token, or one that does not work",
    )
    .detail("make one in the console under Account, and send it as Authorization: Bearer TOKEN")
}

/// Has a call answered, if its rule is met.
pub(super) async fn admit(
    app: Shared,
    rule: Rule,
    answers_secret: bool,
    request: Request,
    next: Next,
) -> Response {
    let mut response = admitted(app, rule, answers_secret, request, next).await;
    if is_unread_path(&response) {
        let title = "there is no such thing";
        response = Problem::new(StatusCode::NOT_FOUND, title).into_response();
    }
    let headers = response.headers_mut();
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if response.status() == StatusCode::UNAUTHORIZED {
        let headers = response.headers_mut();
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

async fn admitted(
    app: Shared,
    rule: Rule,
    answers_secret: bool,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(Fields::of_uri(&parts.uri));
    if rule == Rule::Open {
        return next.run(Request::from_parts(parts, Body::empty())).await;
    }
    let Ok(client) = Client::from_request_parts(&mut parts, &app).await;
    let bearer = parts.headers.get(header::AUTHORIZATION);
    let bearer = bearer.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let token = bearer.and_then(Secret::parse);
    let (token, actor) = match look_up(&app, token, client).await {
        Ok(Ok(found)) => found,
        Ok(Err(problem)) => return problem.into_response(),
        Err(error) => return Problem::from(error).into_response(),
    };
    if !rule.admits(&actor) {
        return Problem::new(
            StatusCode::FORBIDDEN,
            "the token, or its person, may not do this",
        )
        .into_response();
    }
    parts.extensions.insert(Caller(Arc::new(actor)));
    if parts.method == Method::GET || parts.method == Method::HEAD {
        return next.run(Request::from_parts(parts, Body::empty())).await;
    }
    if matches!(rule, Rule::MayUpload(_)) {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let key = match parts.headers.get(KEY_HEADER).map(HeaderValue::to_str) {
        None => None,
        Some(Ok(key)) if (1..=KEY_BYTES_MAX).contains(&key.len()) => Some(key.to_owned()),
        Some(_) => {
            let title = "Idempotency-Key has 1 to 100 visible characters";
            return Problem::new(StatusCode::BAD_REQUEST, title).into_response();
        }
    };
    let unread = Request::from_parts(parts.clone(), body);
    let Ok(unread) = Unread::from_request(unread, &()).await;
    let sent = match unread.small().await {
        Ok(sent) => sent,
        Err(problem) => return problem.into_response(),
    };
    let asked = Digest::of(
        &[
            parts.method.as_str().as_bytes(),
            parts.uri.to_string().as_bytes(),
            &sent,
        ]
        .join(&b'\n'),
    );
    parts.extensions.insert(Sent(sent.into()));
    let request = Request::from_parts(parts, Body::empty());
    match key {
        Some(key) => {
            once(
                &app,
                (token.sha256(), key, asked.0),
                answers_secret,
                request,
                next,
            )
            .await
        }
        None => next.run(request).await,
    }
}

/// Finds whose token it is.
async fn look_up(
    app: &Shared,
    token: Option<Secret>,
    client: Client,
) -> Result<Result<(Secret, Actor), Problem>, StoreError> {
    app.work(move |app| {
        let now_ms = clock::now_ms();
        let store = &app.hub.store;
        let networks = client.networks(store, now_ms)?;
        if app.limits.is_spent(Kind::SignIn, &networks, now_ms) {
            let title = "too many tries from this network";
            return Ok(Err(
                Problem::new(StatusCode::TOO_MANY_REQUESTS, title).retry_after_s(30)
            ));
        }
        if let Some(token) = token
            && let Some(found) = store.token_use(&token.sha256(), now_ms)?
        {
            return Ok(Ok((token, found.actor)));
        }
        let _ = app.limits.take(Kind::SignIn, &networks, now_ms);
        Ok(Err(unknown()))
    })
    .await
}

/// Makes a call that has a key, unless it was made before.
async fn once(
    app: &Shared,
    (token, key, asked): ([u8; 32], String, [u8; 32]),
    answers_secret: bool,
    request: Request,
    next: Next,
) -> Response {
    let begun = {
        let key = key.clone();
        app.work(move |app| {
            app.hub
                .store
                .begin_call(&token, &key, &asked, clock::now_ms())
        })
        .await
    };
    match begun {
        Ok(Asked::New) => {}
        Ok(Asked::Answered(answer)) => return kept(answer),
        Ok(Asked::Unfinished) => {
            let title = "a call with this key is being made, or was cut off";
            return Problem::new(StatusCode::CONFLICT, title)
                .detail("look whether it was made, and use a new key to make it again")
                .into_response();
        }
        Ok(Asked::Other) => {
            let title = "this key belongs to another call";
            return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, title).into_response();
        }
        Err(error) => return Problem::from(error).into_response(),
    }
    let (parts, body) = next.run(request).await.into_parts();
    // An answer is made whole before it goes out, so it takes no more memory here.
    let bytes = axum::body::to_bytes(body, usize::MAX)
        .await
        .unwrap_or_default();
    let answer = if parts.status.is_server_error() {
        None
    } else if answers_secret && parts.status.is_success() {
        Some(not_kept(HAD_SECRET))
    } else if bytes.len() > KEPT_BYTES_MAX {
        Some(not_kept(WAS_LONG))
    } else {
        Some(KeptAnswer {
            status: parts.status.as_u16(),
            body: String::from_utf8_lossy(&bytes).into_owned(),
        })
    };
    let ended = app
        .work(move |app| app.hub.store.end_call(&token, &key, answer.as_ref()))
        .await;
    if let Err(error) = ended {
        // The call was made: whoever makes it again with this key is told that nobody knows.
        crate::system::repeated_errors::tell("an answer was not kept", &error);
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// What is told instead of an answer that is not kept.
fn not_kept(title: &str) -> KeptAnswer {
    let status = StatusCode::CONFLICT.as_u16();
    let body = serde_json::json!({ "status": status, "title": title }).to_string();
    KeptAnswer { status, body }
}

/// Answers as before.
fn kept(answer: KeptAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let kind = if status.is_success() {
        "application/json"
    } else {
        passerby_protocol::wire::PROBLEM_TYPE
    };
    (status, [(header::CONTENT_TYPE, kind)], answer.body).into_response()
}
