//! A fleet of screens for a simulated day: each on the terminal's own sending and its own client
//! ([`HubClient`]), all against two hub processes on one PostgreSQL that are killed and
//! started at random, and whose database is once put back to an older state.
//!
//! What is simulated is the day: its time jumps from one request to the next. What a terminal would
//! keep in its ledger follows from its seed, so that ten thousand of them need no disk.
//!
//! Invariants, whatever happens: the report has each play of each screen once; no scan that was
//! answered is missing; the figures are those of a recount; no hub needs more than
//! [`hubs::MEMORY_MB_MAX`].
//!
//! `scripts/test` runs a small fleet. `PASSERBY_FLEET_SCREENS`, `PASSERBY_FLEET_PLAYS` (a screen a
//! day), `PASSERBY_FLEET_POLLS` (heartbeats with a look for content, a screen a day) and
//! `PASSERBY_FLEET_KILLS` make it larger, as `scripts/bench` and `scripts/soak` do.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod balancer;
mod dice;
mod hubs;
mod phones;
mod screen;

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

use crate::balancer::Balancer;
use crate::dice::Dice;
use crate::hubs::{Hubs, Requests};
use crate::screen::{Plan, Screen};

/// Terminals that send at one time.
const AT_ONE_TIME: usize = 64;
/// The day is looked at so often, in milliseconds.
const TICK_MS: u64 = 900_000;
const DAY_MS: u64 = 86_400_000;
/// So long after the day everything has arrived, on good lines.
const DRAIN_MS_MAX: u64 = 3 * 3_600_000;

/// How large a fleet is.
#[derive(Debug, Clone, Copy)]
struct Size {
    screens: u64,
    plays: u64,
    polls: u64,
    kills: u64,
}

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
fn after_any_day_of_a_fleet_every_play_is_counted_once() {
    let size = Size {
        screens: number_from("PASSERBY_FLEET_SCREENS", 50),
        plays: number_from("PASSERBY_FLEET_PLAYS", 24),
        polls: number_from("PASSERBY_FLEET_POLLS", 4),
        kills: number_from("PASSERBY_FLEET_KILLS", 6),
    };
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
    let requests = Arc::new(Requests::default());
    let hubs = Hubs::new(folder.path(), seed, Arc::clone(&requests));
    publish(folder.path(), &hubs);
    hubs.start_all();
    let balancer = runtime.block_on(Balancer::start(Arc::clone(hubs.addresses())));
    let mut groups = enrol(size, seed, &hubs, &balancer, &requests);
    let (phones, ends) = phones::start(&hubs, balancer.url(), size.screens);
    // Every play and every poll is a request or a part of one; outages and retries add to them.
    let expected = size.screens * (size.plays + 2 * size.polls);
    let chaos = hubs.kill_now_and_then(size.kills, expected);
    let started = Instant::now();
    let (mut now_ms, mut backup) = (0, None);
    while now_ms < DAY_MS + DRAIN_MS_MAX && !(now_ms > DAY_MS && all_arrived(&groups)) {
        now_ms += TICK_MS;
        groups = runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for group in groups.drain(..) {
                tasks.spawn(group.live(now_ms));
            }
            tasks.join_all().await
        });
        if now_ms == DAY_MS * 2 / 5 / TICK_MS * TICK_MS {
            backup = Some(hubs.back_up(&phones));
        }
        if now_ms == DAY_MS * 3 / 5 / TICK_MS * TICK_MS {
            hubs.restore(&phones, backup.as_ref().unwrap());
        }
        if now_ms >= DAY_MS {
            chaos.store(true, Ordering::SeqCst);
            hubs.start_all();
        }
        hubs.look_at_memory();
    }
    assert!(all_arrived(&groups), "plays still wait after {now_ms} ms");
    ends.store(true, Ordering::SeqCst);
    let took = started.elapsed();
    let scans = phones.end();
    hubs.end();
    check(&hubs, &groups, &scans);
    print(size, seed, &hubs, &balancer, &scans, &requests, took);
}

fn all_arrived(groups: &[Group]) -> bool {
    let mut screens = groups.iter().flat_map(|group| &group.screens);
    screens.all(Screen::has_arrived)
}

fn publish(folder: &Path, hubs: &Hubs) {
    for number in 0..3 {
        let campaign = folder.join(format!("campaigns/cafe-{number}"));
        std::fs::create_dir_all(&campaign).unwrap();
        let pixels = image::GrayImage::from_pixel(64, 48, image::Luma([60 + number]));
        pixels.save(campaign.join("a.png")).unwrap();
        let toml = "title = 'Cafe'\ntarget = 'https://cafe.example/'\nlanding = 'page'\n";
        std::fs::write(campaign.join("campaign.toml"), toml).unwrap();
        hubs.command(&["publish", campaign.to_str().unwrap()]);
    }
}

/// Enrols all screens, spread over groups.
fn enrol(
    size: Size,
    seed: u64,
    hubs: &Hubs,
    balancer: &Balancer,
    requests: &Arc<Requests>,
) -> Vec<Group> {
    let url = balancer.url().parse().unwrap();
    let clients: Vec<HubClient> = (0..AT_ONE_TIME)
        .map(|_| HubClient::new(balancer.url(), None))
        .collect();
    let plan = Plan {
        // It ends now: hubs believe no later date.
        began_ms: clock::now_ms() - i64::try_from(DAY_MS).unwrap(),
        plays: size.plays,
        pace_ms: DAY_MS / size.plays,
        poll_ms: DAY_MS / size.polls,
    };
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
        let credentials = hub.credentials(known, &secret, &url, now_ms).unwrap();
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
        let client = clients[group].speaking_for(credentials.bearer);
        groups[group].push(Screen::new(
            screen,
            client,
            Arc::clone(contents),
            plan,
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
    let openings = report.scans.openings;
    assert!(
        (scans.answered..=scans.answered + scans.unanswered).contains(&openings),
        "scans {scans}, and {openings} are counted"
    );
    assert_eq!(hub.store.recount().unwrap(), []);
    assert!(
        hubs.memory_mb() <= hubs::MEMORY_MB_MAX,
        "{:?}",
        hubs.memory()
    );
}

fn print(
    size: Size,
    seed: u64,
    hubs: &Hubs,
    balancer: &Balancer,
    scans: &phones::Scans,
    requests: &Requests,
    took: Duration,
) {
    let figure = |name: &str, value: f64, unit: &str, against: &str, goal: f64| {
        println!(
            "{name}\t{value:.1}\t{unit}\t{against} {goal}\t{:.4}",
            value / goal
        );
    };
    #[allow(clippy::cast_precision_loss, reason = "figures for people")]
    let number = |value: u64| value as f64;
    let screens = number(size.screens);
    let [plays, polls] =
        [&requests.plays, &requests.polls].map(|count| number(count.load(Ordering::SeqCst)));
    let bytes = number(balancer.bytes());
    println!(
        "fleet of seed {seed}: {size:?} in {took:?}, scans {scans}, {:?}",
        hubs.ends()
    );
    for line in hubs.memory() {
        println!("{line}");
    }
    figure(
        "requests with plays, a screen a day",
        plays / screens,
        "requests",
        "plays",
        number(size.plays),
    );
    figure(
        "requests without plays, a screen a day",
        polls / screens,
        "requests",
        "polls",
        number(size.polls),
    );
    figure(
        "bytes both ways, a screen a day",
        bytes / screens,
        "B",
        "requests",
        (plays + polls) / screens,
    );
    figure(
        "requests of the fleet",
        (plays + polls) / took.as_secs_f64(),
        "/s",
        "screens",
        screens,
    );
    figure(
        "memory of a hub at most (RSS)",
        number(hubs.memory_mb()),
        "MB",
        "goal",
        number(hubs::MEMORY_MB_MAX),
    );
    figure(
        "p50 of scans beside the fleet",
        scans.percentile_ms(50),
        "ms",
        "goal",
        50.0,
    );
    figure(
        "p99 of scans beside the fleet",
        scans.percentile_ms(99),
        "ms",
        "goal",
        50.0,
    );
}

/// Reads a number that whoever runs a test may set.
fn number_from(variable: &str, default: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}
