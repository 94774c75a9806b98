//! Forgets old salts, also while nobody scans.

use crate::server::AppState;
use crate::server::metrics::BackgroundWork;
use crate::store::StoreError;

/// Forgets those from before yesterday.
pub(super) fn forget(app: &AppState, now_ms: i64) -> Result<(), StoreError> {
    app.hub.store.forget_salts(now_ms)?;
    app.background.ran(BackgroundWork::ForgetSalts, now_ms);
    Ok(())
}
