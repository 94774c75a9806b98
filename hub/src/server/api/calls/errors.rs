//! What programs are told when something was not done.

use std::ops::Range;

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;

use crate::people::NameError;
use crate::server::api::base::PAGE_MAX;
use crate::server::console::fields::Fields;
use crate::server::problem::Problem;
use crate::store::{PeopleError, StoreError};

/// An answer, or why there is none.
pub(super) type Answer = Result<Response, Problem>;

pub(super) fn ok(value: Value) -> Answer {
    Ok(axum::Json(value).into_response())
}

pub(super) fn made(value: Value) -> Answer {
    Ok((StatusCode::CREATED, axum::Json(value)).into_response())
}

/// There is nothing of this name, or nothing that the caller has to do with.
pub(super) fn not_here() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "there is no such thing, or it is none of yours",
    )
}

pub(super) fn of_store(error: StoreError) -> Problem {
    match error {
        StoreError::OutOfScope => not_here(),
        other => Problem::from(other),
    }
}

pub(super) fn of_name(error: NameError) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
}

pub(super) fn of_people(error: PeopleError) -> Problem {
    match error {
        PeopleError::Store(error) => of_store(error),
        PeopleError::Unknown | PeopleError::LinkOver => not_here(),
        PeopleError::BoundOwner => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
        }
        PeopleError::NameTaken | PeopleError::LastOwner | PeopleError::TooMany(_) => {
            Problem::new(StatusCode::CONFLICT, error.to_string())
        }
    }
}

/// The rows of a list that are asked for, and behind which of them the next page begins. `key` is
/// what rows are told apart by; behind one that is not there is nothing.
pub(super) fn page<T>(
    mut rows: Vec<T>,
    fields: &Fields,
    key: impl Fn(&T) -> String,
) -> (Vec<T>, Option<String>) {
    let window = window(&rows, fields, &key);
    let has_more = window.end < rows.len();
    rows.truncate(window.end);
    rows.drain(..window.start);
    let next = rows.last().filter(|_| has_more).map(key);
    (rows, next)
}

/// The places of these rows in the list.
pub(super) fn window<T>(rows: &[T], fields: &Fields, key: impl Fn(&T) -> String) -> Range<usize> {
    let start = fields.word("after").map_or(0, |after| {
        let at = rows.iter().position(|row| key(row) == after);
        at.map_or(rows.len(), |at| at + 1)
    });
    start..rows.len().min(start + limit(fields))
}

/// How many rows are asked for.
pub(super) fn limit(fields: &Fields) -> usize {
    let asked = fields.get("limit").parse().unwrap_or(100);
    usize::clamp(asked, 1, PAGE_MAX)
}
