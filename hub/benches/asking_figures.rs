//! Prints what a screen asks of its hub in a day, one figure a line: name, value, unit, compared
//! with, ratio. Bytes are those of HTTP, heads and bodies both ways, as a real hub and the
//! terminal's own client write them; TLS and TCP add some.
//!
//! `asking_figures` compares the calls that a terminal made until it could wait for changes with
//! those that it makes now. `asking_figures hold N` enrols N screens at a hub of its own, in memory
//! if there is `/dev/shm`, holds a call of each and says what one takes of memory.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use passerby_hub::Hub;
use passerby_hub::server::{Server, Settings};
use passerby_hub::system::clock;
use passerby_playout::hub_link::HubClient;
use passerby_playout::hub_link::asking::{Asking, Call, Came, Times};
use passerby_protocol::changes::{ChangesReply, ChangesRequest, ManifestTag, Pace};
use passerby_protocol::limits::HOLD_MS_MAX;
use passerby_protocol::plays::{Display, Outcome, Play, PlayBatch, PlayContent};
use passerby_protocol::proof_of_play::DeviceKey;
use passerby_protocol::wire::Heartbeat;
use passerby_protocol::{Assignment, Digest, Epoch, PlayNumber, ScreenNumber};

const DAY_S: f64 = 86_400.0;
/// How often an older terminal sends a heartbeat and asks for its manifest, in seconds.
const POLL_S: f64 = 10.0;
/// How often a terminal that plays sends its plays, one every ten seconds.
const PLAYS_S: f64 = 10.0;
/// How often counts of scans are fetched.
const TALLIES_S: f64 = 3_600.0;
/// Of each call so many are made to measure one.
const CALLS: u16 = 20;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["hold", count] => hold(count.parse().expect("how many calls")),
        _ => compare(),
    }
}

/// A hub that serves in this process until it ends.
fn serve(
    hub: Hub,
) -> (
    String,
    std::thread::JoinHandle<()>,
    tokio::sync::oneshot::Sender<()>,
) {
    let (told, address) = std::sync::mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let settings = Settings {
                descriptors: descriptors(),
                trusted_proxies: vec!["127.0.0.1".parse().expect("an address")],
                ..Settings::default()
            };
            let server = Server::bind(hub, "127.0.0.1:0", settings).await;
            let server = server.expect("listens");
            told.send(server.address().to_string()).expect("heard");
            let stop = async {
                let _ = stopped.await;
            };
            server.run(stop).await;
        });
    });
    (address.recv().expect("it listens"), serving, stop)
}

fn descriptors() -> u64 {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = rustix::process::Rlimit {
        current: limit.maximum,
        ..limit
    };
    let _ = setrlimit(Resource::Nofile, raised);
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).expect("a folder")
    } else {
        tempfile::tempdir().expect("a folder")
    }
}

fn enrolled(hub: &Hub, bearer: &str) -> ScreenNumber {
    let now_ms = clock::now_ms();
    let (screen, _) = hub
        .store
        .add_screen(&passerby_hub::people::Actor::COMMAND_LINE, "one", now_ms)
        .expect("a screen");
    let sha256 = Digest::of(bearer.as_bytes()).0;
    hub.store.admit(screen, &sha256, now_ms).expect("enrols");
    screen
}

/// Counts what goes through, on its way to the hub.
fn relay(hub: String) -> (String, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let bytes = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&bytes);
    std::thread::spawn(move || {
        for terminal in listener.incoming().map_while(Result::ok) {
            let hub = TcpStream::connect(&hub).expect("the hub is there");
            let clone = |stream: &TcpStream| stream.try_clone().expect("a second handle");
            copy(clone(&terminal), clone(&hub), Arc::clone(&count));
            copy(hub, terminal, Arc::clone(&count));
        }
    });
    (url, bytes)
}

fn copy(mut from: TcpStream, mut to: TcpStream, count: Arc<AtomicU64>) {
    std::thread::spawn(move || {
        let mut buffer = [0; 64 << 10];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            count.fetch_add(length as u64, Ordering::SeqCst);
            if to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
    });
}

fn heartbeat(screen: ScreenNumber) -> Heartbeat {
    Heartbeat {
        software: env!("CARGO_PKG_VERSION").to_owned(),
        manifest_version: 1_764_000_000,
        clock_trusted: true,
        plays_waiting: 1,
        screen_px: [1_920, 1_080],
        disk_free_bytes: 20_000_000_000,
        key_generation: Some(0),
        manifest_key_generation: Some(0),
        device: Some(DeviceKey::from_seed(&[7; 32]).vouch(screen)),
        traits: None,
        sends_frames: false,
    }
}

fn one_play(seq: u64) -> PlayBatch {
    let play = Play {
        seq,
        number: PlayNumber::new(u32::try_from(seq).expect("small")).expect("in range"),
        content: PlayContent {
            assignment: Assignment::new(1).expect("in range"),
            campaign: "cafe".to_owned(),
            creative: Digest([7; 32]),
        },
        boot: "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0".into(),
        start_boot_ms: seq * 10_000,
        visible_ms: 10_000,
        outcome: Outcome::Complete,
        display: Display::On,
    };
    PlayBatch::pack(Epoch(1), &[play], Vec::new())
}

fn compare() {
    let folder = folder();
    let hub = Hub::open(folder.path()).expect("a hub");
    let bearer = "5a".repeat(32);
    let screen = enrolled(&hub, &bearer);
    let (address, serving, stop) = serve(hub);
    let (url, bytes) = relay(address);
    let client = HubClient::new(&url, Some(bearer));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let measured = runtime.block_on(measure(&client, screen, &bytes));
    drop(client);
    let _ = stop.send(());
    let figure = |name: &str, before: f64, after: f64, unit: &str| {
        println!(
            "{name}\t{after:.0}\t{unit}\tbefore {before:.0}\t{:.4}",
            after / before
        );
    };
    let round = measured.heartbeat + measured.unchanged;
    figure("one round of asking", round, measured.changes, "bytes");
    let asked_a_day = asked_a_day(&measured.answers);
    for (what, plays) in [("an idle", 0.0), ("a playing", DAY_S / PLAYS_S)] {
        let tallies = DAY_S / TALLIES_S;
        let more_bytes = tallies * measured.tallies + plays * measured.plays;
        let rounds = DAY_S / POLL_S;
        figure(
            &format!("requests of {what} screen a day"),
            2.0 * rounds + tallies + plays,
            asked_a_day + tallies + plays,
            "requests",
        );
        figure(
            &format!("bytes of {what} screen a day"),
            rounds * round + more_bytes,
            asked_a_day * measured.changes + more_bytes,
            "bytes",
        );
    }
    // The relay's connections keep the hub's open; the process ends with this.
    drop(serving);
}

/// Bytes of one call each, and what the hub answers to the last of them.
struct Measured {
    heartbeat: f64,
    unchanged: f64,
    changes: f64,
    plays: f64,
    tallies: f64,
    answers: Answers,
}

/// What a hub says of when to ask again: to a terminal that does not say what it holds, and to one
/// for which there was nothing new for as long as it waited.
struct Answers {
    first: Pace,
    held: Pace,
}

async fn measure(client: &HubClient, screen: ScreenNumber, bytes: &AtomicU64) -> Measured {
    let first = client.manifest(screen, None).await.expect("answers");
    let etag = first.and_then(|sealed| sealed.etag).expect("it has one");
    let known = changes(client, screen, &ChangesRequest::default()).await;
    let request = |hold_ms| ChangesRequest {
        heartbeat: heartbeat(screen),
        manifest: Some(known.manifest),
        key_generation: Some(known.key_generation),
        hold_ms,
        frame: 0,
    };
    let mut last = bytes.load(Ordering::SeqCst);
    let mut counted = |calls: u16| {
        // The last bytes of an answer were counted before the client had them.
        let now = bytes.load(Ordering::SeqCst);
        (now - std::mem::replace(&mut last, now)) as f64 / f64::from(calls)
    };
    for _ in 0..CALLS {
        let heard = client.heartbeat(screen, &heartbeat(screen)).await;
        heard.expect("answers");
    }
    let heartbeat = counted(CALLS);
    for _ in 0..CALLS {
        let unchanged = client.manifest(screen, Some(&etag)).await;
        assert!(unchanged.expect("answers").is_none());
    }
    let unchanged = counted(CALLS);
    let mut held = known.clone();
    for _ in 0..CALLS {
        held = changes(client, screen, &request(100)).await;
        assert!(held.held_ms >= 100, "{held:?}");
    }
    let changes = counted(CALLS);
    for number in 1..=u64::from(CALLS) {
        let sent = client.send_plays(screen, &one_play(number)).await;
        sent.expect("answers");
    }
    let plays = counted(CALLS);
    let tallies = client.tallies(screen, "Asia/Shanghai").await;
    tallies.expect("answers");
    Measured {
        heartbeat,
        unchanged,
        changes,
        plays,
        tallies: counted(1),
        answers: Answers {
            first: known.pace,
            held: held.pace,
        },
    }
}

async fn changes(
    client: &HubClient,
    screen: ScreenNumber,
    request: &ChangesRequest,
) -> ChangesReply {
    client.changes(screen, request).await.expect("answers")
}

/// How often a terminal asks in a day in which there is nothing new, by its own schedule.
fn asked_a_day(answers: &Answers) -> f64 {
    let (mut asking, mut asked, mut now_ms, mut random) = (Asking::new(10_000), 0_u32, 0, 1_u64);
    while now_ms < 86_400_000 {
        let call = asking.call(now_ms);
        let (took_ms, pace) = match call {
            Call::Changes {
                hold_ms: Some(hold_ms),
            } => (hold_ms, answers.held),
            _ => (0, answers.first),
        };
        let came = Came::Changes {
            pace,
            is_news: false,
            is_taken: true,
        };
        let times = Times {
            asked_ms: now_ms,
            now_ms: now_ms + took_ms,
        };
        // Knuth's generator (MMIX); its upper half looks random.
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        now_ms += took_ms + asking.came(call, came, times, random >> 33);
        asked += 1;
    }
    f64::from(asked)
}

/// Holds so many calls at one time and says what one takes.
fn hold(count: usize) {
    descriptors();
    let folder = folder();
    let hub = Hub::open(folder.path()).expect("a hub");
    let screens: Vec<_> = (0..count)
        .map(|number| {
            let bearer = format!("bearer {number}");
            (enrolled(&hub, &bearer), bearer)
        })
        .collect();
    let versions: Vec<u64> = screens
        .iter()
        .map(|(screen, _)| {
            hub.store
                .manifest_version(*screen, clock::now_ms())
                .expect("reads")
        })
        .collect();
    let (address, serving, stop) = serve(hub);
    let before = resident_kib();
    let begun = Instant::now();
    let held: Vec<TcpStream> = screens
        .iter()
        .zip(versions)
        .map(|((screen, bearer), version)| {
            let request = ChangesRequest {
                heartbeat: heartbeat(*screen),
                manifest: Some(ManifestTag {
                    version,
                    key_generation: 0,
                }),
                key_generation: Some(0),
                hold_ms: HOLD_MS_MAX,
                frame: 0,
            };
            let body = serde_json::to_string(&request).expect("JSON");
            let mut stream = TcpStream::connect(&address).expect("connects");
            write!(
                stream,
                "POST /v1/terminals/{screen}/changes HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {bearer}\r\n\
                 content-length: {}\r\n\r\n{body}",
                body.len()
            )
            .expect("asks");
            stream
        })
        .collect();
    let asked = begun.elapsed();
    // Until all of them were heard: the hub is idle then.
    std::thread::sleep(Duration::from_secs(5));
    let each = (resident_kib() - before) as f64 / count as f64;
    println!(
        "memory of one of {count} held calls\t{each:.1}\tKiB\tgoal 32\t{:.4}",
        each / 32.0
    );
    println!(
        "asking of {count} screens, one after the other\t{:.2}\ts\tgoal 60\t{:.4}",
        asked.as_secs_f64(),
        asked.as_secs_f64() / 60.0
    );
    let answered = std::thread::spawn(move || {
        held.into_iter()
            .filter_map(|mut stream| {
                let mut answer = [0; 12];
                stream.read_exact(&mut answer).ok()?;
                answer.ends_with(b" 200").then_some(())
            })
            .count()
    });
    let stopping = Instant::now();
    let _ = stop.send(());
    let answered = answered.join().expect("reads");
    println!(
        "of {count} held calls, answered when the hub stops\t{answered}\tcalls\tall {count}\t{:.4}",
        answered as f64 / count as f64
    );
    serving.join().expect("it stops");
    println!(
        "a hub with {count} held calls stops\t{:.2}\ts\tgoal 10\t{:.4}",
        stopping.elapsed().as_secs_f64(),
        stopping.elapsed().as_secs_f64() / 10.0
    );
}

fn resident_kib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = text.lines().find(|line| line.starts_with("VmRSS:"));
    let figure = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    figure.expect("a figure")
}
