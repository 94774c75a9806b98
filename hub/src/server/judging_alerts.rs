//! Looks at all screens and voices now and then for what people want to be told of.

use jiff::Timestamp;

use crate::server::AppState;
use crate::store::{AlertError, StoreError};
use crate::system::clock;

/// Looks once.
pub(super) fn judge(app: &AppState, now_ms: i64) -> Result<(), StoreError> {
    let at = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let time = at.to_zoned(clock::time_zone()).time();
    let minute = u32::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute()));
    let store = &app.hub.store;
    let judged = store
        .judge_alerts(minute.unwrap_or(0), now_ms)
        .and_then(|_| store.tell_of_voices(now_ms));
    match judged {
        Ok(_) => Ok(()),
        Err(AlertError::Store(error)) => Err(error),
        // These are about one rule that somebody asks for.
        Err(AlertError::Unknown | AlertError::TooMany) => Ok(()),
    }
}
