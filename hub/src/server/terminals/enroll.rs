//! `POST /v1/enroll`.
//!
//! Invariants: whoever guesses is slowed down, by network and in all, and learns nothing from being
//! refused; no network, and no crowd of them, fills the places of all others; a terminal with the
//! right secret is answered as long as its own network does not guess.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, http::header};
use passerby_protocol::bounded;
use passerby_protocol::foreign::one_line;
use passerby_protocol::hexadecimal::unhex32;
use passerby_protocol::limits::{LINE_CHARS_MAX, REQUEST_TEXT_BYTES_MAX};
use passerby_protocol::wire::{EnrollReply, EnrollRequest};

use crate::keys::pairing_code::PairingCode;
use crate::scans::visitor::Networks;
use crate::server::body::Unread;
use crate::server::limits::Kind;
use crate::server::phones::trace::Client;
use crate::server::problem::Problem;
use crate::server::{AppState, Shared};
use crate::store::{EnrolError, Pairing, PendingCode, StoreError};
use crate::system::clock;

/// How long a terminal waits before it asks again.
const RETRY_MS: u64 = 2_000;

pub(crate) async fn enroll(
    State(app): State<Shared>,
    client: Client,
    body: Unread,
) -> Result<Response, Problem> {
    let body = body.small().await?;
    let request: EnrollRequest = bounded::json(&body, REQUEST_TEXT_BYTES_MAX).map_err(|error| {
        bad_request(&format!(
            "not an enrolment: {}",
            one_line(&error.to_string(), 200)
        ))
    })?;
    let reply = app
        .work(move |app| limited(app, &request, &client, clock::now_ms()))
        .await?;
    let status = match reply {
        EnrollReply::Waiting { .. } => StatusCode::ACCEPTED,
        EnrollReply::Enrolled(_) => StatusCode::OK,
    };
    Ok((status, [(header::CACHE_CONTROL, "no-store")], Json(reply)).into_response())
}

fn limited(
    app: &AppState,
    request: &EnrollRequest,
    client: &Client,
    now_ms: i64,
) -> Result<EnrollReply, Problem> {
    let networks = client.networks(&app.hub.store, now_ms)?;
    if app.limits.is_spent(Kind::Enrolment, &networks, now_ms) {
        return Err(EnrolError::Busy.into());
    }
    answer(app, request, &networks, now_ms).map_err(|refused| match refused {
        Refused::Wrong(error) => match app.limits.wrong_enrolment(&networks, now_ms) {
            Ok(()) => error.into(),
            Err(_) => EnrolError::Busy.into(),
        },
        Refused::Other(problem) => problem,
    })
}

/// Why there are no credentials.
enum Refused {
    /// It may be a guess.
    Wrong(EnrolError),
    Other(Problem),
}

impl From<EnrolError> for Refused {
    fn from(error: EnrolError) -> Self {
        match error {
            EnrolError::Unknown | EnrolError::Taken => Self::Wrong(error),
            other => Self::Other(other.into()),
        }
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Other(problem)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Other(error.into())
    }
}

fn answer(
    app: &AppState,
    request: &EnrollRequest,
    networks: &Networks,
    now_ms: i64,
) -> Result<EnrollReply, Refused> {
    let store = &app.hub.store;
    let secret = unhex32(&request.secret)
        .ok_or_else(|| bad_request("secret is not 64 hexadecimal digits"))?;
    let screen = match (&request.code, &request.token) {
        (Some(code), None) => {
            let code: PairingCode = code
                .parse()
                .map_err(|_| bad_request("code is not 8 characters of Crockford base32"))?;
            // An operator reads it in a terminal window.
            let name = one_line(&request.name, LINE_CHARS_MAX);
            let may_open = || app.limits.new_code(networks, now_ms).is_ok();
            let gives_way =
                |pending: &[PendingCode]| app.pairings.give_way(pending, networks, now_ms);
            match store.pair(&code, &secret, &name, now_ms, may_open, gives_way)? {
                Pairing::Claimed(screen) => {
                    app.pairings.ended(&code);
                    screen
                }
                Pairing::Waiting => {
                    if app.pairings.asked(&code, networks, now_ms) {
                        store.tell_asked(&code, now_ms)?;
                    }
                    return Ok(EnrollReply::Waiting {
                        retry_ms: RETRY_MS,
                        claim_url: app.public_url.absolute(&format!("/claim/{code}")),
                    });
                }
            }
        }
        (None, Some(token)) => store.redeem(token.trim(), &secret, now_ms)?,
        _ => return Err(bad_request("send either code or token").into()),
    };
    Ok(EnrollReply::Enrolled(app.hub.credentials(
        screen,
        &secret,
        &app.public_url,
        now_ms,
    )?))
}

fn bad_request(title: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, title)
}

impl From<EnrolError> for Problem {
    fn from(error: EnrolError) -> Self {
        match error {
            EnrolError::Unknown => Self::new(
                StatusCode::UNAUTHORIZED,
                "the enrolment token is unknown or expired",
            )
            .detail("make a new one with `passerby-hub screen add` or `screen renew`"),
            EnrolError::Expired => {
                Self::new(StatusCode::GONE, "the code has expired").detail("show a new one")
            }
            EnrolError::Taken => Self::new(
                StatusCode::CONFLICT,
                "another terminal came first with this code or enrolment token",
            )
            .detail("show a new code, or bring a new enrolment token"),
            EnrolError::Busy => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too many screens are being enrolled",
            )
            .retry_after_s(60),
            EnrolError::Key(error) => Self::new(StatusCode::CONFLICT, error.to_string()),
            EnrolError::Store(error) => error.into(),
        }
    }
}
