//! Work that nobody waits for, done by one process at a time of all that share a database.
//!
//! What is to be done this way gets a line in [`WORK`]. It may take minutes, and should ask
//! [`AppState::does_background_work`] between its steps.
//!
//! Invariants: a process takes the work over within seconds after the one that did it has ended or
//! lost its database, and begins with all of it; for a moment two may be at it, so each piece is
//! harmless when it is done twice, also at the same time. What a process has in its own memory only
//! it can write down: [`count_writer`](crate::server::count_writer) is no such work.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::server::{AppState, Shared, adding_up, forgetting, judging_alerts};
use crate::store::StoreError;
use crate::system::clock;

/// Time between two questions whether the work is this process's.
const QUESTION_PAUSE: Duration = Duration::from_secs(2);
/// What failed is done again after this time, or after its own pause if that is shorter, but not
/// sooner than after [`FAILURE_PAUSE_MIN`]: each failure is told in the log.
const FAILURE_PAUSE: Duration = Duration::from_secs(60);
const FAILURE_PAUSE_MIN: Duration = Duration::from_secs(10);

/// One kind of work.
struct Work {
    name: &'static str,
    /// Time between two times.
    pause: Duration,
    /// Does it; the number is the present, as Unix time in milliseconds.
    run: fn(&AppState, i64) -> Result<(), StoreError>,
}

/// All of it.
const WORK: [Work; 4] = [
    Work {
        name: "forgetting old salts",
        pause: Duration::from_secs(3_600),
        run: forgetting::forget,
    },
    Work {
        name: "adding up figures",
        pause: Duration::from_secs(1),
        run: adding_up::add_up,
    },
    Work {
        name: "looking for what to tell people of screens",
        pause: Duration::from_secs(10),
        run: judging_alerts::judge,
    },
    Work {
        name: "deleting files that nobody uses",
        pause: Duration::from_secs(600),
        run: |app, now_ms| {
            crate::drafts::desk::delete_unnamed(&app.hub, now_ms).map(|gone| {
                if gone > 0 {
                    tracing::info!(gone, "files that nobody uses were deleted");
                }
            })
        },
    },
];

impl AppState {
    /// Tells whether background work is still this process's.
    pub(super) fn does_background_work(&self) -> bool {
        self.does_background_work.load(Ordering::Relaxed)
    }

    /// Has what is under way end after its step, and another process go on: this one stops.
    pub(super) fn leave_background_work(&self) {
        self.does_background_work.store(false, Ordering::Relaxed);
        self.hub.store.leave_background_work();
    }
}

/// Does the work while it is this process's, for ever.
pub(super) async fn keep(app: Shared) {
    let (tell, told) = watch::channel(false);
    tokio::join!(ask(&app, tell), work(&app, told));
}

/// Asks again and again whether the work is this process's, and tells others that it serves.
async fn ask(app: &Shared, tell: watch::Sender<bool>) {
    let mut is_same_address = true;
    loop {
        let kept = app.work(|app: &AppState| {
            let scan_base = app.public_url.scan_base();
            app.hub.store.keep_serving(&scan_base)
        });
        // While the database is away nobody else begins either.
        let is_same = kept.await.unwrap_or(is_same_address);
        if std::mem::replace(&mut is_same_address, is_same) && !is_same {
            tracing::error!(
                "another process has begun to serve this database with another --public-url; stop one of them"
            );
        }
        let asked = app.work(|app: &AppState| app.hub.store.does_background_work());
        let is_ours = asked.await.unwrap_or_else(|error| {
            tracing::debug!(%error, "who does background work is unknown");
            false
        });
        app.does_background_work.store(is_ours, Ordering::Relaxed);
        tell.send_if_modified(|before| std::mem::replace(before, is_ours) != is_ours);
        tokio::time::sleep(QUESTION_PAUSE).await;
    }
}

async fn work(app: &Shared, mut told: watch::Receiver<bool>) {
    loop {
        // Who asks never ends before this does.
        if told.wait_for(|is_ours| *is_ours).await.is_err() {
            return;
        }
        tracing::debug!("this process does the background work");
        let mut due = [Instant::now(); WORK.len()];
        while *told.borrow_and_update() {
            for (work, due) in WORK.iter().zip(&mut due) {
                if *due <= Instant::now() && app.does_background_work() {
                    *due = Instant::now() + run(app, work).await;
                }
            }
            let next = due.iter().min().copied().unwrap_or_else(Instant::now);
            tokio::select! {
                () = tokio::time::sleep_until(next) => {}
                changed = told.changed() => if changed.is_err() { return },
            }
        }
    }
}

/// Does one kind of work and returns after what time it is due again.
async fn run(app: &Arc<AppState>, work: &'static Work) -> Duration {
    let ran = app
        .work(|app: &AppState| (work.run)(app, clock::now_ms()))
        .await;
    match ran {
        Ok(()) => work.pause,
        Err(error) => {
            tracing::error!(%error, "{} has to wait", work.name);
            work.pause.clamp(FAILURE_PAUSE_MIN, FAILURE_PAUSE)
        }
    }
}
