//! How often one network may ask, held in memory.
//!
//! Every network has a bucket of each kind, kept as one number (the generic cell rate algorithm,
//! ITU-T I.371): the time at which it would be full again. A bucket that is full again is as good
//! as none, so forgetting one gives little away. A network lies within wider ones, and a request
//! takes from the buckets of all of them: whoever has many narrow networks is held by the wide one
//! around them.
//!
//! Invariants: at most [`buckets_max`] buckets, then the oldest goes, and many narrow networks push
//! no wide one out; what is refused takes nothing; nobody waits longer than it takes to fill a
//! bucket, even when the clock was put back; `now` is an argument.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::scans::visitor::{Network, Networks, Width};

/// Most buckets of one width that are remembered; of all together about 10 MB.
const fn buckets_max(width: Width) -> usize {
    match width {
        Width::Link => 65_536,
        Width::Household => 32_768,
        Width::Company => 16_384,
        Width::Provider => 8_192,
    }
}

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Openings of codes, links and buttons. A metro station may be one network.
    Page,
    /// The pictures of pages; every page has a few.
    Picture,
    /// Films of pages, a part at a time; a player asks for some ten of each.
    Film,
    /// New scans that count. Whoever changes all else that a request says still comes from one
    /// network; a crowd in one station's network is told from them by number alone.
    Scan,
    /// New visitors of shared links, told from a crowd likewise.
    Visit,
    /// Presses of buttons. They cost little and lead to a shop: far more than of anything else.
    Press,
    /// Codes that are not ours. Whoever guesses at this rate finds one in 2^56 tags in four billion
    /// years; the burst is what a crowd in front of a torn code brings.
    Guess,
    /// Pairing codes that are new. A chain of shops may switch thirty screens on at once; one
    /// network cannot fill the places of all others.
    Code,
    /// Enrolments with what nobody issued, or with what another terminal holds.
    Enrolment,
    /// Names and passwords of people, and sessions and tokens that nobody has. An office is one
    /// network.
    SignIn,
    /// What is typed to pass a moment on or said to a publisher, cards that are drawn, and reports
    /// of what was typed.
    Moment,
    /// Mail that somebody asks for to an address that nobody has confirmed: strangers would have it
    /// sent to others.
    Mail,
}

impl Kind {
    /// All of them.
    pub(super) const ALL: [Self; 12] = [
        Self::Page,
        Self::Picture,
        Self::Film,
        Self::Scan,
        Self::Visit,
        Self::Press,
        Self::Guess,
        Self::Code,
        Self::Enrolment,
        Self::SignIn,
        Self::Moment,
        Self::Mail,
    ];

    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Picture => "picture",
            Self::Film => "film",
            Self::Scan => "scan",
            Self::Visit => "visit",
            Self::Press => "press",
            Self::Guess => "guess",
            Self::Code => "code",
            Self::Enrolment => "enrolment",
            Self::SignIn => "sign-in",
            Self::Moment => "moment",
            Self::Mail => "mail",
        }
    }

    /// Time between two requests of one link in the long run, in milliseconds, and how many may
    /// come at once.
    const fn rate(self) -> (i64, i64) {
        match self {
            Self::Page => (50, 200),
            Self::Picture => (12, 800),
            Self::Film => (100, 400),
            Self::Scan | Self::Visit => (2_000, 150),
            Self::Press => (20, 1_000),
            Self::Guess => (2_000, 100),
            Self::Code => (15_000, 40),
            Self::Enrolment => (2_000, 30),
            Self::SignIn => (3_000, 60),
            Self::Moment => (2_000, 60),
            Self::Mail => (15_000, 40),
        }
    }

    /// As how many links a network of a width counts. Crowds come from everywhere in a network, new
    /// screens do not.
    const fn links(self, width: Width) -> i64 {
        let [household, company, provider] = match self {
            Self::Code | Self::Mail => [1, 4, 16],
            _ => [2, 8, 64],
        };
        match width {
            Width::Link => 1,
            Width::Household => household,
            Width::Company => company,
            Width::Provider => provider,
        }
    }

    /// How many links' worth may come at once from a network of a width. Of people there are many
    /// crowds in one day, but few at one time.
    const fn crowds(self, width: Width) -> i64 {
        match (self, width) {
            (Self::Scan | Self::Visit, Width::Household | Width::Company) => 2,
            (Self::Scan | Self::Visit, Width::Provider) => 16,
            _ => self.links(width),
        }
    }

    /// Time between two requests of a network of a width in the long run, in microseconds, and how
    /// many may come at once.
    const fn rate_of(self, width: Width) -> (i64, i64) {
        let ((every_ms, burst), links) = (self.rate(), self.links(width));
        (every_ms * 1_000 / links, burst * self.crowds(width))
    }
}

/// Wrong enrolments of all networks together: time between two, and how many may come at once.
const ENROLMENTS: (i64, i64) = (100, 300);
/// New pairing codes of all networks together, likewise. Each is a row that is written; as many as
/// may wait at one time may come at once.
const CODES: (i64, i64) = (20, 1_000);

/// The buckets.
pub(super) struct Limits {
    buckets: Mutex<[Buckets; Width::ALL.len()]>,
    /// When the bucket of all wrong enrolments would be full again.
    enrolments_full_at_ms: Mutex<i64>,
    /// When the bucket of all new codes would be full again.
    codes_full_at_ms: Mutex<i64>,
    /// How many were past each limit.
    refusals: [AtomicU64; Kind::ALL.len()],
}

/// Those of one width.
#[derive(Default)]
struct Buckets {
    full_at_us: HashMap<(Kind, Network), i64>,
    /// Which buckets there are, the oldest first.
    order: VecDeque<(Kind, Network)>,
}

impl Limits {
    pub(super) fn new() -> Self {
        Self {
            buckets: Mutex::default(),
            enrolments_full_at_ms: Mutex::new(i64::MIN),
            codes_full_at_ms: Mutex::new(i64::MIN),
            refusals: Default::default(),
        }
    }

    /// Returns how many were past a limit.
    pub(super) fn refusals(&self, kind: Kind) -> u64 {
        self.refusals[kind as usize].load(Ordering::Relaxed)
    }

    /// Counts what is past a limit.
    fn counted(&self, kind: Kind, taken: Result<(), u32>) -> Result<(), u32> {
        if taken.is_err() {
            self.refusals[kind as usize].fetch_add(1, Ordering::Relaxed);
        }
        taken
    }

    /// Takes one request from the buckets of a sender's networks.
    ///
    /// # Errors
    /// One is empty, and nothing was taken from the others; the number says in how many seconds it
    /// is worth to come again.
    pub(super) fn take(&self, kind: Kind, networks: &Networks, now_ms: i64) -> Result<(), u32> {
        self.counted(kind, self.take_uncounted(kind, networks, now_ms))
    }

    fn take_uncounted(&self, kind: Kind, networks: &Networks, now_ms: i64) -> Result<(), u32> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        for ((width, network), buckets) in networks.iter().zip(&mut *buckets) {
            buckets.hold_to(now_ms, kind, network, kind.rate_of(width));
        }
        let next = Self::next(&buckets, kind, networks, now_ms)?;
        for (((width, network), buckets), full_at_us) in
            networks.iter().zip(&mut *buckets).zip(next)
        {
            buckets.put(kind, network, full_at_us, buckets_max(width));
        }
        Ok(())
    }

    /// Tells whether one of a sender's buckets is empty, without taking anything.
    pub(super) fn is_spent(&self, kind: Kind, networks: &Networks, now_ms: i64) -> bool {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let next = Self::next(&buckets, kind, networks, now_ms).map(|_| ());
        drop(buckets);
        self.counted(kind, next).is_err()
    }

    /// When the buckets of a sender's networks would be full again after one more request.
    fn next(
        buckets: &[Buckets; Width::ALL.len()],
        kind: Kind,
        networks: &Networks,
        now_ms: i64,
    ) -> Result<[i64; Width::ALL.len()], u32> {
        let now_us = now_ms * 1_000;
        let mut next = [now_us; Width::ALL.len()];
        for (((width, network), buckets), full_at_us) in networks.iter().zip(buckets).zip(&mut next)
        {
            if let Some(known) = buckets.full_at_us.get(&(kind, network)) {
                *full_at_us = *known;
            }
            take_us(full_at_us, kind.rate_of(width), now_us)?;
        }
        Ok(next)
    }

    /// Notes a wrong enrolment.
    ///
    /// # Errors
    /// There are too many, from this network or from all; the number says in how many seconds it is
    /// worth to come again.
    pub(super) fn wrong_enrolment(&self, networks: &Networks, now_ms: i64) -> Result<(), u32> {
        // First its own, so that one network cannot use up what all have together.
        self.take(Kind::Enrolment, networks, now_ms)?;
        let taken = take_of_all(&self.enrolments_full_at_ms, ENROLMENTS, now_ms);
        self.counted(Kind::Enrolment, taken)
    }

    /// Takes a new pairing code.
    ///
    /// # Errors
    /// As [`Limits::wrong_enrolment`].
    pub(super) fn new_code(&self, networks: &Networks, now_ms: i64) -> Result<(), u32> {
        self.take(Kind::Code, networks, now_ms)?;
        let taken = take_of_all(&self.codes_full_at_ms, CODES, now_ms);
        self.counted(Kind::Code, taken)
    }
}

fn take_of_all(full_at_ms: &Mutex<i64>, rate: (i64, i64), now_ms: i64) -> Result<(), u32> {
    let mut full_at_ms = full_at_ms.lock().unwrap_or_else(PoisonError::into_inner);
    take(&mut full_at_ms, rate, now_ms)
}

impl Buckets {
    /// Sees to it that a bucket fills in its time although the clock was put back.
    fn hold_to(&mut self, now_ms: i64, kind: Kind, network: Network, rate: (i64, i64)) {
        if let Some(full_at_us) = self.full_at_us.get_mut(&(kind, network)) {
            let (every_us, burst) = rate;
            *full_at_us = (*full_at_us).min(now_ms * 1_000 + every_us * burst);
        }
    }

    fn put(&mut self, kind: Kind, network: Network, full_at_us: i64, buckets_max: usize) {
        let key = (kind, network);
        if self.full_at_us.insert(key, full_at_us).is_none() {
            self.order.push_back(key);
            if self.order.len() > buckets_max
                && let Some(oldest) = self.order.pop_front()
            {
                self.full_at_us.remove(&oldest);
            }
        }
    }
}

/// Takes one from a bucket that is full again at `full_at_ms`, gets one back every so many
/// milliseconds and holds so many.
///
/// # Errors
/// It is empty for so many seconds.
pub(super) fn take(
    full_at_ms: &mut i64,
    (every_ms, burst): (i64, i64),
    now_ms: i64,
) -> Result<(), u32> {
    let mut full_at_us = full_at_ms.saturating_mul(1_000);
    take_us(&mut full_at_us, (every_ms * 1_000, burst), now_ms * 1_000)?;
    *full_at_ms = full_at_us / 1_000;
    Ok(())
}

/// The same in microseconds.
fn take_us(full_at_us: &mut i64, (every_us, burst): (i64, i64), now_us: i64) -> Result<(), u32> {
    let depth_us = every_us * burst;
    let next_us = (*full_at_us).clamp(now_us, now_us + depth_us) + every_us;
    let over_us = next_us - (now_us + depth_us);
    if over_us > 0 {
        return Err(u32::try_from((over_us + 999_999) / 1_000_000).unwrap_or(u32::MAX));
    }
    *full_at_us = next_us;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::scans::visitor::Trace;

    fn from(ip: IpAddr) -> Networks {
        let trace = Trace {
            ip,
            agent: String::new(),
            languages: String::new(),
        };
        trace.networks(&[0; 32])
    }

    /// Somebody who shares no network with anybody else here.
    fn network(number: u16) -> Networks {
        from(IpAddr::V6([0x2001, number, 0, 0, 0, 0, 0, 1].into()))
    }

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let limits = Limits::new();
        let passed = |now_ms| limits.take(Kind::Page, &network(1), now_ms).is_ok();
        assert_eq!((0..300).filter(|_| passed(1_000)).count(), 200);
        assert_eq!((1_001..=2_000).filter(|&now| passed(now)).count(), 20);
        assert!(limits.take(Kind::Page, &network(2), 1_000).is_ok());
        assert!(limits.take(Kind::Guess, &network(1), 1_000).is_ok());
        assert!(limits.is_spent(Kind::Page, &network(1), 2_000));
        assert!(!limits.is_spent(Kind::Page, &network(1), 2_050));
        assert!(!limits.is_spent(Kind::Page, &network(3), 0));
    }

    #[test]
    fn of_two_thousand_links_of_one_company_no_more_count_than_of_two_crowds() {
        let limits = Limits::new();
        let scan = |c: u16, d: u16, now_ms: i64| {
            let sender = from(IpAddr::V6([0x2001, 7, c, d, 0, 0, 0, 1].into()));
            limits.take(Kind::Scan, &sender, now_ms).is_ok()
        };
        assert_eq!((0..2_000).filter(|&d| scan(1, d, 0)).count(), 300);
        // Another company of the same provider is no part of it, and this one gets four a second
        // back.
        assert!(scan(2, 0, 0));
        assert_eq!((0..2_000).filter(|&d| scan(1, d, 10_000)).count(), 40);
        let ipv4 = |number: u8| {
            let sender = from([203, 0, 113, number].into());
            limits.take(Kind::Scan, &sender, 0).is_ok()
        };
        let of_one = (0..200).filter(|_| ipv4(1)).count();
        let of_others = (0..=255).filter(|&number| ipv4(number)).count();
        assert_eq!((of_one, of_others), (150, 150));
    }

    #[test]
    fn whoever_is_refused_is_told_when_to_come_again() {
        let limits = Limits::new();
        let guess = |now_ms| limits.take(Kind::Guess, &network(1), now_ms);
        assert!((0..100).all(|_| guess(0).is_ok()));
        assert_eq!(guess(0), Err(2));
        assert_eq!(guess(1_500), Err(1));
        assert_eq!(guess(2_000), Ok(()));
    }

    #[test]
    fn wrong_enrolments_are_limited_by_network_and_in_all() {
        let limits = Limits::new();
        let wrong = |from, now_ms| limits.wrong_enrolment(&network(from), now_ms).is_ok();
        assert_eq!((0..100).filter(|_| wrong(1, 0)).count(), 30);
        assert!(limits.is_spent(Kind::Enrolment, &network(1), 0));
        assert!(!limits.is_spent(Kind::Enrolment, &network(2), 0));
        // Whoever has many addresses is stopped by the sum of them.
        let passed = (2..1_000).filter(|&from| wrong(from, 0)).count();
        assert_eq!(passed, 300 - 30);
        assert!(wrong(2_000, 100) && !wrong(2_001, 100));
    }

    #[test]
    fn a_clock_that_was_put_back_locks_nobody_out() {
        let limits = Limits::new();
        let day_ms = 86_400_000;
        while limits.take(Kind::Page, &network(1), day_ms).is_ok() {}
        assert_eq!(limits.take(Kind::Page, &network(1), 0), Err(1));
        assert_eq!(limits.take(Kind::Page, &network(1), 50), Ok(()));
    }

    #[test]
    fn many_links_of_one_network_are_held_by_what_is_around_them() {
        let limits = Limits::new();
        let code = |ip: [u16; 4]| {
            let [a, b, c, d] = ip;
            let sender = from(IpAddr::V6([a, b, c, d, 0, 0, 0, 1].into()));
            limits.take(Kind::Code, &sender, 0).is_ok()
        };
        // 256 networks of one household, then as many of one company, then of one provider.
        let household = (0..256).filter(|&d| code([0x2001, 1, 1, d])).count();
        assert_eq!(household, 40);
        let company = (0..256).filter(|&d| code([0x2001, 2, 1, d << 8])).count();
        assert_eq!(company, 160);
        let provider = (0..2_560).filter(|&c| code([0x2001, 3, c, 0])).count();
        assert_eq!(provider, 640);
        let ipv4 = (0..=255).filter(|&d| {
            let sender = from([192, 0, 2, d].into());
            limits.take(Kind::Code, &sender, 0).is_ok()
        });
        assert_eq!(ipv4.count(), 160);
        // What was refused took nothing from anybody else.
        assert!(code([0x2001, 4, 0, 0]));
        assert!(
            limits
                .take(Kind::Code, &from([192, 0, 3, 1].into()), 0)
                .is_ok()
        );
    }

    #[test]
    fn any_number_of_networks_takes_a_bounded_memory() {
        let mut buckets = Buckets::default();
        for number in 0..10_000_u32 {
            let mut name = [0; 16];
            name[..4].copy_from_slice(&number.to_be_bytes());
            buckets.put(Kind::Guess, Network(name), 1, 1_000);
        }
        assert_eq!(buckets.full_at_us.len(), 1_000);
        assert_eq!(buckets.order.len(), 1_000);
        let newest = buckets.order.back().unwrap();
        assert!(buckets.full_at_us.contains_key(newest));
    }

    #[test]
    fn what_a_wide_network_has_used_up_its_narrow_ones_cannot_push_out() {
        let limits = Limits::new();
        let sender = |number: u16| from(IpAddr::V6([0x2001, 3, number, 0, 0, 0, 0, 1].into()));
        let passed = |number| limits.take(Kind::Guess, &sender(number), 0).is_ok();
        assert_eq!(
            (0..7_000).filter(|&number| passed(number)).count(),
            64 * 100
        );
        assert!(limits.is_spent(Kind::Guess, &sender(u16::MAX), 0));
        assert_eq!(limits.buckets.lock().unwrap()[0].order.len(), 64 * 100);
    }
}
