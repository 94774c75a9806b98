//! Errors under `/v1`, as RFC 9457 problem details.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use passerby_protocol::wire::{PROBLEM_TYPE, ProblemDetails};

use crate::store::StoreError;
use crate::system::repeated_errors;

/// After how many seconds a terminal may come again to a hub that cannot reach its database. It
/// spreads that by itself.
const RETRY_AFTER_S: u32 = 30;

/// An answer that says what is wrong and what to do.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    details: ProblemDetails,
    retry_after_s: Option<u32>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, title: impl Into<String>) -> Self {
        Self {
            status,
            details: ProblemDetails {
                status: status.as_u16(),
                title: title.into(),
                detail: None,
                expected_seq: None,
                forked_at: None,
            },
            retry_after_s: None,
        }
    }

    /// What is told.
    pub(crate) const fn details(&self) -> &ProblemDetails {
        &self.details
    }

    /// Whether the hub is at fault, so that the same call may do later.
    pub(crate) fn is_of_the_hub(&self) -> bool {
        self.status.is_server_error()
    }

    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.details.detail = Some(detail.into());
        self
    }

    pub(crate) const fn expected_seq(mut self, seq: u64) -> Self {
        self.details.expected_seq = Some(seq);
        self
    }

    pub(crate) const fn forked_at(mut self, seq: u64) -> Self {
        self.details.forked_at = Some(seq);
        self
    }

    pub(crate) const fn retry_after_s(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }
}

impl From<StoreError> for Problem {
    /// The reason goes into the log, where the operator looks; the terminal only learns that it
    /// should come back.
    fn from(error: StoreError) -> Self {
        repeated_errors::tell("a request failed", &error);
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the hub cannot reach its database",
        )
        .retry_after_s(RETRY_AFTER_S)
    }
}

/// The answer took longer than anybody waits.
pub(crate) fn too_slow() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "the hub did not get to this in time",
    )
    .retry_after_s(RETRY_AFTER_S)
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.details).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_TYPE));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Tells whether this is what axum itself says, in its own words, of a path with a part that is no
/// number or no UTF-8: there is nothing at such an address.
pub(crate) fn is_unread_path(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    response.status() == StatusCode::BAD_REQUEST
        && kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"))
}

pub(crate) async fn no_such_call() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no such call")
}

pub(crate) async fn wrong_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "this call takes another method",
    )
}
