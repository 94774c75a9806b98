//! The places for connections, and who loses one when there is none left.
//!
//! A connection that waits for its peer (for a head, a body, the next request, or until an answer
//! is read) gives its place to a new one. So whoever holds places without using them loses them,
//! and nobody waits behind them.
//!
//! Invariants: never more than [`Places::all`] connections are registered, never more than
//! [`Places::link`] of one link and [`Places::company`] of one company's network; those of the
//! operator's own proxies count for all alone, since everybody comes through them; what the hub
//! works on is never cut off.
//!
//! A terminal whose call is held uses nothing but its descriptor and some memory, for nearly all of
//! its time. Such connections are counted apart, at most [`Places::held`] of them, and in no
//! network's share: a shop with hundreds of screens behind one address leaves its visitors their
//! places.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use crate::scans::visitor::{Prefix, Width};
use crate::server::activity::Activity;

/// Most connections at one time, however many descriptors there are. Each may take 32 KB.
const PLACES_MAX: usize = 2_048;
/// Most of one link. Behind one address of IPv4 there may be a crowd.
const LINK_MAX: usize = 256;
/// Most connections with a held call, however many descriptors there are.
const HELD_MAX: usize = 16_384;
/// Descriptors for everything that is no connection: database, signals, timers, connections that
/// are being refused.
const DESCRIPTORS_SPARE: u64 = 128;

/// How many connections there may be at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Places {
    all: usize,
    link: usize,
    company: usize,
    /// Those whose calls are held.
    held: usize,
    /// Descriptors for all of them: one for a held call, two for any other.
    descriptors: usize,
}

impl Places {
    /// Fits them to the number of descriptors that the process may have: a connection needs one,
    /// and another for the file that it sends.
    pub(super) fn for_descriptors(descriptors: u64) -> Self {
        let descriptors = descriptors.saturating_sub(DESCRIPTORS_SPARE);
        let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
        let all = (descriptors / 2).clamp(8, PLACES_MAX);
        let descriptors = descriptors.max(2 * all);
        Self {
            all,
            link: (all / 4).min(LINK_MAX),
            company: all / 2,
            held: (descriptors / 2).max(descriptors - 2 * all).min(HELD_MAX),
            descriptors,
        }
    }

    /// How many connections there may be beside so many with held calls.
    fn beside(self, held: usize) -> usize {
        (self.descriptors.saturating_sub(held) / 2).min(self.all)
    }
}

/// The connections that are open.
pub(super) struct Connections {
    places: Places,
    open: Mutex<Open>,
    accepted: AtomicU64,
    refused: AtomicU64,
    taken: AtomicU64,
}

/// How many connections there are, and were since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ConnectionCounts {
    /// Those that are open.
    pub(super) open: usize,
    /// How many there may be.
    pub(super) places: usize,
    /// Those that got a place.
    pub(super) accepted: u64,
    /// Those that got none.
    pub(super) refused: u64,
    /// Those that lost theirs to another.
    pub(super) taken: u64,
}

#[derive(Default)]
struct Open {
    next: u64,
    by_number: HashMap<u64, Connection>,
    /// How many of them have a held call.
    held: usize,
    /// How many there are of each network; a network without any has no entry.
    shares: HashMap<(Width, Prefix), usize>,
    most: usize,
}

struct Connection {
    /// Where it comes from; a proxy of the operator's comes from nowhere in particular.
    networks: Option<[(Width, Prefix); 2]>,
    activity: Arc<Activity>,
    is_taken: Arc<Notify>,
    is_held: bool,
}

/// A connection's place; it is free again when this is dropped.
pub(crate) struct ClientPlace {
    number: u64,
    connections: Arc<Connections>,
    is_taken: Arc<Notify>,
}

impl ClientPlace {
    /// Completes when the place has been given to another connection.
    pub(super) async fn taken(&self) {
        self.is_taken.notified().await;
    }

    /// Counts the connection among those with a held call until what is returned is dropped; `None`
    /// when there are as many as may be.
    pub(super) fn hold(self: &Arc<Self>) -> Option<HeldPlace> {
        let mut open = self.connections.open();
        if open.held >= self.connections.places.held {
            return None;
        }
        open.set_held(self.number, true);
        drop(open);
        Some(HeldPlace(Arc::clone(self)))
    }
}

/// The place of a connection with a held call.
pub(super) struct HeldPlace(Arc<ClientPlace>);

impl Drop for HeldPlace {
    fn drop(&mut self) {
        // For a moment there may be more of a network than may be; the next one takes a place.
        self.0.connections.open().set_held(self.0.number, false);
    }
}

impl Drop for ClientPlace {
    fn drop(&mut self) {
        self.connections.open().remove(self.number);
    }
}

impl Connections {
    pub(super) fn new(places: Places) -> Self {
        Self {
            places,
            open: Mutex::default(),
            accepted: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            taken: AtomicU64::new(0),
        }
    }

    /// Returns how many there are and were.
    pub(super) fn counts(&self) -> ConnectionCounts {
        ConnectionCounts {
            open: self.open().by_number.len(),
            places: self.places.all,
            accepted: self.accepted.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            taken: self.taken.load(Ordering::Relaxed),
        }
    }

    /// Gives a new connection a place; `None` when there is none and the hub works for all others.
    /// `from` is `None` for a proxy of the operator's own.
    pub(super) fn admit(
        self: &Arc<Self>,
        from: Option<IpAddr>,
        activity: Arc<Activity>,
        now: Instant,
    ) -> Option<ClientPlace> {
        let place = self.place(from, activity, now);
        let count = match place {
            Some(_) => &self.accepted,
            None => &self.refused,
        };
        count.fetch_add(1, Ordering::Relaxed);
        place
    }

    fn place(
        self: &Arc<Self>,
        from: Option<IpAddr>,
        activity: Arc<Activity>,
        now: Instant,
    ) -> Option<ClientPlace> {
        let take_place = |open: &mut Open, is_meant: &dyn Fn(&Connection) -> bool| {
            open.take_place(is_meant, now)?;
            self.taken.fetch_add(1, Ordering::Relaxed);
            Some(())
        };
        let networks =
            from.map(|ip| [Width::Link, Width::Company].map(|width| (width, width.prefix(ip))));
        let mut open = self.open();
        for network in networks.into_iter().flatten() {
            let share = open.shares.get(&network).copied().unwrap_or(0);
            let places = match network.0 {
                Width::Link => self.places.link,
                _ => self.places.company,
            };
            if share >= places {
                take_place(&mut open, &|connection| connection.is_of(network))?;
            }
        }
        if open.by_number.len() - open.held >= self.places.beside(open.held) {
            // First from the network that holds most.
            let company = |(&network, &share): (&(Width, Prefix), &usize)| {
                (network.0 == Width::Company).then_some((share, network))
            };
            let largest = open.shares.iter().filter_map(company);
            let largest = largest.max_by_key(|(share, _)| *share);
            largest
                .and_then(|(_, network)| take_place(&mut open, &|other| other.is_of(network)))
                .or_else(|| take_place(&mut open, &|_| true))?;
        }
        let is_taken = Arc::new(Notify::new());
        let number = open.next;
        open.next += 1;
        open.take_shares(networks);
        let connection = Connection {
            networks,
            activity,
            is_taken: Arc::clone(&is_taken),
            is_held: false,
        };
        open.by_number.insert(number, connection);
        open.most = open.most.max(open.by_number.len());
        drop(open);
        Some(ClientPlace {
            number,
            connections: Arc::clone(self),
            is_taken,
        })
    }

    /// Returns how many connections there are, and how many there were at most since it was asked
    /// last.
    pub(super) fn now_and_most(&self) -> (usize, usize) {
        let mut open = self.open();
        let now = open.by_number.len();
        (now, std::mem::replace(&mut open.most, now))
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    fn is_of(&self, network: (Width, Prefix)) -> bool {
        self.networks.is_some_and(|own| own.contains(&network))
    }
}

impl Open {
    /// Takes the place of the connection, among those that `is_meant`, whose peer has kept the hub
    /// waiting for longest.
    fn take_place(&mut self, is_meant: impl Fn(&Connection) -> bool, now: Instant) -> Option<()> {
        let (_, number) = self
            .by_number
            .iter()
            .filter(|(_, connection)| is_meant(connection))
            .filter_map(|(&number, connection)| {
                Some((connection.activity.waiting_since(now)?, number))
            })
            .min()?;
        self.remove(number)?.is_taken.notify_one();
        Some(())
    }

    fn remove(&mut self, number: u64) -> Option<Connection> {
        self.set_held(number, false);
        let connection = self.by_number.remove(&number)?;
        self.give_shares_back(connection.networks);
        Some(connection)
    }

    /// Counts a connection among those with a held call, or not; one whose place was taken is
    /// nobody's any more.
    fn set_held(&mut self, number: u64, is_held: bool) {
        let Some(connection) = self.by_number.get_mut(&number) else {
            return;
        };
        let networks = connection.networks;
        match (std::mem::replace(&mut connection.is_held, is_held), is_held) {
            (false, true) => {
                self.held += 1;
                self.give_shares_back(networks);
            }
            (true, false) => {
                self.held -= 1;
                self.take_shares(networks);
            }
            _ => {}
        }
    }

    fn take_shares(&mut self, networks: Option<[(Width, Prefix); 2]>) {
        for network in networks.into_iter().flatten() {
            *self.shares.entry(network).or_default() += 1;
        }
    }

    fn give_shares_back(&mut self, networks: Option<[(Width, Prefix); 2]>) {
        for network in networks.into_iter().flatten() {
            if let Some(share) = self.shares.get_mut(&network) {
                *share -= 1;
                if *share == 0 {
                    self.shares.remove(&network);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const FEW: Places = Places {
        all: 8,
        link: 2,
        company: 4,
        held: 6,
        descriptors: 20,
    };

    struct Peers {
        connections: Arc<Connections>,
        start: Instant,
        seconds: u32,
    }

    impl Peers {
        fn new() -> Self {
            Self {
                connections: Arc::new(Connections::new(FEW)),
                start: Instant::now(),
                seconds: 0,
            }
        }

        fn connect(&mut self, from: Option<&str>) -> Option<(ClientPlace, Arc<Activity>)> {
            self.seconds += 1;
            let now = self.start + Duration::from_secs(self.seconds.into());
            let activity = Arc::new(Activity::new(now));
            let from = from.map(|ip| ip.parse().unwrap());
            let place = self.connections.admit(from, Arc::clone(&activity), now)?;
            Some((place, activity))
        }

        /// Connects and has the hub work.
        fn busy(&mut self, from: Option<&str>) -> ClientPlace {
            let (place, activity) = self.connect(from).unwrap();
            activity.request_began(self.start);
            place
        }

        fn open(&self) -> usize {
            self.connections.open().by_number.len()
        }
    }

    fn is_taken(place: &ClientPlace) -> bool {
        let taken = std::pin::pin!(place.taken());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        taken.poll(&mut context).is_ready()
    }

    #[test]
    fn who_has_all_places_of_a_link_gives_the_oldest_one_that_waits() {
        let mut peers = Peers::new();
        let busy = peers.busy(Some("192.0.2.1"));
        let (first, _) = peers.connect(Some("192.0.2.1")).unwrap();
        let (second, _) = peers.connect(Some("192.0.2.1")).unwrap();
        assert!(is_taken(&first) && !is_taken(&second) && !is_taken(&busy));
        assert_eq!(peers.open(), 2);
        drop(first);
        assert_eq!(peers.open(), 2, "its place was another's already");
        drop((second, busy));
        assert_eq!(peers.open(), 0);
        assert!(peers.connections.open().shares.is_empty());
    }

    #[test]
    fn what_the_hub_works_on_is_not_cut_off_and_others_are_served_meanwhile() {
        let mut peers = Peers::new();
        let _busy = [(); 2].map(|()| peers.busy(Some("192.0.2.1")));
        assert!(peers.connect(Some("192.0.2.1")).is_none());
        assert!(peers.connect(Some("192.0.2.2")).is_some());
    }

    #[test]
    fn many_links_of_one_company_have_the_places_of_a_company() {
        let mut peers = Peers::new();
        let _busy: Vec<ClientPlace> = (0..4)
            .map(|link| peers.busy(Some(&format!("2001:db8:1:{link}::1"))))
            .collect();
        assert!(peers.connect(Some("2001:db8:1:9::1")).is_none());
        assert!(peers.connect(Some("2001:db8:2:9::1")).is_some());
    }

    #[test]
    fn when_all_places_are_taken_the_network_that_holds_most_gives_one() {
        let mut peers = Peers::new();
        let (few, _) = peers.connect(Some("198.51.100.1")).unwrap();
        let many: Vec<_> = (0..4)
            .map(|link| peers.connect(Some(&format!("192.0.2.{link}"))).unwrap().0)
            .collect();
        let others = ["203.0.113.1", "203.0.113.2", "203.0.113.3"];
        let _others = others.map(|ip| peers.connect(Some(ip)).unwrap());
        let _new = peers.connect(Some("198.51.100.2")).unwrap();
        assert!(is_taken(&many[0]) && !is_taken(&many[1]) && !is_taken(&few));
        assert_eq!(peers.open(), 8);
    }

    #[test]
    fn a_proxy_has_all_places_and_nobody_more() {
        let mut peers = Peers::new();
        let places: Vec<ClientPlace> = (0..8).map(|_| peers.busy(None)).collect();
        assert!(peers.connect(None).is_none());
        assert!(peers.connect(Some("192.0.2.1")).is_none());
        drop(places);
        let (idle, _) = peers.connect(None).unwrap();
        let _busy: Vec<ClientPlace> = (0..7).map(|_| peers.busy(None)).collect();
        assert!(peers.connect(Some("192.0.2.1")).is_some());
        assert!(is_taken(&idle));
    }

    #[test]
    fn places_fit_the_descriptors() {
        let places = |descriptors| {
            let places = Places::for_descriptors(descriptors);
            [places.all, places.link, places.company]
        };
        assert_eq!(places(1_024), [448, 112, 224]);
        assert_eq!(places(u64::MAX), [2_048, 256, 1_024]);
        assert_eq!(places(0), [8, 2, 4]);
        let held = |descriptors| Places::for_descriptors(descriptors).held;
        assert_eq!([held(0), held(1_024), held(u64::MAX)], [8, 448, 16_384]);
        // What Debian and systemd give at most allows ten thousand screens and all others.
        assert!(held(65_536) > 10_000 && Places::for_descriptors(65_536).beside(10_000) == 2_048);
        for descriptors in [200, 1_024, 4_224, 5_000, 20_000] {
            let places = Places::for_descriptors(descriptors);
            let most = places.held + 2 * places.beside(places.held);
            assert!(
                most as u64 + DESCRIPTORS_SPARE <= descriptors,
                "{descriptors}"
            );
            assert!(
                places.beside(places.held) >= places.all / 2,
                "{descriptors}"
            );
        }
    }

    #[test]
    fn screens_that_wait_take_nobodys_place_and_give_theirs_back() {
        let mut peers = Peers::new();
        let shop = "192.0.2.1";
        let screens: Vec<_> = (0..6)
            .map(|_| {
                let place = Arc::new(peers.busy(Some(shop)));
                let held = place.hold().unwrap();
                (place, held)
            })
            .collect();
        let visitors = [(); 2].map(|()| Arc::new(peers.busy(Some(shop))));
        assert!(peers.connect(Some(shop)).is_none(), "the shop has its two");
        assert!(visitors[0].hold().is_none(), "six wait already");
        // Twenty descriptors: six that wait, and seven others.
        let others: Vec<_> = (3..8)
            .map(|link| peers.busy(Some(&format!("203.0.{link}.9"))))
            .collect();
        assert_eq!((peers.open(), others.len()), (13, 5));
        assert!(peers.connect(Some("198.51.100.1")).is_none());
        for (place, held) in screens {
            drop(held);
            drop(place);
        }
        drop((visitors, others));
        assert_eq!(peers.open(), 0);
        let open = peers.connections.open();
        assert!(open.shares.is_empty() && open.held == 0);
    }

    #[test]
    fn a_screen_that_waited_counts_again_when_its_call_ends() {
        let mut peers = Peers::new();
        let screen = Arc::new(peers.busy(Some("192.0.2.1")));
        let held = screen.hold().unwrap();
        let _visitors = [(); 2].map(|()| peers.busy(Some("192.0.2.1")));
        drop(held);
        assert_eq!(peers.connections.open().held, 0);
        assert!(peers.connect(Some("192.0.2.1")).is_none());
        drop(screen);
        assert!(peers.connect(Some("192.0.2.1")).is_none());
    }
}
