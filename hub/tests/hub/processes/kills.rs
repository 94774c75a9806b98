//! Hub processes, and the whole PostgreSQL where there is one, are killed at random moments under a
//! load of plays, scans and presses: nothing that was acknowledged is lost, and nothing is counted
//! twice.
//!
//! `scripts/soak` asks for more kills than a test takes time for, with `PASSERBY_HUB_KILLS` and
//! `PASSERBY_DATABASE_KILLS`.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use passerby_protocol::Assignment;
use passerby_protocol::wire::{PlaysReply, ProblemDetails};
use passerby_testing::postgres::PostgresServer;
use passerby_testing::seeds;
use reqwest::blocking::{Client, Response};

use crate::processes::fleet::{PATIENCE, Process, client, plays_path, rows, send, visit};
use crate::stand::{Terminal, is_on_postgres, without_click};

const SCREENS: usize = 4;
const PHONES: u32 = 3;
/// Rows that a terminal sends at one time.
const ROWS: u64 = 25;

/// A small generator, so that a failing run can be repeated by its seed.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

fn number_from(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn kills_of_hubs_and_of_their_database_lose_nothing_acknowledged_and_count_nothing_twice() {
    let database_kills = if is_on_postgres() {
        number_from("PASSERBY_DATABASE_KILLS", 2)
    } else {
        // A file ends with its process.
        0
    };
    seeds(file!()).each(|seed| {
        kill(number_from("PASSERBY_HUB_KILLS", 5), database_kills, seed);
    });
}

/// Where the hubs of a run keep what they have.
enum Kept {
    Server(PostgresServer, String),
    File(PathBuf),
}

impl Kept {
    fn new(data: &Path) -> Self {
        if is_on_postgres() {
            // Killing processes loses nothing that the system has taken to write.
            let server = PostgresServer::start(&["-c", "fsync=off"]);
            let address = server.new_database();
            Self::Server(server, address)
        } else {
            Self::File(data.join("hub.db"))
        }
    }

    /// Starts as many processes as may be on it.
    fn start(&self, data: &Path) -> Vec<Process> {
        match self {
            Self::Server(_, address) => (0..2)
                .map(|_| Process::start(Some(address), data))
                .collect(),
            Self::File(_) => vec![Process::start(None, data)],
        }
    }

    /// How many rows there are.
    fn count(&self, rows: &str) -> u64 {
        let query = format!("SELECT count(*) FROM {rows}");
        match self {
            Self::Server(server, address) => server.value(address, &query).parse().unwrap(),
            Self::File(file) => {
                let database = rusqlite::Connection::open(file).unwrap();
                database.query_row(&query, [], |row| row.get(0)).unwrap()
            }
        }
    }

    fn kill_and_start(&self, random: &mut Seeded) {
        if let Self::Server(server, _) = self {
            server.kill();
            std::thread::sleep(Duration::from_millis(random.next(500)));
            server.start_again();
        }
    }
}

/// What the load has seen.
#[derive(Default)]
struct Seen {
    answers: AtomicU64,
    failures: AtomicU64,
    later: AtomicU64,
    slowest_ms: AtomicU64,
}

impl Seen {
    /// Notes an answer; `None` for one to try again after.
    fn answer(&self, begun: Instant, answer: reqwest::Result<Response>) -> Option<Response> {
        let ms = u64::try_from(begun.elapsed().as_millis()).unwrap();
        self.slowest_ms.fetch_max(ms, Ordering::Relaxed);
        match answer {
            Ok(answer) if answer.status() == 503 => {
                assert!(answer.headers().contains_key("retry-after"));
                self.later.fetch_add(1, Ordering::Relaxed);
                None
            }
            Ok(answer) => {
                self.answers.fetch_add(1, Ordering::Relaxed);
                Some(answer)
            }
            Err(_) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                None
            }
        }
    }
}

/// What stands before the processes: each asks whichever it likes.
struct Balancer {
    urls: Vec<String>,
    seen: Seen,
    is_over: AtomicBool,
}

impl Balancer {
    /// Asks until there is an answer.
    fn ask(
        &self,
        random: &mut Seeded,
        mut ask: impl FnMut(&str) -> reqwest::Result<Response>,
    ) -> Response {
        let first = Instant::now();
        loop {
            let at = usize::try_from(random.next(self.urls.len() as u64)).unwrap();
            let begun = Instant::now();
            if let Some(answer) = self.seen.answer(begun, ask(&self.urls[at])) {
                return answer;
            }
            assert!(first.elapsed() < 2 * PATIENCE, "no answer at all");
            std::thread::sleep(Duration::from_millis(20 + random.next(50)));
        }
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }
}

/// A terminal that keeps what is not acknowledged and sends it again. Returns how many plays it has
/// shown.
fn screen(balancer: &Balancer, terminal: &Terminal, random: &mut Seeded) -> u64 {
    let (client, path) = (client(), plays_path(terminal));
    let (mut shown, mut acked) = (0, 0);
    while !balancer.is_over() || acked < shown {
        if !balancer.is_over() {
            shown += 1 + random.next(ROWS);
        }
        let until = shown.min(acked + ROWS);
        // Sometimes also what is acknowledged already, as after a lost answer.
        let from = acked.saturating_sub(random.next(3)) + 1;
        let plays = rows(from.min(until)..=until);
        let answer = balancer.ask(random, |url| {
            send(&client, &format!("{url}{path}"), terminal, &plays)
        });
        if answer.status() == 409 {
            let problem: ProblemDetails = serde_json::from_slice(&answer.bytes().unwrap()).unwrap();
            panic!("an acknowledged play is missing, or another is in its place: {problem:?}");
        }
        assert_eq!(answer.status(), 200);
        let Ok(body) = answer.bytes() else {
            continue;
        };
        let reply: PlaysReply = serde_json::from_slice(&body).unwrap();
        assert!(reply.rejected.is_empty(), "{reply:?}");
        assert!(reply.acked_through >= acked, "{reply:?} after {acked}");
        assert!(reply.acked_through <= shown);
        acked = acked.max(reply.acked_through.min(until));
    }
    shown
}

/// People who scan, look at the page, press its button and come back. Returns how many.
fn phones(
    balancer: &Balancer,
    terminal: &Terminal,
    assignment: Assignment,
    first: u32,
    random: &mut Seeded,
) -> u32 {
    let client: Client = client();
    let mut known: Vec<(u32, String)> = Vec::new();
    let open = |path: &str, phone: u32, random: &mut Seeded| {
        let answer = balancer.ask(random, |url| visit(&client, &format!("{url}{path}"), phone));
        (
            answer.status().as_u16(),
            answer
                .headers()
                .get("location")
                .map(|location| location.to_str().unwrap().to_owned()),
        )
    };
    let code = |phone: u32| terminal.scan_path(assignment, 500_000 + phone);
    while !balancer.is_over() {
        let phone = first + u32::try_from(known.len()).unwrap();
        let (status, link) = open(&code(phone), phone, random);
        assert_eq!(status, 302);
        let link = link.unwrap();
        assert_eq!(open(&link, phone, random).0, 200);
        let go = format!("{link}/go");
        let (status, target) = open(&go, phone, random);
        assert_eq!(status, 302);
        assert_eq!(without_click(&target.unwrap()), "https://shop.example/book");
        known.push((phone, link));
        // Somebody comes back, and has the same link.
        let at = usize::try_from(random.next(known.len() as u64)).unwrap();
        let (phone, link) = known[at].clone();
        assert_eq!(open(&code(phone), phone, random), (302, Some(link)));
    }
    u32::try_from(known.len()).unwrap()
}

fn kill(hub_kills: u64, database_kills: u64, seed: u64) {
    let mut random = Seeded(seed);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let kept = Kept::new(&data);
    let mut processes = kept.start(&data);
    let terminals: Vec<Terminal> = (0..SCREENS)
        .map(|screen| processes[0].terminal(&format!("screen {screen}")))
        .collect();
    processes[0].publish("book");
    let assignment = processes[0].manifest(&terminals[0]).0.campaigns[0].items[0].assignment;
    let balancer = Balancer {
        urls: processes.iter().map(|process| process.url("")).collect(),
        seen: Seen::default(),
        is_over: AtomicBool::new(false),
    };
    let begun = Instant::now();
    let (plays, people) = (Mutex::new(0), Mutex::new(0));
    std::thread::scope(|scope| {
        let (balancer, terminals) = (&balancer, &terminals);
        let (plays, people) = (&plays, &people);
        for (at, terminal) in (1..).zip(terminals) {
            let mut random = Seeded(seed.wrapping_add(at));
            scope.spawn(move || {
                let shown = screen(balancer, terminal, &mut random);
                *plays.lock().unwrap() += shown;
            });
        }
        for phone in 0..PHONES {
            let mut random = Seeded(seed.wrapping_add(1_000).wrapping_add(phone.into()));
            scope.spawn(move || {
                let first = phone * 15_000;
                let scanned = phones(balancer, &terminals[0], assignment, first, &mut random);
                *people.lock().unwrap() += scanned;
            });
        }
        // However this ends, the others end too.
        let over = Over(&balancer.is_over);
        let (mut hubs_left, mut databases_left) = (hub_kills, database_kills);
        while hubs_left + databases_left > 0 {
            // The moments are the test's input.
            std::thread::sleep(Duration::from_millis(random.next(700)));
            if random.next(hubs_left + databases_left) < hubs_left {
                hubs_left -= 1;
                let at = usize::try_from(random.next(processes.len() as u64)).unwrap();
                processes[at].kill();
                std::thread::sleep(Duration::from_millis(random.next(300)));
                processes[at].start_again();
            } else {
                databases_left -= 1;
                kept.kill_and_start(&mut random);
            }
        }
        std::thread::sleep(Duration::from_millis(500));
        drop(over);
    });
    let (plays, people) = (plays.into_inner().unwrap(), people.into_inner().unwrap());
    let last = processes.last().unwrap();
    assert_eq!(last.json(&["report"])["plays"]["total"], plays);
    for (what, expected) in [
        ("plays", plays),
        ("scans", people.into()),
        ("shares", people.into()),
        ("visits", people.into()),
        ("visits WHERE clicked_ms IS NOT NULL", people.into()),
    ] {
        assert_eq!(kept.count(what), expected, "{what}");
    }
    assert_eq!(
        processes[0].json(&["recount"])["differences"],
        serde_json::json!([])
    );
    assert!(plays > 0 && people > 0);
    let seen = |number: &AtomicU64| number.load(Ordering::Relaxed);
    println!(
        "{hub_kills} kills of hubs and {database_kills} of PostgreSQL in {} s: {plays} plays and {people} people, each \
         counted once; {} answers, {} times «later», {} connections cut; slowest {} ms",
        begun.elapsed().as_secs(),
        seen(&balancer.seen.answers),
        seen(&balancer.seen.later),
        seen(&balancer.seen.failures),
        seen(&balancer.seen.slowest_ms),
    );
}

/// Says so when it is dropped.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
