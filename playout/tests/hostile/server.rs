//! A server that speaks in raw bytes, and a client with short time limits to speak with it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use passerby_playout::content::cache::Cache;
use passerby_playout::hub_link::{HubClient, HubConnection, HubError, TimeLimits};
use passerby_protocol::changes::ChangesRequest;
use passerby_protocol::manifest::Asset;
use passerby_protocol::plays::{Display, Outcome, Play, PlayBatch, PlayContent};
use passerby_protocol::wire::Heartbeat;
use passerby_protocol::{Assignment, Digest, Epoch, PlayNumber, ScreenNumber};

use crate::counting;

/// Longest that a call may take, with all the room that a busy machine needs; it only ends tests
/// that hang.
const CALL_MAX: Duration = Duration::from_secs(600);
/// What all tests of this program together may hold, in bytes: the largest manifest twice, and room
/// for the rest.
const HELD_BYTES_MAX: usize = 64 << 20;

/// Limits for a server that answers at once: what comes of its answer, not when it came.
const PATIENT: TimeLimits = TimeLimits {
    connect: Duration::from_secs(300),
    silence: Duration::from_secs(300),
    call: Duration::from_secs(300),
    plays: Duration::from_secs(300),
    manifest: Duration::from_secs(300),
    progress: Duration::from_secs(300),
    progress_bytes: 100,
};

/// Limits that make the evening of a server short which never comes to an end.
pub(crate) const SHORT: TimeLimits = TimeLimits {
    connect: Duration::from_millis(1_000),
    silence: Duration::from_millis(500),
    call: Duration::from_millis(1_500),
    plays: Duration::from_millis(1_500),
    manifest: Duration::from_millis(1_500),
    progress: Duration::from_millis(1_000),
    progress_bytes: 100,
};

/// Limits for calls, and none that a file meets which comes on.
pub(crate) const SHORT_BUT_FOR_FILES: TimeLimits = TimeLimits {
    call: Duration::from_secs(10),
    ..PATIENT
};

/// Answers every connection's first request with a function of the test's.
pub(crate) struct Server {
    pub(crate) url: String,
    limits: TimeLimits,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) fn new(answer: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let (answer, connections) = (Arc::new(answer), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&connections);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                count.fetch_add(1, Ordering::SeqCst);
                let answer = Arc::clone(&answer);
                std::thread::spawn(move || {
                    read_request(&mut stream);
                    answer(&mut stream);
                });
            }
        });
        Self {
            url,
            limits: PATIENT,
            connections,
        }
    }

    /// The same, asked under other limits.
    pub(crate) fn within(mut self, limits: TimeLimits) -> Self {
        self.limits = limits;
        self
    }

    /// A server that says the same bytes and hangs up.
    pub(crate) fn saying(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        Self::new(move |stream| {
            let _ = stream.write_all(bytes.as_ref());
        })
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn read_request(stream: &mut TcpStream) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && head.len() < 8_192 {
        if !matches!(stream.read(&mut byte), Ok(1)) {
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|length| length.trim().parse::<usize>().ok())
        .unwrap_or(0);
    let mut body = vec![0; length.min(1 << 20)];
    let _ = stream.read_exact(&mut body);
}

/// Writes until the client has had enough; returns then.
pub(crate) fn flood(stream: &mut TcpStream, start: &[u8], more: &[u8], pause: Duration) {
    if stream.write_all(start).is_err() {
        return;
    }
    while stream.write_all(more).is_ok() {
        std::thread::sleep(pause);
    }
}

pub(crate) fn screen() -> ScreenNumber {
    ScreenNumber::new(7).expect("in range")
}

pub(crate) fn asset(bytes: &[u8]) -> Asset {
    Asset {
        sha256: Digest::of(bytes),
        size: bytes.len() as u64,
        media_type: "image/png".into(),
    }
}

/// Runs a call and holds it to its bounds.
pub(crate) fn bounded<T>(
    server: &Server,
    call: impl AsyncFnOnce(HubClient) -> Result<T, HubError>,
) -> Result<T, HubError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let client = HubClient::on(
        &HubConnection::default().within(server.limits),
        &server.url,
        None,
    );
    let started = Instant::now();
    let result = runtime.block_on(call(client.expect("plain http")));
    assert!(started.elapsed() < CALL_MAX, "{:?}", started.elapsed());
    assert!(counting::peak() < HELD_BYTES_MAX, "{}", counting::peak());
    result
}

/// Asks for everything that a hub can be asked for; each must fail, and leave nothing in the cache.
pub(crate) fn everything_fails(server: &Server) -> Vec<HubError> {
    let folder = tempfile::tempdir().expect("folder");
    let wanted = asset(b"a picture that never comes");
    let mut errors = Vec::new();
    let heartbeat = Heartbeat::default();
    errors.extend(
        bounded(server, async |hub| {
            hub.heartbeat(screen(), &heartbeat).await
        })
        .err(),
    );
    let changes = ChangesRequest::default();
    errors.extend(bounded(server, async |hub| hub.changes(screen(), &changes).await).err());
    errors.extend(bounded(server, async |hub| hub.manifest(screen(), None).await).err());
    errors.extend(bounded(server, async |hub| hub.send_plays(screen(), &batch()).await).err());
    errors.extend(bounded(server, async |hub| hub.tallies(screen(), "UTC").await).err());
    errors.extend(bounded(server, async |hub| hub.token_key(screen()).await).err());
    assert_eq!(errors.len(), 6, "{errors:?}");
    let blob = blob(server, folder.path(), &wanted);
    assert!(!matches!(blob, Ok(true)), "{blob:?}");
    errors.extend(blob.err());
    assert!(!Cache::new(folder.path()).has(&wanted));
    errors
}

/// Fetches a file; `Ok(true)` when it is whole and under its name.
pub(crate) fn blob(server: &Server, folder: &Path, asset: &Asset) -> Result<bool, HubError> {
    let mut download = Cache::new(folder).begin(asset).expect("begins");
    bounded(server, async |hub| hub.blob(asset, &mut download).await)?;
    Ok(download.finish()?)
}

pub(crate) fn batch() -> PlayBatch {
    let play = Play {
        seq: 1,
        number: PlayNumber::new(9).expect("in range"),
        content: PlayContent {
            assignment: Assignment::NONE,
            campaign: "demo".into(),
            creative: Digest([0; 32]),
        },
        boot: "boot".into(),
        start_boot_ms: 1_000,
        visible_ms: 900,
        outcome: Outcome::Complete,
        display: Display::Unknown,
    };
    PlayBatch::pack(Epoch(3), &[play], Vec::new())
}
