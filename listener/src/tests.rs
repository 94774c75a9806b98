use super::*;
use axum::routing::get;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\r\n";
const BOUNDS: ConnectionBounds = ConnectionBounds {
    connections_max: Some(4),
    head_bytes_max: 16 << 10,
    headers_max: Some(64),
    head_time: None,
    connection_time: None,
    refusal: REFUSAL,
    grace: Duration::from_secs(60),
};
const ASK: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// The places that there are, and what takes them all away.
#[derive(Clone, Default)]
struct Places {
    free: Arc<AtomicUsize>,
    lost: Arc<Notify>,
    /// What a connection waits for before it is ready.
    opening: Option<Arc<Notify>>,
}

struct Held(Places);

impl ConnectionPlace for Held {
    type Stream = TcpStream;

    async fn open(&self, stream: TcpStream) -> io::Result<TcpStream> {
        if let Some(never) = &self.0.opening {
            never.notified().await;
        }
        Ok(stream)
    }

    async fn lost(&self) {
        self.0.lost.notified().await;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.free.fetch_add(1, Ordering::SeqCst);
    }
}

struct TestListener {
    address: SocketAddr,
    places: Places,
    stop: Arc<Notify>,
    serving: JoinHandle<()>,
}

impl TestListener {
    async fn new(app: Router, bounds: ConnectionBounds, free: usize) -> Self {
        Self::with(app, bounds, free, Places::default()).await
    }

    async fn with(app: Router, bounds: ConnectionBounds, free: usize, places: Places) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let stop = Arc::new(Notify::new());
        places.free.store(free, Ordering::SeqCst);
        let (given, stopped) = (places.clone(), Arc::clone(&stop));
        let serving = tokio::spawn(async move {
            let admit = |_| {
                let free = |free: usize| free.checked_sub(1);
                let taken = given
                    .free
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, free);
                taken.is_ok().then(|| Held(given.clone()))
            };
            serve(listener, app, bounds, admit, stopped.notified()).await;
        });
        Self {
            address,
            places,
            stop,
            serving,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("connects")
    }
}

fn app() -> Router {
    Router::new().route("/", get(async || "here"))
}

/// Reads until the words have come, or all there is.
async fn heard(stream: &mut TcpStream, words: &str) -> String {
    let mut all = Vec::new();
    while !String::from_utf8_lossy(&all).contains(words) {
        // A connection that is cut off may end with an error.
        if stream.read_buf(&mut all).await.unwrap_or(0) == 0 {
            break;
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}

#[tokio::test]
async fn who_gets_no_place_is_told_and_a_place_that_ends_is_free_again() {
    let listener = TestListener::new(app(), BOUNDS, 1).await;
    let mut first = listener.connect().await;
    first.write_all(ASK).await.expect("asks");
    assert!(heard(&mut first, "here").await.ends_with("here"));
    let mut second = listener.connect().await;
    assert_eq!(heard(&mut second, "\r\n\r\n").await.as_bytes(), REFUSAL);
    drop(first);
    loop {
        let mut third = listener.connect().await;
        // A refusal may come before it is asked.
        let _ = third.write_all(ASK).await;
        if heard(&mut third, "here").await.ends_with("here") {
            break;
        }
    }
}

#[tokio::test]
async fn connections_past_the_most_wait_for_one_to_end() {
    let bounds = ConnectionBounds {
        connections_max: Some(1),
        ..BOUNDS
    };
    let listener = TestListener::new(app(), bounds, 9).await;
    let mut first = listener.connect().await;
    first.write_all(ASK).await.expect("asks");
    heard(&mut first, "here").await;
    let mut second = listener.connect().await;
    second.write_all(ASK).await.expect("asks");
    assert_eq!(listener.places.free.load(Ordering::SeqCst), 8, "it waits");
    drop(first);
    assert!(heard(&mut second, "here").await.ends_with("here"));
}

#[tokio::test]
async fn a_place_that_is_lost_ends_its_connection() {
    let listener = TestListener::new(app(), BOUNDS, 1).await;
    let mut stream = listener.connect().await;
    stream.write_all(ASK).await.expect("asks");
    heard(&mut stream, "here").await;
    listener.places.lost.notify_one();
    assert_eq!(heard(&mut stream, "never").await, "");
}

#[tokio::test]
async fn a_connection_ends_with_its_time() {
    let bounds = ConnectionBounds {
        connection_time: Some(Duration::from_millis(200)),
        ..BOUNDS
    };
    let listener = TestListener::new(app(), bounds, 1).await;
    let mut stream = listener.connect().await;
    assert_eq!(heard(&mut stream, "never").await, "");
}

#[tokio::test]
async fn a_request_that_runs_at_the_stop_is_answered() {
    let (began, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begins, goes_on) = (Arc::clone(&began), Arc::clone(&go_on));
    let slow = get(async move || {
        begins.notify_one();
        goes_on.notified().await;
        "late"
    });
    let app = app().route("/slow", slow);
    let listener = TestListener::new(app, BOUNDS, 9).await;
    let (mut idle, mut stream) = (listener.connect().await, listener.connect().await);
    idle.write_all(ASK).await.expect("asks");
    assert!(heard(&mut idle, "here").await.ends_with("here"));
    let ask = b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n";
    stream.write_all(ask).await.expect("asks");
    began.notified().await;
    listener.stop.notify_one();
    assert_eq!(heard(&mut idle, "never").await, "", "it is closed");
    go_on.notify_one();
    assert!(heard(&mut stream, "late").await.ends_with("late"));
    listener.serving.await.expect("it ends");
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_off_after_the_grace() {
    let began = Arc::new(Notify::new());
    let begins = Arc::clone(&began);
    let never = get(async move || {
        begins.notify_one();
        std::future::pending::<()>().await;
    });
    let bounds = ConnectionBounds {
        grace: Duration::from_millis(100),
        ..BOUNDS
    };
    let listener = TestListener::new(Router::new().route("/", never), bounds, 9).await;
    let mut stream = listener.connect().await;
    stream.write_all(ASK).await.expect("asks");
    began.notified().await;
    listener.stop.notify_one();
    listener.serving.await.expect("it ends");
}

#[tokio::test]
async fn a_connection_that_is_not_ready_has_a_place_to_lose_and_is_closed_at_the_stop() {
    let places = Places {
        opening: Some(Arc::default()),
        ..Places::default()
    };
    let listener = TestListener::with(app(), BOUNDS, 2, places).await;
    let (mut first, mut second) = (listener.connect().await, listener.connect().await);
    while listener.places.free.load(Ordering::SeqCst) > 0 {
        tokio::task::yield_now().await;
    }
    listener.places.lost.notify_one();
    let closed = tokio::select! {
        said = heard(&mut first, "never") => said,
        said = heard(&mut second, "never") => said,
    };
    assert_eq!(closed, "");
    // Within the grace of a minute, which is for requests.
    listener.stop.notify_one();
    listener.serving.await.expect("it ends");
    assert_eq!(listener.places.free.load(Ordering::SeqCst), 2);
}
