//! Runs the sources that are due, several at one time.
//!
//! Invariants: at most [`THREADS`] sources are at work at one time, each for a bounded time, so one
//! that is slow holds up none but what waits behind four of its like; each source is run by itself,
//! and what goes wrong with one is told of that one.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;
use std::time::{Duration, Instant};

use passerby_protocol::private_host::PrivateHost;

use crate::Hub;
use crate::publish::inspection::Workers;
use crate::sources::fetch::Fetcher;
use crate::sources::run::Runner;
use crate::sources::work_folder;
use crate::store::{SourceError, StoreError};

/// Most sources that are at work at one time.
const THREADS: usize = 4;
/// After this time no further source is begun, so that other work has its turn.
const ROUND_TIME: Duration = Duration::from_secs(120);

/// What runs sources.
#[derive(Debug)]
pub struct Service {
    fetcher: Fetcher,
    /// None where the system does not tell which program this is; no card can be made then.
    workers: Option<Workers>,
}

impl Service {
    /// Fetches from public addresses, and from private ones that the operator names.
    pub fn new(private_hosts: Vec<PrivateHost>) -> Self {
        Self {
            fetcher: Fetcher::new(private_hosts),
            workers: Workers::of_this_program().ok(),
        }
    }

    /// Makes cards also with the fonts of some folders, as screens do.
    #[must_use]
    pub fn with_fonts(self, folders: &[PathBuf]) -> Self {
        let workers = self.workers.map(|workers| workers.with_fonts(folders));
        Self { workers, ..self }
    }

    /// Runs what is due.
    ///
    /// # Errors
    /// The database fails.
    pub fn run_due(
        &self,
        hub: &Hub,
        goes_on: &(dyn Fn() -> bool + Sync),
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let due = hub.store.due_sources(now_ms)?;
        let Some(workers) = self.workers.as_ref().filter(|_| !due.is_empty()) else {
            return Ok(());
        };
        work_folder::clear(hub.folder(), now_ms);
        let begun = Instant::now();
        let threads = THREADS.min(due.len());
        let due = Mutex::new(VecDeque::from(due));
        let next = || {
            let is_time = begun.elapsed() < ROUND_TIME && goes_on();
            is_time
                .then(|| {
                    due.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .pop_front()
                })
                .flatten()
        };
        let runner = Runner {
            hub,
            workers,
            fetcher: &self.fetcher,
            goes_on,
        };
        let work = || {
            while let Some(name) = next() {
                run_one(&runner, &name, now_ms);
            }
        };
        thread::scope(|scope| {
            for _ in 1..threads {
                // Without a second thread the first does it all.
                let _ = thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
        Ok(())
    }
}

fn run_one(runner: &Runner<'_>, name: &str, now_ms: i64) {
    match runner.run(name, false, now_ms) {
        Ok(report) => {
            if let Some(problem) = &report.problem {
                tracing::warn!(source = name, "a source was not fetched: {problem}");
            }
            if !report.published.is_empty() || !report.failed.is_empty() || report.ended > 0 {
                tracing::info!(
                    source = name,
                    published = report.published.len(),
                    failed = report.failed.len(),
                    ended = report.ended,
                    "a source has changed what airs"
                );
            }
        }
        // It was removed meanwhile.
        Err(SourceError::Unknown(_)) => {}
        Err(error) => tracing::error!(source = name, %error, "a source has to wait"),
    }
}
