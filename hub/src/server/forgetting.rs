//! Forgets old salts, also while nobody scans, and what people typed once it is at its end.

use crate::server::AppState;
use crate::server::metrics::BackgroundWork;
use crate::store::StoreError;
use crate::voices::DAYS;

/// Forgets salts from before yesterday, and words whose time is over.
pub(super) fn forget(app: &AppState, now_ms: i64) -> Result<(), StoreError> {
    app.hub.store.forget_salts(now_ms)?;
    app.hub.store.forget_moments(now_ms)?;
    app.hub.store.forget_voices(DAYS, now_ms)?;
    app.hub.store.forget_followers(now_ms)?;
    app.background.ran(BackgroundWork::ForgetSalts, now_ms);
    Ok(())
}
