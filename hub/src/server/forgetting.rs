//! Forgets old salts, also while nobody scans.

use std::time::Duration;

use crate::server::metrics::BackgroundWork;
use crate::server::{AppState, Shared};
use crate::system::clock;

/// Time between two looks.
const PAUSE: Duration = Duration::from_secs(3_600);

/// Looks at once and then every hour, for ever.
pub(super) async fn keep(app: Shared) {
    loop {
        app.work(|app: &AppState| {
            let now_ms = clock::now_ms();
            match app.hub.store.forget_salts(now_ms) {
                Ok(_) => app.background.ran(BackgroundWork::ForgetSalts, now_ms),
                Err(error) => tracing::error!(%error, "old salts are not forgotten yet"),
            }
        })
        .await;
        tokio::time::sleep(PAUSE).await;
    }
}
