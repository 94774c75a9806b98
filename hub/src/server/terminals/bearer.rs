//! Which terminal is asking: settled before anything else of its request is read.
//!
//! Invariants: only hashes meet. A bearer is 256 random bits, so what the time of a look-up by its
//! SHA-256 could tell helps nobody to guess it. One screen has at most [`TURNS_MAX`] requests at
//! one time, whose answers it may read as slowly as it is allowed to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use passerby_protocol::{Digest, ScreenNumber};

use crate::server::body;
use crate::server::problem::Problem;
use crate::server::{AppState, Shared};

/// Most requests of one screen at one time, until their answers are read. A terminal has one of
/// each kind.
pub(crate) const TURNS_MAX: usize = 8;

/// The screen whose bearer came with a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bearer(ScreenNumber);

/// How many requests each screen has now; a screen without any has no entry.
#[derive(Debug, Default)]
pub(crate) struct Turns(Arc<Mutex<HashMap<ScreenNumber, usize>>>);

/// One request of a screen, until this is dropped. A response carries it among its extensions to
/// the end of its body.
#[derive(Debug)]
pub(crate) struct Turn {
    screen: ScreenNumber,
    turns: Arc<Mutex<HashMap<ScreenNumber, usize>>>,
}

impl Turns {
    fn take(&self, screen: ScreenNumber) -> Option<Turn> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = turns.entry(screen).or_default();
        (*count < TURNS_MAX).then(|| {
            *count += 1;
            Turn {
                screen,
                turns: Arc::clone(&self.0),
            }
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = turns.get_mut(&self.screen) {
            *count -= 1;
            if *count == 0 {
                turns.remove(&self.screen);
            }
        }
    }
}

/// Lets only terminals with a bearer of this hub's through to the handlers. The body of a refused
/// request is not kept.
pub(crate) async fn admitted(
    State(app): State<Shared>,
    mut request: Request,
    next: Next,
) -> Response {
    let turn = match turn(&app, request.headers()).await {
        Ok(turn) => turn,
        Err(refused) => {
            body::discard(request.into_body());
            return refused.into_response();
        }
    };
    request.extensions_mut().insert(Bearer(turn.screen));
    let mut response = next.run(request).await;
    response.extensions_mut().insert(Arc::new(turn));
    response
}

async fn turn(app: &Shared, headers: &HeaderMap) -> Result<Turn, Problem> {
    let sha256 = sha256(headers).ok_or_else(unknown)?;
    let screen = app.work(move |app: &AppState| holder(app, &sha256)).await?;
    app.turns.take(screen).ok_or_else(|| {
        Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "this screen has too many requests at one time",
        )
        .retry_after_s(10)
    })
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
            Problem::new(StatusCode::GONE, "this screen was taken out of service")
                .detail("to use it again, enrol it with a token of `passerby-hub screen renew`"),
        );
    }
    Ok(holder.screen)
}

impl FromRequestParts<Shared> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        parts.extensions.get().copied().ok_or_else(unknown)
    }
}

impl Bearer {
    /// Returns the terminal's screen.
    pub(crate) const fn screen(self) -> ScreenNumber {
        self.0
    }

    /// Holds the terminal to the screen in the path.
    pub(crate) fn only(self, path: &str) -> Result<ScreenNumber, Problem> {
        let screen = path.parse().map_err(|_| no_such_screen())?;
        if self.0 == screen {
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
        .detail("enrol the terminal again, with a token of `passerby-hub screen renew`")
}

pub(crate) fn no_such_screen() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no such screen")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_has_so_many_turns_at_one_time_and_others_have_theirs() {
        let turns = Turns::default();
        let screen = |number| ScreenNumber::new(number).unwrap();
        let mut taken: Vec<Turn> = (0..TURNS_MAX)
            .map(|_| turns.take(screen(1)).unwrap())
            .collect();
        assert!(turns.take(screen(1)).is_none());
        assert!(turns.take(screen(2)).is_some());
        taken.pop();
        assert!(turns.take(screen(1)).is_some());
        taken.clear();
        assert!(turns.0.lock().unwrap().is_empty());
    }
}
