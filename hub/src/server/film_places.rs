//! The places for films that go out to phones, and who has them.
//!
//! Invariants: at most [`ALL`] films go out at one time, [`OF_LINK`] of them to one link and
//! [`OF_COMPANY`] to one company's network, so that whoever reads a few bytes of each for hours
//! keeps nobody else from theirs; nothing is remembered of a network to which none goes out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::scans::visitor::{Network, Networks, Width};

/// Most films that go out at one time.
const ALL: usize = 64;
/// Most of one link. Behind one address of IPv4 there may be a crowd.
const OF_LINK: usize = 16;
/// Most of one company's network.
const OF_COMPANY: usize = 32;
/// What networks are held to.
const BOUNDS: [(Width, usize); 2] = [(Width::Link, OF_LINK), (Width::Company, OF_COMPANY)];

/// How many films go out to each network; one without any has no entry.
type Taken = Arc<Mutex<HashMap<(Width, Network), usize>>>;

/// The places.
#[derive(Debug)]
pub(super) struct FilmPlaces {
    all: Arc<Semaphore>,
    taken: Taken,
}

/// One of them, until this is dropped.
#[derive(Debug)]
pub(super) struct FilmPlace {
    networks: Networks,
    taken: Taken,
    _permit: OwnedSemaphorePermit,
}

impl FilmPlaces {
    pub(super) fn new() -> Self {
        Self {
            all: Arc::new(Semaphore::new(ALL)),
            taken: Taken::default(),
        }
    }

    /// Takes a place, before it is known for whom; `None` when there is none.
    pub(super) fn reserve(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.all).try_acquire_owned().ok()
    }

    /// Gives a place to somebody of these networks; `None` when one of them has as many as it may.
    pub(super) fn give(
        &self,
        permit: OwnedSemaphorePermit,
        networks: Networks,
    ) -> Option<FilmPlace> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = |key| taken.get(&key).copied().unwrap_or_default();
        let is_full = |(width, most)| count((width, networks.of(width))) >= most;
        if BOUNDS.into_iter().any(is_full) {
            return None;
        }
        for (width, _) in BOUNDS {
            *taken.entry((width, networks.of(width))).or_default() += 1;
        }
        Some(FilmPlace {
            networks,
            taken: Arc::clone(&self.taken),
            _permit: permit,
        })
    }
}

impl Drop for FilmPlace {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        for (width, _) in BOUNDS {
            let key = (width, self.networks.of(width));
            if let Some(count) = taken.get_mut(&key) {
                *count -= 1;
                if *count == 0 {
                    taken.remove(&key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scans::visitor::Trace;

    fn networks(ip: &str) -> Networks {
        let trace = Trace {
            ip: ip.parse().unwrap(),
            agent: String::new(),
            languages: String::new(),
        };
        trace.networks(&[7; 32])
    }

    #[test]
    fn one_network_has_some_of_the_places_and_others_have_theirs() {
        let places = FilmPlaces::new();
        let take = |ip: &str| places.give(places.reserve()?, networks(ip));
        let many = |ip: &str| (0..ALL).filter_map(|_| take(ip)).collect::<Vec<_>>();
        let of_link = many("192.0.2.1");
        assert_eq!(of_link.len(), OF_LINK);
        let of_neighbour = many("192.0.2.2");
        assert_eq!(of_neighbour.len(), OF_COMPANY - OF_LINK);
        let six: Vec<_> = (0..ALL)
            .filter_map(|n| take(&format!("2001:db8:0:{n:x}::1")))
            .collect();
        assert_eq!(six.len(), OF_COMPANY, "links of one company");
        assert!(take("198.51.100.1").is_none(), "all are taken");
        drop((of_link, of_neighbour));
        assert!(take("198.51.100.1").is_some());
        drop(six);
        assert!(places.taken.lock().unwrap().is_empty());
    }
}
