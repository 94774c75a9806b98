//! Accepts connections of HTTP/1.1 and HTTP/2 and serves them within bounds.
//!
//! Invariants: every connection that is served has a place, which whoever calls has given it, until
//! it ends; a head is never longer than [`ConnectionBounds::head_bytes_max`]; no more connections
//! than [`ConnectionBounds::connections_max`] are accepted at one time. Once told to stop, no
//! connection is accepted and no new request taken; the requests that run have
//! [`ConnectionBounds::grace`] to end, and connections that are not ready for one are closed. A
//! connection of HTTP/2 has at most [`STREAMS_MAX`] requests at one time, and ends when its peer
//! gives up more of them than that before they are answered, or sends frames without end.
//!
//! What a place is, who gets one and when it is lost, is the caller's business:
//! [`ConnectionPlace`].

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower_service::Service as _;

/// How long nothing is accepted after that has failed. Out of descriptors, going on at once would
/// spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Most requests of one connection of HTTP/2 at one time, and most that its peer may have given up
/// before they were begun with (CVE-2023-44487).
pub const STREAMS_MAX: u32 = 8;
/// How much of a request's body may come over HTTP/2 before somebody reads it, in bytes.
const STREAM_WINDOW_BYTES: u32 = 16 << 10;
/// The same of all of a connection's; the standard allows no less.
const CONNECTION_WINDOW_BYTES: u32 = 65_535;
/// How much of an answer over HTTP/2 may wait to be sent, in bytes.
const STREAM_UNSENT_BYTES: usize = 8 << 10;
/// Largest table of headers that a peer may have kept, in bytes.
const HEADER_TABLE_BYTES: u32 = 4 << 10;

/// What connections may cost.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionBounds {
    /// Most connections at one time; further ones wait in the kernel's queue. `None` where
    /// whoever gives places sees to it.
    pub connections_max: Option<usize>,
    /// Longest request line and headers, in bytes.
    pub head_bytes_max: usize,
    /// Most headers; hyper's own 100 when `None`.
    pub headers_max: Option<usize>,
    /// Longest time for a head to come, and for a connection to be idle; `None` where
    /// [`ConnectionPlace::open`] keeps the time.
    pub head_time: Option<Duration>,
    /// Longest time for all of a connection; `None` for as long as it is used.
    pub connection_time: Option<Duration>,
    /// What is said to a connection that gets no place, as far as its peer takes that at once.
    pub refusal: &'static [u8],
    /// How long requests that run may take to end after the stop.
    pub grace: Duration,
}

/// The place of one connection; it is free again when this is dropped.
pub trait ConnectionPlace: Send + Sync + 'static {
    /// What the connection is read and written through.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Readies the connection for its first request: wraps it in whatever keeps an eye on it, and
    /// agrees on encryption where there is any. It has its place meanwhile, and loses it as others
    /// do.
    ///
    /// # Errors
    /// The peer has left, or agrees to nothing.
    fn open(&self, stream: TcpStream) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Whether a connection that is ready speaks HTTP/2.
    fn is_http2(_: &Self::Stream) -> bool {
        false
    }

    /// Answers a request; [`ConnectInfo`] with the peer's address is among its extensions.
    fn answer(&self, app: Router, request: Request) -> impl Future<Output = Response> + Send {
        respond(app, request)
    }

    /// Completes when the place is lost; the connection is then cut off.
    fn lost(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

/// Has an app answer a request.
pub async fn respond(mut app: Router, request: Request) -> Response {
    match app.call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Serves until `stop` completes and the running requests have ended. `admit` gives a connection
/// from this address a place, or `None`.
pub async fn serve<P: ConnectionPlace>(
    listener: TcpListener,
    app: Router,
    bounds: ConnectionBounds,
    admit: impl Fn(SocketAddr) -> Option<P>,
    stop: impl Future<Output = ()>,
) {
    let running = GracefulShutdown::new();
    let connections_max = bounds.connections_max.unwrap_or(Semaphore::MAX_PERMITS);
    let turns = Arc::new(Semaphore::new(connections_max));
    let (stopping, stopped) = watch::channel(());
    let mut is_failing = false;
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &turns) => accepted,
            () = &mut stop => break,
        };
        let (stream, peer, turn) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, or the peer left; told once until it works again.
                if !std::mem::replace(&mut is_failing, true) {
                    tracing::warn!(%error, "cannot accept a connection");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        is_failing = false;
        let Some(place) = admit(peer) else {
            let _ = stream.try_write(bounds.refusal);
            continue;
        };
        let (place, app, stopped) = (Arc::new(place), app.clone(), stopped.clone());
        let ends = (running.watcher(), stopped);
        let connection = connection(stream, peer, app, bounds, Arc::clone(&place), ends);
        let time = bounds.connection_time.unwrap_or(Duration::MAX);
        tokio::spawn(async move {
            tokio::select! {
                ended = tokio::time::timeout(time, connection) => match ended {
                    Ok(Err(error)) => tracing::debug!(%error, "a connection ended early"),
                    Err(_) => tracing::debug!("a connection has had its time"),
                    Ok(Ok(())) => {}
                },
                () = place.lost() => tracing::debug!("a connection that waited lost its place"),
            }
            drop(turn);
        });
    }
    drop((listener, stopping));
    let ended = tokio::time::timeout(bounds.grace, running.shutdown());
    if ended.await.is_err() {
        tracing::warn!("requests were still running and have been cut off");
    }
}

/// Readies a connection and serves it to its end, or until those who watch it say so.
async fn connection<P: ConnectionPlace>(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    bounds: ConnectionBounds,
    place: Arc<P>,
    (watcher, mut stopped): (Watcher, watch::Receiver<()>),
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let stream = tokio::select! {
        opened = place.open(stream) => opened?,
        // What is sent is the channel's end.
        _ = stopped.changed() => return Ok(()),
    };
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let (app, place) = (app.clone(), Arc::clone(&place));
        async move { Ok::<_, Infallible>(place.answer(app, request).await) }
    });
    if P::is_http2(&stream) {
        let head_bytes_max = u32::try_from(bounds.head_bytes_max).unwrap_or(u32::MAX);
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_header_list_size(head_bytes_max)
            .header_table_size(HEADER_TABLE_BYTES)
            .max_concurrent_streams(STREAMS_MAX)
            .max_pending_accept_reset_streams(STREAMS_MAX as usize)
            .max_local_error_reset_streams(STREAMS_MAX as usize)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_send_buf_size(STREAM_UNSENT_BYTES);
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        return Ok(watcher.watch(connection).await?);
    }
    let stream = TokioIo::new(stream);
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head_time)
        .max_buf_size(bounds.head_bytes_max)
        .max_header_size(bounds.head_bytes_max);
    if let Some(headers_max) = bounds.headers_max {
        builder.max_headers(headers_max);
    }
    Ok(watcher
        .watch(builder.serve_connection(stream, service))
        .await?)
}

/// Accepts a connection once there may be another.
async fn accept(
    listener: &TcpListener,
    turns: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let turn = Arc::clone(turns).acquire_owned().await;
    let turn = turn.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, turn))
}

#[cfg(test)]
mod tests;
