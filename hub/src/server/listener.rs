//! Accepts connections and sees them off.
//!
//! Invariants: every connection has a place from [`Connections`], or is told at once that there is
//! none; on shutdown no new request is taken, those that run have [`ConnectionBounds::grace`] to
//! end, and what was counted is written down.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::response::Response;
use futures_util::FutureExt as _;
use hyper::body::{Frame, SizeHint};
use passerby_listener::ConnectionBounds;
use passerby_protocol::private_host::PrivateHost;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

use crate::Hub;
use crate::alerts::service::Service as AlertService;
use crate::followers::service::{MAILS_A_MINUTE, NEWS_A_DAY, Service as FollowerService};
use crate::hooks::Service as HookService;
use crate::people::Secret;
use crate::public_url::PublicUrl;
use crate::server::acme::{AcmeSettings, Challenges};
use crate::server::activity::Activity;
use crate::server::certificates::Certificates;
use crate::server::connections::{ClientPlace, Connections, Places};
use crate::server::metrics::RequestMetrics;
use crate::server::monitoring::Monitored;
use crate::server::proxies::{Proxies, ProxyNameError, TrustedProxy};
use crate::server::terminals::turns::Turn;
use crate::server::tls::{Acceptor, HubStream, TlsError, TlsFiles};
use crate::server::watched::Watched;
use crate::server::{
    AppState, CODE_DAYS, Shared, background, change_watcher, count_writer, monitoring, redirect,
    request_metrics, rounds, router,
};
use crate::sources::service::Service;
use crate::store::{PeopleError, ServingError, StoreError};
use crate::system::{clock, malloc};

/// How much of an answer may wait in the kernel to be sent. What more there is waits here, where it
/// is seen whether its reader takes it.
const UNSENT_BYTES: u32 = 16 << 10;
/// How often it is looked whether there is memory to give back.
const MEMORY_PAUSE: Duration = Duration::from_secs(5);
/// How often it is looked whether a peer takes too little of its answers over HTTP/2.
const PACE_PAUSE: Duration = Duration::from_secs(5);
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

/// From when on a statement of the database is told in the log, unless the operator says otherwise.
pub const SLOW_QUERY_MS: u64 = 1_000;

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
    /// Where its certificate is; `None` for a hub without TLS.
    pub tls: Option<TlsFiles>,
    /// From whom it gets one; `None` for a hub that has files, or no TLS.
    pub acme: Option<AcmeSettings>,
    /// Where it answers what comes unencrypted with its encrypted address.
    pub redirect_listen: Option<String>,
    /// Where it answers those who watch it.
    pub monitoring_listen: Option<String>,
    /// From when on a statement of the database is told in the log, in milliseconds.
    pub slow_query_ms: u64,
    /// What sources and alerts may open although its address is private.
    pub source_hosts: Vec<PrivateHost>,
    /// Mails to people who follow in a minute, and news of one campaign in a day.
    pub follow_mails: (u32, u32),
    /// Folders with fonts that the screens have beside the built-in ones.
    pub fonts: Vec<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: None,
            code_days: CODE_DAYS,
            trusted_proxies: Vec::new(),
            descriptors: 1_024,
            tls: None,
            acme: None,
            redirect_listen: None,
            monitoring_listen: None,
            slow_query_ms: SLOW_QUERY_MS,
            source_hosts: Vec::new(),
            follow_mails: (MAILS_A_MINUTE, NEWS_A_DAY),
            fonts: Vec::new(),
        }
    }
}

/// A hub that listens.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    redirect: Option<TcpListener>,
    monitoring: Option<TcpListener>,
    connections: Arc<Connections>,
    requests: Arc<RequestMetrics>,
    certificates: Option<Certificates>,
    app: Shared,
}

/// Says why a hub cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken, or not one of this machine.
    #[error("cannot listen on {address}: {source}; name another address with {option}")]
    Listen {
        /// As the user named it.
        address: String,
        /// With which option it is named.
        option: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Codes would lead to an address that does not answer.
    #[error(
        "{option} needs a public address that begins with https://, and codes would lead to {public_url}; name it with --public-url"
    )]
    NotHttps {
        /// Which option needs it.
        option: &'static str,
        /// What codes would lead to.
        public_url: String,
    },
    /// The name of a proxy leads nowhere.
    #[error(transparent)]
    Proxy(#[from] ProxyNameError),
    /// Another process serves the same database under another address.
    #[error(
        "another process serves this database, and codes lead to {theirs}, not to {ours}; give this one the same --public-url, or stop the others first"
    )]
    OtherAddress {
        /// What codes start with there.
        theirs: String,
        /// What they would start with here.
        ours: String,
    },
}

impl ServeError {
    fn of(error: ServingError, ours: &str) -> Self {
        match error {
            ServingError::OtherAddress(theirs) => Self::OtherAddress {
                theirs,
                ours: ours.to_owned(),
            },
            ServingError::Store(error) => Self::Store(error),
        }
    }
}

/// The address of a link that works once.
pub(crate) fn join_link(public_url: &PublicUrl, secret: &Secret) -> String {
    public_url.absolute(&format!("/console/join/{}", secret.as_str()))
}

async fn listen(address: &str, option: &'static str) -> Result<TcpListener, ServeError> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|source| ServeError::Listen {
        address: address.to_owned(),
        option,
        source,
    })
}

impl Server {
    /// Takes the address.
    ///
    /// # Errors
    /// See [`ServeError`].
    pub async fn bind(hub: Hub, listen: &str, settings: Settings) -> Result<Self, ServeError> {
        let listener = self::listen(listen, "--listen").await?;
        let address = listener.local_addr().map_err(|source| ServeError::Listen {
            address: listen.to_owned(),
            option: "--listen",
            source,
        })?;
        let mut others = [None, None];
        for (other, (address, option)) in others.iter_mut().zip([
            (&settings.redirect_listen, "--redirect-listen"),
            (&settings.monitoring_listen, "--monitoring-listen"),
        ]) {
            if let Some(address) = address {
                *other = Some(self::listen(address, option).await?);
            }
        }
        let [redirect, monitoring] = others;
        let scheme = if settings.tls.is_some() {
            "https"
        } else {
            "http"
        };
        let acme = settings.acme.as_ref();
        let public_url = settings
            .public_url
            .or_else(|| acme?.public_url(address.port()));
        let public_url = public_url.unwrap_or_else(|| {
            let own = format!("{scheme}://{address}");
            own.parse().expect("a socket address makes a plain URL")
        });
        for (is_asked, option) in [
            (settings.tls.is_some(), "--tls-cert"),
            (settings.acme.is_some(), "--acme-domain"),
            (redirect.is_some(), "--redirect-listen"),
        ] {
            if is_asked && !public_url.is_https() {
                return Err(ServeError::NotHttps {
                    option,
                    public_url: public_url.absolute(""),
                });
            }
        }
        let begun = Certificates::begin(settings.tls, settings.acme, public_url.host());
        let begun = begun.await?;
        let proxies = Proxies::new(settings.trusted_proxies);
        let alerts = AlertService::new(
            settings.source_hosts.clone(),
            public_url.absolute("/console/alerts"),
        );
        let followers = FollowerService::new(
            settings.source_hosts.clone(),
            public_url.clone(),
            settings.follow_mails,
        );
        let hooks = HookService::new(settings.source_hosts.clone());
        let services = (
            Service::new(settings.source_hosts).with_fonts(&settings.fonts),
            alerts,
            followers,
            hooks,
        );
        proxies.look_up().await?;
        hub.store.set_slow_query_ms(settings.slow_query_ms);
        let scan_base = public_url.scan_base();
        let code_days = settings.code_days;
        // The database is not asked on a thread that serves others.
        let set = tokio::task::spawn_blocking(move || {
            hub.store.bound_waits();
            hub.store
                .begin_serving(&scan_base, clock::now_ms())
                .map_err(|error| ServeError::of(error, &scan_base))?;
            hub.store.set_code_days(code_days)?;
            hub.store.expect_scans()?;
            Ok::<_, ServeError>(hub)
        });
        let hub = match set.await {
            Ok(set) => set?,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        let places = Places::for_descriptors(settings.descriptors);
        let app = Arc::new(AppState::new(
            hub,
            public_url,
            code_days,
            proxies,
            services,
            &settings.fonts,
        ));
        let certificates = match begun {
            Some(begun) => Some(begun.with_kept(&app).await?),
            None => None,
        };
        Ok(Self {
            listener,
            address,
            redirect,
            monitoring,
            connections: Arc::new(Connections::new(places)),
            requests: request_metrics(),
            certificates,
            app,
        })
    }

    /// Says where it listens, and for what: one line each, with the real ports.
    pub fn addresses(&self) -> Vec<String> {
        let is_encrypted = self.certificates.is_some();
        let scheme = if is_encrypted { "https" } else { "http" };
        let mut lines = vec![format!("listening on {scheme}://{}", self.address)];
        for (what, listener) in [
            ("redirecting", &self.redirect),
            ("answering monitoring", &self.monitoring),
        ] {
            if let Some(address) = listener.as_ref().and_then(|own| own.local_addr().ok()) {
                lines.push(format!("{what} on http://{address}"));
            }
        }
        lines
    }

    /// Makes the link by which the first owner comes in, unless there is an owner.
    ///
    /// # Errors
    /// The database fails; the hub serves screens and phones all the same.
    pub async fn first_link(&self) -> Result<Option<String>, PeopleError> {
        let made = self
            .app
            .work(|app| app.hub.store.first_link(clock::now_ms()));
        let link = made
            .await?
            .map(|secret| join_link(&self.app.public_url, &secret));
        Ok(link)
    }

    /// Returns where it listens, with the real port.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` completes and the running requests have ended.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let started_ms = clock::now_ms();
        let app = router(Arc::clone(&self.app), Arc::clone(&self.requests));
        let certificates = self.certificates.as_ref();
        let tls = certificates.map(Certificates::acceptor);
        let acme = certificates.and_then(Certificates::acme_status);
        let is_stopping = Arc::new(AtomicBool::new(false));
        let stops = Arc::clone(&is_stopping);
        // Whoever watches hears first that the hub stops; held calls are answered at once.
        let held = Arc::clone(&self.app);
        let stop = stop.map(move |()| {
            stops.store(true, Ordering::Relaxed);
            held.held.stop();
        });
        let stop = stop.shared();
        let (done, is_done) = tokio::sync::oneshot::channel::<()>();
        let monitoring = self.monitoring.map(|listener| {
            let monitored = Monitored {
                app: Arc::clone(&self.app),
                connections: Arc::clone(&self.connections),
                requests: Arc::clone(&self.requests),
                tls: tls.clone(),
                acme: acme.clone(),
                started_ms,
                is_stopping,
            };
            // To the end, so that whoever watches sees the requests that still run.
            tokio::spawn(monitoring::serve(listener, monitored, is_done.map(drop)))
        });
        let certificates = self.certificates.map(Certificates::keep);
        let renewing = certificates.map(tokio::spawn);
        let proxies = Arc::clone(&self.app);
        let looking_up = tokio::spawn(async move { proxies.proxies.keep().await });
        let keeping = tokio::spawn(count_writer::keep(Arc::clone(&self.app)));
        let background = tokio::spawn(background::keep(Arc::clone(&self.app)));
        let sources = tokio::spawn(rounds::keep(Arc::clone(&self.app), rounds::SOURCES));
        let alerts = tokio::spawn(rounds::keep(Arc::clone(&self.app), rounds::ALERTS));
        let followers = tokio::spawn(rounds::keep(Arc::clone(&self.app), rounds::FOLLOWERS));
        let films = tokio::spawn(rounds::keep(Arc::clone(&self.app), rounds::FILMS));
        let hooks = [rounds::HOOKS, rounds::FAILING_HOOKS];
        let hooks = hooks.map(|of| tokio::spawn(rounds::keep(Arc::clone(&self.app), of)));
        let watching = tokio::spawn(change_watcher::keep(Arc::clone(&self.app)));
        let giving_back = tokio::spawn(give_memory_back(Arc::clone(&self.connections)));
        let admit_with = |tls: Option<Arc<Acceptor>>, peer: SocketAddr| {
            let now = Instant::now();
            let activity = Arc::new(Activity::new(now));
            let from = Some(peer.ip()).filter(|ip| !self.app.proxies.are_at(*ip));
            let place = self.connections.admit(from, Arc::clone(&activity), now)?;
            let place = Arc::new(place);
            Some(Served {
                place,
                activity,
                tls,
            })
        };
        let admit = |peer| admit_with(tls.clone(), peer);
        let admit_plain = |peer| admit_with(None, peer);
        let serving = passerby_listener::serve(self.listener, app, BOUNDS, admit, stop.clone());
        let redirecting = async {
            if let Some(listener) = self.redirect {
                let challenges = acme.map(|_| Challenges::new(Arc::clone(&self.app)));
                let app = redirect::router(&self.app.public_url, challenges);
                passerby_listener::serve(listener, app, BOUNDS, admit_plain, stop).await;
            }
        };
        tokio::join!(serving, redirecting);
        if let Some(renewing) = renewing {
            renewing.abort();
        }
        looking_up.abort();
        keeping.abort();
        background.abort();
        sources.abort();
        alerts.abort();
        films.abort();
        followers.abort();
        for rounds in hooks {
            rounds.abort();
        }
        self.app.leave_background_work();
        self.app.hub.store.end_serving();
        watching.abort();
        giving_back.abort();
        count_writer::write(&self.app).await;
        drop(done);
        if let Some(monitoring) = monitoring {
            monitoring.await.ok();
        }
    }
}

/// A connection with its place, and what it is doing.
struct Served {
    place: Arc<ClientPlace>,
    activity: Arc<Activity>,
    tls: Option<Arc<Acceptor>>,
}

impl passerby_listener::ConnectionPlace for Served {
    type Stream = HubStream;

    async fn open(&self, stream: TcpStream) -> io::Result<HubStream> {
        if let Err(error) = SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_BYTES) {
            tracing::debug!(%error, "the kernel holds more of an answer than it should");
        }
        let stream = Watched::new(stream, Arc::clone(&self.activity));
        let stream = match &self.tls {
            Some(tls) => tls.accept(stream).await?,
            None => HubStream::Plain(stream),
        };
        if Self::is_http2(&stream) {
            self.activity.becomes_http2(Instant::now());
        }
        Ok(stream)
    }

    fn is_http2(stream: &HubStream) -> bool {
        matches!(stream, HubStream::Http2 { .. })
    }

    async fn answer(&self, app: Router, mut request: Request) -> Response {
        let mut running = RunningRequest::begin(&self.activity);
        request.extensions_mut().insert(Arc::clone(&self.activity));
        request.extensions_mut().insert(Arc::clone(&self.place));
        let mut response = passerby_listener::respond(app, request).await;
        running.answer_began();
        let turn = response.extensions_mut().remove::<Arc<Turn>>();
        response.map(|body| {
            Body::new(Answer {
                body,
                running,
                _turn: turn,
            })
        })
    }

    async fn lost(&self) {
        let is_too_slow = async {
            // A connection without TLS has no windows; see `Watched`.
            while self.tls.is_none() || !self.activity.is_too_slow(Instant::now()) {
                tokio::time::sleep(PACE_PAUSE).await;
            }
        };
        tokio::select! {
            () = self.place.taken() => {}
            () = is_too_slow => {}
        }
    }
}

/// A request from its head to the end of its answer, or until it is given up.
struct RunningRequest {
    activity: Arc<Activity>,
    is_answered: bool,
}

impl RunningRequest {
    fn begin(activity: &Arc<Activity>) -> Self {
        activity.request_began(Instant::now());
        Self {
            activity: Arc::clone(activity),
            is_answered: false,
        }
    }

    fn answer_began(&mut self) {
        self.is_answered = true;
        self.activity.answer_began(Instant::now());
    }
}

impl Drop for RunningRequest {
    fn drop(&mut self) {
        let now = Instant::now();
        if self.is_answered {
            self.activity.answer_ended(now);
        } else {
            self.activity.request_given_up(now);
        }
    }
}

/// The body of an answer, and what is kept until it has been sent.
struct Answer {
    body: Body,
    running: RunningRequest,
    _turn: Option<Arc<Turn>>,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &frame {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            self.running.activity.answer_taken(bytes, Instant::now());
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
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
