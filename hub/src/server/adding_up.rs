//! Adds up what is noted of the figures, also while nobody asks for a report.

use crate::server::AppState;
use crate::server::metrics::BackgroundWork;
use crate::store::StoreError;

/// Adds up all of it, so that whoever asks for a report waits for the notes of a moment only.
pub(super) fn add_up(app: &AppState, now_ms: i64) -> Result<(), StoreError> {
    app.hub.store.add_up_figures()?;
    app.background.ran(BackgroundWork::AddUpFigures, now_ms);
    Ok(())
}
