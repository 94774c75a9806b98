//! Sends what is due, several hooks at one time.
//!
//! Invariants: at most [`THREADS`] calls are on their way at one time, each for a bounded time;
//! what goes to one hook goes in order, and the first that fails ends its turn; hooks that failed
//! are tried in rounds of their own, so they hold up none that are well; a server that did not
//! answer is waited for by none of the other hooks that lead to it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use passerby_protocol::private_host::PrivateHost;
use reqwest::Url;
use serde_json::{Value, json};

use crate::Hub;
use crate::alerts::Hook;
use crate::alerts::check;
use crate::alerts::hook::{call_with, refusal};
use crate::hooks::silent_servers::SilentServers;
use crate::hooks::texts;
use crate::sources::fetch::{FetchError, Fetcher};
use crate::store::{ClaimedEvent, Event, EventHook, StoreError, Which};
use crate::system::clock;

/// Most calls that are on their way at one time.
const THREADS: usize = 16;
/// Most hooks of one round, and most messages to each.
const HOOKS_MAX: usize = 32;
const EACH_MAX: usize = 50;
/// After so long a hook's turn is over, before its claims are: what is left is claimed anew.
const TURN_TIME: Duration = Duration::from_secs(300);
/// How long a server may take to answer: it need only note what it is told.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// Largest answer that is looked at, in bytes.
const ANSWER_BYTES_MAX: usize = 16 << 10;

/// Why something was not taken.
struct Refused {
    reason: String,
    /// Whether trying again is of no use.
    is_final: bool,
}

impl Refused {
    #[allow(clippy::needless_pass_by_value, reason = "an error ends here")]
    fn now(reason: impl std::fmt::Display) -> Self {
        Self {
            reason: reason.to_string(),
            is_final: false,
        }
    }
}

/// What sends.
#[derive(Debug)]
pub struct Service {
    fetcher: Fetcher,
    silent: SilentServers,
}

impl Service {
    /// Sends to public addresses, and to private ones that the operator names.
    pub fn new(private_hosts: Vec<PrivateHost>) -> Self {
        Self {
            fetcher: Fetcher::new(private_hosts).waiting(ANSWER_TIME),
            silent: SilentServers::default(),
        }
    }

    /// Sends what is due to hooks that are well, or to those that failed.
    ///
    /// # Errors
    /// The database fails; what was claimed is sent later.
    pub fn send_due(
        &self,
        hub: &Hub,
        which: Which,
        goes_on: &(dyn Fn() -> bool + Sync),
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let bounds = (HOOKS_MAX, EACH_MAX);
        loop {
            // What comes meanwhile has a round of its own.
            let claimed = hub.store.claim_events(which, bounds, now_ms)?;
            if claimed.is_empty() {
                return Ok(());
            }
            self.send_claimed(hub, claimed, goes_on)?;
            if which == Which::Failing || !goes_on() {
                return Ok(());
            }
        }
    }

    /// Sends what was claimed, several hooks at one time.
    fn send_claimed(
        &self,
        hub: &Hub,
        claimed: Vec<(EventHook, Vec<ClaimedEvent>)>,
        goes_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), StoreError> {
        let threads = THREADS.min(claimed.len());
        let claimed = Mutex::new(VecDeque::from(claimed));
        let failed = Mutex::new(None);
        let next = || {
            let mut claimed = claimed.lock().unwrap_or_else(PoisonError::into_inner);
            claimed.pop_front().filter(|_| goes_on())
        };
        let work = || {
            while let Some((hook, messages)) = next() {
                if let Err(error) = self.send_all(hub, &hook, &messages) {
                    *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                }
            }
        };
        thread::scope(|scope| {
            for _ in 1..threads {
                // Without a second thread the first does it all.
                let _ = thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
        let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
        failed.map_or(Ok(()), Err)
    }

    /// Sends what was claimed of one hook, until one is not taken.
    fn send_all(
        &self,
        hub: &Hub,
        hook: &EventHook,
        messages: &[ClaimedEvent],
    ) -> Result<(), StoreError> {
        let mut sent = Vec::new();
        let begun = Instant::now();
        for (at, message) in messages.iter().enumerate() {
            if begun.elapsed() > TURN_TIME {
                break;
            }
            match self.send_unless_silent(hub, hook, message) {
                Ok(()) => sent.push(message.id),
                Err(refused) => {
                    if !sent.is_empty() {
                        hub.store.events_sent(hook.id, &sent, clock::now_ms())?;
                    }
                    let said = (refused.reason.as_str(), refused.is_final);
                    let others = &messages[at + 1..];
                    let now_ms = clock::now_ms();
                    hub.store
                        .event_failed(hook, message, others, said, now_ms)?;
                    let (name, reason) = (&hook.settings.name, &refused.reason);
                    // The first failure is news, the others are the same.
                    if hook.failures == 0 {
                        tracing::warn!(hook = name, "events have to wait: {reason}");
                    } else {
                        tracing::debug!(hook = name, "events have to wait: {reason}");
                    }
                    return Ok(());
                }
            }
        }
        hub.store.events_sent(hook.id, &sent, clock::now_ms())
    }

    /// Tries at once whether a hook takes anything. Says why not.
    ///
    /// # Errors
    /// It does not.
    pub fn attempt(&self, hub: &Hub, hook: &EventHook) -> Result<(), String> {
        let message = ClaimedEvent {
            id: 0,
            event: Event::Test,
            made_ms: clock::now_ms(),
            attempts: 1,
        };
        let sent = opened(hub, hook).and_then(|(kept, url)| self.send(hook, &message, &kept, &url));
        sent.map_err(|refused| refused.reason)
    }

    /// Sends to a hook unless its server has just kept another one waiting.
    fn send_unless_silent(
        &self,
        hub: &Hub,
        hook: &EventHook,
        message: &ClaimedEvent,
    ) -> Result<(), Refused> {
        let (kept, url) = opened(hub, hook)?;
        if self.silent.has(&url, Instant::now()) {
            return Err(Refused::now(FetchError::TooSlow));
        }
        self.send(hook, message, &kept, &url)
    }

    fn send(
        &self,
        hook: &EventHook,
        message: &ClaimedEvent,
        kept: &Hook,
        url: &Url,
    ) -> Result<(), Refused> {
        let settings = &hook.settings;
        let text = texts::text(settings.words, &message.event);
        let own = || own_form(message, &settings.name);
        let now_ms = clock::now_ms();
        let call = call_with(settings.kind, (url, &kept.secret), &text, own, now_ms);
        let mut headers = call.headers;
        headers.push(("content-type", "application/json; charset=utf-8".to_owned()));
        let answer = self
            .fetcher
            .post(&call.url, &headers, call.body, ANSWER_BYTES_MAX)
            .map_err(|error| match error {
                // Nothing of the address but its host: robots have their key in it.
                FetchError::NoLink(_) => Refused {
                    reason: "no http or https link".to_owned(),
                    is_final: true,
                },
                FetchError::TooSlow => {
                    self.silent.note(url, Instant::now());
                    Refused::now(FetchError::TooSlow)
                }
                error => Refused::now(error),
            })?;
        match refusal(settings.kind, &answer) {
            None => Ok(()),
            Some(reason) => Err(Refused::now(reason)),
        }
    }
}

/// The address of a hook, with its secret.
fn opened(hub: &Hub, hook: &EventHook) -> Result<(Hook, Url), Refused> {
    let kept = Hook::open(hub, &hook.sealed_hook).ok_or_else(|| {
        Refused::now("the web hook was sealed by another hub; remove it and add it anew")
    })?;
    let url = check::hook(&kept.url).map_err(Refused::now)?;
    Ok((kept, url))
}

/// JSON of our own form.
fn own_form(message: &ClaimedEvent, name: &str) -> Value {
    let mut own = json!(message.event);
    own["message"] = message.id.to_string().into();
    own["hook"] = name.into();
    own["at"] = clock::rfc3339(message.made_ms).into();
    own
}
