//! Servers that have just kept somebody waiting, held in memory.
//!
//! Invariant: at most [`SERVERS_MAX`] are remembered, each for [`SILENT_TIME`]; `now` is an
//! argument.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Url;

/// For how long nobody else waits for one.
const SILENT_TIME: Duration = Duration::from_secs(60);
/// Most that are remembered; as many as there may be hooks.
const SERVERS_MAX: usize = 200;

/// When each server, by scheme, host and port, did not answer.
#[derive(Debug, Default)]
pub(super) struct SilentServers(Mutex<HashMap<String, Instant>>);

impl SilentServers {
    /// Notes that a server did not answer.
    pub(super) fn note(&self, url: &Url, now: Instant) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, since| is_silent(*since, now));
        if known.len() < SERVERS_MAX {
            known.insert(url.origin().ascii_serialization(), now);
        }
    }

    /// Whether one has not answered a moment ago.
    pub(super) fn has(&self, url: &Url, now: Instant) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = known.get(&url.origin().ascii_serialization());
        since.is_some_and(|since| is_silent(*since, now))
    }
}

fn is_silent(since: Instant, now: Instant) -> bool {
    now.saturating_duration_since(since) < SILENT_TIME
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_does_not_answer_is_left_alone_for_a_minute_and_no_other_is() {
        let url = |text: &str| text.parse::<Url>().unwrap();
        let (silent, now) = (SilentServers::default(), Instant::now());
        silent.note(&url("https://a.example/one?key=k3y"), now);
        assert!(silent.has(&url("https://a.example/two"), now));
        assert!(!silent.has(&url("https://a.example:8443/two"), now));
        assert!(!silent.has(&url("https://b.example/"), now));
        assert!(!silent.has(&url("https://a.example/two"), now + SILENT_TIME));
        for number in 0..2 * SERVERS_MAX {
            silent.note(&url(&format!("https://{number}.example/")), now);
        }
        assert!(silent.0.lock().unwrap().len() <= SERVERS_MAX);
    }
}
