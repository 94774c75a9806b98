//! Passers-by who scan codes beside the fleet, each code until it is answered: how long that takes,
//! and that each is a scan, once.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use passerby_hub::system::clock;
use passerby_protocol::hexadecimal::unhex32;
use passerby_protocol::token::{Token, TokenContents, TokenKey};
use passerby_protocol::{Assignment, PlayNumber, ScreenNumber};
use reqwest::blocking::Client;
use reqwest::redirect::Policy;

use crate::hubs::Hubs;

const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
/// Screens at which somebody stands.
const SCREENS_MAX: u64 = 200;
/// Between two scans.
const PAUSE: Duration = Duration::from_millis(20);
/// Numbers of plays that are in no ledger of the day.
const FIRST_PLAY: u32 = 1_000_000;

/// What became of scans.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scans {
    /// Codes that a hub answered, and whose rows were in no state that was given up later.
    pub(crate) answered: u64,
    /// Tries without an answer; the same code was tried again.
    pub(crate) unanswered: u64,
    times_us: Vec<u64>,
}

impl std::fmt::Display for Scans {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} answered, {} tries not",
            self.answered, self.unanswered
        )
    }
}

impl Scans {
    /// The time within which so many of a hundred were answered.
    pub(crate) fn percentile_ms(&self, percent: usize) -> f64 {
        let mut times = self.times_us.clone();
        times.sort_unstable();
        let at = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        #[allow(clippy::cast_precision_loss, reason = "figures for people")]
        times.get(at).map_or(f64::NAN, |us| *us as f64 / 1e3)
    }
}

/// Phones that scan until they are told to end.
pub(crate) struct Phones {
    scans: Arc<Mutex<Scans>>,
    thread: JoinHandle<()>,
}

impl Phones {
    /// What has become of scans so far. Nobody scans while this is looked at.
    pub(crate) fn scans(&self) -> std::sync::MutexGuard<'_, Scans> {
        self.scans.lock().unwrap()
    }

    /// Waits for the last one.
    pub(crate) fn end(self) -> Scans {
        self.thread.join().unwrap();
        self.scans.lock().unwrap().clone()
    }
}

/// Begins to scan; the flag ends it.
pub(crate) fn start(hubs: &Hubs, url: &str, screens: u64) -> (Phones, Arc<AtomicBool>) {
    let hub = hubs.hub();
    let keys: Vec<(ScreenNumber, u8, TokenKey)> = (1..=u32::try_from(screens.min(SCREENS_MAX))
        .unwrap())
        .map(|number| {
            let screen = ScreenNumber::new(number).unwrap();
            let key = hub.token_key(screen).unwrap().unwrap();
            (
                screen,
                key.generation,
                TokenKey::from_bytes(unhex32(&key.token_key).unwrap()),
            )
        })
        .collect();
    let (ends, scans) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(Mutex::new(Scans::default())),
    );
    let (flag, kept, url) = (Arc::clone(&ends), Arc::clone(&scans), url.to_owned());
    let thread = std::thread::spawn(move || {
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        for (number, (screen, generation, key)) in (0_u32..).zip(keys.iter().cycle()) {
            if flag.load(Ordering::SeqCst) {
                break;
            }
            let contents = TokenContents {
                generation: *generation,
                screen: *screen,
                assignment: Assignment::new(1 + number % 3).unwrap(),
                play: PlayNumber::new(FIRST_PLAY + number).unwrap(),
                minutes: TokenContents::minutes_at(Some(clock::now_ms())),
            };
            let address = Ipv4Addr::from_bits(number.wrapping_mul(2_654_435_761));
            let code = format!("{url}/Q/{}", Token::mint(contents, key));
            let scan = || {
                let request = client
                    .get(&code)
                    .header("user-agent", PHONE)
                    .header("x-forwarded-for", address.to_string());
                let began = Instant::now();
                let is_answered = request.send().is_ok_and(|answer| answer.status() == 302);
                is_answered.then(|| u64::try_from(began.elapsed().as_micros()).unwrap())
            };
            // Nobody looks at the numbers while it is unknown whether this one is among them.
            let mut scans = kept.lock().unwrap();
            let took_us = loop {
                match scan() {
                    Some(took_us) => break took_us,
                    None => scans.unanswered += 1,
                }
                std::thread::sleep(PAUSE);
            };
            scans.answered += 1;
            scans.times_us.push(took_us);
            drop(scans);
            std::thread::sleep(PAUSE);
        }
    });
    (Phones { scans, thread }, ends)
}
