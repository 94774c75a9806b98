//! Who may use the local page.
//!
//! Invariants:
//! - Where there is a token, nothing is answered without it; it comes with each request
//!   (`Authorization: Bearer`, or `?token=` in a link) and is never kept by a browser, so no other
//!   site can borrow it.
//! - No website that somebody has open can use the page: a request must name an address or a name
//!   of this machine, one that changes something must come from the page itself or from no website,
//!   and no other site may show or embed an answer.
//! - The right token always opens, whatever others behind the same address do. Wrong ones are told
//!   so and counted, up to [`GUESSES_MAX`] a minute from one network, then only refused; a guesser
//!   is named in the log. What keeps guessers out is the token's length. At most [`GUESSERS_MAX`]
//!   networks are remembered.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Response};
use passerby_playout::identity::page_token::PageToken;
use passerby_playout::system::clock::Clock;
use passerby_protocol::Digest;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::local_page::api;

/// Wrong tokens that one network may bring within [`GUESS_MS`].
pub(crate) const GUESSES_MAX: u32 = 10;
/// How long wrong tokens are remembered, in milliseconds.
const GUESS_MS: u64 = 60_000;
/// Most networks whose wrong tokens are remembered; then the oldest is forgotten.
const GUESSERS_MAX: usize = 256;

/// What every answer tells browsers: do not sniff, embed, pass on or keep it.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // The address may hold the token.
    (header::REFERRER_POLICY, "no-referrer"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// What keeps one page to those who may see it.
pub(crate) struct AccessGuard {
    /// Hash of the token, if there is one.
    token: Option<Digest>,
    /// Whether only this machine reaches the page.
    is_loopback: bool,
    /// What this machine is called.
    machine: String,
    clock: Arc<dyn Clock>,
    guesses: Mutex<HashMap<IpAddr, Guesses>>,
}

#[derive(Clone, Copy)]
struct Guesses {
    since_ms: u64,
    wrong: u32,
}

/// The token that opened the page by its link, so that the page's own links carry it on.
#[derive(Clone)]
pub(crate) struct ByLink(pub(crate) String);

/// Why a request is not answered.
enum Refusal {
    /// It comes from another website, or by a name that is not this machine's.
    Foreign(&'static str),
    /// It has not the token, or its sender has guessed too often.
    Closed(StatusCode),
}

impl AccessGuard {
    /// Guards a page that listens on an address.
    pub(crate) fn new(listen: IpAddr, token: Option<&PageToken>, clock: Arc<dyn Clock>) -> Self {
        let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Self {
            token: token.map(PageToken::sha256),
            is_loopback: listen.is_loopback(),
            machine: machine.trim().to_owned(),
            clock,
            guesses: Mutex::default(),
        }
    }

    /// Stands before all that an app answers, and says to browsers what [`HEADERS`] has with every
    /// answer, a refusal among them.
    pub(crate) fn around(self, app: Router) -> Router {
        let guarded = app.layer(from_fn_with_state(Arc::new(self), require_access));
        HEADERS.into_iter().fold(guarded, |app, (name, value)| {
            let value = HeaderValue::from_static(value);
            app.layer(SetResponseHeaderLayer::overriding(name, value))
        })
    }

    fn judge(&self, request: &Request) -> Result<Option<ByLink>, Refusal> {
        let headers = request.headers();
        let host = text(headers, &header::HOST).unwrap_or_default();
        if !self.is_own_name(host) {
            // A website can point its own name at this machine; then this says the website's name.
            let reason = if self.is_loopback {
                "use this page by a loopback address such as 127.0.0.1"
            } else {
                "use this page by this machine's address or its own name"
            };
            return Err(Refusal::Foreign(reason));
        }
        if let Some(reason) = foreign(request.method(), headers, host) {
            return Err(Refusal::Foreign(reason));
        }
        self.admit(request)
    }

    fn admit(&self, request: &Request) -> Result<Option<ByLink>, Refusal> {
        let Some(wanted) = &self.token else {
            return Ok(None);
        };
        let peer = request
            .extensions()
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::from([0; 4]), |peer| peer.0.ip().to_canonical());
        let by_link = token_of(request.uri());
        let brought = bearer(request.headers()).or(by_link);
        match brought {
            Some(token) if Digest::of(token.as_bytes()) == *wanted => {
                Ok(by_link.map(|token| ByLink(token.to_owned())))
            }
            Some(_) if self.is_guessing(peer, self.clock.now().boot_ms) => {
                Err(Refusal::Closed(StatusCode::TOO_MANY_REQUESTS))
            }
            _ => Err(Refusal::Closed(StatusCode::UNAUTHORIZED)),
        }
    }

    /// Tells whether a `Host` header names this machine. A page that others reach is also asked for
    /// by its address: no website has a number for a name.
    fn is_own_name(&self, host: &str) -> bool {
        let name = match host.strip_prefix('[') {
            Some(v6) => v6.split(']').next().unwrap_or_default(),
            None => host.split(':').next().unwrap_or_default(),
        };
        if let Ok(address) = name.parse::<IpAddr>() {
            return address.is_loopback() || !self.is_loopback;
        }
        let is_machine = |name: &str| !name.is_empty() && name.eq_ignore_ascii_case(&self.machine);
        let is_announced = || name.strip_suffix(".local").is_some_and(is_machine);
        name.eq_ignore_ascii_case("localhost")
            || !self.is_loopback && (is_machine(name) || is_announced())
    }

    /// Counts a wrong token; tells whether there were too many from its network.
    fn is_guessing(&self, peer: IpAddr, now_ms: u64) -> bool {
        let network = network_of(peer);
        let mut guesses = self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        if guesses.len() >= GUESSERS_MAX && !guesses.contains_key(&network) {
            let oldest = guesses.iter().min_by_key(|(_, guesses)| guesses.since_ms);
            let oldest = oldest.map(|(network, _)| *network);
            oldest.and_then(|oldest| guesses.remove(&oldest));
        }
        let fresh = Guesses {
            since_ms: now_ms,
            wrong: 0,
        };
        let known = guesses.entry(network).or_insert(fresh);
        if now_ms.saturating_sub(known.since_ms) >= GUESS_MS {
            *known = fresh;
        }
        known.wrong = known.wrong.saturating_add(1);
        if known.wrong == GUESSES_MAX + 1 {
            tracing::warn!(
                "somebody at {peer} guesses the page token; if it is not you, keep that machine away from local.listen"
            );
        }
        known.wrong > GUESSES_MAX
    }
}

/// Who counts as one: an IPv4 address, and all that one IPv6 network may give a machine.
fn network_of(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(peer) => {
            let [a, b, c, d, ..] = peer.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

/// Lets in who may use the page.
async fn require_access(
    State(guard): State<Arc<AccessGuard>>,
    mut request: Request,
    next: Next,
) -> Response {
    match guard.judge(&request) {
        Ok(by_link) => {
            if let Some(by_link) = by_link {
                request.extensions_mut().insert(by_link);
            }
            next.run(request).await
        }
        Err(Refusal::Foreign(reason)) => api::error(StatusCode::FORBIDDEN, reason),
        Err(Refusal::Closed(status)) => closed(status, request.uri()),
    }
}

/// Says why a request that comes from another website is refused.
fn foreign(method: &Method, headers: &HeaderMap, host: &str) -> Option<&'static str> {
    let says = |name: &'static str| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let is_own_site =
        says("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    if method == Method::GET || method == Method::HEAD {
        // A link on another site may lead here; a page of another site may not show what is here.
        let is_followed = says("sec-fetch-mode") == Some("navigate")
            && says("sec-fetch-dest").is_none_or(|dest| dest == "document");
        return (!is_own_site && !is_followed)
            .then_some("another website may not show what is on this page");
    }
    let is_own_origin = text(headers, &header::ORIGIN)
        .is_none_or(|origin| origin.strip_prefix("http://") == Some(host));
    (!is_own_origin || !is_own_site)
        .then_some("another website may not change what this screen shows")
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or(""))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn token_of(uri: &Uri) -> Option<&str> {
    uri.query()?
        .split('&')
        .find_map(|pair| pair.strip_prefix("token="))
}

/// What somebody without the token sees.
fn closed(status: StatusCode, uri: &Uri) -> Response {
    let words = if status == StatusCode::TOO_MANY_REQUESTS {
        "too many wrong page tokens came from here; wait a minute, or use the right one, which always opens"
    } else {
        "this page opens with a page token: use the link that the terminal writes into its log when it starts, or local.token of its kiosk.toml"
    };
    let mut response = if uri.path().starts_with("/api/") {
        api::error(status, words)
    } else {
        let page = format!(
            "<!doctype html><html lang=en><meta charset=utf-8><title>Closed</title><p>{words}"
        );
        (status, Html(page)).into_response()
    };
    let headers = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    } else {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
    }
    response
}
