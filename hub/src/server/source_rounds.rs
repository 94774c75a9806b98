//! Has the sources run that are due, while background work is this process's.
//!
//! Invariant: a round has a thread of its own, which nobody waits for at the end: a server that
//! does not answer holds up no shutdown, and what is cut off is taken up by the next round.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::server::{AppState, Shared};
use crate::system::clock;

/// Time between two looks at what is due.
const PAUSE: Duration = Duration::from_secs(2);
/// The same after the database has failed.
const FAILURE_PAUSE: Duration = Duration::from_secs(30);

/// Runs rounds, for ever.
pub(super) async fn keep(app: Shared) {
    loop {
        let is_well = !app.does_background_work() || round(&app).await;
        tokio::time::sleep(if is_well { PAUSE } else { FAILURE_PAUSE }).await;
    }
}

/// Runs one; false when it failed.
async fn round(app: &Shared) -> bool {
    let (tell, told) = oneshot::channel();
    let own = Arc::clone(app);
    let run = move || {
        let goes_on = || AppState::does_background_work(&own);
        let ran = own.sources.run_due(&own.hub, &goes_on, clock::now_ms());
        // Whoever asked is gone when the server stops.
        let _ = tell.send(ran);
    };
    if let Err(error) = thread::Builder::new().name("sources".to_owned()).spawn(run) {
        tracing::error!(%error, "sources have to wait: no thread");
        return false;
    }
    match told.await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::error!(%error, "sources have to wait");
            false
        }
        Err(_) => false,
    }
}
