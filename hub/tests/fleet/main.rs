//! A fleet of screens for a simulated day: each on the terminal's own sending, asking and client
//! ([`HubClient`]), all against two hub processes on one PostgreSQL that are killed and started at
//! random, and whose database is once put back to an older state.
//!
//! What is simulated is the day: its time jumps from one request to the next. What a terminal would
//! keep in its ledger follows from its seed, so that ten thousand of them need no disk.
//!
//! Invariants, whatever happens: the report has each play of each screen once, and each code that
//! somebody opened as one scan; the figures are those of a recount; whoever waits for a publication
//! hears of it; no hub needs more than [`hubs::MEMORY_MB_MAX`].
//!
//! `scripts/test` runs a small fleet. These make another one, as `scripts/bench` and `scripts/soak`
//! do:
//!
//! - `PASSERBY_FLEET_SCREENS`: how many screens there are;
//! - `PASSERBY_FLEET_PLAYS`: how often each plays something in the day;
//! - `PASSERBY_FLEET_ROUNDS`: how often one asks and sends whose line is metered, as most are;
//! - `PASSERBY_FLEET_UNMETERED`: how many have a line without a cap, and ask about once a minute;
//! - `PASSERBY_FLEET_KILLS`: how often a hub is killed, about;
//! - `PASSERBY_FLEET_RATE`: how many requests the fleet makes in a second at most, so that there is
//!   time for people beside it; 0 for as many as it can.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod asker;
mod balancer;
mod dice;
mod figures;
mod hubs;
mod phones;
mod requests;
mod screen;
mod size;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use passerby_hub::system::clock;
use passerby_playout::hub_link::HubClient;
use passerby_protocol::plays::PlayContent;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::balancer::Balancers;
use crate::dice::Dice;
use crate::figures::Figures;
use crate::hubs::Hubs;
use crate::requests::{Line, Requests};
use crate::screen::{Plan, Screen};
use crate::size::{DAY_MS, Size};

/// Terminals that send at one time.
const AT_ONE_TIME: usize = 64;
/// The day is looked at so often, in milliseconds.
const TICK_MS: u64 = 900_000;
/// A terminal on a metered line tries so many times more in a row at most, once its last outage is
/// over: an answer is lost on the way three times in a hundred, and the next try waits for its
/// pause.
const LAST_TRIES_MAX: u64 = 8;
/// A fleet from so many screens on is measured, and its database waits for the disk. Killing
/// processes loses nothing that the system has taken to write.
const MEASURED_SCREENS_MIN: u64 = 200;
/// Screens whose calls are really held while something is published, at most; each takes three
/// connections of this process.
const LISTENING_MAX: usize = 400;
/// When in the day the database is copied, the copy put in its place, and something published, in
/// tenths.
const BACK_UP_AT: u64 = 4;
const RESTORE_AT: u64 = 6;
const PUBLISH_AT: u64 = 7;

/// Screens that one task takes care of, and when each of them wants to do something next.
struct Group {
    screens: Vec<Screen>,
    next: BinaryHeap<Reverse<(u64, usize)>>,
}

impl Group {
    fn new(screens: Vec<Screen>) -> Self {
        let next = screens.iter().enumerate();
        let next = next.map(|(at, screen)| Reverse((screen.next_ms(), at)));
        Self {
            next: next.collect(),
            screens,
        }
    }

    /// Goes on until a moment of the day.
    async fn live(mut self, until_ms: u64) -> Self {
        while let Some(&Reverse((at_ms, at))) = self.next.peek() {
            if at_ms > until_ms {
                break;
            }
            self.next.pop();
            self.screens[at].act(at_ms).await;
            self.next.push(Reverse((self.screens[at].next_ms(), at)));
        }
        self
    }
}

#[test]
fn after_any_day_of_a_fleet_every_play_and_every_scan_is_counted_once() {
    let size = Size::from_environment();
    raise_open_files();
    passerby_testing::seeds(file!()).each(|seed| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        day(size, seed, &runtime);
    });
}

fn day(size: Size, seed: u64, runtime: &Runtime) {
    let folder = tempfile::tempdir().unwrap();
    let requests = Arc::new(Requests::new(size.rate));
    let waits_for_disk = size.screens >= MEASURED_SCREENS_MIN;
    let hubs = Hubs::new(folder.path(), seed, waits_for_disk, Arc::clone(&requests));
    (0..3).for_each(|number| publish(folder.path(), &hubs, number));
    hubs.start_all();
    let balancers = runtime.block_on(Balancers::start(hubs.addresses()));
    let begun = Instant::now();
    let mut groups = enrol(size, seed, &hubs, &balancers, &requests);
    let enrolled = begun.elapsed();
    let (phones, ends) = phones::start(&hubs, balancers.phones.url(), size.screens);
    let chaos = hubs.kill_now_and_then(size.kills, size.requests());
    let begun = Instant::now();
    let (mut now_ms, mut backup, mut news) = (0, None, None);
    // The day ends when everything has arrived; it is never later than this.
    let end_ms = DAY_MS + screen::OUTAGE_MS_MAX + LAST_TRIES_MAX * size.metered_pause_ms();
    while now_ms < end_ms && !(now_ms > DAY_MS && all_arrived(&groups)) {
        now_ms += TICK_MS;
        groups = runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for group in groups.drain(..) {
                tasks.spawn(group.live(now_ms));
            }
            tasks.join_all().await
        });
        let is_at = |tenths: u64| now_ms == DAY_MS * tenths / 10 / TICK_MS * TICK_MS;
        if is_at(BACK_UP_AT) {
            backup = Some(hubs.back_up(&phones));
        } else if is_at(RESTORE_AT) {
            hubs.restore(&phones, backup.as_ref().unwrap());
        } else if is_at(PUBLISH_AT) {
            let (folder, hubs) = (folder.path().to_owned(), hubs.clone());
            let publishes = move || publish(&folder, &hubs, 3);
            news = Some(runtime.block_on(hear_news(&mut groups, now_ms, publishes)));
        }
        if now_ms >= DAY_MS {
            chaos.store(true, Ordering::SeqCst);
            hubs.start_all();
        }
        hubs.look_at_memory();
    }
    assert!(
        all_arrived(&groups),
        "plays still wait after {now_ms} ms:\n{}",
        waiting(&groups)
    );
    ends.store(true, Ordering::SeqCst);
    let took = begun.elapsed();
    let scans = phones.end();
    hubs.end();
    check(&hubs, &groups, &scans);
    let figures = Figures {
        size,
        seed,
        hubs: &hubs,
        balancers: &balancers,
        scans: &scans,
        requests: &requests,
        enrolled,
        took,
        day_ms: now_ms,
        news: news.unwrap(),
    };
    figures.print();
}

/// Publishes something while terminals wait for it; returns how many did, and the longest time from
/// before the command until one of them had it.
async fn hear_news(
    groups: &mut [Group],
    now_ms: u64,
    publishes: impl FnOnce() + Send + 'static,
) -> (usize, Duration) {
    let screens = groups.iter_mut().flat_map(|group| &mut group.screens);
    let listening = screens.filter_map(|screen| screen.listening(now_ms));
    let mut listening: Vec<_> = listening.take(LISTENING_MAX).collect();
    let waiting = listening.iter_mut().map(|asker| asker.hear_news());
    let waiting = futures_util::future::join_all(waiting);
    let (heard, published) = tokio::join!(waiting, tokio::task::spawn_blocking(publishes));
    published.unwrap();
    (heard.len(), heard.into_iter().max().unwrap_or_default())
}

fn all_arrived(groups: &[Group]) -> bool {
    let mut screens = groups.iter().flat_map(|group| &group.screens);
    screens.all(Screen::has_arrived)
}

/// The terminals whose plays wait still, a line each.
fn waiting(groups: &[Group]) -> String {
    let screens = groups.iter().flat_map(|group| &group.screens);
    let waiting = screens.filter(|screen| !screen.has_arrived());
    waiting.map(|screen| format!("{screen}\n")).collect()
}

fn publish(folder: &Path, hubs: &Hubs, number: u8) {
    let campaign = folder.join(format!("campaigns/cafe-{number}"));
    std::fs::create_dir_all(&campaign).unwrap();
    let pixels = image::GrayImage::from_pixel(64, 48, image::Luma([60 + number]));
    pixels.save(campaign.join("a.png")).unwrap();
    let toml = "title = 'Cafe'\ntarget = 'https://cafe.example/'\nlanding = 'page'\n";
    std::fs::write(campaign.join("campaign.toml"), toml).unwrap();
    hubs.command(&["publish", campaign.to_str().unwrap()]);
}

/// Enrols all screens, spread over groups.
fn enrol(
    size: Size,
    seed: u64,
    hubs: &Hubs,
    balancers: &Balancers,
    requests: &Arc<Requests>,
) -> Vec<Group> {
    let clients: Vec<[HubClient; 2]> = (0..AT_ONE_TIME)
        .map(|_| Line::ALL.map(|line| HubClient::new(balancers.of(line).url(), None)))
        .collect();
    let plan = Plan {
        // It ends now: hubs believe no later date.
        began_ms: clock::now_ms() - i64::try_from(DAY_MS).unwrap(),
        plays: size.plays,
        pace_ms: DAY_MS / size.plays,
        metered_ms: size.metered_pause_ms(),
    };
    let public_url = hubs::PUBLIC_URL.parse().unwrap();
    let mut dice = Dice(seed);
    let hub = hubs.hub();
    let mut groups: Vec<Vec<Screen>> = (0..AT_ONE_TIME).map(|_| Vec::new()).collect();
    let mut contents: Option<Arc<[PlayContent]>> = None;
    for number in 0..size.screens {
        let now_ms = clock::now_ms();
        let (screen, _) = hub
            .store
            .add_screen(
                &passerby_hub::people::Actor::COMMAND_LINE,
                &format!("screen {number}"),
                now_ms,
            )
            .unwrap();
        let known = hub.store.screen(screen).unwrap().unwrap();
        let mut secret = [0; 32];
        secret[..8].copy_from_slice(&number.to_le_bytes());
        let credentials = hub.credentials(known, &secret, &public_url, now_ms);
        let credentials = credentials.unwrap();
        // The same for all: each was given the same, in the same order.
        let contents = contents.get_or_insert_with(|| {
            let manifest = hub.store.manifest(screen).unwrap();
            let items = manifest.campaigns.iter().flat_map(|campaign| {
                campaign.items.iter().map(|item| PlayContent {
                    assignment: item.assignment,
                    campaign: campaign.id.as_str().to_owned(),
                    creative: item.creative,
                })
            });
            items.collect()
        });
        let group = usize::try_from(number).unwrap() % AT_ONE_TIME;
        let line = size.line(number);
        let client = &clients[group][line as usize];
        groups[group].push(Screen::new(
            &credentials,
            client.speaking_for(credentials.bearer.clone()),
            Arc::clone(contents),
            (plan, line),
            dice.apart(),
            Arc::clone(requests),
        ));
    }
    groups.into_iter().map(Group::new).collect()
}

fn check(hubs: &Hubs, groups: &[Group], scans: &phones::Scans) {
    let hub = hubs.hub();
    let report = hub.store.report().unwrap();
    let screens = groups.iter().flat_map(|group| &group.screens);
    let mut total = 0;
    for screen in screens {
        let counted = report.plays.tally.by_screen.get(&screen.number.to_string());
        assert_eq!(
            counted,
            Some(&screen.played()),
            "plays of screen {}",
            screen.number
        );
        total += screen.played();
    }
    assert_eq!(report.plays.tally.total, total);
    assert_eq!(
        (report.plays.local.total, report.plays.unassigned.total),
        (0, 0)
    );
    assert_eq!((report.plays.set_aside, report.plays.missing.total), (0, 0));
    assert_eq!(hubs.count("scans"), scans.answered, "{scans}");
    let openings = report.scans.openings;
    assert!(
        (scans.answered..=scans.answered + scans.unanswered).contains(&openings),
        "scans {scans}, and {openings} openings are counted"
    );
    assert_eq!(hub.store.recount().unwrap(), []);
    assert!(
        hubs.memory_mb() <= hubs::MEMORY_MB_MAX,
        "{:?}",
        hubs.memory()
    );
}

/// Raises the limit on open files as far as this user may.
fn raise_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = rustix::process::Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).unwrap();
}
