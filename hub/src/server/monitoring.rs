//! What those who watch the hub ask, on an address of its own: whether it lives, whether it is
//! ready, and what it counts of itself.
//!
//! Invariants: nothing here asks anything of the database but whether it answers, and takes writes
//! again after one has failed, one question at a time, and nobody waits for that longer than
//! [`READY_TIME`]; a hub that stops says so first.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use passerby_listener::{ConnectionBounds, ConnectionPlace};
use tokio::net::{TcpListener, TcpStream};

use crate::blobs::{Blobs, OUTCOMES};
use crate::server::acme;
use crate::server::app_state::Shared;
use crate::server::connections::Connections;
use crate::server::limits::Kind as LimitKind;
use crate::server::metrics::{
    BackgroundWork, CONTENT_TYPE, Exposition, Kind, RequestMetrics, STATUSES,
};
use crate::server::tls::Acceptor;
use crate::system::clock;

/// Longest time for which the database's answer is waited for.
const READY_TIME: Duration = Duration::from_secs(2);
/// What connections may cost: a few programs ask, all of them near.
const BOUNDS: ConnectionBounds = ConnectionBounds {
    connections_max: Some(16),
    head_bytes_max: 16 << 10,
    headers_max: Some(64),
    head_time: Some(Duration::from_secs(10)),
    connection_time: Some(Duration::from_secs(120)),
    refusal: b"",
    grace: Duration::from_secs(1),
};

/// What is told of a hub.
pub(super) struct Monitored {
    pub(super) app: Shared,
    pub(super) connections: Arc<Connections>,
    pub(super) requests: Arc<RequestMetrics>,
    pub(super) tls: Option<Arc<Acceptor>>,
    /// How asking a CA for certificates goes, where one is asked.
    pub(super) acme: Option<Arc<acme::Status>>,
    pub(super) started_ms: i64,
    /// Whether the hub has been told to stop.
    pub(super) is_stopping: Arc<AtomicBool>,
}

/// A connection of whoever asks; they are counted by their listener.
struct Asking;

impl ConnectionPlace for Asking {
    type Stream = TcpStream;

    async fn open(&self, stream: TcpStream) -> std::io::Result<TcpStream> {
        Ok(stream)
    }
}

/// Answers until `stop` completes.
pub(super) async fn serve(
    listener: TcpListener,
    monitored: Monitored,
    stop: impl Future<Output = ()>,
) {
    let admit = |_: SocketAddr| Some(Asking);
    passerby_listener::serve(listener, router(monitored), BOUNDS, admit, stop).await;
}

fn router(monitored: Monitored) -> Router {
    let monitored = Arc::new(monitored);
    let told = Arc::clone(&monitored);
    // One question at a time, however many ask and however long it takes.
    let turn = Arc::new(tokio::sync::Mutex::new(()));
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route(
            "/readyz",
            get(async move || {
                let ready = tokio::time::timeout(READY_TIME, is_ready(&monitored, &turn));
                let problem = match ready.await {
                    Ok(Ok(())) if !lacks_certificate(&monitored) => {
                        return format!("ok\n{}", certificate(&monitored)).into_response();
                    }
                    Ok(Ok(())) => "there is no certificate yet",
                    Ok(Err(problem)) => problem,
                    Err(_) => "the database does not answer in time",
                };
                let headers = [(header::RETRY_AFTER, "5")];
                let words = format!("{problem}\n{}", certificate(&monitored));
                (StatusCode::SERVICE_UNAVAILABLE, headers, words).into_response()
            }),
        )
        .route("/metrics", get(async move || metrics(&told)))
}

async fn is_ready(
    monitored: &Monitored,
    turn: &Arc<tokio::sync::Mutex<()>>,
) -> Result<(), &'static str> {
    let is_stopping = || monitored.is_stopping.load(Ordering::Relaxed);
    if is_stopping() {
        return Err("the hub is stopping");
    }
    let turn = Arc::clone(turn).lock_owned().await;
    let app = Arc::clone(&monitored.app);
    let asked = tokio::task::spawn_blocking(move || {
        // Whoever asks may have gone; the question has its turn until it is answered.
        let _turn = turn;
        let store = &app.hub.store;
        store.answers().map(|()| store.takes_writes())
    });
    match asked.await {
        Ok(Ok(_)) if is_stopping() => Err("the hub is stopping"),
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err("writes to the database fail; the log says why"),
        // The reason goes into the log of what fails because of it.
        Ok(Err(_)) | Err(_) => Err("the database fails"),
    }
}

/// Tells whether the hub is to answer encrypted and cannot.
fn lacks_certificate(monitored: &Monitored) -> bool {
    (monitored.tls.as_ref()).is_some_and(|tls| tls.not_after_ms().is_none())
}

/// Says until when the certificate is good, and what is wrong with the next one.
fn certificate(monitored: &Monitored) -> String {
    let mut lines = String::new();
    if let Some(not_after_ms) = monitored.tls.as_ref().and_then(|tls| tls.not_after_ms()) {
        let until = clock::rfc3339(not_after_ms);
        lines += &format!("the certificate is good until {until}\n");
    }
    if let Some(problem) = monitored.acme.as_ref().and_then(|acme| acme.problem()) {
        lines += &format!("there is no new certificate: {problem}\n");
    }
    lines
}

fn metrics(monitored: &Monitored) -> Response {
    let mut text = Exposition::default();
    process(&mut text, monitored);
    requests(&mut text, &monitored.requests);
    connections(&mut text, monitored);
    database(&mut text, monitored);
    blobs(&mut text, &monitored.app.hub.blobs);
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text.end()).into_response()
}

/// Prometheus has times in seconds.
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1e3
}

fn process(text: &mut Exposition, monitored: &Monitored) {
    text.family("passerby_hub_build", Kind::Info, None, "The hub's version.");
    text.sample(&[("version", env!("CARGO_PKG_VERSION"))], 1);
    text.family(
        "process_start_time_seconds",
        Kind::Gauge,
        Some("seconds"),
        "When the hub was started, in Unix time.",
    );
    text.sample(&[], seconds(monitored.started_ms));
    text.family(
        "passerby_hub_background_last_run_timestamp_seconds",
        Kind::Gauge,
        Some("seconds"),
        "When work that nobody waits for last succeeded since the start, in Unix time.",
    );
    for work in BackgroundWork::ALL {
        if let Some(at_ms) = monitored.app.background.last_ms(work) {
            text.sample(&[("work", work.name())], seconds(at_ms));
        }
    }
    if let Some(not_after_ms) = monitored.tls.as_ref().and_then(|tls| tls.not_after_ms()) {
        text.family(
            "passerby_hub_certificate_expiry_timestamp_seconds",
            Kind::Gauge,
            Some("seconds"),
            "Until when the certificate in use is good, in Unix time.",
        );
        text.sample(&[], seconds(not_after_ms));
    }
    if let Some(acme) = &monitored.acme {
        text.family(
            "passerby_hub_certificate_failures",
            Kind::Gauge,
            None,
            "Attempts to get a certificate that have failed since the last one.",
        );
        text.sample(&[], acme.failures());
    }
}

fn requests(text: &mut Exposition, requests: &RequestMetrics) {
    let counts: Vec<_> = requests.counts().collect();
    text.family(
        "passerby_hub_http_requests",
        Kind::Counter,
        None,
        "Requests by route and class of the answer's status; none: nobody was there for an answer.",
    );
    for (route, answers, _) in &counts {
        for (status, count) in STATUSES.into_iter().zip(answers) {
            if *count > 0 {
                text.sample(&[("route", route), ("status", status)], count);
            }
        }
    }
    text.family(
        "passerby_hub_http_request_duration_seconds",
        Kind::Histogram,
        Some("seconds"),
        "Time from a request's head to the beginning of its answer.",
    );
    for (route, _, times_us) in &counts {
        if times_us.count > 0 {
            text.histogram(&[("route", route)], times_us, 1e6);
        }
    }
}

fn connections(text: &mut Exposition, monitored: &Monitored) {
    let counts = monitored.connections.counts();
    text.family(
        "passerby_hub_connections",
        Kind::Gauge,
        None,
        "Connections of phones and terminals that are open.",
    );
    text.sample(&[], counts.open);
    text.family(
        "passerby_hub_connections_max",
        Kind::Gauge,
        None,
        "How many there may be.",
    );
    text.sample(&[], counts.places);
    text.family(
        "passerby_hub_connections_accepted",
        Kind::Counter,
        None,
        "Connections that got a place.",
    );
    text.sample(&[], counts.accepted);
    text.family(
        "passerby_hub_connections_refused",
        Kind::Counter,
        None,
        "Connections that got no place, and those that waited and lost theirs to another.",
    );
    text.sample(&[("why", "no_place")], counts.refused);
    text.sample(&[("why", "lost_place")], counts.taken);
    text.family(
        "passerby_hub_limit_refusals",
        Kind::Counter,
        None,
        "Requests past the limit of a network; scans and visits past theirs are answered and do not count.",
    );
    for kind in LimitKind::ALL {
        let count = monitored.app.limits.refusals(kind);
        text.sample(&[("limit", kind.name())], count);
    }
}

fn database(text: &mut Exposition, monitored: &Monitored) {
    let store = monitored.app.hub.store.metrics();
    text.family(
        "passerby_hub_plays_stored",
        Kind::Counter,
        None,
        "Plays that this process has stored, without those that were refused.",
    );
    text.sample(&[], store.plays_stored);
    text.family(
        "passerby_hub_scans_stored",
        Kind::Counter,
        None,
        "Scans that this process has stored, once a play, visitor and day.",
    );
    text.sample(&[], store.scans_stored);
    if let Some(sizes) = &store.group_sizes {
        text.family(
            "passerby_hub_commit_group_size",
            Kind::Histogram,
            None,
            "Pieces of work that were committed together.",
        );
        text.histogram(&[], sizes, 1.0);
    }
    text.family(
        "passerby_hub_scan_group_size",
        Kind::Histogram,
        None,
        "Scans that were recorded together.",
    );
    text.histogram(&[], &store.scan_batch_sizes, 1.0);
    let pool = store.pool;
    text.family(
        "passerby_hub_database_connections",
        Kind::Gauge,
        None,
        "Connections to the database that are lent to a request, and that are idle.",
    );
    text.sample(&[("state", "lent")], pool.lent);
    text.sample(&[("state", "idle")], pool.idle);
    text.family(
        "passerby_hub_database_connections_max",
        Kind::Gauge,
        None,
        "How many there may be.",
    );
    text.sample(&[], pool.connections_max);
    text.family(
        "passerby_hub_database_waits",
        Kind::Counter,
        None,
        "How often a connection to the database had to be waited for.",
    );
    text.sample(&[], pool.waits);
    text.family(
        "passerby_hub_database_wait_seconds",
        Kind::Counter,
        Some("seconds"),
        "For how long in all.",
    );
    text.sample(&[], pool.waited_us as f64 / 1e6);
    text.family(
        "passerby_hub_database_refusals",
        Kind::Counter,
        None,
        "How often none came free in time.",
    );
    text.sample(&[], pool.refusals);
    text.family(
        "passerby_hub_slow_statements",
        Kind::Counter,
        None,
        "Statements of the database that took longer than --slow-query-ms.",
    );
    text.sample(&[], store.slow_statements);
}

fn blobs(text: &mut Exposition, blobs: &Blobs) {
    text.family(
        "passerby_hub_blob_failures",
        Kind::Counter,
        None,
        "Creatives that a screen asked for and did not get, or not to their end.",
    );
    for (why, count) in blobs.failure_counts() {
        text.sample(&[("why", why)], count);
    }
    let Some(counts) = blobs.request_counts() else {
        return;
    };
    let counts: Vec<_> = counts.counts().collect();
    text.family(
        "passerby_hub_blob_store_requests",
        Kind::Counter,
        None,
        "Requests to the store of creatives by what became of them, each try by itself.",
    );
    for (method, outcomes, _) in &counts {
        for (outcome, count) in OUTCOMES.into_iter().zip(outcomes) {
            if *count > 0 {
                text.sample(&[("method", method), ("outcome", outcome)], count);
            }
        }
    }
    text.family(
        "passerby_hub_blob_store_request_duration_seconds",
        Kind::Histogram,
        Some("seconds"),
        "Time until the answer of the store of creatives begins.",
    );
    for (method, _, times_us) in &counts {
        if times_us.count > 0 {
            text.histogram(&[("method", method)], times_us, 1e6);
        }
    }
}
