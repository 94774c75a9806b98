//! What programs are told when something was not done.

use std::ops::Range;

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use passerby_protocol::ScreenNumber;
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
/// what rows are told apart by.
///
/// # Errors
/// The row behind which the page is to begin is not there: whoever goes on would miss the rest.
pub(super) fn page<T>(
    mut rows: Vec<T>,
    fields: &Fields,
    key: impl Fn(&T) -> String,
) -> Result<(Vec<T>, Option<String>), Problem> {
    let window = window(&rows, fields, &key)?;
    let has_more = window.end < rows.len();
    rows.truncate(window.end);
    rows.drain(..window.start);
    let next = rows.last().filter(|_| has_more).map(key);
    Ok((rows, next))
}

/// The places of these rows in the list.
///
/// # Errors
/// The same as of [`page`].
pub(super) fn window<T>(
    rows: &[T],
    fields: &Fields,
    key: impl Fn(&T) -> String,
) -> Result<Range<usize>, Problem> {
    let start = match fields.word("after") {
        None => 0,
        Some(after) => {
            let at = rows.iter().position(|row| key(row) == after);
            at.ok_or_else(unknown_row)? + 1
        }
    };
    Ok(start..rows.len().min(start + limit(fields)))
}

/// What is told of a list that has no row as the one named by `after`.
pub(super) fn unknown_row() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "after names no row of this list: it changed, or never had that row; begin again without after",
    )
}

/// The screen behind which a page begins.
///
/// # Errors
/// What `after` says is no number of a screen.
pub(super) fn after_screen(fields: &Fields) -> Result<Option<ScreenNumber>, Problem> {
    let after = fields.word("after").map(str::parse);
    after.transpose().map_err(|_| unknown_row())
}

/// How many rows are asked for.
pub(super) fn limit(fields: &Fields) -> usize {
    let asked = fields.get("limit").parse().unwrap_or(100);
    usize::clamp(asked, 1, PAGE_MAX)
}
