//! Which terminal is asking.
//!
//! Invariant: only hashes meet. A bearer is 256 random bits, so what the time of a look-up by its SHA-256 could tell
//! helps nobody to guess it.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use passerby_protocol::{Digest, ScreenNumber};

use super::problem::Problem;
use super::{Desk, Shared};

/// The SHA-256 of the bearer that came with a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bearer([u8; 32]);

impl FromRequestParts<Shared> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, bearer)| Self(Digest::of(bearer.trim().as_bytes()).0))
            .ok_or_else(unknown)
    }
}

impl Bearer {
    /// Returns the terminal's screen.
    pub(super) fn holder(self, desk: &Desk) -> Result<ScreenNumber, Problem> {
        let holder = desk.hub.store.bearer_holder(&self.0)?.ok_or_else(unknown)?;
        if holder.is_revoked {
            return Err(
                Problem::new(StatusCode::GONE, "this screen was taken out of service").detail(
                    "to use it again, enrol it with a token of `passerby-hub screen renew`",
                ),
            );
        }
        Ok(holder.screen)
    }

    /// Holds the terminal to the screen in the path.
    pub(super) fn only(self, desk: &Desk, screen: ScreenNumber) -> Result<(), Problem> {
        if self.holder(desk)? == screen {
            Ok(())
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

/// Reads the screen number of a path.
pub(super) fn screen(text: &str) -> Result<ScreenNumber, Problem> {
    text.parse().map_err(|_| no_such_screen())
}

pub(super) fn no_such_screen() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no such screen")
}
