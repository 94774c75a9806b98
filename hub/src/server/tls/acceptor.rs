//! Agrees with a connection on TLS, with the certificate of the moment.
//!
//! Invariants: until a peer has agreed, no more than [`HANDSHAKE_BYTES_MAX`] of it are read, and
//! its time is that of a request's head; an answer waits where it is seen whether it is read, and
//! no more than [`UNSENT_BYTES`] of it encrypted; at most [`HTTP2_MAX`] connections speak HTTP/2,
//! each of which may have several requests, and all others HTTP/1.1.

use std::io;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use crate::server::tls::certificate::{Certificate, TlsError};
use crate::server::tls::stream::HubStream;
use crate::server::watched::Watched;

/// Most bytes of a peer until it has agreed. A client's part takes two to four kilobytes.
const HANDSHAKE_BYTES_MAX: usize = 16 << 10;
/// Most encrypted bytes of one connection that wait to be sent.
const UNSENT_BYTES: usize = 16 << 10;

/// Most connections of HTTP/2 at one time.
const HTTP2_MAX: usize = 512;
/// What is offered, in the order of preference.
const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

/// Agrees on TLS.
pub(in crate::server) struct Acceptor {
    current: Arc<Current>,
    with_http2: TlsAcceptor,
    without_http2: TlsAcceptor,
    http2_places: Arc<Semaphore>,
}

/// The certificate of the moment; nobody is agreed with while there is none.
struct Current(RwLock<Option<Arc<Certificate>>>);

impl Acceptor {
    /// # Errors
    /// The system gives no random numbers for session tickets.
    pub(in crate::server) fn new(certificate: Option<Certificate>) -> Result<Self, TlsError> {
        let current = Arc::new(Current(RwLock::new(certificate.map(Arc::new))));
        let mut config = ServerConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Begin)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Current>::clone(&current));
        // A phone that comes back saves a signature and a round trip. The keys of tickets change by
        // themselves, and go on through a renewal.
        config.ticketer = ring::Ticketer::new().map_err(TlsError::Begin)?;
        let mut with_http2 = config.clone();
        with_http2.alpn_protocols = vec![HTTP2.to_vec(), HTTP1.to_vec()];
        config.alpn_protocols = vec![HTTP1.to_vec()];
        Ok(Self {
            current,
            with_http2: TlsAcceptor::from(Arc::new(with_http2)),
            without_http2: TlsAcceptor::from(Arc::new(config)),
            http2_places: Arc::new(Semaphore::new(HTTP2_MAX)),
        })
    }

    /// Agrees with a peer.
    ///
    /// # Errors
    /// The peer leaves, speaks something else, or takes too long.
    pub(in crate::server) async fn accept(&self, mut stream: Watched) -> io::Result<HubStream> {
        stream.read_at_most(HANDSHAKE_BYTES_MAX);
        let tls = match self.http2_places.available_permits() {
            0 => &self.without_http2,
            _ => &self.with_http2,
        };
        let agreed = tls.accept_with(stream, |connection| {
            connection.set_buffer_limit(Some(UNSENT_BYTES));
        });
        let mut stream = agreed.await?;
        let (watched, connection) = stream.get_mut();
        watched.read_without_end();
        if connection.alpn_protocol() != Some(HTTP2) {
            return Ok(HubStream::Tls(Box::new(stream)));
        }
        // Many may agree at the same time on the last place.
        match Arc::clone(&self.http2_places).try_acquire_owned() {
            Ok(_place) => Ok(HubStream::Http2 {
                stream: Box::new(stream),
                _place,
            }),
            Err(_) => Err(io::Error::other("there is no place left for HTTP/2")),
        }
    }

    /// Uses another certificate for the connections that come.
    pub(in crate::server) fn renew(&self, certificate: Certificate) {
        let mut current = self
            .current
            .0
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *current = Some(Arc::new(certificate));
    }

    /// The certificate of the moment, if there is one.
    pub(in crate::server) fn certificate(&self) -> Option<Arc<Certificate>> {
        let current = self
            .current
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }

    /// Until when the certificate is good, if there is one.
    pub(in crate::server) fn not_after_ms(&self) -> Option<i64> {
        self.certificate()
            .map(|certificate| certificate.not_after_ms)
    }
}

impl std::fmt::Debug for Current {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Current")
    }
}

impl ResolvesServerCert for Current {
    /// One certificate for all: whoever asks for another name is refused by its own check, as
    /// before.
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().map(|current| Arc::clone(&current.key))
    }
}
