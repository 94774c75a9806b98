//! Which terminal is asking: settled before anything else of its request is read.
//!
//! Invariants: only hashes meet. A bearer is 256 random bits, so what the time of a look-up by its
//! SHA-256 could tell helps nobody to guess it. One screen has at most [`TURNS_MAX`] requests at
//! one time.
//!
//! [`TURNS_MAX`]: crate::server::terminals::turns::TURNS_MAX

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use passerby_protocol::{Digest, ScreenNumber};

use crate::server::body;
use crate::server::problem::Problem;
use crate::server::terminals::turns::Turn;
use crate::server::{AppState, Shared};

/// The screen whose bearer came with a request.
#[derive(Clone, Copy)]
pub(crate) struct Bearer {
    screen: ScreenNumber,
    sha256: [u8; 32],
}

/// Lets only terminals with a bearer of this hub's through to the handlers. The body of a refused
/// request is not kept.
pub(crate) async fn admitted(
    State(app): State<Shared>,
    mut request: Request,
    next: Next,
) -> Response {
    let (bearer, turn) = match turn(&app, request.headers()).await {
        Ok(admitted) => admitted,
        Err(refused) => {
            body::discard(request.into_body());
            return refused.into_response();
        }
    };
    request.extensions_mut().insert(bearer);
    let mut response = next.run(request).await;
    response.extensions_mut().insert(Arc::new(turn));
    response
}

async fn turn(app: &Shared, headers: &HeaderMap) -> Result<(Bearer, Turn), Problem> {
    let sha256 = sha256(headers).ok_or_else(unknown)?;
    let screen = app.work(move |app: &AppState| holder(app, &sha256)).await?;
    let turn = app.turns.take(screen).ok_or_else(|| {
        Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "this screen has too many requests at one time",
        )
        .retry_after_s(10)
    })?;
    Ok((Bearer { screen, sha256 }, turn))
}

fn sha256(headers: &HeaderMap) -> Option<[u8; 32]> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, bearer) = text.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer.then(|| Digest::of(bearer.trim().as_bytes()).0)
}

fn holder(app: &AppState, sha256: &[u8; 32]) -> Result<ScreenNumber, Problem> {
    let holder = app.hub.store.bearer_holder(sha256)?.ok_or_else(unknown)?;
    if holder.is_revoked {
        return Err(
            Problem::new(StatusCode::GONE, "this screen was taken out of service").detail(
                "to use it again, enrol it with an enrolment token of `passerby-hub screen renew`",
            ),
        );
    }
    Ok(holder.screen)
}

impl<S: Send + Sync> FromRequestParts<S> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get().copied().ok_or_else(unknown)
    }
}

impl Bearer {
    /// Returns the terminal's screen.
    pub(crate) const fn screen(self) -> ScreenNumber {
        self.screen
    }

    /// Returns the bearer's SHA-256.
    pub(super) const fn sha256(self) -> [u8; 32] {
        self.sha256
    }

    /// Looks again whether it lets its terminal in.
    ///
    /// # Errors
    /// It does not any more.
    pub(super) fn still_holds(self, app: &AppState) -> Result<(), Problem> {
        holder(app, &self.sha256).map(|_| ())
    }

    /// Holds the terminal to the screen in the path.
    pub(crate) fn only(self, path: &str) -> Result<ScreenNumber, Problem> {
        let screen = path.parse().map_err(|_| no_such_screen())?;
        if self.screen == screen {
            Ok(screen)
        } else {
            Err(Problem::new(
                StatusCode::FORBIDDEN,
                "this bearer is another screen's",
            ))
        }
    }
}

fn unknown() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "the bearer is missing or unknown")
        .detail("enrol the terminal again, with an enrolment token of `passerby-hub screen renew`")
}

pub(crate) fn no_such_screen() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no such screen")
}
