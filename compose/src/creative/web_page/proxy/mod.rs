//! The browser's only way to the network: a SOCKS proxy (RFC 1928) in the terminal, there for one
//! picture.
//!
//! It looks every name up itself, judges each address, and connects to the very address that it has
//! judged; so a name that leads elsewhere the second time, a redirect, a picture, a frame or a
//! socket of a page all meet the same rule.
//!
//! Invariants:
//! - It listens on this machine only, and ends with the run that it belongs to, with all of its
//!   connections.
//! - At most [`CONNECTIONS_MAX`] connections, [`BYTES_MAX`] bytes in all; each step of a
//!   connection's beginning has a time; at most [`FAILURES_MAX`] failures are remembered.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use passerby_protocol::public_address::{not_public, too_near};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::creative::web_page::destination::{Destinations, Refused};
use crate::creative::web_page::upstream::Upstream;

/// Most connections at one time; Chromium opens no more than 32 to a proxy.
const CONNECTIONS_MAX: usize = 48;
/// Most bytes of one picture's pages and their parts, both ways.
const BYTES_MAX: u64 = 256 << 20;
/// Most failures that are remembered, each host once.
const FAILURES_MAX: usize = 32;
/// Most addresses of one host that are tried.
const ADDRESSES_MAX: usize = 8;
/// How long the browser may take to say what it wants, a name to be found, and an address to
/// answer.
const STEP_MAX: Duration = Duration::from_secs(10);
/// Bytes that are passed on at once.
const CHUNK_BYTES: usize = 16 << 10;

/// RFC 1928: the version of the protocol, its one command and its kinds of addresses that are
/// understood here.
const VERSION: u8 = 5;
const CONNECT: u8 = 1;
const IS_V4: u8 = 1;
const IS_NAME: u8 = 3;
const IS_V6: u8 = 4;

/// Why a host was not reached, in words that fit after "the page cannot be shown: ".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reason {
    /// No page may open it.
    Refused(Refused),
    /// It has no address.
    NotFound,
    /// Nobody listens.
    Closed,
    /// It does not answer.
    NoAnswer,
    /// This machine is not connected.
    NoNetwork,
    /// The pages were too large.
    TooMuch,
    /// The operator's own proxy said no.
    Upstream(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refused) => refused.fmt(f),
            Self::NotFound => {
                f.write_str("its server is not found; check the link and the network")
            }
            Self::Closed => f.write_str("its server refuses connections"),
            Self::NoAnswer => f.write_str("its server does not answer"),
            Self::NoNetwork => f.write_str("there is no network"),
            Self::TooMuch => write!(f, "it loads more than {} MB", BYTES_MAX >> 20),
            Self::Upstream(said) => write!(f, "the proxy of this machine {said}"),
        }
    }
}

impl From<io::Error> for Reason {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::HostUnreachable => Self::NoNetwork,
            io::ErrorKind::TimedOut => Self::NoAnswer,
            _ => Self::Closed,
        }
    }
}

/// A proxy that runs. Dropping it ends it and every connection.
pub(super) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Taken when it ends.
    runtime: Option<Runtime>,
}

struct Shared {
    destinations: Destinations,
    upstream: Upstream,
    bytes_left: AtomicU64,
    failures: Mutex<Vec<(String, Reason)>>,
}

impl Proxy {
    /// Starts on a free port of this machine.
    pub(super) fn start(destinations: Destinations) -> io::Result<Self> {
        Self::bounded(destinations, BYTES_MAX)
    }

    fn bounded(destinations: Destinations, bytes_max: u64) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(8)
            .thread_name("page-proxy")
            .enable_all()
            .build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let shared = Arc::new(Shared {
            destinations,
            upstream: Upstream::of_environment(),
            bytes_left: AtomicU64::new(bytes_max),
            failures: Mutex::default(),
        });
        let address = listener.local_addr()?;
        runtime.spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            runtime: Some(runtime),
        })
    }

    /// Where it listens.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Says why a host was not reached, if it was not.
    pub(super) fn failure(&self, host: &str) -> Option<Reason> {
        let failures = self.shared.failures();
        let failed = failures.iter().find(|(failed, _)| failed == host);
        failed.map(|(_, reason)| reason.clone())
    }

    /// What was asked for and is not open to pages, each host once.
    pub(super) fn refused(&self) -> Vec<Refused> {
        let failures = self.shared.failures();
        let refused = failures.iter().filter_map(|(_, reason)| match reason {
            Reason::Refused(refused) => Some(refused.clone()),
            _ => None,
        });
        refused.collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A name that is being looked up cannot be called off, and is not waited for.
            runtime.shutdown_background();
        }
    }
}

impl Shared {
    fn failures(&self) -> std::sync::MutexGuard<'_, Vec<(String, Reason)>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, host: &str, reason: Reason) {
        let mut failures = self.failures();
        failures.retain(|(failed, _)| failed != host);
        if failures.len() >= FAILURES_MAX {
            failures.remove(0);
        }
        failures.push((host.to_owned(), reason));
    }
}

/// Not the package `listener`'s loop, which serves HTTP: here a connection speaks SOCKS and is
/// passed on as bytes, with nothing to route, answer or let end after a stop.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let Ok((browser, _)) = listener.accept().await else {
            // Out of descriptors; going on at once would spin.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            // How a connection ends is the page's business; why one did not begin is noted.
            let _ = serve(browser, &shared).await;
            drop(place);
        });
    }
}

async fn serve(mut browser: TcpStream, shared: &Shared) -> io::Result<()> {
    let (host, port) = within(greet(&mut browser)).await?;
    let server = match connect(&host, port, shared).await {
        Ok(server) => server,
        Err(reason) => {
            let code = match reason {
                Reason::Refused(_) => 2,
                Reason::NoNetwork => 3,
                Reason::Closed => 5,
                _ => 4,
            };
            shared.note(&host, reason);
            return within(answer(&mut browser, code)).await;
        }
    };
    within(answer(&mut browser, 0)).await?;
    let (mut from_browser, mut to_browser) = browser.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let left = &shared.bytes_left;
    let passed = tokio::try_join!(
        pass_on(&mut from_browser, &mut to_server, left),
        pass_on(&mut from_server, &mut to_browser, left),
    );
    if left.load(Ordering::Relaxed) == 0 {
        shared.note(&host, Reason::TooMuch);
    }
    passed.map(|_| ())
}

async fn within<T>(step: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(STEP_MAX, step)
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Hears which host and port the browser wants (RFC 1928 sections 3 and 4).
async fn greet(browser: &mut TcpStream) -> io::Result<(String, u16)> {
    let malformed = || io::Error::from(io::ErrorKind::InvalidData);
    if browser.read_u8().await? != VERSION {
        return Err(malformed());
    }
    let ways = browser.read_u8().await?;
    browser.read_exact(&mut vec![0; ways.into()]).await?;
    // Nobody signs in.
    browser.write_all(&[VERSION, 0]).await?;
    let mut head = [0; 4];
    browser.read_exact(&mut head).await?;
    let host = match head {
        [VERSION, CONNECT, _, IS_V4] => {
            let mut address = [0; 4];
            browser.read_exact(&mut address).await?;
            Ipv4Addr::from(address).to_string()
        }
        [VERSION, CONNECT, _, IS_V6] => {
            let mut address = [0; 16];
            browser.read_exact(&mut address).await?;
            Ipv6Addr::from(address).to_string()
        }
        [VERSION, CONNECT, _, IS_NAME] => {
            let length = browser.read_u8().await?;
            let mut name = vec![0; length.into()];
            browser.read_exact(&mut name).await?;
            let name = String::from_utf8(name).map_err(|_| malformed())?;
            name.trim_matches(['[', ']']).to_owned()
        }
        _ => return Err(malformed()),
    };
    Ok((host, browser.read_u16().await?))
}

async fn answer(browser: &mut TcpStream, code: u8) -> io::Result<()> {
    let answer = [VERSION, code, 0, IS_V4, 0, 0, 0, 0, 0, 0];
    browser.write_all(&answer).await
}

/// Connects to a host by an address that may be opened.
async fn connect(host: &str, port: u16, shared: &Shared) -> Result<TcpStream, Reason> {
    let is_allowed = shared.destinations.allow(host, port);
    let refused = |address: IpAddr, kind| {
        Reason::Refused(Refused {
            host: host.to_owned(),
            port,
            address,
            kind,
        })
    };
    let found = addresses(host, port).await;
    let judged = |address: &SocketAddr| not_public(address.ip()).filter(|_| !is_allowed);
    let (closed, open): (Vec<SocketAddr>, Vec<SocketAddr>) = found
        .iter()
        .copied()
        .partition(|address| judged(address).is_some());
    if let (Some(first), true) = (closed.first(), open.is_empty()) {
        return Err(refused(first.ip(), judged(first).unwrap_or_default()));
    }
    let is_near = found
        .iter()
        .any(|address| not_public(address.ip()).is_some());
    if let Some(way) = shared.upstream.way_to(host, port).filter(|_| !is_near) {
        // It knows names that this machine may not know, and connects by rules of its own.
        return way.connect(host, port).await.map_err(Reason::Upstream);
    }
    let mut failed = Reason::NotFound;
    for address in open {
        let server = match within(TcpStream::connect(address)).await {
            Ok(server) => server,
            Err(error) => {
                failed = error.into();
                continue;
            }
        };
        let own = server.local_addr().map_err(Reason::from)?;
        match too_near(own.ip(), address.ip()).filter(|_| !is_allowed) {
            None => return Ok(server),
            Some(kind) => failed = refused(address.ip(), kind),
        }
    }
    Err(failed)
}

/// Looks a host up; an address is its own.
async fn addresses(host: &str, port: u16) -> Vec<SocketAddr> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return vec![(address, port).into()];
    }
    let found = timeout(STEP_MAX, tokio::net::lookup_host((host, port))).await;
    match found {
        Ok(Ok(found)) => found.take(ADDRESSES_MAX).collect(),
        _ => Vec::new(),
    }
}

/// Passes on what one side says until it ends or there has been too much.
async fn pass_on(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    left: &AtomicU64,
) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let count = from.read(&mut chunk).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        let took = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(count as u64)
        });
        if took.is_err() {
            left.store(0, Ordering::Relaxed);
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        to.write_all(&chunk[..count]).await?;
    }
}

#[cfg(test)]
mod tests;
