//! Accepts connections and sees them off.
//!
//! Invariants: at most [`CONNECTIONS_MAX`] at one time, each with a limit on how long it may take over its headers; on
//! shutdown no new request is taken, those that run have [`GRACE`] to end, and what was counted is written down.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower_service::Service as _;

use super::{Desk, Shared, counts, router};
use crate::public_url::PublicUrl;
use crate::store::StoreError;
use crate::{Hub, clock};

/// Most connections at one time; further ones wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 4_096;
/// Longest time for a request's headers, and for a kept connection to stay idle.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(30);
/// How long running requests may take to end on shutdown.
const GRACE: Duration = Duration::from_secs(10);

/// A hub that listens.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    desk: Shared,
}

/// Says why a hub cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken, or not one of this machine.
    #[error("cannot listen on {address}: {source}; name another address with --listen")]
    Listen {
        /// As the user named it.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Server {
    /// Takes the address. Without a public URL, phones and screens are told the address itself. Codes are accepted for
    /// `code_days` after they were on a screen.
    ///
    /// # Errors
    /// See [`ServeError`].
    pub async fn bind(
        hub: Hub,
        listen: &str,
        public_url: Option<PublicUrl>,
        code_days: i64,
    ) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Listen {
            address: listen.to_owned(),
            source,
        };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let public_url = public_url.unwrap_or_else(|| {
            let own = format!("http://{address}");
            own.parse().expect("a socket address makes a plain URL")
        });
        hub.store
            .set_scan_base(&public_url.scan_base(), clock::now_ms())?;
        Ok(Self {
            listener,
            address,
            desk: Arc::new(Desk::new(hub, public_url, code_days)),
        })
    }

    /// Returns where it listens, with the real port.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` completes and the running requests have ended.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let connections = GracefulShutdown::new();
        let app = router(Arc::clone(&self.desk));
        let keeping = tokio::spawn(counts::keep(Arc::clone(&self.desk)));
        let mut stop = std::pin::pin!(stop);
        loop {
            let place = Arc::clone(&places).acquire_owned();
            let accepted = async { (place.await, self.listener.accept().await) };
            let (place, accepted) = tokio::select! {
                accepted = accepted => accepted,
                () = &mut stop => break,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors, or the peer left; going on at once would spin.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let app = app.clone();
            let service = service_fn(move |request| answer(app.clone(), request, peer));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADERS_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service);
            let connection = connections.watch(connection);
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "connection ended early");
                }
                drop(place);
            });
        }
        drop(self.listener);
        if tokio::time::timeout(GRACE, connections.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("requests were still running and have been cut off");
        }
        keeping.abort();
        counts::write(&self.desk).await;
    }
}

async fn answer(
    mut app: axum::Router,
    request: Request<Incoming>,
    peer: SocketAddr,
) -> Result<Response, Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    app.call(request).await
}
