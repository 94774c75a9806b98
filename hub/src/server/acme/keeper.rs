//! Keeps a hub in a certificate: takes what the database has, and has a new one made when it is
//! time.
//!
//! Invariants: of all processes that share a database the one that does the background work asks
//! the CA, and goes on where another left off; all of them look for what it got every
//! [`LOOK_PAUSE`]. Whatever fails, the certificate of before stays in use.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::server::acme::calls::Calls;
use crate::server::acme::failure::Failure;
use crate::server::acme::order::{Attempt, key_purpose};
use crate::server::acme::schedule;
use crate::server::acme::settings::AcmeSettings;
use crate::server::app_state::{AppState, Shared};
use crate::server::tls::{Acceptor, Certificate, day};
use crate::store::{AcmeFailures, AcmeSubject, StoreError, StoredCertificate};
use crate::system::clock;
use crate::system::clock::DAY_MS;

/// Time between two looks at the database, and at whether a renewal is due.
const LOOK_PAUSE: Duration = Duration::from_secs(2);

/// What those who watch the hub are told.
#[derive(Default)]
pub(in crate::server) struct Status(Mutex<AcmeFailures>);

impl Status {
    /// How many attempts have failed since the last certificate.
    pub(in crate::server) fn failures(&self) -> u32 {
        self.lock().failures
    }

    /// What the last one failed with, and when there is the next.
    pub(in crate::server) fn problem(&self) -> Option<String> {
        let known = self.lock();
        (known.failures > 0).then(|| {
            let next = clock::rfc3339(known.next_ms);
            format!("{} (next attempt at {next})", known.problem)
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, AcmeFailures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sees to a hub's certificate.
pub(in crate::server) struct Keeper {
    app: Shared,
    acceptor: Arc<Acceptor>,
    settings: AcmeSettings,
    subject: AcmeSubject,
    calls: Calls,
    status: Arc<Status>,
    started_ms: i64,
    /// The one in use, as the database has it.
    used: Option<StoredCertificate>,
    /// One that cannot be used, of which the log has heard.
    bad: Option<StoredCertificate>,
    doubts_told_ms: i64,
    /// Until when this process asks for nothing, whatever the database says or has forgotten.
    quiet_until_ms: i64,
}

impl Keeper {
    pub(in crate::server) fn new(
        app: Shared,
        acceptor: Arc<Acceptor>,
        settings: AcmeSettings,
        calls: Calls,
        started_ms: i64,
    ) -> Self {
        Self {
            app,
            acceptor,
            subject: settings.subject(),
            settings,
            calls,
            status: Arc::default(),
            started_ms,
            used: None,
            bad: None,
            doubts_told_ms: started_ms,
            quiet_until_ms: i64::MIN,
        }
    }

    /// What those who watch the hub are told.
    pub(in crate::server) fn status(&self) -> Arc<Status> {
        Arc::clone(&self.status)
    }

    /// Takes what the database has, and returns whether the work is to be done now.
    ///
    /// # Errors
    /// The database fails; what was used stays in use.
    pub(in crate::server) async fn look(&mut self, now_ms: i64) -> Result<bool, StoreError> {
        let subject = self.subject.clone();
        let looked = self.app.work(move |app: &AppState| {
            Ok::<_, StoreError>((
                app.hub.store.acme_certificate(&subject)?,
                app.hub.store.acme_failures(&subject)?,
            ))
        });
        let (found, failures) = looked.await?;
        if let Some(found) = found.filter(|found| {
            // One that is kept and cannot be used is told once.
            self.used.as_ref() != Some(found) && self.bad.as_ref() != Some(found)
        }) {
            self.take(found, now_ms);
        }
        if now_ms >= self.doubts_told_ms.saturating_add(DAY_MS) {
            self.tell_doubts(now_ms);
        }
        let next_ms = match failures.failures {
            0 => i64::MIN,
            _ => schedule::next_ms(&failures, self.started_ms, now_ms),
        };
        // No pause is longer, but a clock may have been put right.
        let is_quiet = self.quiet_until_ms <= now_ms.saturating_add(schedule::TOLD_PAUSE_MS_MAX);
        let next_ms = match is_quiet {
            true => next_ms.max(self.quiet_until_ms),
            false => next_ms,
        };
        *self.status.lock() = AcmeFailures {
            next_ms,
            ..failures
        };
        Ok(now_ms >= next_ms && now_ms >= self.due_ms(now_ms))
    }

    /// From when on there should be another certificate.
    fn due_ms(&self, now_ms: i64) -> i64 {
        match &self.used {
            Some(used) if used.subject == self.subject => schedule::renewal_due_ms(used, now_ms),
            _ => i64::MIN,
        }
    }

    fn take(&mut self, found: StoredCertificate, now_ms: i64) {
        let keys = self.app.hub.keys();
        let key = keys.open_for(&key_purpose(&found.subject), &found.sealed_key);
        let key = key.and_then(|key| String::from_utf8(key).ok());
        let Some(key) = key else {
            tracing::error!(
                "the certificate in the database was not kept by this hub, or by one with other keys, and is not used"
            );
            self.bad = Some(found);
            return;
        };
        let names = ("the certificate in the database", found.chain.as_str());
        match Certificate::of_texts(names, ("its key", &key)) {
            Ok(certificate) => {
                let (names, until) = (&found.subject.names, day(certificate.not_after_ms));
                tracing::info!("the certificate for {names} is good until {until}");
                self.acceptor.renew(certificate);
                self.used = Some(found);
                self.tell_doubts(now_ms);
            }
            Err(error) => {
                tracing::error!("{error}");
                self.bad = Some(found);
            }
        }
    }

    fn tell_doubts(&mut self, now_ms: i64) {
        self.doubts_told_ms = now_ms;
        let host = self.app.public_url.host();
        let certificate = self.acceptor.certificate();
        let doubts = certificate.map(|certificate| certificate.doubts(host, now_ms));
        for doubt in doubts.unwrap_or_default() {
            tracing::warn!("{doubt}");
        }
    }

    /// Has a certificate made, and uses it; or keeps what was wrong.
    async fn attempt(&mut self, now_ms: i64) {
        tracing::info!("asking {} for a certificate", self.subject.directory);
        let attempt = Attempt {
            app: &self.app,
            settings: &self.settings,
            subject: &self.subject,
            calls: &self.calls,
            now_ms,
        };
        let begun = Instant::now();
        let done = attempt.run().await;
        // A certificate may be good from now on only.
        let took_ms = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
        let now_ms = now_ms.saturating_add(took_ms);
        match done {
            Ok(certificate) => {
                self.quiet_until_ms = now_ms.saturating_add(schedule::OBTAINED_PAUSE_MS);
                self.take(certificate, now_ms);
                *self.status.lock() = AcmeFailures::default();
            }
            Err(failure) => self.note(&failure, now_ms).await,
        }
    }

    async fn note(&mut self, failure: &Failure, now_ms: i64) {
        let before = self.status.lock().clone();
        let told_ms = self.calls.told_ms();
        let words = failure.to_string();
        let after = schedule::after_failure(&before, failure.kind(), told_ms, words, now_ms);
        let next = clock::rfc3339(after.next_ms);
        tracing::error!("there is no new certificate; next attempt at {next}: {failure}");
        self.quiet_until_ms = after.next_ms;
        *self.status.lock() = after.clone();
        let subject = self.subject.clone();
        let keep = move |app: &AppState| app.hub.store.keep_acme_failures(&subject, &after);
        if let Err(error) = self.app.work(keep).await {
            tracing::error!(%error, "that attempt is forgotten by a restart");
        }
    }

    /// Looks, and does the work if it is due and this process's.
    async fn step(&mut self, now_ms: i64) {
        match self.look(now_ms).await {
            Ok(true) if self.app.does_background_work() => self.attempt(now_ms).await,
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "it is not known whether there is a certificate"),
        }
    }
}

/// Keeps a hub in a certificate, for ever.
pub(in crate::server) async fn keep(mut keeper: Keeper) {
    loop {
        keeper.step(clock::now_ms()).await;
        tokio::time::sleep(LOOK_PAUSE).await;
    }
}
