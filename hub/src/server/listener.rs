//! Accepts connections and sees them off.
//!
//! Invariants: every connection has a place from [`Connections`], or is told at once that there is
//! none; on shutdown no new request is taken, those that run have [`ConnectionBounds::grace`] to
//! end, and what was counted is written down.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use passerby_listener::ConnectionBounds;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

use crate::Hub;
use crate::public_url::PublicUrl;
use crate::server::activity::Activity;
use crate::server::connections::{ClientPlace, Connections, Places};
use crate::server::proxies::TrustedProxy;
use crate::server::terminals::turns::Turn;
use crate::server::watched::Watched;
use crate::server::{AppState, CODE_DAYS, Shared, count_writer, forgetting, router};
use crate::store::StoreError;
use crate::system::{clock, malloc};

/// How much of an answer may wait in the kernel to be sent. What more there is waits here, where it
/// is seen whether its reader takes it.
const UNSENT_BYTES: u32 = 16 << 10;
/// How often it is looked whether there is memory to give back.
const MEMORY_PAUSE: Duration = Duration::from_secs(5);
/// After a crowd of so many connections has gone, memory is given back.
const CROWD: usize = 32;
/// What connections may cost, besides what [`Connections`] and [`Watched`] see to.
const BOUNDS: ConnectionBounds = ConnectionBounds {
    connections_max: None,
    head_bytes_max: 16 << 10,
    headers_max: None,
    head_time: None,
    connection_time: None,
    refusal: b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
    grace: Duration::from_secs(10),
};

/// How a hub serves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How phones and screens reach it; `None` for the address itself.
    pub public_url: Option<PublicUrl>,
    /// For how many days after they were on a screen codes are accepted.
    pub code_days: i64,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<TrustedProxy>,
    /// How many descriptors the process may have.
    pub descriptors: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: None,
            code_days: CODE_DAYS,
            trusted_proxies: Vec::new(),
            descriptors: 1_024,
        }
    }
}

/// A hub that listens.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    connections: Arc<Connections>,
    app: Shared,
}

/// Says why a hub cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken, or not one of this machine.
    #[error("cannot listen on {address}: {source}; name another address with --listen")]
    Listen {
        /// As the user named it.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Server {
    /// Takes the address.
    ///
    /// # Errors
    /// See [`ServeError`].
    pub async fn bind(hub: Hub, listen: &str, settings: Settings) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Listen {
            address: listen.to_owned(),
            source,
        };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let public_url = settings.public_url.unwrap_or_else(|| {
            let own = format!("http://{address}");
            own.parse().expect("a socket address makes a plain URL")
        });
        let scan_base = public_url.scan_base();
        // The database is not asked on a thread that serves others.
        let set = tokio::task::spawn_blocking(move || {
            hub.store
                .set_scan_base(&scan_base, clock::now_ms())
                .map(|()| hub)
        });
        let hub = match set.await {
            Ok(set) => set?,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        let (code_days, proxies) = (settings.code_days, settings.trusted_proxies);
        let places = Places::for_descriptors(settings.descriptors);
        Ok(Self {
            listener,
            address,
            connections: Arc::new(Connections::new(places)),
            app: Arc::new(AppState::new(hub, public_url, code_days, proxies)),
        })
    }

    /// Returns where it listens, with the real port.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` completes and the running requests have ended.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let app = router(Arc::clone(&self.app));
        let keeping = tokio::spawn(count_writer::keep(Arc::clone(&self.app)));
        let forgetting = tokio::spawn(forgetting::keep(Arc::clone(&self.app)));
        let giving_back = tokio::spawn(give_memory_back(Arc::clone(&self.connections)));
        let admit = |peer: SocketAddr| {
            let now = Instant::now();
            let activity = Arc::new(Activity::new(now));
            let from = Some(peer.ip()).filter(|ip| !self.app.proxies.are_at(*ip));
            let place = self.connections.admit(from, Arc::clone(&activity), now)?;
            Some(Served { place, activity })
        };
        passerby_listener::serve(self.listener, app, BOUNDS, admit, stop).await;
        keeping.abort();
        forgetting.abort();
        giving_back.abort();
        count_writer::write(&self.app).await;
    }
}

/// A connection with its place, and what it is doing.
struct Served {
    place: ClientPlace,
    activity: Arc<Activity>,
}

impl passerby_listener::ConnectionPlace for Served {
    type Stream = Watched;

    fn watch(&self, stream: TcpStream) -> Watched {
        if let Err(error) = SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_BYTES) {
            tracing::debug!(%error, "the kernel holds more of an answer than it should");
        }
        Watched::new(stream, Arc::clone(&self.activity))
    }

    fn request_began(&self) {
        self.activity.request_began(Instant::now());
    }

    async fn answer(&self, app: Router, mut request: Request) -> Response {
        let activity = Arc::clone(&self.activity);
        request.extensions_mut().insert(Arc::clone(&activity));
        let mut response = passerby_listener::respond(app, request).await;
        let turn = response.extensions_mut().remove::<Arc<Turn>>();
        response.map(|body| {
            Body::new(Answer {
                body,
                activity,
                _turn: turn,
            })
        })
    }

    async fn lost(&self) {
        self.place.taken().await;
    }
}

/// The body of an answer, and what is kept until it has been sent.
struct Answer {
    body: Body,
    activity: Arc<Activity>,
    _turn: Option<Arc<Turn>>,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.activity.answer_ended(Instant::now());
    }
}

/// Gives memory back once a crowd has gone.
async fn give_memory_back(connections: Arc<Connections>) {
    loop {
        tokio::time::sleep(MEMORY_PAUSE).await;
        let (now, most) = connections.now_and_most();
        if most >= now + CROWD {
            tokio::task::spawn_blocking(malloc::give_back).await.ok();
        }
    }
}
