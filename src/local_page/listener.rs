//! Accepts connections of the local page, and bounds what each may cost.
//!
//! Invariants: at most [`CONNECTIONS_MAX`] connections at one time, and from another machine at
//! most [`PEER_MAX`]; headers have at most [`HEAD_BYTES_MAX`] and come within a time; a request is
//! answered within a time, its body included; no connection outlives its time, however slowly it
//! sends or reads; see [`BOUNDS`]. The show never waits for any of this.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use tokio::net::{TcpListener, TcpStream};
use tower_http::timeout::TimeoutLayer;

/// Most connections at one time; further ones wait in the kernel's queue.
pub(crate) const CONNECTIONS_MAX: usize = 64;
/// Most connections from one other machine at one time; further ones are closed.
pub(crate) const PEER_MAX: usize = 8;
/// Longest request line and headers, in bytes.
pub(crate) const HEAD_BYTES_MAX: usize = 16 << 10;
/// Most headers.
const HEADERS_MAX: usize = 64;
/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageBounds {
    /// A request's headers, and an idle connection.
    pub(crate) head: Duration,
    /// From the headers of a request to its answer.
    pub(crate) answer: Duration,
    /// All of a connection; a browser then opens another.
    pub(crate) connection: Duration,
}

/// A picture may take ten seconds to come back from the GPU.
pub(crate) const BOUNDS: PageBounds = PageBounds {
    head: Duration::from_secs(10),
    answer: Duration::from_secs(20),
    connection: Duration::from_secs(60),
};

/// Connections of other machines, by address.
#[derive(Default)]
struct Peers(Mutex<HashMap<IpAddr, usize>>);

/// A place of one of them.
struct PagePlace {
    peers: Arc<Peers>,
    ip: IpAddr,
}

impl Peers {
    fn enter(self: &Arc<Self>, ip: IpAddr) -> Option<PagePlace> {
        let mut peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = peers.entry(ip).or_default();
        if *count >= PEER_MAX && !ip.is_loopback() {
            return None;
        }
        *count += 1;
        Some(PagePlace {
            peers: Arc::clone(self),
            ip,
        })
    }
}

impl Drop for PagePlace {
    fn drop(&mut self) {
        let mut peers = self.peers.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = peers.get_mut(&self.ip) {
            *count -= 1;
            if *count == 0 {
                peers.remove(&self.ip);
            }
        }
    }
}

impl passerby_listener::ConnectionPlace for PagePlace {
    type Stream = TcpStream;

    async fn open(&self, stream: TcpStream) -> std::io::Result<TcpStream> {
        Ok(stream)
    }
}

/// Serves until the program ends.
pub(crate) async fn serve(listener: TcpListener, app: Router, bounds: PageBounds) {
    let app = app.layer(TimeoutLayer::with_status_code(
        StatusCode::REQUEST_TIMEOUT,
        bounds.answer,
    ));
    let peers = Arc::new(Peers::default());
    let admit = |peer: SocketAddr| peers.enter(peer.ip().to_canonical());
    let bounds = passerby_listener::ConnectionBounds {
        connections_max: Some(CONNECTIONS_MAX),
        head_bytes_max: HEAD_BYTES_MAX,
        headers_max: Some(HEADERS_MAX),
        head_time: Some(bounds.head),
        connection_time: Some(bounds.connection),
        refusal: b"",
        grace: Duration::ZERO,
    };
    passerby_listener::serve(listener, app, bounds, admit, std::future::pending()).await;
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use axum::body::Bytes;
    use axum::routing::{get, post};
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    /// Longer than any bound of a test; only a connection that is never closed takes it.
    const PATIENCE: Duration = Duration::from_secs(600);
    const SHORT: PageBounds = PageBounds {
        head: Duration::from_millis(300),
        answer: Duration::from_millis(300),
        connection: Duration::from_secs(60),
    };
    /// What is there is answered in time, also on a busy machine.
    const SHORT_FOR_IDLE: PageBounds = PageBounds {
        head: Duration::from_secs(3),
        answer: Duration::from_secs(60),
        connection: Duration::from_secs(60),
    };
    const SHORT_IN_ALL: PageBounds = PageBounds {
        head: Duration::from_secs(60),
        answer: Duration::from_secs(60),
        connection: Duration::from_secs(2),
    };

    /// Serves on a free port; returns the address.
    pub(crate) fn serve(app: Router, bounds: PageBounds) -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("set");
        let address = listener.local_addr().expect("an address");
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).expect("a listener");
                crate::local_page::listener::serve(listener, app, bounds).await;
            });
        });
        format!("http://{address}")
    }

    fn app() -> Router {
        Router::new()
            .route("/", get(async || "here"))
            .route("/take", post(async |body: Bytes| body.len().to_string()))
            .route("/much", get(async || vec![b'x'; 64 << 20]))
    }

    fn connect(base: &str) -> TcpStream {
        let address = base.strip_prefix("http://").expect("an address");
        let stream = TcpStream::connect(address).expect("connects");
        stream.set_read_timeout(Some(PATIENCE)).expect("set");
        stream.set_write_timeout(Some(PATIENCE)).expect("set");
        stream
    }

    /// Sends and reads until the other side closes.
    fn say(base: &str, text: &[u8]) -> String {
        let mut stream = connect(base);
        // The other side may have heard enough before all of it is sent.
        let _ = stream.write_all(text);
        until_closed(&mut stream)
    }

    fn until_closed(stream: &mut TcpStream) -> String {
        let mut heard = Vec::new();
        match stream.read_to_end(&mut heard) {
            Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => {
                panic!("the connection is not closed: {error}")
            }
            _ => String::from_utf8_lossy(&heard).into_owned(),
        }
    }

    #[test]
    fn headers_that_never_end_are_not_waited_for() {
        let base = serve(app(), SHORT);
        let heard = say(&base, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ");
        assert!(!heard.contains("200 OK"), "{heard}");
        assert!(
            !say(&base, b"").contains("200"),
            "nor is an idle connection"
        );
    }

    #[test]
    fn a_body_that_never_ends_is_not_waited_for() {
        let base = serve(app(), SHORT);
        let head = b"POST /take HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nhalf";
        let heard = say(&base, head);
        assert!(heard.starts_with("HTTP/1.1 408"), "{heard}");
    }

    #[test]
    fn whoever_does_not_read_is_cut_off() {
        let base = serve(app(), SHORT_IN_ALL);
        let mut stream = connect(&base);
        stream
            .write_all(b"GET /much HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            .expect("asks");
        // Not reading is the test's input, not a wait for something.
        std::thread::sleep(2 * SHORT_IN_ALL.connection);
        let heard = until_closed(&mut stream);
        assert!(heard.len() < 64 << 20, "{} bytes came", heard.len());
    }

    #[test]
    fn floods_of_headers_are_refused() {
        let base = serve(app(), BOUNDS);
        let long = format!(
            "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: {}\r\n\r\n",
            "a".repeat(1 << 20)
        );
        let many = "X-A: b\r\n".repeat(1_000);
        let many = format!("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n{many}\r\n");
        for flood in [long, many] {
            let heard = say(&base, flood.as_bytes());
            assert!(
                heard.is_empty() || heard.starts_with("HTTP/1.1 431"),
                "{heard}"
            );
        }
        let own = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
        assert!(say(&base, own).ends_with("here"));
    }

    #[test]
    fn idle_connections_keep_nobody_out() {
        let base = serve(app(), SHORT_FOR_IDLE);
        let idle: Vec<TcpStream> = (0..2 * CONNECTIONS_MAX).map(|_| connect(&base)).collect();
        let own = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
        assert!(say(&base, own).ends_with("here"));
        drop(idle);
    }

    #[test]
    fn another_machine_has_its_places_and_no_more() {
        let peers = Arc::new(Peers::default());
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let mut places: Vec<_> = (0..PEER_MAX).map(|_| peers.enter(one)).collect();
        assert!(places.iter().all(Option::is_some));
        assert!(peers.enter(one).is_none() && peers.enter(other).is_some());
        places.pop();
        assert!(peers.enter(one).is_some());
        let own: Vec<_> = (0..100)
            .map(|_| peers.enter([127, 0, 0, 1].into()))
            .collect();
        assert!(own.iter().all(Option::is_some));
        drop((places, own));
        assert!(
            peers.0.lock().expect("free").is_empty(),
            "nothing is left over"
        );
    }
}
