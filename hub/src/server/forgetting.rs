//! Forgets old salts, also while nobody scans.

use std::time::Duration;

use crate::server::{AppState, Shared};
use crate::system::clock;

/// Time between two looks.
const PAUSE: Duration = Duration::from_secs(3_600);

/// Looks at once and then every hour, for ever.
pub(super) async fn keep(app: Shared) {
    loop {
        app.work(|app: &AppState| {
            if let Err(error) = app.hub.store.forget_salts(clock::now_ms()) {
                tracing::error!(%error, "old salts are not forgotten yet");
            }
        })
        .await;
        tokio::time::sleep(PAUSE).await;
    }
}
