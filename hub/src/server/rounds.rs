//! Rounds of work that waits for servers or programs of others, while background work is this
//! process's.
//!
//! Invariant: a round has a thread of its own, which nobody waits for at the end: a server that
//! does not answer holds up no shutdown, and what is cut off is taken up by a later round.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::server::{AppState, Shared};
use crate::store::{StoreError, Which};
use crate::system::clock;

/// Time between two looks at what is due.
const PAUSE: Duration = Duration::from_secs(2);
/// The same after the database has failed.
const FAILURE_PAUSE: Duration = Duration::from_secs(30);

/// Does what is due while it may go on; the number is the present.
type Run = fn(&AppState, &(dyn Fn() -> bool + Sync), i64) -> Result<(), StoreError>;

/// One kind of work.
pub(super) struct Rounds {
    name: &'static str,
    run: Run,
}

/// Runs the sources that are due.
pub(super) const SOURCES: Rounds = Rounds {
    name: "sources",
    run: |app, goes_on, now_ms| app.sources.run_due(&app.hub, goes_on, now_ms),
};

/// Sends the alerts that are due.
pub(super) const ALERTS: Rounds = Rounds {
    name: "alerts",
    run: |app, goes_on, now_ms| app.alerts.send_due(&app.hub, goes_on, now_ms),
};

/// Sends what is due to people who follow.
pub(super) const FOLLOWERS: Rounds = Rounds {
    name: "mail to people who follow",
    run: |app, goes_on, now_ms| app.followers.send_due(&app.hub, goes_on, now_ms),
};

/// Tells web hooks that are well of what happens.
pub(super) const HOOKS: Rounds = Rounds {
    name: "web hooks",
    run: |app, goes_on, now_ms| app.hooks.send_due(&app.hub, Which::Well, goes_on, now_ms),
};

/// Tries those that failed, beside the others.
pub(super) const FAILING_HOOKS: Rounds = Rounds {
    name: "failing web hooks",
    run: |app, goes_on, now_ms| {
        app.hooks
            .send_due(&app.hub, Which::Failing, goes_on, now_ms)
    },
};

/// Makes the films ready that wait.
pub(super) const FILMS: Rounds = Rounds {
    name: "films",
    run: |app, goes_on, now_ms| app.films.run_due(&app.hub, goes_on, now_ms),
};

/// Runs rounds, for ever.
pub(super) async fn keep(app: Shared, rounds: Rounds) {
    loop {
        let is_well = !app.does_background_work() || round(&app, &rounds).await;
        tokio::time::sleep(if is_well { PAUSE } else { FAILURE_PAUSE }).await;
    }
}

/// Runs one; false when it failed.
async fn round(app: &Shared, rounds: &Rounds) -> bool {
    let (tell, told) = oneshot::channel();
    let (own, name, run) = (Arc::clone(app), rounds.name, rounds.run);
    let work = move || {
        let goes_on = || AppState::does_background_work(&own);
        let ran = run(&own, &goes_on, clock::now_ms());
        // Whoever asked is gone when the server stops.
        let _ = tell.send(ran);
    };
    if let Err(error) = thread::Builder::new().name(name.to_owned()).spawn(work) {
        tracing::error!(%error, "{name} have to wait: no thread");
        return false;
    }
    match told.await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::error!(%error, "{name} have to wait");
            false
        }
        Err(_) => false,
    }
}
