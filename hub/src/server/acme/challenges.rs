//! Answers a CA that asks over HTTP whether a name leads to this hub (RFC 8555, 8.3).
//!
//! Invariants: only what this hub is to answer is answered, with what it kept for that, and nothing
//! of a request comes back; whatever is asked and however often, the database is asked at most once
//! in [`PAUSE`], with one question for all who wait.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::server::app_state::{AppState, Shared};
use crate::store::StoreError;
use crate::system::clock;
use crate::system::clock::HOUR_MS;

/// What a CA asks, with a token behind it.
pub(in crate::server) const PATH: &str = "/.well-known/acme-challenge/";
/// Time between two questions to the database.
const PAUSE: Duration = Duration::from_millis(200);
/// For how long an answer is kept.
const ANSWER_MS: i64 = HOUR_MS;
/// Longest token. Those of CAs have 43 characters; 22 are the least (RFC 8555, 8.3).
const TOKEN_BYTES_MAX: usize = 128;

const TYPE: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// What is to be answered.
pub(in crate::server) struct Challenges {
    app: Shared,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    answers: HashMap<String, String>,
    /// When the database was last asked.
    asked: Option<Instant>,
    /// When it was asked for these answers. Not the same where the one who asked left meanwhile.
    are_of: Option<Instant>,
    has_failed: bool,
}

/// Tells texts that may be tokens.
pub(super) fn is_token(text: &str) -> bool {
    (1..=TOKEN_BYTES_MAX).contains(&text.len())
        && (text.bytes()).all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// What the answer to a token is sealed for.
fn purpose(token: &str) -> String {
    format!("answer to the challenge {token}")
}

/// Keeps an answer for all processes of the hub, for an hour.
pub(super) fn keep(
    app: &AppState,
    token: &str,
    answer: &str,
    now_ms: i64,
) -> Result<(), StoreError> {
    let sealed = app.hub.keys().seal_for(&purpose(token), answer.as_bytes());
    let until_ms = now_ms.saturating_add(ANSWER_MS);
    (app.hub.store).keep_acme_challenge(token, &sealed, until_ms, now_ms)
}

/// Reads all answers; what was not sealed with the hub's keys for its token is none.
fn read(app: &AppState, now_ms: i64) -> Result<HashMap<String, String>, StoreError> {
    let kept = app.hub.store.acme_challenges(now_ms)?.into_iter();
    let opened = kept.filter_map(|(token, sealed)| {
        let answer = app.hub.keys().open_for(&purpose(&token), &sealed)?;
        Some((token, String::from_utf8(answer).ok()?))
    });
    Ok(opened.collect())
}

impl Challenges {
    pub(in crate::server) fn new(app: Shared) -> Arc<Self> {
        Arc::new(Self {
            app,
            known: Mutex::default(),
        })
    }

    /// Answers whoever asks for a token.
    pub(in crate::server) async fn answer(&self, token: &str) -> Response {
        if !is_token(token) {
            return StatusCode::NOT_FOUND.into_response();
        }
        match self.find(token).await {
            Ok(Some(answer)) => {
                let headers = [
                    (header::CONTENT_TYPE, TYPE),
                    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
                ];
                (headers, answer).into_response()
            }
            Ok(None) => StatusCode::NOT_FOUND.into_response(),
            Err(()) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    }

    async fn find(&self, token: &str) -> Result<Option<String>, ()> {
        let came = Instant::now();
        let mut known = self.known.lock().await;
        if let Some(answer) = known.answers.get(token) {
            return Ok(Some(answer.clone()));
        }
        // Whoever waited before this one may have asked for both.
        if known.are_of.is_none_or(|asked| asked < came) {
            if let Some(asked) = known.asked {
                tokio::time::sleep_until(asked + PAUSE).await;
            }
            let asked = Some(Instant::now());
            known.asked = asked;
            let read = self.app.work(|app| read(app, clock::now_ms())).await;
            known.are_of = asked;
            known.has_failed = read.is_err();
            known.answers = read.unwrap_or_else(|error| {
                tracing::error!(%error, "a CA cannot be answered");
                HashMap::new()
            });
        }
        match known.answers.get(token) {
            None if known.has_failed => Err(()),
            found => Ok(found.cloned()),
        }
    }
}
