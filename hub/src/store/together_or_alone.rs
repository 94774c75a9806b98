//! Several requests in one transaction, so that what is wrong with one is not the others' loss.

use crate::database::DatabaseError;

/// Has `together` do all of it in one transaction; where that fails, and the database is there,
/// each by itself. The answers are in the order of the requests.
pub(super) fn together_or_alone<R, T: Clone>(
    requests: &[R],
    together: &impl Fn(&[R]) -> Result<Vec<T>, DatabaseError>,
) -> Vec<Result<T, DatabaseError>> {
    match together(requests) {
        Ok(answers) => answers.into_iter().map(Ok).collect(),
        Err(error) if requests.len() > 1 && !error.is_outage() => requests
            .chunks(1)
            .flat_map(|request| together_or_alone(request, together))
            .collect(),
        Err(error) => vec![Err(error); requests.len()],
    }
}
