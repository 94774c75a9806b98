//! Fetches from web servers that strangers name, and sends to those that operators name.
//!
//! Invariants: every address is judged before it is connected to, at every redirect anew, and the
//! connection goes to the very address that was judged, so that a name which leads elsewhere the
//! second time gains nothing; only http and https are spoken, no proxy of the environment is used,
//! no cookie is kept; an answer has a largest size, counted as it is unpacked, and a time.

use std::fmt;
use std::io::Read as _;
use std::net::{SocketAddr, ToSocketAddrs as _, UdpSocket};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use passerby_protocol::foreign;
use passerby_protocol::private_host::PrivateHost;
use passerby_protocol::public_address::{not_public, too_near};
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::header::{
    ACCEPT, ETAG, HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION, RETRY_AFTER,
};
use reqwest::redirect::Policy;
use reqwest::{StatusCode, Url};
use rustls::ClientConfig;

/// Most redirects that are followed.
const REDIRECTS_MAX: usize = 5;
/// Most addresses of one host that are tried.
const ADDRESSES_MAX: usize = 8;
/// How long a server may take to be there,
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// to begin an answer and to go on with it,
const SILENCE_MAX: Duration = Duration::from_secs(20);
/// and to end it.
const ANSWER_TIME: Duration = Duration::from_secs(60);
/// Longest ETag or date that is repeated to its server, in bytes.
const CONDITION_BYTES_MAX: usize = 256;
/// Longest time for which a server may ask to be left alone, in seconds.
const RETRY_AFTER_S_MAX: i64 = 86_400;
/// Longest reason of a failure, in characters.
const REASON_CHARS_MAX: usize = 200;
/// Bytes that are read at one time.
const CHUNK_BYTES: usize = 16 << 10;

/// Fetches within limits.
#[derive(Debug, Clone)]
pub struct Fetcher {
    private_hosts: Vec<PrivateHost>,
    silence_max: Duration,
}

impl Default for Fetcher {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

/// What a server called the document that it sent last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Its ETag.
    pub etag: Option<String>,
    /// When it was changed.
    pub last_modified: Option<String>,
}

/// What a server has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// It is what it was.
    Unchanged,
    /// A body.
    Body {
        /// Its bytes.
        bytes: Vec<u8>,
        /// Where it was in the end.
        url: Url,
        /// For the next question.
        conditions: Conditions,
    },
}

/// Says why nothing was fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// It may not be opened.
    #[error(
        "{host} leads to {address}, {kind}; only public addresses are opened, and what the hub's operator names: --source-host {host}"
    )]
    Refused {
        /// With its port.
        host: PrivateHost,
        /// Where it leads.
        address: std::net::IpAddr,
        /// What kind of address that is.
        kind: &'static str,
    },
    /// It is no link that can be opened.
    #[error("it leads to {0}, which is no http or https link")]
    NoLink(String),
    /// It has no address.
    #[error("{0} is not found; look at the address, and whether this machine reaches the internet")]
    NotFound(String),
    /// It leads on and on.
    #[error("it leads on more than {REDIRECTS_MAX} times")]
    Redirects,
    /// The server says something else.
    #[error("the server answers {status}")]
    Status {
        /// What it answers.
        status: u16,
        /// After how many seconds it may be asked again.
        retry_after_s: Option<i64>,
    },
    /// It is too large.
    #[error("it has more than {} KiB", .0 >> 10)]
    TooLarge(usize),
    /// It took too long.
    #[error("it took too long to answer")]
    TooSlow,
    /// The connection failed.
    #[error("{0}")]
    Failed(String),
}

impl FetchError {
    fn failed(error: &dyn fmt::Display) -> Self {
        Self::Failed(foreign::one_line(&error.to_string(), REASON_CHARS_MAX))
    }

    /// For how many seconds the server wants to be left alone.
    pub fn retry_after_s(&self) -> Option<i64> {
        match self {
            Self::Status { retry_after_s, .. } => *retry_after_s,
            _ => None,
        }
    }
}

impl Fetcher {
    /// Fetches from public addresses, and from private ones that the operator names.
    pub const fn new(private_hosts: Vec<PrivateHost>) -> Self {
        Self {
            private_hosts,
            silence_max: SILENCE_MAX,
        }
    }

    /// Waits no longer than this for a server to be there, and to begin an answer.
    #[must_use]
    pub const fn waiting(mut self, silence_max: Duration) -> Self {
        self.silence_max = silence_max;
        self
    }

    /// Fetches a document, unless it is what it was.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub fn get(
        &self,
        url: &Url,
        accepts: &str,
        bytes_max: usize,
        known: &Conditions,
    ) -> Result<Fetched, FetchError> {
        let begun = Instant::now();
        let mut url = url.clone();
        for _ in 0..=REDIRECTS_MAX {
            let response = self.ask(&url, accepts, known)?;
            let status = response.status();
            let location = response.headers().get(LOCATION);
            if let (true, Some(location)) = (status.is_redirection(), location) {
                let to = String::from_utf8_lossy(location.as_bytes());
                url = url
                    .join(&to)
                    .map_err(|_| FetchError::NoLink(foreign::quoted(&to)))?;
                continue;
            }
            if status == StatusCode::NOT_MODIFIED {
                return Ok(Fetched::Unchanged);
            }
            if !status.is_success() {
                return Err(FetchError::Status {
                    status: status.as_u16(),
                    retry_after_s: retry_after_s(response.headers()),
                });
            }
            let conditions = Conditions {
                etag: short(response.headers().get(ETAG)),
                last_modified: short(response.headers().get(LAST_MODIFIED)),
            };
            let bytes = body_of(response, bytes_max, begun)?;
            return Ok(Fetched::Body {
                bytes,
                url,
                conditions,
            });
        }
        Err(FetchError::Redirects)
    }

    /// Sends a body, and returns the beginning of what is answered. No redirect is followed: what
    /// is sent is for whom the address names.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub fn post(
        &self,
        url: &Url,
        headers: &[(&'static str, String)],
        body: String,
        answer_bytes_max: usize,
    ) -> Result<Vec<u8>, FetchError> {
        let begun = Instant::now();
        let mut request = self.client(url)?.post(url.clone()).body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let response = sent(request, url)?;
        let status = response.status();
        if !status.is_success() {
            return Err(FetchError::Status {
                status: status.as_u16(),
                retry_after_s: retry_after_s(response.headers()),
            });
        }
        body_of(response, answer_bytes_max, begun)
    }

    /// Asks one server.
    fn ask(&self, url: &Url, accepts: &str, known: &Conditions) -> Result<Response, FetchError> {
        let mut request = self.client(url)?.get(url.clone()).header(ACCEPT, accepts);
        if let Some(etag) = &known.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if let Some(date) = &known.last_modified {
            request = request.header(IF_MODIFIED_SINCE, date);
        }
        sent(request, url)
    }

    /// Makes what asks one server, at addresses that were judged.
    fn client(&self, url: &Url) -> Result<Client, FetchError> {
        let no_link = || FetchError::NoLink(foreign::quoted(url.as_str()));
        let is_web = matches!(url.scheme(), "http" | "https");
        let is_open = url.username().is_empty() && url.password().is_none();
        let (Some(host), Some(port), true) = (
            url.host_str(),
            url.port_or_known_default(),
            is_web && is_open,
        ) else {
            return Err(no_link());
        };
        let addresses = self.judged(host, port)?;
        Client::builder()
            .user_agent(concat!("passerby-hub/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT_TIME.min(self.silence_max))
            .timeout(self.silence_max)
            .resolve_to_addrs(host, &addresses)
            .tls_backend_preconfigured(tls().clone())
            .build()
            .map_err(|error| FetchError::failed(&error))
    }

    /// Looks a host up and returns those of its addresses that may be opened.
    ///
    /// # Errors
    /// There are none.
    pub(crate) fn judged(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, FetchError> {
        let bare = host.trim_matches(['[', ']']);
        let found = (bare, port)
            .to_socket_addrs()
            .map_err(|_| FetchError::NotFound(host.to_owned()))?;
        let found: Vec<SocketAddr> = found.take(ADDRESSES_MAX).collect();
        if self.private_hosts.iter().any(|own| own.allows(host, port)) {
            return Ok(found);
        }
        let kind_of = |address: &SocketAddr| {
            not_public(address.ip()).or_else(|| too_near(own_address(*address)?, address.ip()))
        };
        let refused = found.iter().find_map(|address| {
            Some(FetchError::Refused {
                host: PrivateHost::new(host, port),
                address: address.ip(),
                kind: kind_of(address)?,
            })
        });
        let open: Vec<SocketAddr> = found
            .iter()
            .copied()
            .filter(|address| kind_of(address).is_none())
            .collect();
        match (open.is_empty(), refused) {
            (false, _) => Ok(open),
            (true, Some(refused)) => Err(refused),
            (true, None) => Err(FetchError::NotFound(host.to_owned())),
        }
    }
}

/// The address of this machine from which another is reached. Nothing is sent.
fn own_address(to: SocketAddr) -> Option<std::net::IpAddr> {
    let any: SocketAddr = if to.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        ([0_u16; 8], 0).into()
    };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(to).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// Sends a request, and says in words why it was not answered.
fn sent(request: RequestBuilder, url: &Url) -> Result<Response, FetchError> {
    request.send().map_err(|error| {
        if error.is_timeout() {
            return FetchError::TooSlow;
        }
        // The outer errors only repeat the address.
        let mut cause: &dyn std::error::Error = &error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        let host = url.host_str().unwrap_or_default();
        FetchError::failed(&format!("{host} does not answer: {cause}"))
    })
}

/// Reads a body within its bounds.
fn body_of(
    mut response: Response,
    bytes_max: usize,
    begun: Instant,
) -> Result<Vec<u8>, FetchError> {
    let said = response.content_length().unwrap_or(0);
    if said > bytes_max as u64 {
        return Err(FetchError::TooLarge(bytes_max));
    }
    let mut bytes = Vec::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        if begun.elapsed() > ANSWER_TIME {
            return Err(FetchError::TooSlow);
        }
        match response.read(&mut chunk) {
            Ok(0) => return Ok(bytes),
            Ok(length) if bytes.len() + length > bytes_max => {
                return Err(FetchError::TooLarge(bytes_max));
            }
            Ok(length) => bytes.extend_from_slice(&chunk[..length]),
            Err(error) => {
                return Err(FetchError::failed(&format!("it broke off: {error}")));
            }
        }
    }
}

/// A header that is short enough to be kept.
fn short(value: Option<&reqwest::header::HeaderValue>) -> Option<String> {
    let value = value?.to_str().ok()?;
    (value.len() <= CONDITION_BYTES_MAX).then(|| value.to_owned())
}

fn retry_after_s(headers: &HeaderMap) -> Option<i64> {
    let seconds: i64 = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(seconds.clamp(0, RETRY_AFTER_S_MAX))
}

/// The certificates of the system, read once.
fn tls() -> &'static ClientConfig {
    static TLS: OnceLock<ClientConfig> = OnceLock::new();
    TLS.get_or_init(|| {
        let provider = rustls::crypto::ring::default_provider();
        let mut roots = rustls::RootCertStore::empty();
        // What is not a certificate is skipped: the others may do.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .expect("ring has the default versions")
            .with_root_certificates(roots)
            .with_no_client_auth()
    })
}
