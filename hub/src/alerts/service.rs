//! Sends what is due, several messages at one time.
//!
//! Invariants: at most [`THREADS`] messages are on their way at one time, each for a bounded time,
//! so one server that is slow holds up none but what waits behind as many of its like; what goes
//! wrong with one message is told of that one, on its page and once in the log.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::thread;

use passerby_protocol::private_host::PrivateHost;

use crate::Hub;
use crate::alerts::sender::Sender;
use crate::people::Scope;
use crate::store::{ClaimedMessage, StoreError};

/// Most messages that are on their way at one time.
const THREADS: usize = 4;
/// Most messages that are claimed at one time: each may take as long as its server's patience.
const CLAIMED_MAX: usize = 12;

/// What sends messages.
#[derive(Debug)]
pub struct Service {
    sender: Sender,
}

impl Service {
    /// Sends to public addresses, and to private ones that the operator names; `link` leads to the
    /// page of alerts.
    pub const fn new(private_hosts: Vec<PrivateHost>, link: String) -> Self {
        Self {
            sender: Sender::new(private_hosts, Some(link)),
        }
    }

    /// Sends what is due.
    ///
    /// # Errors
    /// The database fails; what was claimed is sent later.
    pub fn send_due(
        &self,
        hub: &Hub,
        goes_on: &(dyn Fn() -> bool + Sync),
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let claimed = hub.store.claim_alert_messages(CLAIMED_MAX, now_ms)?;
        let threads = THREADS.min(claimed.len());
        let claimed = Mutex::new(VecDeque::from(claimed));
        let failed = Mutex::new(None);
        let next = || {
            let mut claimed = claimed.lock().unwrap_or_else(PoisonError::into_inner);
            claimed.pop_front().filter(|_| goes_on())
        };
        let work = || {
            while let Some(message) = next() {
                if let Err(error) = self.send(hub, &message, now_ms) {
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

    fn send(&self, hub: &Hub, message: &ClaimedMessage, now_ms: i64) -> Result<(), StoreError> {
        let Some(rule) = hub.store.alert_rule(&Scope::ALL, message.rule)? else {
            // Its messages went with it.
            return Ok(());
        };
        let name = &rule.settings.name;
        match self.sender.send(hub, &rule, message, now_ms) {
            Ok(()) => hub.store.alert_message_sent(message.id, now_ms),
            Err(refused) => {
                let said = (refused.reason.as_str(), refused.is_final);
                let again = hub.store.alert_message_failed(message, said, now_ms)?;
                let to = message.recipient.as_deref().unwrap_or("its web hook");
                let reason = &refused.reason;
                match again {
                    None => {
                        tracing::error!(rule = name, "an alert to {to} was given up: {reason}");
                    }
                    // The first failure is news, the others are the same.
                    Some(_) if message.attempts == 0 => {
                        tracing::warn!(rule = name, "an alert to {to} has to wait: {reason}");
                    }
                    Some(_) => {
                        tracing::debug!(rule = name, "an alert to {to} has to wait: {reason}");
                    }
                }
                Ok(())
            }
        }
    }
}
